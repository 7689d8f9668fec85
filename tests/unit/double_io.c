/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libc's calls that change files, failing on request: defined here, they are what the
 * program and its libraries are linked with. */
#undef _FORTIFY_SOURCE /* its inline openat would be in the way */
#include "tests/unit/double_io.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct double_io *plan;

void double_io_plan(struct double_io *p)
{
	plan = p;
}

static bool is_below(int fd)
{
	char link[40], path[PATH_MAX];
	const size_t n = strlen(plan->below);

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	const ssize_t len = readlink(link, path, sizeof(path));
	return len >= (ssize_t)n && memcmp(path, plan->below, n) == 0;
}

/* True: the caller fails, with errno set. */
static bool fails(unsigned kind, int fd)
{
	if (plan == NULL || (plan->kinds & kind) == 0 || !is_below(fd))
		return false;
	plan->seen++;
	if (plan->at != 0 && plan->at != plan->seen)
		return false;
	plan->hit++;
	if (plan->error == 0)
		_exit(IO_DIED);
	errno = plan->error;
	return true;
}

int openat(int dirfd, const char *name, int flags, ...)
{
	mode_t mode = 0;

	if ((flags & O_CREAT) != 0) {
		va_list ap;

		va_start(ap, flags);
		mode = va_arg(ap, mode_t);
		va_end(ap);
		if (fails(IO_CREATE, dirfd))
			return -1;
	}
	return (int)syscall(SYS_openat, dirfd, name, flags, mode);
}

ssize_t write(int fd, const void *p, size_t n)
{
	return fails(IO_WRITE, fd) ? -1 : (ssize_t)syscall(SYS_write, fd, p, n);
}

int fsync(int fd)
{
	return fails(IO_SYNC, fd) ? -1 : 0;
}

int fdatasync(int fd)
{
	return fsync(fd);
}

int renameat(int from, const char *old, int to, const char *name)
{
	return fails(IO_RENAME, to) ? -1
	                            : (int)syscall(SYS_renameat, from, old, to, name);
}

int unlinkat(int dirfd, const char *name, int flags)
{
	return fails(IO_UNLINK, dirfd) ? -1
	                               : (int)syscall(SYS_unlinkat, dirfd, name, flags);
}

int mkdirat(int dirfd, const char *name, mode_t mode)
{
	return fails(IO_MKDIR, dirfd) ? -1 : (int)syscall(SYS_mkdirat, dirfd, name, mode);
}
