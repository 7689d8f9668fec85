/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What changes a card: its PINs, keys and settings, its life (OpenPGP card 3.4.1, 7.2).
 * Nothing here is linked into what runs at boot. */
#ifndef CARD_ALTER_H
#define CARD_ALTER_H

#include "card/card.h"

/* --- what only who changes a card has to know --- */

enum { CARD_UIFS = CARD_KEYS + 1 /* D6 to D9: the last is that of attestation */ };
enum { UIF_OFF, UIF_ON, UIF_FIXED, UIF_CACHED, UIF_CACHED_FIXED, UIF_NOT_TOLD = -1 };
enum card_life { CARD_LIFE_NOT_TOLD, CARD_LIFE_NONE, CARD_LIFE_KNOWN };

struct card_extra {
	bool attrs_fixed;           /* C0: algorithms cannot be changed */
	size_t code_max, admin_max; /* C4: bytes of reset code and Admin PIN */
	enum card_life life;        /* does it know TERMINATE and ACTIVATE? */
	int touch[CARD_UIFS]; /* UIF_x, or another number; UIF_NOT_TOLD: it has none */
	uint8_t button[CARD_UIFS]; /* the second byte of D6 to D9 */
};

/* Read it: 6E, then what is not in it.  What a card does not tell is no error. */
enum err card_read_extra(struct card *c, struct card_extra *ret);

/* An object in an answer to GET DATA 6E, or in the 73 in it. */
bool card_find_object(struct bytes application, uint32_t tag, struct bytes *ret);

/* --- PINs --- */

enum card_pw { CARD_PW_USER, CARD_PW_CODE, CARD_PW_ADMIN, CARD_PWS };

int card_tries(const struct card_info *info, enum card_pw which); /* left, as read last */

/*
 * What follows sends one command at most.  Before a try may be spent the counters are
 * read, and nothing is sent for ERR_PIN_BLOCKED (0 left), ERR_PIN_LAST_TRY (1 left and
 * !spend_last), ERR_PIN_WRONG of what was refused before.  ERR_PIN_WRONG,
 * ERR_PIN_BLOCKED after sending: card_tries() are fresh.  ERR_PIN_LENGTH: no try was
 * spent; of two PINs it is the new one that the card does not take.  ERR_PIN_UNKNOWN: no
 * answer: a try counts as spent, and a PIN may or may not be changed.  PINs go through
 * the KDF of the card where that is active, each with its own salt.
 */
/* VERIFY PW3 (7.2.2).  It holds until the card is reset or card_admin_gone(). */
enum err card_verify_admin(struct card *c, const struct secret *pin, bool spend_last);
/* The same on the reader's own pad, where card_has_pad.  ERR_CANCELLED, ERR_TIMEOUT: no
 * try is spent. */
enum err card_verify_admin_on_pad(struct card *c, bool spend_last);
bool card_admin_holds(const struct card *c);

/* CHANGE REFERENCE DATA (7.2.3): CARD_PW_USER or CARD_PW_ADMIN. */
enum err card_change_pin(struct card *c, enum card_pw which, const struct secret *old,
                         const struct secret *fresh, bool spend_last);
/* RESET RETRY COUNTER (7.2.4) of the user PIN: with the reset code, which has its own
 * counter, or after card_verify_admin. */
enum err card_unblock_by_code(struct card *c, const struct secret *code,
                              const struct secret *fresh, bool spend_last);
enum err card_unblock_by_admin(struct card *c, const struct secret *fresh);
/* PUT DATA D3, after card_verify_admin. */
enum err card_set_code(struct card *c, const struct secret *code);
/* Spend all tries of a PIN on made-up ones, for cards that are terminated only then.
 * ERR_CARD_STATE: the counter does not fall. */
enum err card_block(struct card *c, enum card_pw which);

/* --- keys and settings: after card_verify_admin ---
 * ERR_PIN_GONE: the Admin PIN does not hold (any more).  ERR_UNSUPPORTED: the card does
 * not take that, or has no such thing.  ERR_CARD_STATE: it refuses.  ERR_TOUCH.
 */

/* The algorithm of a key's place (4.4.3.9); nothing is sent when it is that already.
 * Other attributes may end the key that is there. */
enum err card_set_attr(struct card *c, enum card_key key,
                       const struct card_key_attr *want);
bool card_attr_same(const struct card_key_attr *a, const struct card_key_attr *b);
/* GENERATE ASYMMETRIC KEY PAIR (7.2.14), in CARD_GENERATE_MS at most; the key that was
 * there is gone. *ret as card_read_pubkey. */
enum { CARD_GENERATE_MS = 20 * 60 * 1000 };
enum err card_generate(struct card *c, enum card_key key, struct card_pubkey *ret);
/* C7 to C9; CE to D0. */
enum err card_put_fpr(struct card *c, enum card_key key,
                      const uint8_t fpr[static FPR_LEN]);
enum err card_put_created(struct card *c, enum card_key key, uint32_t created);
/* D6 to D9: uif < CARD_UIFS. */
enum err card_put_touch(struct card *c, unsigned uif, uint8_t mode, uint8_t button);

/* --- its life (7.2.19, 7.2.20) --- */

/* TERMINATE DF.  ERR_PIN_GONE: it wants the Admin PIN, or both PINs blocked.
 * ERR_UNSUPPORTED: it has no such command. */
enum err card_terminate(struct card *c);
/* ACTIVATE FILE of a terminated card: it is as when it was new.  Takes t over. */
enum err card_activate(struct transport *t);

#endif
