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
	bool needs_select; /* another program reset the card */
	bool tries_stale;  /* a right PIN put the counter back up */
	struct secret *refused;
	uint8_t buf[APDU_CAP]; /* nothing secret ever lies here */
};

/* Select again when another program reset the card. */
enum err card_ready(struct card *c);

/* Send a command whose answer is no secret; *ret points into c->buf.  Selects and sends
 * once more when the card was reset, unless a PIN was verified: then ERR_CARD_RESET. */
enum err card_ask(struct card *c, const struct apdu *a, struct bytes *ret,
                  uint16_t *ret_sw);
enum err card_get_data(struct card *c, uint32_t tag, struct bytes *ret, uint16_t *ret_sw);

#endif
