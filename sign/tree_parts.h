/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside sign/ only: how a tree is put together. */
#ifndef SIGN_TREE_PARTS_H
#define SIGN_TREE_PARTS_H

#include <sys/stat.h>

#include "sign/stamp.h"
#include "sign/tree.h"

/* --- tree.c --- */
struct tree *tree_new(void); /* NULL: no memory */
/* Room for one more entry, all zero; valid until the next call.  ERR_UNSUPPORTED: there
 * are TREE_ENTRIES_MAX. */
enum err tree_add(struct tree *t, struct tree_entry **ret);
/* A copy of n bytes and a NUL that lives as long as the tree; NULL: no memory. */
const char *tree_keep(struct tree *t, const void *p, size_t n);
/* What was held ready for more entries is given back. */
void tree_trim(struct tree *t);

/* What tells that a file is still the one that was seen. */
struct tree_stamp {
	uint64_t dev, ino, size;
	int64_t mtime, ctime;
	uint32_t mtime_ns, ctime_ns;
};

/* A walk under way: stamp[i] is that of t->entry[i]. */
struct tree_walk {
	int dirfd;
	const struct tree_options *o;
	struct tree *t;
	struct tree_stamp *stamp;
	size_t stamps; /* that there is room for */
	struct statx root;
};

/* --- tree_look.c --- */
enum { TREE_THREADS_MAX = 64 };
/* Name the path in o->ret_culprit and give the error back. */
enum err tree_blame(const struct tree_options *o, const char *path, enum err e);
/* The error of a system call about something that was there a moment ago. */
enum err tree_errno(int errnum);
/* Without following a link in the last place, without waiting for anybody, and without
 * touching the time of the last access where we may. */
enum err tree_open_at(int dirfd, const char *path, int flags, int *ret_fd);
/* What is called name in dirfd, or dirfd itself: "".  No link is followed. */
enum err tree_look(int dirfd, const char *name, struct statx *ret);
/* Does another file system begin there? */
bool tree_is_mount(const struct statx *root, const struct statx *x);
/* Are modes and owners kept, and inode numbers? */
enum err tree_permissions(int dirfd, bool *ret);
size_t tree_depth(const char *path); /* "./a/b" is 2 deep */
/* That this process may use; at least 1, and TREE_THREADS_MAX where they are not told. */
unsigned tree_processors(void);
struct tree_stamp tree_stamp_of(const struct statx *x);
bool tree_stamp_equal(const struct tree_stamp *a, const struct tree_stamp *b);
/* Is the open file the one that was seen?  ERR_BUSY: not. */
enum err tree_same(int fd, const struct tree_stamp *s);

/* --- tree_hash.c --- */
/* Hash every file of the walk, whose entries are sorted. */
enum err tree_hash(const struct tree_walk *w);

#endif
