/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A card that answers with as many bytes as it is told; see obliging_card.h. */
#include "tests/fuzz/obliging_card.h"

#include <string.h>

static void reset(void *ctx)
{
	(void)ctx;
}

static size_t say_atr(void *ctx, uint8_t *out, size_t cap)
{
	const struct bytes *atr = ctx;

	if (cap < atr->n)
		__builtin_trap();
	memcpy(out, atr->p, atr->n);
	return atr->n;
}

static size_t apdu(void *ctx, const uint8_t *cmd, size_t n, uint8_t *resp, size_t cap)
{
	size_t want = n < 2 ? 0 : (size_t)cmd[n - 2] << 8 | cmd[n - 1];

	(void)ctx;
	if (want > cap)
		want = cap;
	memset(resp, 0x90, want);
	return want;
}

struct ccid_card obliging_card(struct bytes *atr)
{
	return (struct ccid_card){
	        .ctx = atr, .reset = reset, .atr = say_atr, .apdu = apdu};
}
