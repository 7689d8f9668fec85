/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands that the Admin PIN allows: sent once, their refusals put in our words. */
#ifndef CARD_ADMIN_H
#define CARD_ADMIN_H

#include "card/alter.h"
#include "card/handle.h"

enum { ADMIN_MS = 60000 }; /* for one that makes no key */

/* Errors as card/alter.h has them for keys and settings. */
enum err admin_send(struct card *c, const struct apdu *a, int limit_ms);
/* PUT DATA (7.2.8). */
enum err admin_put(struct card *c, uint32_t tag, struct bytes value);
/* Its KDF for another PIN than the user's, read again. */
enum err admin_kdf(struct card *c, enum card_pw which, struct card_kdf *ret);

#endif
