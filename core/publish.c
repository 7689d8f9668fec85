/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files replaced atomically and removed durably. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"

enum { SUFFIX = 6, TRIES = 100 };

static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

enum err dir_sync(int dirfd)
{
	if (fsync(dirfd) == 0 || errno == EINVAL)
		return OK;
	return err_from_errno(errno);
}

static enum err write_all(int fd, struct bytes b)
{
	while (b.n > 0) {
		const ssize_t put = write(fd, b.p, b.n);

		if (put < 0) {
			if (errno == EINTR)
				continue;
			return err_from_errno(errno);
		}
		b.p += put;
		b.n -= (size_t)put;
	}
	return OK;
}

/* Unless `e` says otherwise already: written, synced.  Closed in any case. */
static enum err close_written(int fd, struct bytes content, enum err e)
{
	if (e == OK)
		e = write_all(fd, content);
	if (e == OK && fsync(fd) != 0)
		e = err_from_errno(errno);
	if (close(fd) != 0 && e == OK)
		e = err_from_errno(errno);
	return e;
}

/* Make a file with a fresh name; tmp holds NAME_MAX + 1. */
static enum err open_aside(int dirfd, const char *name, char *tmp, int *ret_fd)
{
	uint8_t r[SUFFIX];

	for (int i = 0; i < TRIES; i++) {
		if (getrandom(r, sizeof(r), 0) != (ssize_t)sizeof(r))
			return ERR_IO;
		const int n = snprintf(tmp, NAME_MAX + 1, ".%s.", name);
		if (n < 0 || n + SUFFIX > NAME_MAX)
			return ERR_USAGE;
		for (size_t k = 0; k < SUFFIX; k++)
			tmp[(size_t)n + k] = alphabet[r[k] % (sizeof(alphabet) - 1)];
		tmp[n + SUFFIX] = '\0';
		const int fd = openat(
		        dirfd, tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		        0600);
		if (fd >= 0) {
			*ret_fd = fd;
			return OK;
		}
		if (errno != EEXIST)
			return err_from_errno(errno);
	}
	return ERR_EXISTS;
}

/* like: whose mode and owner it gets. */
static enum err publish(int dirfd, const char *name, struct bytes content,
                        const struct stat *like)
{
	char tmp[NAME_MAX + 1];
	int fd = -1;

	if (!file_name_ok(name))
		return ERR_USAGE;
	enum err e = open_aside(dirfd, name, tmp, &fd);
	if (e != OK)
		return e;
	/* Before the mode, which a change of owner may cut.  vfat has neither: EPERM
	 * there. */
	if ((like->st_uid != geteuid() || like->st_gid != getegid()) &&
	    fchown(fd, like->st_uid, like->st_gid) != 0)
		e = err_from_errno(errno);
	if (e == OK && fchmod(fd, like->st_mode & 07777) != 0 && errno != EPERM)
		e = err_from_errno(errno);
	e = close_written(fd, content, e);
	if (e == OK && renameat(dirfd, tmp, dirfd, name) != 0)
		e = err_from_errno(errno);
	if (e != OK) {
		(void)unlinkat(dirfd, tmp, 0); /* the first error is told */
		return e;
	}
	return dir_sync(dirfd);
}

enum err file_create(int dirfd, const char *name, struct bytes content, mode_t mode)
{
	if (!file_name_ok(name))
		return ERR_USAGE;
	const int fd = openat(dirfd, name,
	                      O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd < 0)
		return err_from_errno(errno);
	enum err e = OK;
	/* Whatever the umask is; vfat has no modes and says EPERM. */
	if (fchmod(fd, mode) != 0 && errno != EPERM)
		e = err_from_errno(errno);
	return close_written(fd, content, e);
}

enum err file_publish(int dirfd, const char *name, struct bytes content, mode_t mode)
{
	const struct stat like = {
	        .st_mode = mode, .st_uid = geteuid(), .st_gid = getegid()};

	return publish(dirfd, name, content, &like);
}

enum err file_replace(int dirfd, const char *name, struct bytes content)
{
	struct stat like;

	if (!file_name_ok(name))
		return ERR_USAGE;
	if (fstatat(dirfd, name, &like, AT_SYMLINK_NOFOLLOW) != 0)
		return err_from_errno(errno);
	if (!S_ISREG(like.st_mode))
		return ERR_FORMAT;
	return publish(dirfd, name, content, &like);
}

enum err file_remove(int dirfd, const char *name)
{
	if (!file_name_ok(name))
		return ERR_USAGE;
	if (unlinkat(dirfd, name, 0) != 0)
		return err_from_errno(errno);
	return dir_sync(dirfd);
}

/* Exactly ".name." and six characters of the alphabet. */
static bool is_aside(const char *entry, const char *name)
{
	const size_t n = strlen(name);

	if (strlen(entry) != n + 2 + SUFFIX || entry[0] != '.' ||
	    strncmp(entry + 1, name, n) != 0 || entry[n + 1] != '.')
		return false;
	return strspn(entry + n + 2, alphabet) == SUFFIX;
}

struct sweep {
	const char *name; /* whose asides are meant */
	bool removed;
	enum err e; /* the first one; the rest is swept all the same */
};

static enum err sweep_one(int dirfd, const char *entry, void *ctx)
{
	struct sweep *w = ctx;
	struct stat st;

	if (!is_aside(entry, w->name) ||
	    fstatat(dirfd, entry, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode))
		return OK;
	if (unlinkat(dirfd, entry, 0) == 0)
		w->removed = true;
	else if (errno != ENOENT && w->e == OK)
		w->e = err_from_errno(errno);
	return OK;
}

enum err file_sweep(int dirfd, const char *name)
{
	struct sweep w = {.name = name};

	if (!file_name_ok(name))
		return ERR_USAGE;
	const enum err e = dir_each(dirfd, sweep_one, &w);
	if (w.e != OK)
		return w.e;
	return e == OK && w.removed ? dir_sync(dirfd) : e;
}
