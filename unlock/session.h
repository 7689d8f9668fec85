/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the volumes of one command or boot share: the open card, the asker, the PIN that
 * succeeded. */
#ifndef UNLOCK_SESSION_H
#define UNLOCK_SESSION_H

#include "card/pick.h"
#include "core/ask.h"

struct session_options {
	struct readers *readers; /* owned by the session from here on, on failure too */
	struct ask *ask;         /* the same */
	const char *reader;      /* --reader: only this one, or NULL */
	const char *serial;      /* --serial: only this card, or NULL */
	const char *no_service; /* what is said of ERR_NO_SERVICE; NULL: pcscd is meant */
	int wait_ms;            /* how long to wait for reader and card; -1: for ever */
	int poll_ms;            /* between two looks; 0: 250 */
	bool pin_by_fd, passphrase_by_fd; /* the asker has a descriptor for that kind */
	const char *tpm;                  /* how to reach the TPM, as in struct tpm2 */
	const char *run; /* what was saved before the cap is below it; NULL:
	                    TPM2_SAVED_RUN */
};

struct session;

enum err session_new(const struct session_options *o, struct session **ret);
struct session *
session_free(struct session *s); /* resets the card, wipes the PIN; returns NULL */

/* For who lends it to several commands: it lives for one session_free() more. */
struct session *session_hold(struct session *s);
/* A user PIN that its card took in this command, elsewhere than here: used as if it had
 * been typed here. */
struct pin_memory;
enum err session_know_pin(struct session *s, const struct pin_memory *m);

struct ask *session_ask(struct session *s);
const struct card_info *session_card(const struct session *s); /* NULL: no card open */
struct card *session_card_handle(struct session *s);           /* NULL: no card open */
int session_wait_ms(const struct session *s);

/* Who would answer a question of this kind? */
enum answer { ANSWER_NONE, ANSWER_FD, ANSWER_PERSON };
enum answer session_answer(const struct session *s, enum ask_kind kind);

/*
 * Wait for the card (at most wait_ms) and open it: --reader and --serial decide, then
 * `fprs` (decryption keys that would do; n == 0: any OpenPGP card).  Says in notes what
 * it waits for. ERR_NO_SERVICE, ERR_NO_READER, ERR_NO_CARD, ERR_BUSY, ERR_WRONG_CARD
 * (only foreign cards), ERR_USAGE (several cards fit: --serial chooses; their idents were
 * noted).
 */
enum err session_wait_card(struct session *s, const uint8_t (*fprs)[FPR_LEN], size_t n);
/* For the loop: which decryption keys are wanted from now on (copied; the first that fits
 * is taken). */
enum err session_want(struct session *s, const uint8_t (*fprs)[FPR_LEN], size_t n);
/* Of which of a card's keys those fingerprints are: CARD_KEY_DEC unless this was called,
 * before the first of them. */
void session_want_key(struct session *s, enum card_key which);
/* Cards that were enrolled, and where: one of them that is not wanted has another key by
 * now.  Only what is said depends on it. */
struct session_known {
	char ident[CARD_IDENT_LEN];
	int keyslot;
};
void session_set_known(struct session *s, const struct session_known *known, size_t n);
/* Look once.  OK: a card is open (maybe since before).  Otherwise why, and the error;
 * what stands in the way (busy, foreign card) is noted once.  ERR_CARD_LOST,
 * ERR_CARD_RESET: the one that was open. */
enum err session_look(struct session *s, enum pick_why *ret_why);
void session_look_again(struct session *s); /* cards looked at before count as new */
void session_tell_why(struct session *s, enum pick_why why); /* as a note, once per why */
bool session_why_needs_words(enum pick_why why); /* its error says less than it does */
/* Let go of the card (reset), keep nothing of its PIN state. */
void session_drop_card(struct session *s);

/* Sleep for poll_ms; with `ask` wake up when the standing question has input: true then.
 */
bool session_pause(struct session *s, bool ask);
bool session_has_input(struct session *s);
/* A pause ends early when there is something to read from `fd`, too; -1: nothing more. */
void session_watch(struct session *s, int fd);

/* What the prompts call the disk (NULL: nothing), and whether an empty answer means "the
 * other way". */
void session_set_prompt(struct session *s, const char *disk, bool other_way);
/* A passphrase that the record knows need not open its keyslot before it is used: whoever
 * gets it tries it anyway, and comes back. */
void session_set_trusts_record(struct session *s, bool trusts);
bool session_trusts_record(const struct session *s);
const char *session_disk(const struct session *s);
bool session_other_way(const struct session *s);
void session_set_wants_other_way(struct session *s);
bool session_wants_other_way(struct session *s); /* and forgets it */

/*
 * Ask for the PIN of the open card and verify it, by the rules: the counter is shown, a
 * wrong PIN may be asked for again while a person can answer, the last try is spent only
 * when the person types the same PIN twice, warned; a PIN that failed is never sent
 * again; once it succeeded nothing more is asked or sent in this card session.
 * ERR_PIN_WRONG, ERR_PIN_BLOCKED, ERR_PIN_LAST_TRY, ERR_PIN_UNKNOWN, ERR_CANCELLED,
 * ERR_CARD_LOST (pulled during the prompt), ERR_USAGE (nobody can answer), other card
 * errors.
 */
enum err session_verify_pin(struct session *s, const char *about);
/* The same for one signature (card_sign): mode 81 of the same PIN and counter.  Nothing
 * is asked or sent while card_signs. */
enum err session_verify_sign_pin(struct session *s, const char *about);
void session_pin_gone(struct session *s); /* the card forgot it: verify it once more */
bool session_pin_ready(
        const struct session *s); /* verified, or may be sent again unasked */

/* Nobody touched the dongle: does the person want to try again?  False when nobody can be
 * asked. */
bool session_touch_again(struct session *s);

#endif
