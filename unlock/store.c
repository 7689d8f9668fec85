/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Our folders and files: read, published and removed by name. */
#include "unlock/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "core/file.h"
#include "unlock/fields.h"

enum err store_name(const char *uuid, const char *suffix, char ret[static STORE_NAME_MAX])
{
	char name[STORE_NAME_MAX];

	if (!field_uuid_ok(uuid))
		return ERR_FORMAT;
	const int n = snprintf(name, sizeof(name), "%s%s", uuid, suffix);
	if (n < 0 || (size_t)n >= sizeof(name))
		return ERR_BUG;
	memcpy(ret, name, (size_t)n + 1);
	return OK;
}

static enum err open_sub(const char *dir, const char *sub, int *ret_fd)
{
	int dirfd = -1;

	if (!file_name_ok(sub))
		return ERR_BUG;
	const enum err e = dir_open(dir, &dirfd);
	if (e != OK)
		return e;
	const int fd =
	        openat(dirfd, sub, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	const int why = errno;
	(void)close(dirfd); /* read-only */
	if (fd < 0)
		return err_from_errno(why);
	*ret_fd = fd;
	return OK;
}

enum err store_read(const char *dir, const char *sub, const char *name, size_t max,
                    uint8_t **ret, size_t *ret_len)
{
	int fd = -1;

	enum err e = open_sub(dir, sub, &fd);
	if (e != OK)
		return e;
	e = file_read(fd, name, max, ret, ret_len);
	(void)close(fd); /* read-only */
	return e;
}

enum err store_write(const char *dir, const char *sub, const char *name,
                     struct bytes content)
{
	int dirfd = -1, fd = -1;
	bool made = false;

	/* A folder of settings is made; a /boot that is not there is a mistake. */
	enum err e = strcmp(sub, STORE_VOLUMES) == 0 ? dir_make_path(dir, 0755, &dirfd)
	                                             : dir_open(dir, &dirfd);
	if (e != OK)
		return e;
	e = dir_make_unsynced(dirfd, sub, 0700, &fd, &made);
	if (e == OK) {
		(void)file_sweep(fd,
		                 name); /* what a killed writer left costs only room */
		e = file_publish(fd, name, content, 0600);
		(void)close(fd); /* read-only */
	}
	if (e == OK && made)
		e = dir_sync(dirfd);
	(void)close(dirfd); /* read-only */
	return e;
}

static enum err unlink_only(int dirfd, const char *name)
{
	return unlinkat(dirfd, name, 0) == 0 ? OK : err_from_errno(errno);
}

static enum err remove_by(enum err (*how)(int dirfd, const char *name), const char *dir,
                          const char *sub, const char *name)
{
	int fd = -1;

	enum err e = open_sub(dir, sub, &fd);
	if (e == ERR_NOT_FOUND)
		return OK;
	if (e != OK)
		return e;
	/* Looked for first: a read-only file system refuses before it looks. */
	if (faccessat(fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT)
		e = how(fd, name);
	if (e == ERR_NOT_FOUND)
		e = OK;
	if (e == OK)
		e = file_sweep(fd, name);
	(void)close(fd); /* read-only */
	return e;
}

enum err store_remove(const char *dir, const char *sub, const char *name)
{
	return remove_by(file_remove, dir, sub, name);
}

enum err store_forget(const char *dir, const char *sub, const char *name)
{
	return remove_by(unlink_only, dir, sub, name);
}

void store_prune(const char *dir, const char *sub)
{
	int dirfd = -1;

	if (!file_name_ok(sub) || dir_open(dir, &dirfd) != OK)
		return;
	(void)unlinkat(dirfd, sub, AT_REMOVEDIR); /* not empty: it stays */
	(void)close(dirfd);                       /* read-only */
}
