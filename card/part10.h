/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a reader says of itself, by PC/SC part 10. */
#ifndef CARD_PART10_H
#define CARD_PART10_H

#include "card/transport.h"

/* Send a control code; false when the reader refuses, else at most cap bytes and their
 * number. */
typedef bool part10_control(void *ctx, uint32_t code, uint8_t *out, size_t cap,
                            size_t *ret_n);

struct part10 {
	enum extended extended;
	/* The control code of its PIN pad; 0: it has none, or only says so (quirks.c). */
	uint32_t verify_direct;
};

/* What to send with that code: a PIN_VERIFY_STRUCTURE for such a template (transport.h),
 * at most cap bytes.  ERR_BUG: that is none. */
enum { PART10_VERIFY_MAX = 32 };
enum err part10_verify(struct bytes template, struct writer *w);

/* Never fails: a reader that answers nonsense is one that says nothing. */
struct part10 part10_ask(part10_control *control, void *ctx);

#endif
