/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a reader says of itself: the answers to its control codes (PC/SC part 10), two
 * bytes of length and a text each, of which the length may lie; then the text is an
 * answer to reset.
 */
#include <stdlib.h>

#include "card/atr.h"
#include "card/data.h"
#include "card/part10.h"
#include "tests/dongle/atr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { REFUSES = 0xffff };

struct reader {
	struct bytes in;
	unsigned asked;
};

static void check(bool ok)
{
	if (!ok)
		__builtin_trap();
}

static bool control(void *ctx, uint32_t code, uint8_t *out, size_t cap, size_t *ret_n)
{
	struct reader *r = ctx;
	struct bytes text;
	uint32_t n;

	check(code != 0 && ++r->asked <= 2);
	if (bytes_take_be(&r->in, 2, &n) != OK || n == REFUSES)
		return false;
	if (bytes_take(&r->in, n < r->in.n ? n : r->in.n, &text) != OK)
		return false;
	memcpy(out, text.p, text.n < cap ? text.n : cap);
	*ret_n = n; /* may be more than there is, and more than there is room for */
	return true;
}

static void ask(struct bytes in)
{
	struct reader r = {.in = in};

	const struct part10 p = part10_ask(control, &r);
	check(p.extended <= EXTENDED_UNKNOWN && (r.asked > 0 || p.verify_direct == 0));
}

static void type(struct bytes template)
{
	uint8_t text[PART10_VERIFY_MAX];
	struct writer w = {text, sizeof(text), 0, false};

	const enum err e = part10_verify(template, &w);
	check((e == OK) == (template.n == PAD_TEMPLATE) && writer_ok(&w));
	/* 2.5.2: bTimeOut to ulDataLength are 19 bytes, then CLA INS P1 P2 Lc */
	check(e != OK || (w.n == 24 && memcmp(text + 19, template.p, 4) == 0));
}

/* What is left says the same, but for the interface bytes. */
static void reset(struct bytes in)
{
	uint8_t atr[ATR_MAX + 1];

	if (in.n > sizeof(atr))
		return;
	if (in.n > 0)
		memcpy(atr, in.p, in.n);
	const size_t n = atr_for_t0(atr, in.n);
	check(n <= in.n);
	if (n == in.n || n < 2)
		return;
	const size_t history = in.p[1] & 0x0f;
	check(atr[0] == in.p[0] && atr[1] == history && n == 2 + history);
	(void)atr_extends((struct bytes){atr, n});
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct bytes in = {data, size};

	ask(in);
	type(in);
	reset(in);
	(void)atr_extends(in);
	return 0;
}
