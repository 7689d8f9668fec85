/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hex and base64 by arithmetic: no table look-ups and no branches on the data. */
#include "core/hex.h"

/* 0xff when lo <= c <= hi, else 0; for values below 256. */
static unsigned int in_range(unsigned int c, unsigned int lo, unsigned int hi)
{
	return ~((c - lo) >> 8 | (hi - c) >> 8) & 0xff;
}

static void encode(struct bytes in, char *out, unsigned int letter)
{
	for (size_t i = 0; i < in.n; i++)
		for (unsigned int half = 0; half < 2; half++) {
			const unsigned int v = in.p[i] >> (half ? 0 : 4) & 0xf;
			const unsigned int big = in_range(v, 10, 15);

			out[2 * i + half] =
			        (char)((~big & ('0' + v)) | (big & (letter + v - 10)));
		}
	out[2 * in.n] = '\0';
}

void hex_encode(struct bytes in, char *out)
{
	encode(in, out, 'a');
}

void hex_encode_up(struct bytes in, char *out)
{
	encode(in, out, 'A');
}

/* The value of one digit; *bad gets bits when it is none. */
static unsigned int digit(char ch, unsigned int *bad)
{
	const unsigned int c = (unsigned char)ch;
	const unsigned int num = in_range(c, '0', '9');
	const unsigned int low = in_range(c, 'a', 'f');
	const unsigned int up = in_range(c, 'A', 'F');

	*bad |= ~(num | low | up) & 0xff;
	return (num & (c - '0')) | (low & (c - 'a' + 10)) | (up & (c - 'A' + 10));
}

enum err hex_decode(const char *text, size_t text_len, uint8_t *out, size_t n)
{
	unsigned int bad = 0;

	if (text_len / 2 != n || text_len % 2 != 0)
		return ERR_FORMAT;
	for (size_t i = 0; i < text_len; i++)
		(void)digit(text[i], &bad);
	if (bad != 0)
		return ERR_FORMAT;
	for (size_t i = 0; i < n; i++)
		out[i] = (uint8_t)(digit(text[2 * i], &bad) << 4 |
		                   digit(text[2 * i + 1], &bad));
	return OK;
}

static uint8_t sextet_char(unsigned int v)
{
	const unsigned int c = (in_range(v, 0, 25) & (v + 'A')) |
	                       (in_range(v, 26, 51) & (v - 26 + 'a')) |
	                       (in_range(v, 52, 61) & (v - 52 + '0')) |
	                       (in_range(v, 62, 62) & '+') | (in_range(v, 63, 63) & '/');

	return (uint8_t)c;
}

static unsigned int sextet(uint8_t ch, unsigned int *bad)
{
	const unsigned int c = ch;
	const unsigned int up = in_range(c, 'A', 'Z');
	const unsigned int low = in_range(c, 'a', 'z');
	const unsigned int num = in_range(c, '0', '9');
	const unsigned int plus = in_range(c, '+', '+');
	const unsigned int slash = in_range(c, '/', '/');

	*bad |= ~(up | low | num | plus | slash) & 0xff;
	return (up & (c - 'A')) | (low & (c - 'a' + 26)) | (num & (c - '0' + 52)) |
	       (plus & 62) | (slash & 63);
}

void base64_encode(struct bytes in, bool pad, uint8_t *out)
{
	unsigned int acc = 0;
	unsigned int bits = 0;
	size_t n = 0;

	for (size_t i = 0; i < in.n; i++) {
		acc = (acc << 8 | in.p[i]) & 0xffff;
		for (bits += 8; bits >= 6; bits -= 6)
			out[n++] = sextet_char(acc >> (bits - 6) & 0x3f);
	}
	if (bits > 0)
		out[n++] = sextet_char(acc << (6 - bits) & 0x3f);
	while (pad && n % 4 != 0)
		out[n++] = '=';
}

enum err base64_decode(struct bytes text, bool pad, uint8_t *out, size_t cap,
                       size_t *ret_len)
{
	unsigned int acc = 0;
	unsigned int bad = 0;
	unsigned int bits = 0;
	size_t n = text.n;

	if (pad) {
		if (n % 4 != 0)
			return ERR_FORMAT;
		for (int i = 0; i < 2 && n > 0 && text.p[n - 1] == '='; i++)
			n--;
	}
	if (n % 4 == 1 || n / 4 * 3 + n % 4 * 3 / 4 > cap)
		return ERR_FORMAT;
	for (size_t i = 0; i < n; i++)
		acc = sextet(text.p[i], &bad);
	/* What is left in the last character must be zero. */
	const unsigned int unused = n % 4 == 2 ? 0xf : n % 4 == 3 ? 0x3 : 0;
	if (bad != 0 || (n > 0 && (acc & unused) != 0))
		return ERR_FORMAT;

	size_t len = 0;
	acc = 0;
	for (size_t i = 0; i < n; i++) {
		acc = (acc << 6 | sextet(text.p[i], &bad)) & 0x3fff;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			out[len++] = (uint8_t)(acc >> bits & 0xff);
		}
	}
	*ret_len = len;
	return OK;
}
