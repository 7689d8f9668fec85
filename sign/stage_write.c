/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A signed set written aside, whole and durable, before anything of /boot is touched. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "sign/manifest.h"
#include "sign/stage.h"

enum { FILE_MODE = 0644, FOLDER_MODE = 0755 };

/* --- throwing away --- */

/* A file, or a folder with nothing in it. */
static enum err remove_one(int fd, const char *name)
{
	if (unlinkat(fd, name, 0) == 0 || errno == ENOENT)
		return OK;
	const int why = errno;

	/* EISDIR, or as POSIX has it EPERM. */
	if (unlinkat(fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return OK;
	if (errno == ENOTEMPTY || errno == EEXIST || errno == EBUSY)
		return ERR_REFUSED;
	return err_from_errno(errno == ENOTDIR ? why : errno);
}

static enum err remove_each(int fd, const char *name, void *ctx)
{
	(void)ctx;
	return remove_one(fd, name);
}

static enum err empty_folder(int fd)
{
	/* The list first: without it the rest counts for nothing. */
	const enum err e = remove_one(fd, STAGE_LIST);

	return e == OK ? dir_each(fd, remove_each, NULL) : e;
}

enum err stage_remove(int dirfd, const char *name)
{
	const int fd =
	        openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	/* A link or a file in its place. */
	if (fd < 0 && (errno == ENOTDIR || errno == ELOOP))
		return unlinkat(dirfd, name, 0) == 0 ? OK : err_from_errno(errno);
	if (fd < 0)
		return errno == ENOENT ? OK : err_from_errno(errno);
	const enum err e = empty_folder(fd);
	(void)close(fd); /* only read */
	if (e != OK)
		return e;
	return remove_one(dirfd, name);
}

enum err stage_drop(int dirfd)
{
	struct stat st;

	if (fstatat(dirfd, STAGE_FOLDER, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ? OK : err_from_errno(errno);
	const enum err e = stage_remove(dirfd, STAGE_FOLDER);
	return e == OK ? dir_sync(dirfd) : e;
}

static enum err not_empty(int fd, const char *name, void *ctx)
{
	(void)fd;
	(void)name;
	(void)ctx;
	return ERR_REFUSED;
}

/* What remove_one would refuse: another file system's folder, or one that is not empty.
 */
static bool is_strange(int fd, const char *name)
{
	const int sub = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat outer, inner;

	if (sub < 0)
		return false;
	const bool strange = fstat(fd, &outer) != 0 || fstat(sub, &inner) != 0 ||
	                     outer.st_dev != inner.st_dev ||
	                     dir_each(sub, not_empty, NULL) != OK;
	(void)close(sub); /* only read */
	return strange;
}

struct search {
	char *out;
	size_t cap;
};

static enum err find_strange(int fd, const char *name, void *ctx)
{
	const struct search *s = ctx;

	if (!is_strange(fd, name))
		return OK;
	(void)snprintf(s->out, s->cap, "%s/%s", STAGE_FOLDER, name);
	return ERR_REFUSED;
}

bool stage_strange(int dirfd, char *out, size_t cap)
{
	struct search s = {out, cap};
	int fd = -1;

	(void)snprintf(out, cap, "%s", STAGE_FOLDER);
	if (stage_open(dirfd, &fd) != OK)
		return false;
	const enum err e = dir_each(fd, find_strange, &s);
	(void)close(fd); /* only read */
	return e == ERR_REFUSED;
}

/* --- writing --- */

/* A file of the set; NULL: its signature. */
static enum err write_file(int fd, const struct kexec_set *set,
                           const struct kexec_file *f)
{
	AUTO_BUFFER own = {0};
	struct bytes content = {set->sig, set->sig_n};

	const enum err e = f ? kexec_content(set, f, &own, &content) : OK;
	return e == OK ? file_create(fd, f ? f->name : KEXEC_SIG, content, FILE_MODE) : e;
}

/* The same, written unless it lies in place already, and listed. */
static enum err add_file(int dirfd, int fd, const struct kexec_set *set,
                         const struct kexec_file *f, struct stage_list *l)
{
	const char *name = f ? f->name : KEXEC_SIG;
	struct stage_item item = {.put = true};

	if (l->n == STAGE_ITEMS_MAX || strlen(name) >= sizeof(item.name))
		return ERR_UNSUPPORTED;
	memcpy(item.name, name, strlen(name) + 1);
	if (f)
		memcpy(item.after, f->sha256, TREE_HASH_LEN);
	enum err e =
	        f ? OK
	          : hash_all_public(HASH_SHA256, (struct bytes){set->sig, set->sig_n},
	                            item.after, TREE_HASH_LEN);
	if (e != OK)
		return e;
	e = stage_hash(dirfd, name, item.before);
	item.had = e == OK;
	if (e != OK && e != ERR_NOT_FOUND)
		return e;
	const bool same = item.had && kexec_is_ours(dirfd, name) &&
	                  memcmp(item.before, item.after, TREE_HASH_LEN) == 0;
	e = same ? OK : write_file(fd, set, f);
	if (e == OK)
		l->item[l->n++] = item;
	return e;
}

static enum err add_all(int dirfd, int fd, const struct kexec_set *set,
                        struct stage_list *l)
{
	enum err e = OK;

	for (size_t i = 0; e == OK && i < set->n; i++)
		e = add_file(dirfd, fd, set, &set->file[i], l);
	return e == OK ? add_file(dirfd, fd, set, NULL, l) : e;
}

/* What lies there and is not in the set: it would not be signed, so it goes. */
static enum err add_drop(int dirfd, const char *name, void *ctx)
{
	struct stage_list *l = ctx;
	struct stage_item *item = &l->item[l->n];

	if (!stage_name_ok(name) || stage_find(l, name))
		return OK;
	if (l->n == STAGE_ITEMS_MAX || strlen(name) >= sizeof(item->name))
		return ERR_UNSUPPORTED;
	*item = (struct stage_item){.had = true};
	memcpy(item->name, name, strlen(name) + 1);
	const enum err e = stage_hash(dirfd, name, item->before);
	if (e == OK)
		l->n++;
	return e;
}

static enum err write_all(int dirfd, int fd, const struct kexec_set *set,
                          struct stage_list *l)
{
	AUTO_BUFFER text = {0};

	enum err e = add_all(dirfd, fd, set, l);
	if (e == OK)
		e = dir_each(dirfd, add_drop, l);
	if (e == OK) {
		stage_list_write(l, &text);
		e = buffer_ok(&text);
	}
	/* Last, by a rename: with it the stage is whole. */
	if (e == OK)
		e = dir_sync(fd);
	return e == OK ? file_publish(fd, STAGE_LIST, buffer_bytes(&text), FILE_MODE) : e;
}

enum err stage_write(int dirfd, const struct kexec_set *set)
{
	int fd = -1;

	if (!set->sig || set->sig_n == 0)
		return ERR_USAGE;
	enum err e = stage_drop(dirfd);
	if (e != OK)
		return e;
	struct stage_list *l = calloc(1, sizeof(*l));
	if (!l)
		return ERR_NOMEM;
	e = dir_make(dirfd, STAGE_FOLDER, FOLDER_MODE, &fd);
	if (e == OK) {
		e = write_all(dirfd, fd, set, l);
		(void)close(fd); /* every file in it was synced */
	}
	if (e != OK)
		(void)stage_drop(dirfd); /* the first error is told */
	free(l);
	return e;
}
