/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The messages that a reader has for its host, in order, and what spoils them. */
#ifndef TESTS_DONGLE_CCID_OUT_H
#define TESTS_DONGLE_CCID_OUT_H

#include "tests/dongle/ccid.h"

enum { /* RDR_to_PC (DWG Smart-Card CCID 1.1, 6.2), and how the command ended */
       DATA_BLOCK = 0x80,
       SLOT_STATUS = 0x81,
       PARAMETERS = 0x82,
};
enum { COMMAND_OK = 0x00, COMMAND_FAILED = 0x40, COMMAND_LATER = 0x80 };
enum { ERR_UNSUPPORTED = 0, ERR_BAD_LENGTH = 1, ERR_BAD_SLOT = 5, ERR_BAD_PROTOCOL = 7 };
enum { ERR_BAD_LEVEL = 8, ERR_BUSY = 0xE0, ERR_MUTE = 0xFE };

/* What is done to answers that carry data; N counts those. */
enum frame_fault {
	FRAME_NONE,
	FRAME_CUT,   /* half of the bytes */
	FRAME_LONG,  /* the length says more than there is */
	FRAME_HUGE,  /* the length says 4 GB */
	FRAME_SEQ,   /* the number of another command */
	FRAME_TYPE,  /* another kind of message */
	FRAME_ERROR, /* failed: the card is mute */
	FRAME_LOST,  /* nothing is sent */
	FRAME_EMPTY, /* no data */
	FRAME_NOISE, /* other bytes instead of it */
};

enum { OUT_MAX = 8 };

struct ccid_message {
	uint8_t *p;
	size_t n;
};

struct ccid_out {
	struct ccid_message message[OUT_MAX];
	size_t n;
	uint8_t seq;  /* of the command being answered */
	bool powered; /* the card is: told with each answer */
	enum frame_fault fault;
	unsigned fault_at, n_data; /* fault_at 0: every time */
};

/* A message of `type`; the data are copied.  More than OUT_MAX are dropped. */
void out_answer(struct ccid_out *o, unsigned type, unsigned status, unsigned error,
                unsigned last, const uint8_t *p, size_t n);
void out_forget(struct ccid_out *o);

/* As ccid_fault, ccid_peek, ccid_sent. */
bool out_fault(struct ccid_out *o, const char *spec);
size_t out_peek(const struct ccid_out *o, const uint8_t **ret);
void out_sent(struct ccid_out *o);

#endif
