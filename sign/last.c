/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is kept of a folder that was signed, outside of it: the set, and who is at it. */
#include "sign/last.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "core/hex.h"
#include "sign/stage.h"

#define FOLDER "signed"

enum {
	FOLDER_MODE = 0700,
	FILE_MODE = 0600,
	NAME_CAP = 160, /* of a file system's 255, with an ending */
	ENDING_CAP = 8,
};

struct names {
	char set[NAME_CAP];
	char aside[NAME_CAP + ENDING_CAP]; /* no set has a dot in its name */
	char lock[NAME_CAP + ENDING_CAP];
};

/* --- names --- */

static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '_';
}

/* "/boot/a b" as "boot-a%20b"; false: it does not fit. */
static bool write_name(const char *path, char out[static NAME_CAP])
{
	size_t n = 0;

	for (const char *p = path[1] != '\0' ? path + 1 : path; *p != '\0'; p++) {
		if (n + 4 > NAME_CAP)
			return false;
		if (*p == '/')
			out[n++] = '-';
		else if (is_plain(*p))
			out[n++] = *p;
		else
			n += (size_t)snprintf(out + n, 4, "%%%02X",
			                      (unsigned)(unsigned char)*p);
	}
	out[n] = '\0';
	return n + 4 <= NAME_CAP; /* docs/FORMAT.md */
}

static enum err names_of(const char *boot, struct names *ret)
{
	uint8_t hash[TREE_HASH_LEN];
	struct names n;
	enum err e = OK;

	char *path = realpath(boot, NULL);
	if (!path)
		return err_from_errno(errno);
	if (!write_name(path, n.set)) {
		n.set[0] = '='; /* in no other name */
		e = hash_all(HASH_SHA256, bytes_of(path), hash, sizeof(hash));
		if (e == OK)
			hex_encode((struct bytes){hash, sizeof(hash)}, n.set + 1);
	}
	free(path);
	if (e != OK)
		return e;
	(void)snprintf(n.aside, sizeof(n.aside), "%s.new", n.set);
	(void)snprintf(n.lock, sizeof(n.lock), "%s.lock", n.set);
	*ret = n;
	return OK;
}

/* --- folders that nobody else writes to --- */

static enum err check_own(const struct stat *st)
{
	const bool others =
	        (st->st_uid != 0 && st->st_uid != geteuid()) || (st->st_mode & 022) != 0;

	return others ? ERR_TAMPERED : OK;
}

/* *fd becomes *ret when it is, and is closed when it is not. */
static enum err own_folder(int fd, int *ret)
{
	struct stat st;

	const enum err e = fstat(fd, &st) == 0 ? check_own(&st) : err_from_errno(errno);
	if (e == OK)
		*ret = fd;
	else
		(void)close(fd); /* only read */
	return e;
}

static enum err open_below(int dir, const char *name, int *ret)
{
	const int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return errno == ELOOP || errno == ENOTDIR ? ERR_TAMPERED
		                                          : err_from_errno(errno);
	return own_folder(fd, ret);
}

/* folder/signed; made when `make`. */
static enum err open_signed(const char *folder, bool make, int *ret)
{
	int fd = -1, top = -1, sub = -1;

	enum err e =
	        make ? dir_make_path(folder, FOLDER_MODE, &fd) : dir_open(folder, &fd);
	if (e == OK)
		e = own_folder(fd, &top);
	if (e != OK)
		return e;
	if (make) {
		e = dir_make(top, FOLDER, FOLDER_MODE, &sub);
		if (e == OK)
			(void)close(sub); /* opened again, and looked at, below */
	}
	if (e == OK)
		e = open_below(top, FOLDER, ret);
	(void)close(top); /* only read */
	return e;
}

/* --- saving --- */

static enum err put_one(int fd, const struct kexec_set *set, const struct kexec_file *f)
{
	AUTO_BUFFER own = {0};
	struct bytes content;

	const enum err e = kexec_content(set, f, &own, &content);
	return e == OK ? file_create(fd, f->name, content, FILE_MODE) : e;
}

static enum err put_all(int fd, const struct kexec_set *set)
{
	enum err e = OK;

	for (size_t i = 0; e == OK && i < set->n; i++)
		e = put_one(fd, set, &set->file[i]);
	if (e == OK)
		e = file_create(fd, KEXEC_SIG, (struct bytes){set->sig, set->sig_n},
		                FILE_MODE);
	return e == OK ? dir_sync(fd) : e;
}

/* Afterwards what was there before is aside. */
static enum err switch_to(int dir, const struct names *n)
{
	if (renameat2(dir, n->aside, dir, n->set, RENAME_EXCHANGE) == 0)
		return OK;
	/* Not on every file system: then there is none for a moment. */
	if (errno != ENOENT) {
		const enum err e = stage_remove(dir, n->set);
		if (e != OK)
			return e;
	}
	return renameat(dir, n->aside, dir, n->set) == 0 ? OK : err_from_errno(errno);
}

enum err last_save(const char *folder, const char *boot, const struct kexec_set *set)
{
	struct names n;
	int dir = -1, fd = -1;

	if (!set->sig)
		return ERR_USAGE;
	enum err e = names_of(boot, &n);
	if (e == OK)
		e = open_signed(folder, true, &dir);
	if (e != OK)
		return e;
	e = stage_remove(dir, n.aside); /* one that was interrupted */
	if (e == OK)
		e = dir_make(dir, n.aside, FOLDER_MODE, &fd);
	if (e == OK) {
		e = put_all(fd, set);
		(void)close(fd); /* synced */
	}
	if (e == OK)
		e = switch_to(dir, &n);
	if (e == OK)
		e = dir_sync(dir);
	(void)stage_remove(dir, n.aside); /* only wastes room when it fails */
	(void)close(dir);                 /* synced */
	return e;
}

/* --- loading --- */

static enum err check_files(int fd, const struct kexec_set *set)
{
	struct stat st;
	enum err e = OK;

	for (size_t i = 0; e == OK && i <= set->n; i++) {
		const char *name = i < set->n ? set->file[i].name : KEXEC_SIG;

		e = fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0
		            ? check_own(&st)
		            : err_from_errno(errno);
	}
	return e;
}

enum err last_load(const char *folder, const char *boot, struct kexec_set **ret)
{
	struct kexec_set *set = NULL;
	struct names n;
	int dir = -1, fd = -1;

	enum err e = names_of(boot, &n);
	if (e == OK)
		e = open_signed(folder, false, &dir);
	if (e != OK)
		return e;
	e = open_below(dir, n.set, &fd);
	(void)close(dir); /* only read */
	if (e != OK)
		return e;
	e = kexec_read(fd, &set, NULL);
	if (e == OK)
		e = check_files(fd, set);
	(void)close(fd); /* only read */
	if (e == OK)
		*ret = set;
	else
		set = kexec_free(set);
	return e;
}

/* --- who is at it --- */

enum err last_lock(const char *folder, const char *boot, int *ret_fd)
{
	struct names n;
	int dir = -1;

	enum err e = names_of(boot, &n);
	if (e == OK)
		e = open_signed(folder, true, &dir);
	if (e != OK)
		return e;
	const int fd =
	        openat(dir, n.lock,
	               O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, FILE_MODE);
	if (fd < 0)
		e = err_from_errno(errno);
	else if (flock(fd, LOCK_EX | LOCK_NB) != 0)
		e = errno == EWOULDBLOCK ? ERR_BUSY : err_from_errno(errno);
	(void)close(dir); /* only read */
	if (e == OK)
		*ret_fd = fd;
	else if (fd >= 0)
		(void)close(fd); /* not written to */
	return e;
}

bool last_is_locked(const char *folder, const char *boot)
{
	struct names n;
	int dir = -1;

	if (names_of(boot, &n) != OK || open_signed(folder, false, &dir) != OK)
		return false;
	const int fd =
	        openat(dir, n.lock, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	(void)close(dir); /* only read */
	if (fd < 0)
		return false;
	const bool locked = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
	(void)close(fd); /* only asked; lets go of the lock */
	return locked;
}
