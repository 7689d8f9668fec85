/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See double_host.h; the card answers whatever it is asked. */
#include "tests/unit/double_host.h"

#include <stdlib.h>
#include <string.h>

const uint8_t host_select[HOST_SELECT_LEN] = {0x00, 0xA4, 0x04, 0x00, 0x06, 0xD2,
                                              0x76, 0x00, 0x01, 0x24, 0x01};

static void card_reset(void *ctx)
{
	(void)ctx;
}

size_t host_card_atr(void *ctx, uint8_t *out, size_t cap)
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

void host_take(struct reader *r)
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

void host_finish(struct reader *r)
{
	if (ccid_job(r->c)) {
		ccid_run(r->c);
		ccid_done(r->c);
	}
	host_take(r);
}

void host_put(struct reader *r, unsigned type, unsigned level, const uint8_t *p, size_t n)
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

void host_xfr(struct reader *r, const uint8_t *p, size_t n)
{
	host_put(r, XFR, 0, p, n);
	host_finish(r);
}

void host_start(struct reader *r, enum ccid_level level, bool t0, size_t max)
{
	const struct ccid_config conf = {level, t0, max};
	const struct ccid_card card = {
	        .ctx = r, .reset = card_reset, .atr = host_card_atr, .apdu = card_apdu};

	memset(r, 0, sizeof(*r));
	r->c = ccid_new(&conf, &card);
	if (r->c == NULL)
		abort();
	host_put(r, POWER_ON, 0, NULL, 0);
	host_take(r);
}

/* The reader's answer is a data block with exactly these bytes in it. */
bool host_gives(const struct reader *r, const void *p, size_t n)
{
	return r->got_n == CCID_HEAD + n && r->got[0] == 0x80 && r->got[6] == r->seq &&
	       r->got[7] == 0 && memcmp(r->got + CCID_HEAD, p, n) == 0;
}

bool host_fails(const struct reader *r, unsigned error)
{
	return r->got_n == CCID_HEAD && (r->got[7] & 0xC0) == 0x40 && r->got[8] == error;
}
