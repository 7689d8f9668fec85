/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list in a stage: what it brings, what that replaces, what goes; and folders of a
 * few files written and removed.  For the files that are parts of publish.h and last.h;
 * others use these. */
#ifndef SIGN_STAGE_H
#define SIGN_STAGE_H

#include "crypto/crypto.h"
#include "sign/publish.h"

#define STAGE_LIST "list"

enum {
	/* Every signed file may be new and every old one go, and there is kexec.sig. */
	STAGE_ITEMS_MAX = 2 * KEXEC_FILES_MAX + 1,
	STAGE_LIST_MAX = STAGE_ITEMS_MAX * 512,
};

struct stage_item {
	char name[KEXEC_NAME_MAX];
	bool put; /* else it goes */
	bool had; /* one of that name was there, with this content: */
	uint8_t before[TREE_HASH_LEN];
	uint8_t after[TREE_HASH_LEN]; /* of what is put */
};

struct stage_list {
	struct stage_item item[STAGE_ITEMS_MAX];
	size_t n;
};

/* Is the name kexec.sig or a signed one? */
bool stage_name_ok(const char *name);
const struct stage_item *stage_find(const struct stage_list *l, const char *name);

void stage_list_write(const struct stage_list *l, struct buffer *out);
/* Strict.  ERR_FORMAT. */
enum err stage_list_parse(struct bytes in, struct stage_list *ret);

/*
 * Remove what has this name below dirfd: a folder with files and empty folders in it, or
 * one file; fine when there is none.  ERR_REFUSED: there are files in a folder of it,
 * which stay.
 */
enum err stage_remove(int dirfd, const char *name);

/* The folder, not through a link.  ERR_NOT_FOUND: there is none. */
enum err stage_open(int dirfd, int *ret_fd);
/* SHA-256 of a regular file.  ERR_NOT_FOUND: there is none. */
enum err stage_hash(int dirfd, const char *name, uint8_t ret[static TREE_HASH_LEN]);
/* The list of a stage that is whole, and that belongs to what lies in dirfd now.  Errors
 * as stage_read.  *ret is malloc'ed. */
enum err stage_check(int dirfd, int stagefd, struct stage_list **ret);

#endif
