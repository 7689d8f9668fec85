/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The note that an enrolment leaves of itself while it is under way:
 * config_dir/volumes/UUID.enrolling. Read here; written and taken away by
 * unlock/leftovers.c. */
#ifndef UNLOCK_JOURNAL_H
#define UNLOCK_JOURNAL_H

#include "card/card.h"
#include "unlock/store.h"

struct journal {
	int keyslot;
	uint8_t fpr[FPR_LEN];
};

enum err journal_name(const char *uuid, char ret[static STORE_NAME_MAX]);
/* {"version":1,"keyslot":N,"recipient":"HEX"}; strict.  A damaged one is ERR_FORMAT. */
enum err journal_parse(struct bytes json, struct journal *ret);
enum err journal_format(const struct journal *j, char **ret); /* malloc'ed */
enum err journal_load(const char *config_dir, const char *uuid,
                      struct journal *ret); /* ERR_NOT_FOUND */

#endif
