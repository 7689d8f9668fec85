/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a machine's /boot is worth: its signature, as bootlatch verify judges it. */
#ifndef CLI_BOOT_SEEN_H
#define CLI_BOOT_SEEN_H

#include "cli/machine.h"
#include "sign/verify.h"

struct boot_seen {
	bool signed_here;  /* the machine signs its /boot; else nothing below holds */
	enum err signers;  /* whose signature counts: what reading that ended with */
	size_t n_keys;     /* that may sign */
	uint32_t key_date; /* of the youngest of them, seconds since 1970 */
	enum err e;        /* what verifying ended with */
	struct verify_report *r; /* when that is OK */
};

/* ERR_NOMEM only; the rest is told by the members. */
enum err boot_look(const struct machine *m, bool quiet, struct boot_seen *ret);
void boot_seen_clear(struct boot_seen *b);
bool boot_is_good(const struct boot_seen *b);

#endif
