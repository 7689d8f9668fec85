/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ASCII armor (RFC 9580, 6): read leniently, bounded; written with its CRC-24. */
#ifndef OPENPGP_ARMOR_H
#define OPENPGP_ARMOR_H

#include "core/bytes.h"

bool armor_is(struct bytes in); /* starts, after white space, with "-----BEGIN PGP " */
/* From the first line that begins armor: mails and gpg have text before it.  All of `in`
 * where there is none, or where it is binary. */
struct bytes armor_find(struct bytes in);
/* *ret is malloc'ed.  A CRC-24 that is there must be right; one that is missing is fine.
 */
enum err armor_read(struct bytes in, uint8_t **ret, size_t *ret_len);
/* A copy of the binary form, whichever form `in` has; *ret is malloc'ed. */
enum err armor_own(struct bytes in, uint8_t **ret, size_t *ret_len);

enum armor_kind { ARMOR_MESSAGE, ARMOR_PUBLIC_KEY, ARMOR_SIGNATURE };
/* *ret is malloc'ed text, with a NUL that *ret_len does not count; ERR_USAGE: nothing to
 * write. */
enum err armor_write(enum armor_kind kind, struct bytes data, char **ret,
                     size_t *ret_len);

#endif
