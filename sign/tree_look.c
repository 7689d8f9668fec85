/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One look at one thing on /boot: what it is, and whether it still is what was seen. */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>

#include "sign/tree_parts.h"

enum { EXFAT_MAGIC = 0x2011bab0 };

enum err tree_blame(const struct tree_options *o, const char *path, enum err e)
{
	if (o->ret_culprit)
		(void)snprintf(o->ret_culprit, TREE_PATH_MAX, "%s", path);
	return e;
}

enum err tree_errno(int errnum)
{
	switch (errnum) {
	case ENOENT:  /* it went */
	case ENOTDIR: /* or something else is in its place */
	case ELOOP:
	case ENXIO:
	case ESTALE:
		return ERR_BUSY;
	default:
		return err_from_errno(errnum);
	}
}

enum err tree_open_at(int dirfd, const char *path, int flags, int *ret_fd)
{
	const int all = flags | O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	int fd = openat(dirfd, path, all | O_NOATIME);

	if (fd < 0 && errno == EPERM) /* not ours: then the time is touched */
		fd = openat(dirfd, path, all);
	if (fd < 0)
		return tree_errno(errno);
	*ret_fd = fd;
	return OK;
}

struct tree_stamp tree_stamp_of(const struct statx *x)
{
	return (struct tree_stamp){
	        .dev = makedev(x->stx_dev_major, x->stx_dev_minor),
	        .ino = x->stx_ino,
	        .size = x->stx_size,
	        .mtime = x->stx_mtime.tv_sec,
	        .mtime_ns = x->stx_mtime.tv_nsec,
	        .ctime = x->stx_ctime.tv_sec,
	        .ctime_ns = x->stx_ctime.tv_nsec,
	};
}

bool tree_stamp_equal(const struct tree_stamp *a, const struct tree_stamp *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
	       a->mtime == b->mtime && a->mtime_ns == b->mtime_ns &&
	       a->ctime == b->ctime && a->ctime_ns == b->ctime_ns;
}

enum err tree_look(int dirfd, const char *name, struct statx *ret)
{
	const int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH;

	*ret = (struct statx){0};
	if (statx(dirfd, name, flags, STATX_BASIC_STATS | STATX_MNT_ID, ret) != 0)
		return tree_errno(errno);
	return OK;
}

enum err tree_same(int fd, const struct tree_stamp *s)
{
	struct statx x;
	const enum err e = tree_look(fd, "", &x);

	if (e != OK)
		return e;
	const struct tree_stamp now = tree_stamp_of(&x);
	return tree_stamp_equal(&now, s) ? OK : ERR_BUSY;
}

/*
 * A subvolume of btrfs has a device number of its own, but is no mount point and Heads
 * sees what is in it: where the kernel numbers mounts (5.8), that number decides.
 */
bool tree_is_mount(const struct statx *root, const struct statx *x)
{
	if ((x->stx_mask & STATX_MNT_ID) != 0)
		return x->stx_mnt_id != root->stx_mnt_id;
	return x->stx_dev_major != root->stx_dev_major ||
	       x->stx_dev_minor != root->stx_dev_minor;
}

enum err tree_permissions(int dirfd, bool *ret)
{
	struct statfs fs;

	if (fstatfs(dirfd, &fs) != 0)
		return err_from_errno(errno);
	*ret = fs.f_type != MSDOS_SUPER_MAGIC && fs.f_type != EXFAT_MAGIC;
	return OK;
}

size_t tree_depth(const char *path)
{
	size_t depth = 0;

	for (size_t i = 2; path[i] != '\0'; i++)
		depth += path[i] == '/' || i == 2;
	return depth;
}

unsigned tree_processors(void)
{
	cpu_set_t may;

	/* More processors than cpu_set_t has room for. */
	if (sched_getaffinity(0, sizeof(may), &may) != 0 || CPU_COUNT(&may) <= 0)
		return TREE_THREADS_MAX;
	return (unsigned)CPU_COUNT(&may);
}
