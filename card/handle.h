/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What lies behind struct card, and the few steps that the files of this folder share. */
#ifndef CARD_HANDLE_H
#define CARD_HANDLE_H

#include "card/apdu.h"
#include "card/card.h"
#include "card/data.h"

struct card {
	struct link link;
	struct card_data data;
	bool verified;     /* PW1 in mode 82, by us, and no reset since */
	bool signs;        /* the same in mode 81, and good for one signature more */
	bool needs_select; /* another program reset the card */
	bool tries_stale;  /* a right PIN put the counter back up */
	bool used;         /* a private key was, since PW1 was verified in mode 82 */
	bool doubted;      /* 6982 to what a PIN just verified should have allowed */
	bool admin;        /* PW3, by us, and no reset since */
	struct secret *refused;
	struct secret *refused_more[2]; /* the same of reset code and Admin PIN */
	uint8_t buf[APDU_CAP];          /* nothing secret ever lies here */
};

/* Select again when another program reset the card. */
enum err card_ready(struct card *c);

/* Send a command whose answer is no secret; *ret points into c->buf.  Selects and sends
 * once more when the card was reset, unless a PIN was verified: then ERR_CARD_RESET. */
enum err card_ask(struct card *c, const struct apdu *a, struct bytes *ret,
                  uint16_t *ret_sw);
enum err card_get_data(struct card *c, uint32_t tag, struct bytes *ret, uint16_t *ret_sw);

/* Ask for an object that is not there yet; a card that refuses it is no error. */
enum err card_need_object(struct card *c, uint32_t tag, unsigned have);
/* The same for the algorithm attributes of a key. */
enum err card_need_attr(struct card *c, enum card_key which);
/* And for whether it wants a touch, of cards that have that and not in 6E. */
enum err card_need_touch(struct card *c, enum card_key which);

/* Another program reset the card: no PIN holds, and nothing is selected. */
void card_forget(struct card *c);

/* Send a command that uses a private key, never twice.  ERR_CARD_RESET: no PIN holds any
 * more. */
enum err card_operate(struct card *c, const struct apdu *a, uint8_t *resp, size_t cap,
                      size_t *ret_len, uint16_t *ret_sw);
/* What its refusal means: ERR_TOUCH, ERR_PIN_GONE (decryption key only: nothing is
 * verified any more), ERR_CARD_STATE or ERR_CRYPTO. */
enum err card_refusal(struct card *c, enum card_key which, uint16_t sw);

#endif
