/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside sign/manifest_*.c only: what writer and parser of the full manifest share. */
#ifndef SIGN_MANIFEST_PARTS_H
#define SIGN_MANIFEST_PARTS_H

#include "sign/manifest.h"

#define FULL_HEAD        "bootlatch boot manifest 1\n"
#define FULL_PERMISSIONS "permissions yes\n"
#define FULL_FOREIGN     "permissions no\n"
#define FULL_MOUNT       'm'

/* Must this byte of a name be written as "\xx"?  Space, backslash, and what is not
 * printable ASCII. */
static inline bool full_escapes(uint8_t c)
{
	return c <= 0x20 || c == '\\' || c >= 0x7f;
}

static inline bool full_has_target(enum tree_type t)
{
	return t == TREE_LINK || t == TREE_CHAR || t == TREE_BLOCK;
}

#endif
