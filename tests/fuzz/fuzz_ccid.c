/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a host may send to the virtual reader. First byte: its kind; then two bytes of
 * length and a message each, or 0xFFFF: the card is done, 0xFFFE: it needs time, 0xFFFD:
 * replugged.
 */
#include <stdlib.h>

#include "core/bytes.h"
#include "tests/dongle/ccid.h"
#include "tests/fuzz/obliging_card.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CARD_DONE = 0xFFFF, MORE_TIME = 0xFFFE, REPLUGGED = 0xFFFD, PER_PUT = 2 };

static void drain(struct ccid *c, size_t max, uint8_t seq)
{
	const uint8_t *p = NULL;
	size_t n = 0;

	while ((n = ccid_peek(c, &p)) > 0) {
		if (n < CCID_HEAD || n > max || ccid_length(p) != n || p[6] != seq)
			__builtin_trap();
		ccid_sent(c);
	}
}

static void finish(struct ccid *c)
{
	if (!ccid_job(c))
		return;
	ccid_run(c);
	ccid_done(c);
}

static void talk(struct ccid *c, struct bytes in, size_t max)
{
	struct bytes message;
	uint8_t seq = 0;
	uint32_t n;

	while (bytes_take_be(&in, 2, &n) == OK) {
		if (n == CARD_DONE)
			finish(c);
		else if (n == MORE_TIME)
			ccid_extend(c);
		else if (n == REPLUGGED)
			ccid_reset(c);
		else if (bytes_take(&in, n, &message) != OK)
			return;
		else
			ccid_put(c, message.p, message.n);
		/* A power command that waited has its own number: the last one's is gone.
		 */
		if (n < REPLUGGED && message.n >= CCID_HEAD)
			seq = message.p[6];
		drain(c, max, seq);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t nitrokey3[] = {0x3B, 0x8C, 0x01, 0x80, 0x5A, 0x4E,
	                                    0x69, 0x74, 0x72, 0x6F, 0x6B, 0x65,
	                                    0x79, 0x20, 0x33, 0x7D};
	static const struct ccid_config kinds[] = {
	        {LEVEL_EXTENDED, false, 3072},
                {LEVEL_EXTENDED, false, 271 },
	        {LEVEL_SHORT,    false, 271 },
                {LEVEL_TPDU,     false, 271 },
	        {LEVEL_TPDU,     true,  271 },
	};
	struct bytes atr = {nitrokey3, sizeof(nitrokey3)};
	const struct ccid_card card = obliging_card(&atr);

	if (size < 1)
		return 0;
	const struct ccid_config *conf =
	        &kinds[data[0] % (sizeof(kinds) / sizeof(kinds[0]))];
	struct ccid *c = ccid_new(conf, &card);
	if (!c)
		abort();
	talk(c, (struct bytes){data + 1, size - 1}, conf->max_message);
	finish(c);
	ccid_free(c);
	return 0;
}
