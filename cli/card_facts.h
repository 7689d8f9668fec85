/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the cards in all readers say of themselves, read without a PIN. */
#ifndef CLI_CARD_FACTS_H
#define CLI_CARD_FACTS_H

#include "card/apdu.h"
#include "card/pick.h"

enum { FACT_NOT_TOLD = -1, OBJECT_MAX = 256 };

/* One reader with a card in it. */
struct card_facts {
	char reader[READER_NAME_MAX];
	enum pick_why why; /* PICK_FOUND: everything below holds */
	enum err e;        /* what opening it ended with */
	uint8_t atr[ATR_MAX];
	size_t atr_len;
	enum extended reader_extended;
	bool t0, pad;
	struct card_info info;
	int origin[CARD_KEYS]; /* DE: 0 no key, 1 generated, 2 imported (4.4.3.12) */
	int touch[CARD_KEYS];  /* first byte of D6 to D8 (4.4.3.6) */
	/* Can the public decryption key be read, and has it the fingerprint and time that
	 * the card tells?  ERR_CRYPTO: it has not. */
	enum err dec_key;
	const char *key_why; /* why it cannot be enrolled, when the key is to blame */
};

struct look_wish {
	const char *reader, *serial; /* as in struct pick_wish */
	int wait_ms;                 /* for something to be there */
};

/* What the last look met with, whatever came of it. */
struct look_end {
	enum pick_why why;
	struct reader_list readers;
};
/* Is it known which readers there are? */
static inline bool look_listed(const struct look_end *end)
{
	return end->why != PICK_NO_SERVICE && end->why != PICK_STARTING &&
	       end->why != PICK_FAILED;
}

/*
 * Look into every reader; list has READERS_MAX places.  Cards with another serial number
 * than asked for are left out, cards that cannot be read are not.  No VERIFY is sent.
 * The error when there is nothing to list: as pick_step; *end, written on every path,
 * says more.
 */
enum err card_look(struct readers *r, const struct look_wish *w, struct card_facts *list,
                   size_t *ret_n, struct look_end *end);

/* Steps that the self-test takes one by one.  All answer the last status word. */
enum err raw_select(const struct link *l, uint16_t *ret_sw);
/* buf has APDU_CAP bytes. */
enum err raw_ask(const struct link *l, const struct apdu *a, uint8_t *buf,
                 struct bytes *ret, uint16_t *ret_sw);
/* GET DATA. */
enum err raw_get(const struct link *l, uint32_t tag, bool long_le, uint8_t *buf,
                 struct bytes *ret, uint16_t *ret_sw);
/* Why it cannot be enrolled, a sentence and what to do; NULL: it can. */
const char *why_not_enrolled(const struct card_facts *f);

#endif
