/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What changes a card, as steps that a verb or `setup` puts together: no option is parsed
 * here.  Each ends with a sentence in c->why when it fails, unless the error's own
 * serves.
 */
#ifndef CLI_CARD_WORK_H
#define CLI_CARD_WORK_H

#include "cli/card_wish.h"
#include "cli/cli.h"
#include "openpgp/pubkey.h"
#include "unlock/pin_memory.h"

enum {
	WORK_DAY_LEN = 40,
	WORK_EARLIEST = 1704067200 /* 2024-01-01: no clock that is right says less */
};

struct card_work {
	struct cli *c;
	struct session *s;           /* the caller's */
	struct ask *by_fd[WISH_FDS]; /* askers of descriptors; NULL: the session's */
	char ident[CARD_IDENT_LEN];  /* of the card that is worked on */
	struct pin_memory admin;     /* what failed, and what was right in this command */
	struct pin_memory user, code;
	bool factory[CARD_PWS]; /* a PIN that was typed and right is one that cards come
	                           with */
};

/* Waits for the card that --serial and --reader mean, and opens it.  The descriptors of
 * c->card_wish.fd are used for what they are for. */
enum err work_begin(struct cli *c, struct session *s, struct card_work *ret);
void work_end(struct card_work *w); /* closes askers, wipes PINs; the session stays */
static inline void work_cleanup_(struct card_work *w)
{
	work_end(w);
}
#define AUTO_WORK __attribute__((cleanup(work_cleanup_))) struct card_work

const struct card_info *work_info(const struct card_work *w);
struct card *work_card(struct card_work *w);
/* Let go of the card, which resets it, and open it again. */
enum err work_again(struct card_work *w);
/* --- to the person --- */
__attribute__((format(printf, 2, 3))) void work_note(struct card_work *w, const char *fmt,
                                                     ...);
/* An error of a command that changes the card, in words.  what: "set the touch of its
 * keys"; state: what the card is left with, a sentence or "". */
enum err work_why(struct card_work *w, enum err e, const char *what, const char *state);
/* ERR_REFUSED: nobody is there to type it, or it was something else. */
enum err work_confirm_card(struct card_work *w, const char *hint);
enum err work_confirm_word(struct card_work *w, const char *word, const char *hint);
void work_counters(struct card_work *w);                         /* to JSON */
const char *work_day(uint32_t t, char out[static WORK_DAY_LEN]); /* UTC, to the minute */
enum err work_clock(struct card_work *w, uint32_t *ret_now); /* one that can be right */

/* --- cli/card_pin.c: PINs, by the rules of unlock/session_pin.c ---
 * The counter is shown, the last try is typed twice, what failed is never sent again. */

/* The Admin PIN: asked for unless it holds. */
enum err work_admin(struct card_work *w);
/* The user PIN, verified and kept, to be changed. */
enum err work_user(struct card_work *w, struct secret **ret);
/* The reset code with the new PIN that it unblocks for. */
enum err work_unblock_by_code(struct card_work *w, const struct secret *fresh);
/* --- cli/card_new_pin.c --- */
/* A new one, typed twice, by the rules; old may be NULL. */
enum err work_new_pin(struct card_work *w, enum card_pw which, const struct secret *old,
                      struct secret **ret);
const char *work_pw_name(enum card_pw which); /* "PIN", "reset code", "Admin PIN" */
/* A question that a card pulled out withdraws: ERR_CARD_LOST, ERR_CARD_RESET then. */
enum err work_ask(struct card_work *w, struct ask *from, const struct ask_question *q,
                  struct secret **ret);

/* --- the verbs' own work --- */

/* card_passwd.c: which PIN is changed, or the reset code set. */
enum err work_passwd(struct card_work *w, enum card_pw which);

/* card_generate.c */
struct generate_wish {
	unsigned slots;        /* bits of enum card_key */
	const char *algorithm; /* of wish_attr; NULL: what the card is set to */
	bool force;            /* also where there are keys, when the serial was typed */
	bool pins_next; /* new PINs follow by themselves, nobody is told to set them */
};
/* ERR_REFUSED: there are keys in all of these places, or the person said no. */
enum err work_generate(struct card_work *w, const struct generate_wish *wish);

/* card_slot.c: what is in a key's place. */
enum slot_state {
	SLOT_EMPTY,
	SLOT_WHOLE,     /* a key with its own fingerprint and time */
	SLOT_NO_FPR,    /* a key without fingerprint, as an interruption leaves it */
	SLOT_OTHER_FPR, /* a key whose fingerprint is none of its own */
	SLOT_UNKNOWN    /* it does not tell, or a kind of key that is not ours */
};
/* key may be NULL; it is filled for SLOT_WHOLE.  An error is one of the connection. */
enum err slot_look(struct card *c, enum card_key k, enum slot_state *ret,
                   struct pubkey *key);
/* As gpg would make it of a card's key. */
enum err slot_openpgp(enum card_key k, const struct card_pubkey *pub, uint32_t created,
                      struct pubkey *ret);

/* card_cert.c: a certificate signed by the card. */
struct cert_wish {
	const char *uid;  /* NULL: one that names the card */
	uint32_t expires; /* seconds since 1970; 0: never */
};
/* *ret malloc'ed, binary. */
enum err work_cert(struct card_work *w, const struct cert_wish *wish, uint8_t **ret,
                   size_t *ret_n);

/* card_records.c: which volumes of this machine open with that card. */
enum { USED_MAX = 32 };
struct used {
	struct {
		char uuid[LUKS_UUID_LEN + 1];
		int keyslot;
		bool only; /* nothing else that the record knows opens it */
	} volume[USED_MAX];
	size_t n;
	bool more, unreadable; /* than fit; records that could not be read */
};
void card_used_here(const char *config_dir, const struct card_info *info,
                    struct used *ret);
/* As notes: what would be lost. */
void work_tell_used(struct card_work *w, const struct used *u);

#endif
