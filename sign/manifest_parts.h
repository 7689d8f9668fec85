/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside sign/manifest*.c only: lines of the lists, and what writer and parser of the
 * full manifest share. */
#ifndef SIGN_MANIFEST_PARTS_H
#define SIGN_MANIFEST_PARTS_H

#include <limits.h>

#include "sign/manifest.h"

#define FULL_HEAD        "bootlatch boot manifest 1\n"
#define FULL_PERMISSIONS "permissions yes\n"
#define FULL_FOREIGN     "permissions no\n"
#define FULL_MOUNT       'm'

/* What one entry gives in each of the lists; nothing where it is not listed. */
void manifest_line_hashes(const struct tree *t, const struct tree_entry *a,
                          struct buffer *out);
void manifest_line_tree(const struct tree *t, const struct tree_entry *a,
                        struct buffer *out);
void manifest_line_full(const struct tree *t, const struct tree_entry *a,
                        struct buffer *out);

/* Must this byte of a name be written as "\xx"?  Space, backslash, and what is not
 * printable ASCII. */
static inline bool full_escapes(uint8_t c)
{
	return c <= 0x20 || c == '\\' || c >= 0x7f;
}

/* Of two digits in lower case; nothing here is secret.  > 0xff: they are none. */
static inline unsigned from_hex(const uint8_t *p)
{
	unsigned v = 0;

	for (size_t i = 0; i < 2; i++) {
		if (p[i] >= '0' && p[i] <= '9')
			v = v << 4 | (unsigned)(p[i] - '0');
		else if (p[i] >= 'a' && p[i] <= 'f')
			v = v << 4 | (unsigned)(p[i] - 'a' + 10);
		else
			return UINT_MAX;
	}
	return v;
}

/* 64 such digits.  ERR_FORMAT. */
enum err digest_parse(struct bytes field, uint8_t ret[static TREE_HASH_LEN]);

static inline bool full_has_target(enum tree_type t)
{
	return t == TREE_LINK || t == TREE_CHAR || t == TREE_BLOCK;
}

#endif
