// SPDX-License-Identifier: GPL-2.0-or-later
/* Growing bytes and BER-TLV for the virtual card. */
#include "tests/vcard/priv.h"

#include <stdlib.h>
#include <string.h>

void buf_put(struct buf *b, const void *p, size_t n)
{
	if (n == 0)
		return;
	if (b->n + n > b->cap) {
		size_t cap = (b->n + n) * 2 + 64;
		uint8_t *fresh = malloc(cap);
		if (fresh == NULL)
			abort(); /* a test program */
		if (b->n > 0)
			memcpy(fresh, b->p, b->n);
		if (b->p != NULL)
			explicit_bzero(b->p, b->cap);
		free(b->p);
		b->p = fresh;
		b->cap = cap;
	}
	memcpy(b->p + b->n, p, n);
	b->n += n;
}

void buf_byte(struct buf *b, unsigned byte)
{
	uint8_t x = (uint8_t)byte;
	buf_put(b, &x, 1);
}

void buf_tlv(struct buf *b, unsigned tag, const void *p, size_t n)
{
	if (tag > 0xFF)
		buf_byte(b, tag >> 8);
	buf_byte(b, tag & 0xFF);
	if (n > 0xFF) {
		buf_byte(b, 0x82);
		buf_byte(b, (unsigned)(n >> 8));
	} else if (n > 0x7F) {
		buf_byte(b, 0x81);
	}
	buf_byte(b, (unsigned)(n & 0xFF));
	buf_put(b, p, n);
}

void buf_tlv_82(struct buf *b, unsigned tag, const void *p, size_t n)
{
	buf_tlv(b, tag, NULL, 0);
	b->n--; /* the length that was zero */
	const uint8_t len[3] = {0x82, (uint8_t)(n >> 8), (uint8_t)n};
	buf_put(b, len, sizeof(len));
	buf_put(b, p, n);
}

void buf_clear(struct buf *b)
{
	if (b->p != NULL)
		explicit_bzero(b->p, b->cap);
	b->n = 0;
}

void buf_free(struct buf *b)
{
	buf_clear(b);
	free(b->p);
	*b = (struct buf){0};
}

bool tlv_head(const uint8_t **p, size_t *n, unsigned *ret_tag, size_t *ret_len)
{
	const uint8_t *at = *p;
	size_t left = *n;
	if (left < 2)
		return false;
	unsigned tag = *at++;
	left--;
	if ((tag & 0x1F) == 0x1F) {
		tag = tag << 8 | *at++;
		left--;
	}
	if (left < 1)
		return false;
	size_t len = *at++;
	left--;
	if (len > 0x80) {
		size_t more = len - 0x80;
		if (more > 2 || left < more)
			return false;
		for (len = 0; more > 0; more--, left--)
			len = len << 8 | *at++;
	} else if (len == 0x80) {
		return false;
	}
	*p = at;
	*n = left;
	*ret_tag = tag;
	*ret_len = len;
	return true;
}

bool tlv_find(const uint8_t *p, size_t n, unsigned tag, const uint8_t **ret_p,
              size_t *ret_n)
{
	unsigned t = 0;
	size_t len = 0;
	while (n > 0 && tlv_head(&p, &n, &t, &len)) {
		if (len > n)
			return false;
		if (t == tag) {
			*ret_p = p;
			*ret_n = len;
			return true;
		}
		p += len;
		n -= len;
	}
	return false;
}

bool same_bytes(const void *a, const void *b, size_t n)
{
	const volatile uint8_t *x = a, *y = b;
	unsigned diff = 0;
	for (size_t i = 0; i < n; i++)
		diff |= (unsigned)(x[i] ^ y[i]);
	return diff == 0;
}
