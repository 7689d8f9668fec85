/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The card's side of T=0 (ISO 7816-3, clause 10), procedure bytes left to the reader. */
#ifndef TESTS_DONGLE_T0_H
#define TESTS_DONGLE_T0_H

#include <stddef.h>
#include <stdint.h>

enum { T0_ANSWER_MAX = 258 };

struct t0 {
	uint8_t kept[T0_ANSWER_MAX]; /* for GET RESPONSE: data and status word */
	size_t kept_n, kept_off;     /* 0: nothing is kept */
	uint8_t ins;                 /* of the command that runs */
	size_t le;                   /* 0: it brought data */
};

enum t0_next {
	T0_SEND, /* ret is the answer */
	T0_RUN,  /* the command is for the card */
};

void t0_reset(struct t0 *t);
enum t0_next t0_take(struct t0 *t, const uint8_t *p, size_t n, uint8_t *ret,
                     size_t *ret_n);
/* What the card answered, in place: 61xx after data was sent, 6Cxx for a wrong Le. */
void t0_answer(struct t0 *t, uint8_t *resp, size_t *n);

#endif
