/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lays commands out and collects answers; see apdu.h. */
#include "card/apdu.h"

#include "core/clock.h"
#include "core/log.h"

enum {
	SHORT_CAP = 258,  /* the longest short answer with its SW */
	SHORT_DATA = 255, /* what one short command carries */
	BLOCK = 254,      /* of a chain: 255 is too much for some readers */
	ROUNDS_MAX = 256, /* GET RESPONSEs for one answer */
	LONG_LE = 2048,
	CLA_CHAIN = 0x10,
};

struct answer {
	uint8_t *p;
	size_t cap, n;
	uint16_t sw;
	int64_t until; /* no exchange begins after that, or ends; 0: the transport's */
};

bool link_may_extend(const struct link *l)
{
	return l->extended && l->t->extended != EXTENDED_NO;
}

/* Exchange once; the data are appended to the answer, SW replaces the last one. */
static enum err exchange(const struct link *l, struct bytes cmd, struct answer *a)
{
	const size_t cap = a->cap - a->n;
	size_t n = 0;

	if (cap < 2)
		return ERR_FORMAT;
	if (a->until > 0 && clock_ms() >= a->until)
		return ERR_CARD_MUTE;
	l->t->until_ms = a->until;
	enum err e = l->t->ops->transmit(l->t, cmd, a->p + a->n, cap, &n);
	l->t->until_ms = 0;
	if (e != OK) {
		log_line(LOG_DEBUG, "card: command %02x failed: %s",
		         cmd.n > 1 ? cmd.p[1] : 0, err_text(e));
		return e;
	}
	if (n < 2 || n > cap)
		return ERR_IO;
	n -= 2;
	a->sw = (uint16_t)(a->p[a->n + n] << 8 | a->p[a->n + n + 1]);
	a->n += n;
	log_line(LOG_DEBUG, "card: command %02x: %04x, %zu bytes",
	         cmd.n > 1 ? cmd.p[1] : 0, (unsigned)a->sw, n);
	return OK;
}

static bool sw1_is(const struct answer *a, unsigned sw1)
{
	return a->sw >> 8 == sw1;
}

/* What is to be fetched is there: neither a touch nor a slow key holds it up any more. */
static void hurry(struct answer *a)
{
	const int64_t usual = clock_ms() + APDU_MS;

	if (a->until > usual)
		a->until = usual;
}

/* ISO 7816-4, 5.1.3: while 61xx, fetch the rest. */
static enum err fetch_rest(const struct link *l, struct answer *a)
{
	uint8_t get[5] = {0x00, 0xc0, 0x00, 0x00, 0x00};
	bool corrected = false; /* this part */

	hurry(a);
	for (int round = 0; sw1_is(a, 0x61); round++) {
		const size_t before = a->n;

		if (round == ROUNDS_MAX)
			return ERR_FORMAT;
		get[4] = (uint8_t)(a->sw & 0xff);
		if (a->cap - a->n < (get[4] ? get[4] : 256U) + 2)
			return ERR_FORMAT;
		enum err e = exchange(l, (struct bytes){get, sizeof(get)}, a);
		if (e != OK)
			return e;
		if (a->n > APDU_ANSWER_MAX)
			return ERR_FORMAT;
		if (sw1_is(a, 0x6c) && !corrected) {
			corrected = true; /* ask again for exactly that much */
			a->n = before;
			a->sw = (uint16_t)(0x6100 | (a->sw & 0xff));
			continue;
		}
		corrected = false;
		if (sw1_is(a, 0x61) && a->n == before)
			return ERR_FORMAT;
	}
	return OK;
}

/* A whole short command; cmd's last byte is Le when has_le. */
static enum err send_last(const struct link *l, uint8_t *cmd, size_t n, bool has_le,
                          bool repeatable, struct answer *a)
{
	enum err e = exchange(l, (struct bytes){cmd, n}, a);
	if (e != OK)
		return e;
	if (sw1_is(a, 0x6c) && has_le && repeatable) {
		cmd[n - 1] = (uint8_t)(a->sw & 0xff);
		a->n = 0;
		e = exchange(l, (struct bytes){cmd, n}, a);
		if (e != OK)
			return e;
	}
	return fetch_rest(l, a);
}

static enum err send_block(const struct link *l, const struct apdu *c, struct bytes data,
                           bool last, struct answer *a)
{
	uint8_t cmd[5 + SHORT_DATA + 1];
	struct writer w = {cmd, sizeof(cmd), 0, false};
	const bool has_le = last && c->le && !(l->t->t0 && data.n > 0);

	put_be(&w, 1, last ? c->cla : c->cla | CLA_CHAIN);
	put_be(&w, 1, c->ins);
	put_be(&w, 1, c->p1);
	put_be(&w, 1, c->p2);
	if (data.n > 0) {
		put_be(&w, 1, (uint32_t)data.n);
		put_bytes(&w, data.p, data.n);
	}
	if (has_le)
		put_be(&w, 1, 0);
	if (!writer_ok(&w))
		return ERR_BUG;
	if (last)
		return send_last(l, w.p, w.n, has_le, data.n == c->data.n, a);
	return exchange(l, writer_bytes(&w), a);
}

static enum err send_chain(const struct link *l, const struct apdu *c, struct answer *a,
                           bool *ret_refused)
{
	struct bytes rest = c->data, block;

	*ret_refused = false;
	while (rest.n > BLOCK) {
		enum err e = bytes_take(&rest, BLOCK, &block);
		if (e == OK)
			e = send_block(l, c, block, false, a);
		if (e != OK)
			return e;
		a->n = 0;
		if (a->sw != SW_OK) {
			*ret_refused = true;
			return OK;
		}
	}
	return send_block(l, c, rest, true, a);
}

static enum err send_extended(const struct link *l, const struct apdu *c,
                              struct answer *a)
{
	uint8_t cmd[7 + APDU_DATA_MAX + 2];
	struct writer w = {cmd, sizeof(cmd), 0, false};
	uint32_t le = LONG_LE;

	if (l->max_response > 256 && l->max_response - 2 < le)
		le = (uint32_t)(l->max_response - 2);
	put_be(&w, 1, c->cla);
	put_be(&w, 1, c->ins);
	put_be(&w, 1, c->p1);
	put_be(&w, 1, c->p2);
	put_be(&w, 1, 0);
	if (c->data.n > 0) {
		put_be(&w, 2, (uint32_t)c->data.n);
		put_bytes(&w, c->data.p, c->data.n);
	}
	if (c->le)
		put_be(&w, 2, le);
	if (!writer_ok(&w))
		return ERR_BUG;
	enum err e = exchange(l, writer_bytes(&w), a);
	if (e != OK)
		return e;
	return fetch_rest(l, a);
}

static bool chain_unknown(uint16_t sw)
{
	return sw == SW_NO_CHAINING || sw == SW_LENGTH || sw == SW_CLA || sw == SW_INS;
}

static bool extended_unknown(uint16_t sw)
{
	return sw == SW_LENGTH || sw == SW_INS;
}

/* Announced, and refused by the card (or choked upon by the reader): as a chain, once. */
static enum err send_extended_or_chain(const struct link *l, const struct apdu *c,
                                       struct answer *a)
{
	bool refused = false;

	enum err e = send_extended(l, c, a);
	const uint16_t sw = e == OK ? a->sw : SW_LENGTH;
	if (e != ERR_IO && !(e == OK && a->n == 0 && extended_unknown(sw)))
		return e;
	a->n = 0;
	e = send_chain(l, c, a, &refused);
	if (e == OK && refused && chain_unknown(a->sw))
		a->sw = sw; /* it does neither: its first word counts */
	return e;
}

static enum err send_long(const struct link *l, const struct apdu *c, struct answer *a)
{
	bool refused;

	if (!l->chaining && link_may_extend(l))
		return send_extended_or_chain(l, c, a);
	enum err e = send_chain(l, c, a, &refused);
	if (e == OK && refused && chain_unknown(a->sw) && l->t->extended != EXTENDED_NO)
		return send_extended(l, c, a);
	return e;
}

enum err apdu_send(const struct link *l, const struct apdu *c, uint8_t *resp, size_t cap,
                   size_t *ret_len, uint16_t *ret_sw)
{
	const int limit_ms = l->t->limit_ms > 0 ? l->t->limit_ms : APDU_MS;
	struct answer a = {.p = resp, .cap = cap, .until = clock_ms() + limit_ms};
	enum err e;

	if (l->until_ms > 0 && l->until_ms < a.until)
		a.until = l->until_ms;
	if (cap < SHORT_CAP || c->data.n > APDU_DATA_MAX)
		return ERR_BUG;
	if (c->long_le)
		e = send_extended(l, c, &a);
	else if (c->data.n > SHORT_DATA)
		e = send_long(l, c, &a);
	else
		e = send_block(l, c, c->data, true, &a);
	if (e != OK)
		return e;
	if (a.n > APDU_ANSWER_MAX)
		return ERR_FORMAT;
	*ret_len = a.n;
	*ret_sw = a.sw;
	return OK;
}

enum err apdu_once(const struct link *l, struct bytes cmd, uint16_t *ret_sw)
{
	uint8_t resp[SHORT_CAP];
	struct answer a = {.p = resp, .cap = sizeof(resp)};

	enum err e = exchange(l, cmd, &a);
	if (e == OK &&
	    a.n > 0) /* what was asked brings no data: this is no answer to it */
		e = ERR_IO;
	if (e == OK)
		*ret_sw = a.sw;
	return e;
}
