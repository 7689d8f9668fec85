/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parsers of entries share. */
#ifndef SIGN_ENTRY_IMPL_H
#define SIGN_ENTRY_IMPL_H

#include "sign/entry_text.h"

/* Where a parser is, and for whom. */
struct entry_context {
	const char *from;
	entry_exists *exists;
	const void *ctx;
	struct boot_entries *to;
	bool as_it_is; /* it is a line of the menu already: nothing in it may change */
};

/* One more, from "name|type|kernel ..." as Heads hands it to its shell. */
enum err entry_add(const struct entry_context *c, const struct text *raw);

struct found {
	const struct tree_entry *at;    /* by this name */
	const struct tree_entry *file;  /* what it leads to */
	uint32_t place[TREE_DEPTH_MAX]; /* of each part of the name in its folder */
};

struct found_files {
	struct found *f; /* malloc'ed */
	size_t n;
};

/* In the order in which the file system lists them.  ERR_UNSUPPORTED: more than
 * ENTRY_CONFIGS_MAX.  Where a folder cannot be read, in the order of the names. */
enum err entry_find(int dirfd, const struct tree *t,
                    bool (*wanted)(const struct tree_entry *e), struct found_files *ret);

#endif
