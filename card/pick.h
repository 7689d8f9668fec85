/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which card is meant: looks into every reader, opens each card once, says why none fits.
 */
#ifndef CARD_PICK_H
#define CARD_PICK_H

#include "card/card.h"

/* What is wanted.  The strings and ctx belong to the caller and outlive the pick. */
struct pick_wish {
	const char *reader; /* part of the reader's name, any case; NULL: every reader */
	const char
	        *serial; /* "12345678" or "000F:12345678", any case; NULL: every card */
	/* Is it this card?  NULL: every card that passes the two above.  Called at most
	 * once each time a card is opened; must not keep `info`. */
	bool (*fits)(const struct card_info *info, void *ctx);
	void *ctx;
	/* Two cards that fit: false: none is taken (PICK_SEVERAL); true: the first one is
	 * taken and the readers after it are not even looked at. */
	bool take_first;
};

/* Why there is no card.  Higher is more worth telling; the highest of all readers wins.
 */
enum pick_why {
	PICK_FOUND,
	PICK_NO_SERVICE,
	PICK_STARTING, /* nobody has answered yet */
	PICK_NO_READER,
	PICK_NO_SUCH_READER, /* readers, but none with wish.reader in its name */
	PICK_NO_CARD,
	PICK_NOT_OPENPGP,
	PICK_MUTE,
	PICK_HANGS, /* no answer in time: left alone until it is moved */
	PICK_TERMINATED,
	PICK_FAILED, /* opening it failed otherwise: `e` of the entry says how */
	PICK_OLD,    /* the flaws of enum card_flaw */
	PICK_BLOCK_2,
	PICK_NO_COUNTERS,
	PICK_NO_KDF,
	PICK_NO_FINGERPRINTS, /* wish.fits said no, of a card that does not tell its keys
	                       */
	PICK_NOT_WANTED,      /* wish.fits said no */
	PICK_WRONG_SERIAL,
	PICK_USED, /* handed out before; see pick_step */
	PICK_BUSY,
	PICK_SEVERAL,
	PICK_WHYS_
};

/* One reader with something in it, as the last step saw it. */
struct pick_seen {
	char reader[READER_NAME_MAX]; /* printable ASCII */
	struct card_who who;          /* ident "" when the card could not be read */
	enum pick_why why;            /* PICK_FOUND: it fits */
	enum err e;                   /* what opening it ended with */
};

struct pick_status {
	enum pick_why why;
	struct pick_seen seen[READERS_MAX]; /* one card in two readers is listed once */
	size_t n_seen;
};

struct pick;

/* r is not taken over and outlives the pick.  ERR_USAGE: wish->serial is no serial
 * number. */
enum err pick_new(struct readers *r, const struct pick_wish *wish, struct pick **ret);
struct pick *pick_free(struct pick *p); /* NULL is fine; returns NULL */

/*
 * Look once.  Does not wait for anything to appear; it takes a scan (< 50 ms) and, only
 * when a card was put in since the last step, the time to read that card.  A loop calls
 * it about every 250 ms beside its poll().
 *
 * OK: *ret is open, and ours until it is put in again: a card that was handed out is not
 * opened again (PICK_USED) until it was taken out and put back, or pick_again().
 * Otherwise *ret is untouched and the error is pick_why_err(status->why), one of
 * ERR_NO_SERVICE, ERR_NO_READER, ERR_NO_CARD, ERR_WRONG_CARD, ERR_CARD_STATE,
 * ERR_CARD_MUTE, ERR_UNSUPPORTED, ERR_BUSY, ERR_USAGE (several), ERR_IO; or ERR_NOMEM,
 * ERR_BUG.  status is written on every path and may be NULL.
 */
enum err pick_step(struct pick *p, struct pick_status *status, struct card **ret);

/* As pick_step, repeated for up to timeout_ms while nothing is there that could fit (no
 * service, no reader, no card).  Everything else is said at once. */
enum err pick_wait(struct pick *p, int timeout_ms, struct pick_status *status,
                   struct card **ret);

/* Forget every card that was looked at: the next step opens them all once more. */
void pick_again(struct pick *p);

/* Of a scan that failed. */
enum pick_why pick_why_scan(const struct readers *r, enum err e);
/* What the end of readers_ops.connect (an error) or of card_open says of a card. */
enum pick_why pick_why_connect(enum err e);
enum pick_why pick_why_open(enum err e, enum card_flaw flaw);
enum err pick_why_err(enum pick_why why);
/* What happened and what to do, one or two sentences; never NULL. */
const char *pick_why_text(enum pick_why why);

/* Does `ident` ("000F:12345678") name the card that `serial` asks for? */
bool pick_serial_matches(const char *serial, const char *ident);

#endif
