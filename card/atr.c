/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Historical bytes, and the way to them through an answer to reset. */
#include "card/atr.h"

/* 73 xx xx CC are the capabilities.  The life cycle byte is not looked at: cards differ.
 * Nonsense announces nothing. */
void historical_read(struct bytes v, struct card_info *info)
{
	struct bytes value;
	uint32_t b;

	if (bytes_take_be(&v, 1, &b) != OK)
		return;
	while (bytes_take_be(&v, 1, &b) == OK && bytes_take(&v, b & 0x0f, &value) == OK) {
		if (b != 0x73)
			continue;
		info->chaining = (value.p[2] & 0x80) != 0;
		info->extended = (value.p[2] & 0x40) != 0;
		return;
	}
}

/* TA to TD of every round, up to the historical bytes. */
static enum err skip_interface(struct bytes *in, uint32_t which)
{
	struct bytes skipped;
	uint32_t td;

	while (which != 0) {
		const size_t n = (which & 1) + (which >> 1 & 1) + (which >> 2 & 1);

		enum err e = bytes_take(in, n, &skipped);
		if (e != OK || (which & 8) == 0)
			return e;
		e = bytes_take_be(in, 1, &td);
		if (e != OK)
			return e;
		which = td >> 4;
	}
	return OK;
}

bool atr_extends(struct bytes atr)
{
	struct card_info info = {0};
	struct bytes history;
	uint32_t ts, t0;

	if (bytes_take_be(&atr, 1, &ts) != OK || bytes_take_be(&atr, 1, &t0) != OK ||
	    skip_interface(&atr, t0 >> 4) != OK ||
	    bytes_take(&atr, t0 & 0x0f, &history) != OK)
		return false;
	/* Other categories are not compact TLV, but names of products, mostly. */
	if (history.n == 0 || (history.p[0] != 0x00 && history.p[0] != 0x80))
		return false;
	historical_read(history, &info);
	return info.extended;
}
