/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One run of the unlock loop, for the files that are its parts; others use unlock.h. */
#ifndef UNLOCK_UNLOCK_RUN_H
#define UNLOCK_UNLOCK_RUN_H

#include "unlock/policy.h"
#include "unlock/tpm2_try.h"
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
	bool standing;               /* a question does, of this kind */
	enum ask_kind standing_kind;
	bool tpm_usable[LUKS_SLOTS_MAX]; /* of v->enrolled */
	size_t tpm_which;                /* the one in question */
	struct tpm2_try tpm;
	bool tpm_known;    /* one was found to be this TPM's */
	bool tpm_looks;    /* what is under way */
	int64_t tpm_since; /* when the person began to wait for it */
	bool tpm_hurried;  /* she pressed a key while there was no prompt */
	bool said_slow;
	bool elsewhere; /* the open card is for another volume */
	bool said_here, said_waiting;
	bool done;
	struct unlock_result result;
};

void run_say(struct run *r, enum words w);
/* Hand over what opens the volume: the run is done. */
enum err run_deliver(struct run *r, const char *backend, int slot,
                     const struct secret *pass);

/* One slice of a question that stands until it is answered, or run_withdraw. */
enum err run_stand(struct run *r, const struct ask_question *q,
                   enum err (*answered)(struct run *r, const struct secret *answer));
void run_withdraw(struct run *r);

/* unlock_trust.c: DO_REFUSE and DO_CONFIRM. */
enum err run_refuse(struct run *r, enum err e);
enum err run_confirm(struct run *r, enum err unused);

/* unlock_card.c */
enum err run_count_ways(struct run *r);
enum err run_look(struct run *r);
enum err run_try_card(struct run *r, enum err unused);
enum err run_wait_card(struct run *r, enum err unused);
void run_back_to_card(struct run *r); /* the person wants it after all */

/* unlock_tpm.c */
void run_count_tpm(struct run *r);
enum err run_step_tpm(struct run *r); /* what the TPM has done meanwhile */
enum err run_look_tpm(struct run *r, enum err unused);
enum err run_try_tpm(struct run *r, enum err unused);
enum err run_wait_tpm(struct run *r, enum err unused);
enum err run_ask_tpm_pin(struct run *r, enum err unused);
void run_end_tpm(struct run *r);

#endif
