// SPDX-License-Identifier: GPL-2.0-or-later
/* Descriptors spoilt by a seed (USB 2.0, 9.5 and 9.6; CCID 1.1, 5.1). */
#include "tests/dongle/mangle.h"

#include <stdbool.h>
#include <string.h>

enum { D_DEVICE = 1, D_CONFIG = 2, D_CCID = 0x21 };
enum { PIECES_MAX = 32, JUNK_MAX = 600, TOTAL_AT = 2, CONFIG_HEAD = 9 };

struct piece {
	size_t at, n;
};

struct spoiling {
	uint64_t random;
	uint8_t *d;
	size_t n, cap;
	struct piece piece[PIECES_MAX];
	size_t n_pieces;
};

/* Numbers that look random: a counter, and bits stirred by two multiplications. */
static uint32_t below(struct spoiling *s, uint32_t limit)
{
	uint64_t x = s->random += 0x9E3779B97F4A7C15;

	x = (x ^ x >> 32) * 0xD6E8FEB86659FD93;
	x = (x ^ x >> 32) * 0xD6E8FEB86659FD93;
	return (uint32_t)((x >> 32) % limit);
}

static uint8_t value(struct spoiling *s)
{
	static const uint8_t edges[] = {0x00, 0x01, 0x02, 0x7F, 0x80, 0xFE, 0xFF};

	return below(s, 2) == 0 ? edges[below(s, sizeof(edges))] : (uint8_t)below(s, 256);
}

/* As far as the lengths make sense. */
static void find_pieces(struct spoiling *s)
{
	size_t at = 0;

	s->n_pieces = 0;
	while (at + 2 <= s->n && s->n_pieces < PIECES_MAX) {
		const size_t len = s->d[at];

		if (len < 2 || at + len > s->n)
			return;
		s->piece[s->n_pieces++] = (struct piece){at, len};
		at += len;
	}
}

/* What libccid looks at comes more often. */
static struct piece pick(struct spoiling *s)
{
	if (s->n_pieces == 0)
		return (struct piece){0, s->n};
	const bool of_class = below(s, 2) == 0;

	for (size_t i = 0; of_class && i < s->n_pieces; i++)
		if (s->d[s->piece[i].at + 1] == D_CCID)
			return s->piece[i];
	return s->piece[below(s, (uint32_t)s->n_pieces)];
}

static void spoil_value(struct spoiling *s, const struct piece *p)
{
	if (p->n > 2)
		s->d[p->at + 2 + below(s, (uint32_t)p->n - 2)] = value(s);
}

/* dwFeatures, dwMaxCCIDMessageLength and the like are of that size. */
static void spoil_long(struct spoiling *s, const struct piece *p)
{
	if (p->n < 6)
		return;
	const size_t at = p->at + 2 + below(s, (uint32_t)p->n - 5);
	const uint8_t v = value(s);

	for (size_t i = 0; i < 4; i++)
		s->d[at + i] = below(s, 3) == 0 ? value(s) : v;
}

static void spoil_length(struct spoiling *s, const struct piece *p)
{
	if (p->n > 0)
		s->d[p->at] =
		        below(s, 2) == 0 ? value(s) : (uint8_t)(p->n - 3 + below(s, 7));
}

static void repeat(struct spoiling *s, const struct piece *p)
{
	if (s->n + p->n > s->cap)
		return;
	memmove(s->d + p->at + p->n, s->d + p->at, s->n - p->at);
	s->n += p->n;
}

static void leave_out(struct spoiling *s, const struct piece *p)
{
	if (p->at == 0)
		return; /* there would be no configuration at all */
	memmove(s->d + p->at, s->d + p->at + p->n, s->n - p->at - p->n);
	s->n -= p->n;
}

static void add_junk(struct spoiling *s)
{
	for (size_t more = 1 + below(s, JUNK_MAX); more > 0 && s->n < s->cap; more--)
		s->d[s->n++] = value(s);
}

static void spoil_once(struct spoiling *s)
{
	find_pieces(s);
	const struct piece p = pick(s);

	switch (below(s, 9)) {
	case 0:
		spoil_length(s, &p);
		break;
	case 1:
		repeat(s, &p);
		break;
	case 2:
		leave_out(s, &p);
		break;
	case 3:
		add_junk(s);
		break;
	case 4:
	case 5:
		spoil_long(s, &p);
		break;
	default:
		spoil_value(s, &p);
		break;
	}
}

/* Mostly right: a host that reads the wrong number of bytes sees little of the rest. */
static void put_total(struct spoiling *s)
{
	static const uint16_t wrong[] = {0, 8, 9, 10, 64, 256, 0x0FFF};
	const size_t total = below(s, 8) == 0
	                             ? wrong[below(s, sizeof(wrong) / sizeof(wrong[0]))]
	                             : s->n;

	if (s->n < CONFIG_HEAD)
		return;
	s->d[TOTAL_AT] = (uint8_t)(total & 0xFF);
	s->d[TOTAL_AT + 1] = (uint8_t)(total >> 8 & 0xFF);
}

void mangle(uint32_t seed, unsigned type, uint8_t *d, size_t *n, size_t cap)
{
	struct spoiling s = {.random = (uint64_t)seed << 8 | (type & 0xFF),
	                     .d = d,
	                     .n = *n,
	                     .cap = cap};

	if (s.n == 0 || (type != D_CONFIG && below(&s, type == D_DEVICE ? 6 : 2) != 0))
		return;
	for (uint32_t times = 1 + below(&s, 2); times > 0; times--)
		spoil_once(&s);
	if (type == D_CONFIG)
		put_total(&s);
	*n = s.n;
}
