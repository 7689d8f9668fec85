/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands and answers (ISO 7816-4): short, chained or extended, whatever both ends can
 * do. */
#ifndef CARD_APDU_H
#define CARD_APDU_H

#include "card/transport.h"

enum {
	APDU_DATA_MAX = 2048,   /* of one command, chained or not */
	APDU_ANSWER_MAX = 8192, /* of one answer, all its parts together */
	APDU_CAP = APDU_ANSWER_MAX + 2,
	APDU_MS = 10000, /* for one answer with all its parts, unless t->limit_ms says
	                    more */
};

enum {
	SW_OK = 0x9000,
	SW_TERMINATED = 0x6285,
	SW_ERROR = 0x6400,
	SW_TOUCH = 0x6600,
	SW_LENGTH = 0x6700,
	SW_NO_CHAINING = 0x6884,
	SW_SECURITY = 0x6982,
	SW_BLOCKED = 0x6983,
	SW_CONDITIONS = 0x6985,
	SW_DATA = 0x6a80,
	SW_FUNCTION = 0x6a81,
	SW_NO_FILE = 0x6a82,
	SW_NO_RECORD = 0x6a83,
	SW_P1P2 = 0x6a86,
	SW_NOT_FOUND = 0x6a88,
	SW_OTHER_P1P2 = 0x6b00,
	SW_INS = 0x6d00,
	SW_CLA = 0x6e00,
};

/* A card's end of the line; the reader's end is in t. */
struct link {
	struct transport *t;
	bool chaining, extended; /* what the card announces */
	size_t max_response;     /* bytes with SW; 0: not told */
	int64_t until_ms;        /* clock_ms() when all must be over; 0: no such limit */
};

struct apdu {
	uint8_t cla, ins, p1, p2;
	struct bytes data;
	bool le;      /* an answer is expected */
	bool long_le; /* ask for it in extended length; link_may_extend() says whether to
	                 try */
};

/*
 * Send, collect the whole answer (61xx, 6Cxx), all within one limit: t->limit_ms or
 * APDU_MS; parts are fetched for APDU_MS at most.  resp has cap >= 258 bytes and may lie
 * in a secret; at the end it holds *ret_len bytes without SW.  Never use it for VERIFY:
 * it repeats. OK says that the card answered; what is in *ret_sw.  Errors: as
 * transport_ops.transmit (ERR_CARD_MUTE also for an answer that drips), and ERR_FORMAT
 * for an answer without an end.
 */
enum err apdu_send(const struct link *l, const struct apdu *a, uint8_t *resp, size_t cap,
                   size_t *ret_len, uint16_t *ret_sw);

/* One exchange, as it stands, once: for VERIFY.  An answer's data are dropped. */
enum err apdu_once(const struct link *l, struct bytes cmd, uint16_t *ret_sw);

bool link_may_extend(
        const struct link *l); /* the card announces it, the reader does not say no */

#endif
