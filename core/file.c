/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files and folders, opened without following links and read whole, up to a bound. */
#include "core/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

bool file_name_ok(const char *name)
{
	return name && name[0] != '\0' && !strchr(name, '/') && strcmp(name, ".") != 0 &&
	       strcmp(name, "..") != 0;
}

enum err dir_open(const char *path, int *ret_fd)
{
	const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_from_errno(errno);
	*ret_fd = fd;
	return OK;
}

/* Closes d. */
static enum err each_of(DIR *d, int dirfd,
                        enum err (*see)(int dirfd, const char *name, void *ctx),
                        void *ctx)
{
	enum err e = OK;

	while (e == OK) {
		errno = 0;
		const struct dirent *entry = readdir(d);
		if (!entry) {
			e = errno == 0 ? OK : err_from_errno(errno);
			break;
		}
		if (file_name_ok(entry->d_name))
			e = see(dirfd, entry->d_name, ctx);
	}
	(void)closedir(d); /* only read */
	return e;
}

enum err dir_each(int dirfd, enum err (*see)(int dirfd, const char *name, void *ctx),
                  void *ctx)
{
	/* Opened anew: a place in the list belongs to a descriptor. */
	const int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;

	if (d)
		return each_of(d, dirfd, see, ctx);
	const enum err e = err_from_errno(errno);
	if (fd >= 0)
		(void)close(fd); /* only read */
	return e;
}

enum err dir_make_unsynced(int dirfd, const char *name, mode_t mode, int *ret_fd,
                           bool *ret_made)
{
	bool is_new = false;

	if (!file_name_ok(name))
		return ERR_USAGE;
	if (mkdirat(dirfd, name, mode) == 0) {
		is_new = true;
	} else if (errno != EEXIST && errno != EROFS && errno != EACCES) {
		return err_from_errno(errno);
	}
	/* When it could not be made it may still be there. */
	const int made = errno;
	const int fd =
	        openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? err_from_errno(made) : err_from_errno(errno);
	*ret_fd = fd;
	*ret_made = is_new;
	return OK;
}

enum err dir_make(int dirfd, const char *name, mode_t mode, int *ret_fd)
{
	bool made = false;
	int fd = -1;

	const enum err e = dir_make_unsynced(dirfd, name, mode, &fd, &made);
	if (e != OK)
		return e;
	if (made && fsync(dirfd) != 0 && errno != EINVAL && errno != EBADF) {
		const enum err failed = err_from_errno(errno);

		(void)close(fd); /* only opened */
		return failed;
	}
	*ret_fd = fd;
	return OK;
}

enum err dir_make_path(const char *path, mode_t mode, int *ret_fd)
{
	char name[256];
	int fd = -1;
	enum err e = dir_open(path[0] == '/' ? "/" : ".", &fd);

	while (e == OK) {
		path += strspn(path, "/");
		const size_t n = strcspn(path, "/");
		int next = -1;

		if (n == 0)
			break;
		if (n >= sizeof(name)) {
			e = ERR_USAGE;
			break;
		}
		memcpy(name, path, n);
		name[n] = '\0';
		path += n;
		/* An existing component may be a link (/var/run) or "..". */
		next = openat(fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (next < 0)
			e = errno == ENOENT ? dir_make(fd, name, mode, &next)
			                    : err_from_errno(errno);
		(void)close(fd); /* only read */
		fd = next;
	}
	if (e != OK) {
		if (fd >= 0)
			(void)close(fd); /* only read */
		return e;
	}
	*ret_fd = fd;
	return OK;
}

/* Up to cap bytes or the end. */
static enum err read_all(int fd, uint8_t *buf, size_t cap, size_t *ret_len)
{
	size_t n = 0;

	while (n < cap) {
		const ssize_t got = read(fd, buf + n, cap - n);

		if (got == 0)
			break;
		if (got < 0 && errno != EINTR)
			return err_from_errno(errno);
		if (got > 0)
			n += (size_t)got;
	}
	*ret_len = n;
	return OK;
}

/* Read everything, one byte more than allowed to see whether there is more. */
static enum err slurp(int fd, size_t max, uint8_t **ret, size_t *ret_len)
{
	struct stat st;
	size_t cap = max;
	size_t n = 0;

	if (fstat(fd, &st) != 0)
		return err_from_errno(errno);
	if (S_ISREG(st.st_mode)) {
		if (st.st_size < 0 || (uintmax_t)st.st_size > max)
			return ERR_FORMAT;
		/* Files of /proc and /sys say that they are empty. */
		if (st.st_size > 0)
			cap = (size_t)st.st_size;
	}
	uint8_t *buf = malloc(cap + 1);
	if (!buf)
		return ERR_NOMEM;
	enum err e = read_all(fd, buf, cap + 1, &n);
	if (e == OK && n > cap)
		e = ERR_FORMAT;
	if (e != OK) {
		free(buf);
		return e;
	}
	*ret = buf;
	*ret_len = n;
	return OK;
}

enum err file_open(int dirfd, const char *name, int *ret_fd)
{
	struct stat st;
	enum err e = OK;

	if (!file_name_ok(name))
		return ERR_USAGE;
	const int fd =
	        openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return errno == ELOOP || errno == ENXIO ? ERR_FORMAT
		                                        : err_from_errno(errno);
	if (fstat(fd, &st) != 0)
		e = err_from_errno(errno);
	else if (!S_ISREG(st.st_mode))
		e = ERR_FORMAT;
	if (e == OK)
		*ret_fd = fd;
	else
		(void)close(fd); /* not even read */
	return e;
}

enum err file_read(int dirfd, const char *name, size_t max, uint8_t **ret,
                   size_t *ret_len)
{
	int fd = -1;

	enum err e = file_open(dirfd, name, &fd);
	if (e != OK)
		return e;
	e = slurp(fd, max, ret, ret_len);
	(void)close(fd); /* only read */
	return e;
}

static enum err open_given(const char *path, int *ret_fd)
{
	const int fd = strcmp(path, "-") == 0
	                       ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
	                       : open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return err_from_errno(errno);
	*ret_fd = fd;
	return OK;
}

enum err file_read_secret(const char *path, size_t max, struct secret **ret)
{
	struct secret *s = NULL;
	size_t n = 0;
	int fd = -1;

	if (max == 0 || max >= SECRET_MAX)
		return ERR_BUG;
	enum err e = open_given(path, &fd);
	if (e != OK)
		return e;
	/* The size is not known for a pipe: a regular file needs no more than it has. */
	struct stat st;
	size_t cap = max;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 &&
	    (uintmax_t)st.st_size < max)
		cap = (size_t)st.st_size;
	e = secret_new(cap + 1, &s);
	if (e == OK)
		e = read_all(fd, secret_buf(s), cap + 1, &n);
	if (e == OK && n > cap)
		e = ERR_FORMAT;
	if (e == OK)
		e = secret_set_len(s, n);
	(void)close(fd); /* only read */
	if (e != OK) {
		s = secret_free(s);
		return e;
	}
	*ret = s;
	return OK;
}

enum err file_read_path(const char *path, size_t max, uint8_t **ret, size_t *ret_len)
{
	int fd = -1;
	enum err e = open_given(path, &fd);

	if (e != OK)
		return e;
	e = slurp(fd, max, ret, ret_len);
	(void)close(fd); /* only read */
	return e;
}

bool file_has_line(const char *path, size_t max, const char *line)
{
	const struct bytes wanted = bytes_of(line);
	struct bytes rest = {NULL, 0}, part, newline;
	uint8_t *text = NULL;
	bool found = false;

	if (file_read_path(path, max, &text, &rest.n) != OK)
		return false;
	rest.p = text;
	while (!found && rest.n > 0) {
		size_t n = 0;

		while (n < rest.n && rest.p[n] != '\n')
			n++;
		if (bytes_take(&rest, n, &part) != OK)
			break;
		found = bytes_equal(part, wanted);
		if (rest.n > 0 && bytes_take(&rest, 1, &newline) != OK)
			break;
	}
	free(text);
	return found;
}
