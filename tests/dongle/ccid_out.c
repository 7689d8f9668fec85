// SPDX-License-Identifier: GPL-2.0-or-later
/* What a reader has to say, and the faults that spoil it on its way. */
#include "tests/dongle/ccid_out.h"

#include <stdlib.h>
#include <string.h>

void out_forget(struct ccid_out *o)
{
	for (size_t i = 0; i < o->n; i++) {
		explicit_bzero(o->message[i].p, o->message[i].n);
		free(o->message[i].p);
	}
	o->n = 0;
}

bool out_fault(struct ccid_out *o, const char *spec)
{
	static const char *const names[] = {
	        [FRAME_CUT] = "cut",   [FRAME_LONG] = "long",   [FRAME_HUGE] = "huge",
	        [FRAME_SEQ] = "seq",   [FRAME_TYPE] = "type",   [FRAME_ERROR] = "error",
	        [FRAME_LOST] = "lost", [FRAME_EMPTY] = "empty", [FRAME_NOISE] = "noise",
	};
	char *end = NULL;

	if (strncmp(spec, "frame@", 6) != 0)
		return false;
	const unsigned long at = strtoul(spec + 6, &end, 10);
	if (*end != ':' || at > 1000000)
		return false;
	for (unsigned i = FRAME_CUT; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(end + 1, names[i]) != 0)
			continue;
		o->fault = (enum frame_fault)i;
		o->fault_at = (unsigned)at;
		o->n_data = 0;
		return true;
	}
	return false;
}

static void put_le32(uint8_t *p, uint32_t x)
{
	for (unsigned i = 0; i < 4; i++)
		p[i] = (uint8_t)(x >> 8 * i);
}

size_t ccid_length(const uint8_t head[CCID_HEAD])
{
	const size_t n = head[1] | (size_t)head[2] << 8 | (size_t)head[3] << 16 |
	                 (size_t)head[4] << 24;

	return CCID_HEAD + n;
}

static void spoil(struct ccid_out *o, struct ccid_message *m)
{
	switch (o->fault) {
	case FRAME_CUT:
		m->n /= 2;
		break;
	case FRAME_LONG:
		put_le32(m->p + 1, (uint32_t)(m->n - CCID_HEAD + 40));
		break;
	case FRAME_HUGE:
		put_le32(m->p + 1, 0xFFFFFFFF);
		break;
	case FRAME_SEQ:
		m->p[6] ^= 0x55;
		break;
	case FRAME_TYPE:
		m->p[0] = 0x84;
		break;
	case FRAME_ERROR:
		m->p[7] |= COMMAND_FAILED;
		m->p[8] = ERR_MUTE;
		put_le32(m->p + 1, 0);
		m->n = CCID_HEAD;
		break;
	case FRAME_EMPTY:
		put_le32(m->p + 1, 0);
		m->n = CCID_HEAD;
		break;
	case FRAME_NOISE:
		for (size_t i = CCID_HEAD; i < m->n; i++)
			m->p[i] = (uint8_t)(m->p[i] * 167 + i * 59 + 13);
		break;
	case FRAME_LOST:
		m->n = 0;
		break;
	case FRAME_NONE:
		break;
	}
}

/* Only answers that carry data count. */
static bool is_hit(struct ccid_out *o, const uint8_t head[CCID_HEAD])
{
	if (o->fault == FRAME_NONE || head[0] != DATA_BLOCK || (head[7] & 0xC0) != 0)
		return false;
	o->n_data++;
	return o->fault_at == 0 || o->fault_at == o->n_data;
}

static void put(struct ccid_out *o, const uint8_t head[CCID_HEAD], const uint8_t *p,
                size_t n)
{
	struct ccid_message m = {malloc(CCID_HEAD + n), CCID_HEAD + n};

	if (m.p == NULL || o->n == OUT_MAX) {
		free(m.p);
		return;
	}
	memcpy(m.p, head, CCID_HEAD);
	put_le32(m.p + 1, (uint32_t)n);
	if (n > 0)
		memcpy(m.p + CCID_HEAD, p, n);
	if (is_hit(o, head))
		spoil(o, &m);
	if (m.n > 0)
		o->message[o->n++] = m;
	else
		free(m.p);
}

void out_answer(struct ccid_out *o, unsigned type, unsigned status, unsigned error,
                unsigned last, const uint8_t *p, size_t n)
{
	const uint8_t head[CCID_HEAD] = {
	        [0] = (uint8_t)type,
	        [6] = o->seq,
	        [7] = (uint8_t)(status | (o->powered ? 0 : 1)),
	        [8] = (uint8_t)error,
	        [9] = (uint8_t)last,
	};

	put(o, head, p, n);
}

size_t out_peek(const struct ccid_out *o, const uint8_t **ret)
{
	if (o->n == 0)
		return 0;
	*ret = o->message[0].p;
	return o->message[0].n;
}

void out_sent(struct ccid_out *o)
{
	explicit_bzero(o->message[0].p, o->message[0].n);
	free(o->message[0].p);
	o->n--;
	memmove(o->message, o->message + 1, o->n * sizeof(o->message[0]));
}
