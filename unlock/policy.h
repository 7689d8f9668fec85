/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What to try next: a pure function over what is known so far.  All order is here. */
#ifndef UNLOCK_POLICY_H
#define UNLOCK_POLICY_H

#include "unlock/session.h"
#include "unlock/volume.h"

enum { POLICY_CARD_ERRORS = 3 /* a card whose connection keeps failing is left alone */ };

enum policy_card {
	CARD_NO_SERVICE,
	CARD_NO_READER,
	CARD_NONE,
	CARD_FOREIGN,
	CARD_BUSY,
	CARD_BROKEN,
	CARD_HUNG,  /* no answer in time */
	CARD_SPENT, /* was tried; stays unused until put in again */
	CARD_HERE,  /* an enrolled one is open */
};

struct policy_facts {
	bool strange; /* the header is refused outright */
	enum record_state record;
	bool anything_ours;      /* token, blob or record entry exists */
	bool no_record, vouched; /* asked for; confirmed by the person */
	bool card_only, passphrase_first;
	enum answer pin, passphrase, confirm; /* who would answer */
	size_t card_ways; /* usable enrolments of cards that are left */
	enum policy_card card;
	bool pin_ready;        /* no PIN question would be needed */
	bool wants_passphrase; /* she chose it at the PIN prompt */
	bool typing;           /* the standing either-question has input */
	bool waited;           /* wait_ms is over */
	bool cancelled;
	unsigned card_errors;
	enum err card_end;       /* how the last try of a card ended; OK: none or not her
	                            concern */
	enum err passphrase_end; /* how the last passphrase ended; OK: none yet */
};

enum policy_action {
	DO_REFUSE,  /* with an error, before anything is asked */
	DO_CONFIRM, /* --no-record: show the pin and ask */
	DO_TRY_CARD,
	DO_ASK_EITHER, /* one prompt: insert the dongle, or type the passphrase */
	DO_ASK_PASSPHRASE,
	DO_WAIT_CARD,
	DO_GIVE_UP, /* with an error */
};

struct policy_next {
	enum policy_action action;
	enum err e;
};

struct policy_next policy_next(const struct policy_facts *f);
/* May readers be looked at now?  Not before the volume is trusted or vouched for. */
bool policy_may_look(const struct policy_facts *f);

#endif
