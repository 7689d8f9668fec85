/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One run of the unlock loop, for the files that are its parts; others use unlock.h. */
#ifndef UNLOCK_UNLOCK_RUN_H
#define UNLOCK_UNLOCK_RUN_H

#include "unlock/policy.h"
#include "unlock/unlock.h"
#include "unlock/words.h"

enum { CONFIRM_MAX = 16, BROKEN_AGAIN_MS = 2000 };

struct run {
	struct session *s;
	struct volume *v;
	const struct unlock_goal *goal;
	const char *disk;
	struct policy_facts f;
	bool usable[LUKS_SLOTS_MAX]; /* of v->enrolled */
	enum pick_why why;           /* what the last look found */
	enum pick_why why_before;    /* what the one before found, */
	int64_t why_since;           /* and since when it is the same */
	int64_t since;               /* when waiting for a card began */
	int64_t broken_since;        /* when a card that does not answer was last tried */
	char ident[CARD_IDENT_LEN];  /* the card that was here last, or "" */
	bool standing;               /* the question for either does */
	bool elsewhere;              /* the open card is for another volume */
	bool said_here, said_waiting;
	bool done;
	struct unlock_result result;
};

void run_say(struct run *r, enum words w);
/* Hand over what opens the volume: the run is done. */
enum err run_deliver(struct run *r, const char *backend, int slot,
                     const struct secret *pass);

/* unlock_trust.c: DO_REFUSE and DO_CONFIRM. */
enum err run_refuse(struct run *r, enum err e);
enum err run_confirm(struct run *r, enum err unused);

/* unlock_card.c */
enum err run_count_ways(struct run *r);
enum err run_look(struct run *r);
enum err run_try_card(struct run *r, enum err unused);
enum err run_wait_card(struct run *r, enum err unused);
void run_back_to_card(struct run *r); /* the person wants it after all */

#endif
