/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Recovery keys: 256 random bits in letters that most keyboards have in the same place,
 * with a checksum (docs/FORMAT.md, "Recovery key"). */
#ifndef UNLOCK_RECOVERY_H
#define UNLOCK_RECOVERY_H

#include "core/secret.h"

enum {
	RECOVERY_GROUPS = 9,
	RECOVERY_GROUP_LEN = 8,
	RECOVERY_LETTERS = RECOVERY_GROUPS * RECOVERY_GROUP_LEN,
	RECOVERY_LEN = RECOVERY_LETTERS + RECOVERY_GROUPS - 1 /* with the dashes */
};

/* A new one, as it is written and as its keyslot has it: RECOVERY_LEN characters. */
enum err recovery_make(struct secret **ret);

/*
 * What somebody typed: upper or lower case, blanks and dashes anywhere or nowhere.  OK:
 * it is one, and *ret is how its keyslot has it.  ERR_FORMAT: it was meant as one, and
 * mistyped.  ERR_NOT_FOUND: it is something else, like a passphrase.
 */
enum err recovery_read(const struct secret *typed, struct secret **ret);

/* Group i of a key, as it is written. */
struct bytes recovery_group(const struct secret *key, size_t i);
/* Is that what somebody typed, in whatever case, with blanks or dashes? */
bool recovery_group_is(const struct secret *key, size_t i, const struct secret *typed);

#endif
