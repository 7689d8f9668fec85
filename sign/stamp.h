/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Has anything on /boot changed in the meantime?  Found out without reading a file. */
#ifndef SIGN_STAMP_H
#define SIGN_STAMP_H

#include <sys/stat.h>

#include "sign/tree.h"

/* Digests of names, inodes, types, owners, sizes and times, of what manifests are about
 * and of kexec*.txt and kexec.sig. */
struct stamp {
	uint8_t tree[TREE_HASH_LEN];
	uint8_t kexec[TREE_HASH_LEN];
};

/*
 * Taken before a tree is read and again afterwards: equal when nothing was written in
 * between.  It is no evidence against whoever can set clocks: the hashes are that.
 * Bounds and errors as tree_walk.
 */
enum err stamp_take(int dirfd, struct stamp *ret);
/* One entry of it, in any order; *s starts as {0}.  inodes: their numbers last. */
enum err stamp_add(struct stamp *s, const char *path, const struct statx *x, bool inodes);

#endif
