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

enum policy_tpm {
	TPM_UNSEEN, /* the next of its ways in has not been looked at */
	TPM_BUSY,   /* something is under way */
	TPM_READY,  /* its PCRs match */
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
	bool typing;           /* the standing question has input */
	bool typing_pin;       /* and it is the one for the TPM's PIN */
	bool waited;           /* wait_ms is over */
	bool cancelled;
	unsigned card_errors;
	enum err card_end; /* how the last try of a card ended; OK: none or not her
	                      concern */
	size_t tpm_ways;   /* enrolments of the TPM that are left */
	bool tpm_alone;    /* it was the only way in, but for passphrases */
	enum policy_tpm tpm;
	bool tpm_pin;       /* the record says that the one in question needs a PIN */
	bool tpm_pin_ready; /* one that succeeded may be sent */
	bool tpm_slow;      /* the person is not kept from typing any longer */
	bool tpm_declined;  /* she chose another way at its PIN prompt */
	enum err tpm_end;   /* how its last try ended; OK: none yet */
	enum err passphrase_end; /* how the last passphrase ended; OK: none yet */
};

enum policy_action {
	DO_REFUSE,  /* with an error, before anything is asked */
	DO_CONFIRM, /* --no-record: show the pin and ask */
	DO_TRY_CARD,
	DO_LOOK_TPM, /* begin to */
	DO_TRY_TPM,  /* begin to: no question is needed */
	DO_WAIT_TPM,
	DO_ASK_TPM_PIN, /* or insert the dongle */
	DO_ASK_EITHER,  /* one prompt: insert the dongle, or type the passphrase */
	DO_ASK_PASSPHRASE,
	DO_WAIT_CARD,
	DO_GIVE_UP, /* with an error */
};

struct policy_next {
	enum policy_action action;
	enum err e;
};

struct policy_next policy_next(const struct policy_facts *f);
/* May readers be looked at now?  Not before the volume is trusted or vouched for, and
 * not where no card opens anything. */
bool policy_may_look(const struct policy_facts *f);

#endif
