/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The unlock loop: from a volume and a session to an open volume. */
#ifndef UNLOCK_UNLOCK_H
#define UNLOCK_UNLOCK_H

#include "unlock/backend.h"

struct unlock_goal {
	const char *name; /* what prompts call the disk; NULL: its path */
	bool no_record;   /* the person vouches for a volume without a matching record
	                     (asked for first) */
	bool card_only;   /* `bootlatch test`: no passphrase instead */
	bool passphrase_first; /* a passphrase was given on a descriptor and no PIN was:
	                          use it */
	bool skip_check;   /* deliver a typed passphrase without trying it on the slots
	                      first (keyscript) */
	bool trust_record; /* deliver a card's passphrase that the record knows without
	                      opening its keyslot first */
	bool refusal_told; /* why an untrusted volume is refused was said before */
	/* For several volumes that are opened together: the decryption keys of cards that
	 * open one of them, this volume's too.  A card of another one ends the run with
	 * ERR_WRONG_CARD and stays open in the session, unless somebody is typing. */
	const uint8_t (*wanted)[FPR_LEN];
	size_t n_wanted; /* 0: this volume's alone */
	/* Told of a typed passphrase, before deliver when it opens the volume.  Anything
	 * but OK ends the run with that.  NULL: nothing. */
	enum err (*typed)(void *ctx, const struct secret *pass, bool opens);
	/* What to do with the passphrase that opens keyslot `slot`; called at most once;
	 * NULL: nothing. */
	enum err (*deliver)(void *ctx, struct volume *v, int slot,
	                    const struct secret *pass);
	void *ctx;
};

struct unlock_result {
	const char *backend; /* which way in it was */
	int keyslot;
	char ident[CARD_IDENT_LEN]; /* the card, or "" */
};

/*
 * Check record and header pin, then try what policy says until the volume is open,
 * nothing is left to try, or the person gives up.  Errors name the first thing the person
 * should mend: ERR_NOT_ENROLLED, ERR_NO_RECORD, ERR_TAMPERED, card and PIN errors,
 * ERR_PASSPHRASE, ERR_CANCELLED.
 */
enum err unlock_volume(struct session *s, struct volume *v,
                       const struct unlock_goal *goal, struct unlock_result *ret);

#endif
