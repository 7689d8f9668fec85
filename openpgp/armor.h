/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ASCII armor (RFC 9580, 6): read leniently, bounded. */
#ifndef OPENPGP_ARMOR_H
#define OPENPGP_ARMOR_H

#include "core/bytes.h"

bool armor_is(struct bytes in); /* starts, after white space, with "-----BEGIN PGP " */
/* *ret is malloc'ed.  A CRC-24 that is there must be right; one that is missing is fine.
 */
enum err armor_read(struct bytes in, uint8_t **ret, size_t *ret_len);

#endif
