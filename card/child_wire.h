/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the two sides of a reader child say to each other: one datagram each way. */
#ifndef CARD_CHILD_WIRE_H
#define CARD_CHILD_WIRE_H

#include "card/child.h"

enum child_op {
	CHILD_SCAN,     /* -> struct reader_list */
	CHILD_CONNECT,  /* reader's name -> struct child_card */
	CHILD_TRANSMIT, /* command -> answer with SW */
	CHILD_PAD,      /* template -> SW, 2 bytes, big-endian */
	CHILD_ALIVE,
	CHILD_CLOSE,
};

struct child_request {
	uint32_t op;
	uint32_t card; /* index, of what is connected */
	uint32_t cap;  /* of the answer's bytes */
	uint32_t limit_ms;
	uint32_t len; /* bytes that follow */
};

struct child_reply {
	uint32_t e;   /* enum err */
	uint32_t len; /* bytes that follow */
	/* Of the card, as in struct transport: a reset may have changed them. */
	uint8_t extended, t0;
};

struct child_card {
	uint32_t card;
	uint8_t pad;
	uint8_t atr_len, atr[ATR_MAX];
};

enum { CHILD_CARDS = READERS_MAX, CHILD_CMD_MAX = 8192, CHILD_ANSWER_MAX = 65538 };

/* The child's whole life, after the fork. */
__attribute__((noreturn)) void child_serve(int fd, readers_opener *open, const void *how);

#endif
