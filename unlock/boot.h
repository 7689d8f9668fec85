/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The boot run: every entry of crypttab that names us, opened and mapped in one session.
 */
#ifndef UNLOCK_BOOT_H
#define UNLOCK_BOOT_H

#include "unlock/crypttab.h"
#include "unlock/session.h"

struct boot_wish {
	const struct crypttab *table;
	const char *boot_dir, *config_dir; /* as in struct volume_where */
	bool passphrase_first;             /* as in struct unlock_goal */
	/* How long sources are waited for while nothing else can be done, since the last
	 * volume was opened.  0: what is not here is left out without a word. */
	int source_wait_ms;
	/* Names of what a run of this boot left though its source was here: a run that
	 * waits for nothing leaves those out, without a word.  A path; NULL: none. */
	const char *left;
	/* Heads' key, for entries whose key field is HEADS_KEY.  NULL: there is none. */
	enum err (*heads_key)(struct secret **ret);
};

/* Entries that this run is for, ours and not mapped; of a run that waits for nothing and
 * knows what was left, those alone that are here.  Without any, no session is needed. */
size_t boot_count(const struct boot_wish *w);

/*
 * Opens each of our entries that is not mapped, in crypttab's order, but what needs no
 * question first, and what the open card serves before the rest.  A typed passphrase is
 * tried on all of them; a question stands until it is answered, whatever happens.  Which
 * are not opened, and why, is said; cryptroot comes for those.
 * OK: all are open.  Otherwise the error of the first that is not: what the person should
 * mend first.  ERR_NOT_FOUND: its source never appeared; ERR_CANCELLED: she left it out.
 */
enum err boot_run(struct session *s, const struct boot_wish *w);

#endif
