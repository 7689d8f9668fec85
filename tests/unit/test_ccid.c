// SPDX-License-Identifier: GPL-2.0-or-later
/* The virtual reader: CCID's levels, the block protocol T=1, GET RESPONSE of T=0. */
#include <stdlib.h>
#include <string.h>

#include "tests/dongle/atr.h"
#include "tests/dongle/ccid.h"
#include "tests/unit/check.h"

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

static void card_reset(void *ctx)
{
	(void)ctx;
}

static size_t card_atr(void *ctx, uint8_t *out, size_t cap)
{
	static const uint8_t gnuk[] = {0x3B, 0xDA, 0x11, 0xFF, 0x81, 0xB1, 0xFE,
	                               0x55, 0x1F, 0x03, 0x00, 0x31, 0x84, 0x73,
	                               0x80, 0x01, 0x80, 0x05, 0x90, 0x00, 0xE4};

	(void)ctx;
	(void)cap;
	memcpy(out, gnuk, sizeof(gnuk));
	return sizeof(gnuk);
}

static size_t card_apdu(void *ctx, const uint8_t *cmd, size_t n, uint8_t *resp,
                        size_t cap)
{
	struct reader *r = ctx;

	r->n_apdus++;
	memcpy(r->cmd, cmd, n);
	r->cmd_n = n;
	if (r->answers + 2 > cap)
		abort();
	for (size_t i = 0; i < r->answers; i++)
		resp[i] = (uint8_t)(i * 7 + r->n_apdus);
	resp[r->answers] = 0x90;
	resp[r->answers + 1] = 0x00;
	return r->answers + 2;
}

static void take(struct reader *r)
{
	const uint8_t *p = NULL;

	r->got_n = ccid_peek(r->c, &p);
	if (r->got_n > sizeof(r->got))
		abort();
	if (r->got_n > 0) {
		memcpy(r->got, p, r->got_n);
		ccid_sent(r->c);
	}
}

static void finish(struct reader *r)
{
	if (ccid_job(r->c)) {
		ccid_run(r->c);
		ccid_done(r->c);
	}
	take(r);
}

static void put(struct reader *r, unsigned type, unsigned level, const uint8_t *p,
                size_t n)
{
	uint8_t *m = calloc(1, CCID_HEAD + n);

	if (m == NULL)
		abort();
	m[0] = (uint8_t)type;
	for (unsigned i = 0; i < 4; i++)
		m[1 + i] = (uint8_t)(n >> 8 * i);
	m[6] = ++r->seq;
	m[8] = (uint8_t)level;
	if (n > 0)
		memcpy(m + CCID_HEAD, p, n);
	ccid_put(r->c, m, CCID_HEAD + n);
	free(m);
}

static void xfr(struct reader *r, const uint8_t *p, size_t n)
{
	put(r, XFR, 0, p, n);
	finish(r);
}

static void start(struct reader *r, enum ccid_level level, bool t0, size_t max)
{
	const struct ccid_config conf = {level, t0, max};
	const struct ccid_card card = {
	        .ctx = r, .reset = card_reset, .atr = card_atr, .apdu = card_apdu};

	memset(r, 0, sizeof(*r));
	r->c = ccid_new(&conf, &card);
	if (r->c == NULL)
		abort();
	put(r, POWER_ON, 0, NULL, 0);
	take(r);
}

/* The reader's answer is a data block with exactly these bytes in it. */
static bool gives(const struct reader *r, const void *p, size_t n)
{
	return r->got_n == CCID_HEAD + n && r->got[0] == 0x80 && r->got[6] == r->seq &&
	       r->got[7] == 0 && memcmp(r->got + CCID_HEAD, p, n) == 0;
}

static bool fails(const struct reader *r, unsigned error)
{
	return r->got_n == CCID_HEAD && (r->got[7] & 0xC0) == 0x40 && r->got[8] == error;
}

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

	xfr(r, b, block(b, pcb, p, n));
}

static bool gives_block(const struct reader *r, unsigned pcb, const void *p, size_t n)
{
	uint8_t b[260];

	return gives(r, b, block(b, pcb, p, n));
}

/* --- cases --- */

static const uint8_t select_[] = {0x00, 0xA4, 0x04, 0x00, 0x06, 0xD2,
                                  0x76, 0x00, 0x01, 0x24, 0x01};

static void an_apdu_passes_whole(void)
{
	static struct reader r;
	static const uint8_t ok[] = {0x90, 0x00};

	start(&r, LEVEL_SHORT, false, 271);
	CHECK(r.got_n == CCID_HEAD + 21 && r.got[CCID_HEAD] == 0x3B);
	xfr(&r, select_, sizeof(select_));
	CHECK(gives(&r, ok, sizeof(ok)));
	CHECK(r.cmd_n == sizeof(select_) && memcmp(r.cmd, select_, r.cmd_n) == 0);
	ccid_free(r.c);
}

static void long_apdus_come_and_go_in_parts(void)
{
	static struct reader r;
	uint8_t cmd[700];

	memset(cmd, 0x5A, sizeof(cmd));
	start(&r, LEVEL_EXTENDED, false, 271);
	r.answers = 598;
	put(&r, XFR, 1, cmd, 261);
	take(&r);
	CHECK(r.got_n == CCID_HEAD && r.got[9] == 0x10);
	put(&r, XFR, 3, cmd + 261, 261);
	take(&r);
	CHECK(r.got_n == CCID_HEAD && r.got[9] == 0x10);
	CHECK(r.n_apdus == 0);
	put(&r, XFR, 2, cmd + 522, 178);
	finish(&r);
	CHECK(r.cmd_n == sizeof(cmd) && memcmp(r.cmd, cmd, sizeof(cmd)) == 0);
	CHECK(r.got_n == 271 && r.got[9] == 1);
	put(&r, XFR, 0x10, NULL, 0);
	take(&r);
	CHECK(r.got_n == 271 && r.got[9] == 3);
	put(&r, XFR, 0x10, NULL, 0);
	take(&r);
	CHECK(r.got_n == CCID_HEAD + 600 - 2 * 261 && r.got[9] == 2);
	CHECK(r.got[r.got_n - 2] == 0x90);
	CHECK(r.n_apdus == 1);
	ccid_free(r.c);
}

static void what_is_malformed_is_refused(void)
{
	static struct reader r;
	const uint8_t wrong_slot[CCID_HEAD] = {XFR, 0, 0, 0, 0, 1, 9};
	const uint8_t wrong_length[CCID_HEAD] = {XFR, 4, 0, 0, 0, 0, 9};

	start(&r, LEVEL_EXTENDED, false, 271);
	ccid_put(r.c, wrong_slot, sizeof(wrong_slot));
	take(&r);
	CHECK(fails(&r, 5));
	ccid_put(r.c, wrong_length, sizeof(wrong_length));
	take(&r);
	CHECK(fails(&r, 1));
	put(&r, XFR, 2, select_, sizeof(select_)); /* ends what never began */
	take(&r);
	CHECK(fails(&r, 8));
	put(&r, 0x69, 0, NULL, 0); /* Secure: there is no PIN pad */
	take(&r);
	CHECK(fails(&r, 0));
	put(&r, POWER_OFF, 0, NULL, 0);
	take(&r);
	xfr(&r, select_, sizeof(select_));
	CHECK(fails(&r, 0xFE));
	CHECK(r.n_apdus == 0);
	ccid_free(r.c);
}

static void a_new_command_voids_an_old_answer(void)
{
	static struct reader r;

	start(&r, LEVEL_SHORT, false, 271);
	put(&r, XFR, 0, select_, sizeof(select_));
	ccid_run(r.c);
	ccid_done(r.c);
	put(&r, SLOT, 0, NULL, 0);
	take(&r);
	CHECK(r.got[0] == 0x81 && r.got[6] == r.seq);
	take(&r);
	CHECK(r.got_n == 0);
	ccid_free(r.c);
}

static void while_the_card_works_time_is_asked_for(void)
{
	static struct reader r;

	start(&r, LEVEL_SHORT, false, 271);
	put(&r, XFR, 0, select_, sizeof(select_));
	CHECK(ccid_job(r.c));
	ccid_extend(r.c);
	take(&r);
	CHECK(r.got_n == CCID_HEAD && r.got[7] == 0x80 && r.got[6] == r.seq);
	finish(&r);
	CHECK(gives(&r, "\x90\x00", 2));
	ccid_free(r.c);
}

static void who_gives_up_gets_no_late_answer(void)
{
	static struct reader r;

	start(&r, LEVEL_SHORT, false, 271);
	put(&r, XFR, 0, select_, sizeof(select_));
	put(&r, XFR, 0, select_, sizeof(select_));
	take(&r);
	CHECK(fails(&r, 0xE0));
	CHECK(ccid_dropped(r.c));
	finish(&r);
	CHECK(r.got_n == 0);
	put(&r, XFR, 0, select_, sizeof(select_));
	put(&r, POWER_ON, 0, NULL, 0); /* is answered when the card is free */
	take(&r);
	CHECK(r.got_n == 0);
	finish(&r);
	CHECK(r.got_n == CCID_HEAD + 21 && r.got[6] == r.seq);
	ccid_free(r.c);
}

static void t1_carries_commands_and_answers_in_blocks(void)
{
	static struct reader r;
	static const uint8_t ifsd[] = {100};
	uint8_t cmd[300], answer[152];

	memset(cmd, 0xC3, sizeof(cmd));
	start(&r, LEVEL_TPDU, false, 271);
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

	start(&r, LEVEL_TPDU, false, 271);
	size_t n = block(b, 0x00, select_, sizeof(select_));
	b[n - 1] ^= 1;
	xfr(&r, b, n);
	CHECK(gives_block(&r, 0x81, NULL, 0)); /* R(0), parity */
	CHECK(r.n_apdus == 0);
	b[n - 1] ^= 1;
	xfr(&r, b, n);
	CHECK(gives_block(&r, 0x00, "\x90\x00", 2));
	send_block(&r, 0x80, NULL, 0); /* R(0): the host did not get it */
	CHECK(gives_block(&r, 0x00, "\x90\x00", 2));
	xfr(&r, b, n); /* the same block once more is no new command */
	CHECK(gives_block(&r, 0x92, NULL, 0));
	CHECK(r.n_apdus == 1);
	send_block(&r, 0xC0, NULL, 0);
	CHECK(gives_block(&r, 0xE0, NULL, 0)); /* both start afresh */
	xfr(&r, b, n);
	CHECK(gives_block(&r, 0x00, "\x90\x00", 2));
	ccid_free(r.c);
}

static void t1_asks_for_time_by_a_block(void)
{
	static struct reader r;
	static const uint8_t once[] = {1};
	uint8_t b[260];

	start(&r, LEVEL_TPDU, false, 271);
	put(&r, XFR, 0, b, block(b, 0x00, select_, sizeof(select_)));
	ccid_extend(r.c);
	take(&r);
	CHECK(gives_block(&r, 0xC3, once, 1));
	put(&r, XFR, 0, b, block(b, 0xE3, once, 1));
	take(&r);
	CHECK(r.got_n == 0); /* granted: nothing to say yet */
	ccid_extend(r.c);
	take(&r);
	CHECK(gives_block(&r, 0xC3, once, 1));
	ccid_run(r.c);
	ccid_done(r.c);
	take(&r);
	CHECK(r.got_n == 0); /* it asked: first the host */
	put(&r, XFR, 0, b, block(b, 0xE3, once, 1));
	take(&r);
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

	start(&r, LEVEL_TPDU, true, 271);
	r.answers = 10;
	xfr(&r, select_, sizeof(select_));
	CHECK(gives(&r, "\x61\x0A", 2));
	xfr(&r, part, sizeof(part));
	CHECK(r.got_n == CCID_HEAD + 6 &&
	      memcmp(r.got + r.got_n - 2, "\x61\x06", 2) == 0);
	xfr(&r, response, sizeof(response));
	CHECK(gives(&r, "\x6C\x06", 2));
	CHECK(r.n_apdus == 1);
	xfr(&r, get, sizeof(get));
	CHECK(gives(&r, "\x6C\x0A", 2));
	xfr(&r, exact, sizeof(exact));
	CHECK(r.got_n == CCID_HEAD + 12 && memcmp(r.got + r.got_n - 2, "\x90", 2) == 0);
	CHECK(r.n_apdus == 3);
	xfr(&r, too_short, sizeof(too_short));
	CHECK(gives(&r, "\x67", 2));
	CHECK(r.n_apdus == 3);
	ccid_free(r.c);
}

static void an_atr_for_t0_offers_nothing_else(void)
{
	static const uint8_t wanted[] = {0x3B, 0x0A, 0x00, 0x31, 0x84, 0x73,
	                                 0x80, 0x01, 0x80, 0x05, 0x90, 0x00};
	uint8_t atr[64];

	const size_t n = atr_for_t0(atr, card_atr(NULL, atr, sizeof(atr)));
	CHECK(n == sizeof(wanted) && memcmp(atr, wanted, n) == 0);
	CHECK(atr_for_t0(atr, 1) == 1);
	memcpy(atr, "\x3B\xFF\x11", 3); /* cut short */
	CHECK(atr_for_t0(atr, 3) == 3);
}

static void faults_hit_the_answer_that_they_name(void)
{
	static struct reader r;

	start(&r, LEVEL_SHORT, false, 271);
	CHECK(!ccid_fault(r.c, "frame@x:cut"));
	CHECK(!ccid_fault(r.c, "frame@2:nonsense"));
	CHECK(!ccid_fault(r.c, "VERIFY@1:drop"));
	CHECK(ccid_fault(r.c, "frame@2:seq"));
	xfr(&r, select_, sizeof(select_));
	CHECK(gives(&r, "\x90", 2));
	xfr(&r, select_, sizeof(select_));
	CHECK(!gives(&r, "\x90", 2) && r.got_n == CCID_HEAD + 2);
	xfr(&r, select_, sizeof(select_));
	CHECK(gives(&r, "\x90", 2));
	ccid_free(r.c);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"an_apdu_passes_whole",                      an_apdu_passes_whole             },
	        {"long_apdus_come_and_go_in_parts",           long_apdus_come_and_go_in_parts  },
	        {"what_is_malformed_is_refused",              what_is_malformed_is_refused     },
	        {"a_new_command_voids_an_old_answer",         a_new_command_voids_an_old_answer},
	        {"while_the_card_works_time_is_asked_for",
	         while_the_card_works_time_is_asked_for                                        },
	        {"who_gives_up_gets_no_late_answer",          who_gives_up_gets_no_late_answer },
	        {"t1_carries_commands_and_answers_in_blocks",
	         t1_carries_commands_and_answers_in_blocks                                     },
	        {"t1_repeats_what_was_garbled",               t1_repeats_what_was_garbled      },
	        {"t1_asks_for_time_by_a_block",               t1_asks_for_time_by_a_block      },
	        {"t0_gives_nothing_unasked",                  t0_gives_nothing_unasked         },
	        {"an_atr_for_t0_offers_nothing_else",         an_atr_for_t0_offers_nothing_else},
	        {"faults_hit_the_answer_that_they_name",
	         faults_hit_the_answer_that_they_name                                          },
	};
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
