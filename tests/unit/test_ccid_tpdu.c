/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The virtual reader at the level of TPDUs: the block protocol T=1, GET RESPONSE of T=0.
 */
#include <string.h>

#include "tests/dongle/atr.h"
#include "tests/unit/check.h"
#include "tests/unit/double_host.h"

/* --- T=1, from the side of the host --- */

static size_t block(uint8_t *b, unsigned pcb, const uint8_t *p, size_t n)
{
	uint8_t lrc = 0;

	b[0] = 0;
	b[1] = (uint8_t)pcb;
	b[2] = (uint8_t)n;
	if (n > 0)
		memcpy(b + 3, p, n);
	for (size_t i = 0; i < 3 + n; i++)
		lrc ^= b[i];
	b[3 + n] = lrc;
	return n + 4;
}

static void send_block(struct reader *r, unsigned pcb, const void *p, size_t n)
{
	uint8_t b[260];

	host_xfr(r, b, block(b, pcb, p, n));
}

static bool gives_block(const struct reader *r, unsigned pcb, const void *p, size_t n)
{
	uint8_t b[260];

	return host_gives(r, b, block(b, pcb, p, n));
}

/* --- cases --- */

static void t1_carries_commands_and_answers_in_blocks(void)
{
	static struct reader r;
	static const uint8_t ifsd[] = {100};
	uint8_t cmd[300], answer[152];

	memset(cmd, 0xC3, sizeof(cmd));
	host_start(&r, LEVEL_TPDU, false, 271);
	send_block(&r, 0xC1, ifsd, 1);
	CHECK(gives_block(&r, 0xE1, ifsd, 1));
	r.answers = 150;
	send_block(&r, 0x20, cmd, 254);
	CHECK(gives_block(&r, 0x90, NULL, 0)); /* R(1): go on */
	send_block(&r, 0x40, cmd + 254, 46);
	CHECK(r.cmd_n == 300 && memcmp(r.cmd, cmd, 300) == 0);
	for (size_t i = 0; i < 150; i++)
		answer[i] = (uint8_t)(i * 7 + 1);
	memcpy(answer + 150, "\x90", 2);
	CHECK(gives_block(&r, 0x20, answer, 100));
	send_block(&r, 0x90, NULL, 0); /* R(1): go on */
	CHECK(gives_block(&r, 0x40, answer + 100, 52));
	CHECK(r.n_apdus == 1);
	ccid_free(r.c);
}

static void t1_repeats_what_was_garbled(void)
{
	static struct reader r;
	uint8_t b[260];

	host_start(&r, LEVEL_TPDU, false, 271);
	size_t n = block(b, 0x00, host_select, sizeof(host_select));
	b[n - 1] ^= 1;
	host_xfr(&r, b, n);
	CHECK(gives_block(&r, 0x81, NULL, 0)); /* R(0), parity */
	CHECK(r.n_apdus == 0);
	b[n - 1] ^= 1;
	host_xfr(&r, b, n);
	CHECK(gives_block(&r, 0x00, "\x90\x00", 2));
	send_block(&r, 0x80, NULL, 0); /* R(0): the host did not get it */
	CHECK(gives_block(&r, 0x00, "\x90\x00", 2));
	host_xfr(&r, b, n); /* the same block once more is no new command */
	CHECK(gives_block(&r, 0x92, NULL, 0));
	CHECK(r.n_apdus == 1);
	send_block(&r, 0xC0, NULL, 0);
	CHECK(gives_block(&r, 0xE0, NULL, 0)); /* both start afresh */
	host_xfr(&r, b, n);
	CHECK(gives_block(&r, 0x00, "\x90\x00", 2));
	ccid_free(r.c);
}

static void t1_asks_for_time_by_a_block(void)
{
	static struct reader r;
	static const uint8_t once[] = {1};
	uint8_t b[260];

	host_start(&r, LEVEL_TPDU, false, 271);
	host_put(&r, XFR, 0, b, block(b, 0x00, host_select, sizeof(host_select)));
	ccid_extend(r.c);
	host_take(&r);
	CHECK(gives_block(&r, 0xC3, once, 1));
	host_put(&r, XFR, 0, b, block(b, 0xE3, once, 1));
	host_take(&r);
	CHECK(r.got_n == 0); /* granted: nothing to say yet */
	ccid_extend(r.c);
	host_take(&r);
	CHECK(gives_block(&r, 0xC3, once, 1));
	ccid_run(r.c);
	ccid_done(r.c);
	host_take(&r);
	CHECK(r.got_n == 0); /* it asked: first the host */
	host_put(&r, XFR, 0, b, block(b, 0xE3, once, 1));
	host_take(&r);
	CHECK(gives_block(&r, 0x00, "\x90\x00", 2));
	ccid_free(r.c);
}

static void t0_gives_nothing_unasked(void)
{
	static struct reader r;
	static const uint8_t get[] = {0x00, 0xCA, 0x00, 0x6E, 0x00};
	static const uint8_t exact[] = {0x00, 0xCA, 0x00, 0x6E, 0x0A};
	static const uint8_t response[] = {0x00, 0xC0, 0x00, 0x00, 0x0A};
	static const uint8_t part[] = {0x00, 0xC0, 0x00, 0x00, 0x04};
	static const uint8_t too_short[] = {0x00, 0xA4, 0x04, 0x00, 0x06, 0xD2};

	host_start(&r, LEVEL_TPDU, true, 271);
	r.answers = 10;
	host_xfr(&r, host_select, sizeof(host_select));
	CHECK(host_gives(&r, "\x61\x0A", 2));
	host_xfr(&r, part, sizeof(part));
	CHECK(r.got_n == CCID_HEAD + 6 &&
	      memcmp(r.got + r.got_n - 2, "\x61\x06", 2) == 0);
	host_xfr(&r, response, sizeof(response));
	CHECK(host_gives(&r, "\x6C\x06", 2));
	CHECK(r.n_apdus == 1);
	host_xfr(&r, get, sizeof(get));
	CHECK(host_gives(&r, "\x6C\x0A", 2));
	host_xfr(&r, exact, sizeof(exact));
	CHECK(r.got_n == CCID_HEAD + 12 && memcmp(r.got + r.got_n - 2, "\x90", 2) == 0);
	CHECK(r.n_apdus == 3);
	host_xfr(&r, too_short, sizeof(too_short));
	CHECK(host_gives(&r, "\x67", 2));
	CHECK(r.n_apdus == 3);
	ccid_free(r.c);
}

static void an_atr_for_t0_offers_nothing_else(void)
{
	static const uint8_t wanted[] = {0x3B, 0x0A, 0x00, 0x31, 0x84, 0x73,
	                                 0x80, 0x01, 0x80, 0x05, 0x90, 0x00};
	uint8_t atr[64];

	const size_t n = atr_for_t0(atr, host_card_atr(NULL, atr, sizeof(atr)));
	CHECK(n == sizeof(wanted) && memcmp(atr, wanted, n) == 0);
	CHECK(atr_for_t0(atr, 1) == 1);
	memcpy(atr, "\x3B\xFF\x11", 3); /* cut short */
	CHECK(atr_for_t0(atr, 3) == 3);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"t1_carries_commands_and_answers_in_blocks",
	         t1_carries_commands_and_answers_in_blocks                                     },
	        {"t1_repeats_what_was_garbled",               t1_repeats_what_was_garbled      },
	        {"t1_asks_for_time_by_a_block",               t1_asks_for_time_by_a_block      },
	        {"t0_gives_nothing_unasked",                  t0_gives_nothing_unasked         },
	        {"an_atr_for_t0_offers_nothing_else",         an_atr_for_t0_offers_nothing_else},
	};
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
