// SPDX-License-Identifier: GPL-2.0-or-later
/* The card's side of T=1: I, R and S blocks, chaining, repetition. */
#include "tests/dongle/t1.h"

#include <string.h>

enum {
	IFSD_AT_FIRST = 32, /* ISO 7816-3, 11.4.2 */
	PCB_R = 0x80,
	PCB_S = 0xC0,
	S_RESYNCH = 0xC0,
	S_IFS = 0xC1,
	S_ABORT = 0xC2,
	S_WTX = 0xC3,
	S_ANSWER = 0x20,
	R_PARITY = 1,
	R_OTHER = 2,
};

void t1_reset(struct t1 *t)
{
	explicit_bzero(t, sizeof(*t)); /* there may be a PIN in it */
	t->ifsd = IFSD_AT_FIRST;
}

static void put_block(struct t1 *t, unsigned pcb, const uint8_t *p, size_t n)
{
	uint8_t lrc = 0;

	t->block[0] = 0; /* NAD */
	t->block[1] = (uint8_t)pcb;
	t->block[2] = (uint8_t)n;
	if (n > 0)
		memcpy(t->block + 3, p, n);
	for (size_t i = 0; i < 3 + n; i++)
		lrc ^= t->block[i];
	t->block[3 + n] = lrc;
	t->block_n = 4 + n;
}

static enum t1_next refuse(struct t1 *t, unsigned why)
{
	put_block(t, PCB_R | (unsigned)t->recv_seq << 4 | why, NULL, 0);
	return T1_SEND;
}

static enum t1_next resend(struct t1 *t)
{
	if (t->block_n == 0)
		return refuse(t, R_OTHER);
	t->n_resent++;
	return T1_SEND;
}

static void next_part(struct t1 *t)
{
	size_t n = t->out_n - t->out_off;
	const bool more = n > t->ifsd;

	if (more)
		n = t->ifsd;
	put_block(t, (unsigned)t->send_seq << 6 | (more ? 0x20 : 0), t->out + t->out_off,
	          n);
	t->send_seq ^= 1;
	t->out_off += n;
}

static enum t1_next take_info(struct t1 *t, const uint8_t *b)
{
	const size_t n = b[2];

	if ((b[1] >> 6 & 1) != t->recv_seq)
		return refuse(t, R_OTHER);
	if (n > sizeof(t->in) - t->in_n) {
		t->in_n = 0;
		return refuse(t, R_OTHER);
	}
	memcpy(t->in + t->in_n, b + 3, n);
	t->in_n += n;
	t->recv_seq ^= 1;
	t->out_n = t->out_off = 0;
	return (b[1] & 0x20) != 0 ? refuse(t, 0) : T1_RUN; /* R without an error: go on */
}

static enum t1_next take_receipt(struct t1 *t, const uint8_t *b)
{
	const bool wants_next = (b[1] >> 4 & 1) == t->send_seq;

	if (wants_next && t->out_off < t->out_n) {
		next_part(t);
		return T1_SEND;
	}
	return resend(t);
}

static enum t1_next take_supervisory(struct t1 *t, const uint8_t *b)
{
	switch (b[1]) {
	case S_RESYNCH:
		t1_reset(t);
		break;
	case S_IFS:
		if (b[2] != 1 || b[3] == 0 || b[3] == 0xFF)
			return refuse(t, R_OTHER);
		t->ifsd = b[3];
		break;
	case S_ABORT:
		t->in_n = t->out_n = t->out_off = 0;
		break;
	case S_WTX | S_ANSWER:
		if (!t->asked_time)
			return refuse(t, R_OTHER);
		t->asked_time = false;
		return T1_WAIT;
	default:
		return refuse(t, R_OTHER);
	}
	put_block(t, b[1] | S_ANSWER, b + 3, b[2]);
	return T1_SEND;
}

enum t1_next t1_take(struct t1 *t, const uint8_t *p, size_t n)
{
	uint8_t lrc = 0;

	if (n < 4 || p[2] == 0xFF || n != 4U + p[2])
		return refuse(t, R_OTHER);
	for (size_t i = 0; i < n; i++)
		lrc ^= p[i];
	if (lrc != 0)
		return refuse(t, R_PARITY);
	if ((p[1] & 0x80) == 0)
		return take_info(t, p);
	return (p[1] & PCB_S) == PCB_S ? take_supervisory(t, p) : take_receipt(t, p);
}

void t1_answer(struct t1 *t, const uint8_t *p, size_t n)
{
	explicit_bzero(t->in, t->in_n);
	t->in_n = 0;
	t->asked_time = false;
	t->out_n = n < sizeof(t->out) ? n : sizeof(t->out);
	t->out_off = 0;
	memcpy(t->out, p, t->out_n);
	next_part(t);
}

void t1_ask_time(struct t1 *t)
{
	static const uint8_t once[1] = {1};

	t->asked_time = true;
	put_block(t, S_WTX, once, sizeof(once));
}
