/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A folder to walk, for tests of trees. */
#ifndef TESTS_TREE_FOLDER_H
#define TESTS_TREE_FOLDER_H

#include "sign/tree.h"

struct tree_folder {
	char dir[64];
	int fd;
};

void tf_make(struct tree_folder *f);
/* All of it goes; links are not followed. */
void tf_drop(struct tree_folder *f);

/* name: a path below it.  The permissions are these, whatever the umask. */
void tf_file(const struct tree_folder *f, const char *name, const char *content);
void tf_bytes(const struct tree_folder *f, const char *name, struct bytes content);
void tf_dir(const struct tree_folder *f, const char *name);
void tf_link(const struct tree_folder *f, const char *name, const char *target);
void tf_rm(const struct tree_folder *f, const char *name);

/* Walked by so many threads; must be OK. */
struct tree *tf_walk(const struct tree_folder *f, unsigned threads);
/* Walked, must end with this error and this culprit; leaves no descriptor open. */
bool tf_fails(int dirfd, enum err e, const char *culprit);

/* What a command printed, malloc'ed, with a NUL behind it; run in that folder. */
char *tf_run(const struct tree_folder *f, const char *command, size_t *ret_n);
size_t tf_count(const char *dir); /* entries of a folder, as of /proc/self/fd */

#endif
