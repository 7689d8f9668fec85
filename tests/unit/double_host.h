/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The host's side of the virtual reader: CCID messages, and what came of them. */
#ifndef TESTS_DOUBLE_HOST_H
#define TESTS_DOUBLE_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/dongle/ccid.h"

enum { XFR = 0x6F, POWER_ON = 0x62, POWER_OFF = 0x63, SLOT = 0x65 };

struct reader { /* and the card in it, which answers LEN bytes of value N, then 9000 */
	struct ccid *c;
	uint8_t seq;
	uint8_t cmd[70000];
	size_t cmd_n;
	size_t answers;
	unsigned n_apdus;
	uint8_t got[70000]; /* the last message from the reader */
	size_t got_n;
};

/* SELECT of the OpenPGP application, without Le. */
enum { HOST_SELECT_LEN = 11 };
extern const uint8_t host_select[HOST_SELECT_LEN];

/* A reader with a card in it, powered on; max: bytes of a CCID message. */
void host_start(struct reader *r, enum ccid_level level, bool t0, size_t max);
/* A message; the next one from the reader into r->got; and until the card is done. */
void host_put(struct reader *r, unsigned type, unsigned level, const uint8_t *p,
              size_t n);
void host_take(struct reader *r);
void host_finish(struct reader *r);
void host_xfr(struct reader *r, const uint8_t *p, size_t n); /* all of it */

/* The reader's answer is a data block with exactly these bytes in it; a failure. */
bool host_gives(const struct reader *r, const void *p, size_t n);
bool host_fails(const struct reader *r, unsigned error);

/* The card's answer to reset: Gnuk's. */
size_t host_card_atr(void *ctx, uint8_t *out, size_t cap);

#endif
