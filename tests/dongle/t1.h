/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The card's side of the block protocol T=1 (ISO 7816-3, clause 11), with LRC. */
#ifndef TESTS_DONGLE_T1_H
#define TESTS_DONGLE_T1_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	T1_BLOCK_MAX = 3 + 254 + 1,
	T1_APDU_MAX = 7 + 65535 + 2,
	T1_ANSWER_MAX = 65536 + 2,
};

struct t1 {
	uint8_t send_seq, recv_seq; /* of the next I-block: 0 or 1 */
	size_t ifsd;                /* bytes that the reader takes in a block */
	uint8_t in[T1_APDU_MAX];    /* the command as far as it came */
	size_t in_n;
	uint8_t out[T1_ANSWER_MAX]; /* the answer, sent up to out_off */
	size_t out_n, out_off;
	uint8_t block[T1_BLOCK_MAX]; /* the last one sent */
	size_t block_n;
	bool asked_time;   /* an S(WTX request) is not answered yet */
	unsigned n_resent; /* blocks sent once more */
};

enum t1_next {
	T1_SEND, /* t->block is the answer */
	T1_RUN,  /* t->in is a whole command */
	T1_WAIT, /* time was granted: go on with what runs */
};

void t1_reset(struct t1 *t);
enum t1_next t1_take(struct t1 *t, const uint8_t *p, size_t n);
/* The answer to the command; its first block in t->block. */
void t1_answer(struct t1 *t, const uint8_t *p, size_t n);
/* Asks for more time: S(WTX request) in t->block. */
void t1_ask_time(struct t1 *t);

#endif
