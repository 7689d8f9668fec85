/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ASCII armor: one block, its base64 and its CRC-24; read and written. */
#include <stdlib.h>

#include "core/hex.h"
#include "openpgp/armor.h"

static const char begin[] = "-----BEGIN PGP ";
static const char end[] = "-----END PGP ";

enum { LINE = 64, CRC_LEN = 3 };

static bool is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct bytes trimmed(struct bytes b)
{
	while (b.n > 0 && is_space(b.p[0])) {
		b.p++;
		b.n--;
	}
	while (b.n > 0 && is_space(b.p[b.n - 1]))
		b.n--;
	return b;
}

static bool starts(struct bytes b, const char *with, size_t n)
{
	return b.n >= n && memcmp(b.p, with, n) == 0;
}

bool armor_is(struct bytes in)
{
	return starts(trimmed(in), begin, sizeof(begin) - 1);
}

/* The next line without the white space around it; false at the end. */
static bool next_line(struct bytes *in, struct bytes *ret)
{
	struct bytes line;
	size_t n = 0;

	if (in->n == 0)
		return false;
	while (n < in->n && in->p[n] != '\n')
		n++;
	if (bytes_take(in, n < in->n ? n + 1 : n, &line) != OK)
		return false;
	*ret = trimmed(line);
	return true;
}

struct bytes armor_find(struct bytes in)
{
	struct bytes at = in, rest = in, line;

	/* The first byte of every packet has this bit. */
	if (in.n == 0 || (in.p[0] & 0x80) != 0)
		return in;
	while (next_line(&rest, &line)) {
		if (starts(line, begin, sizeof(begin) - 1))
			return at;
		at = rest;
	}
	return in;
}

static uint32_t crc24(struct bytes b)
{
	uint32_t crc = 0xb704ce;

	for (size_t i = 0; i < b.n; i++) {
		crc ^= (uint32_t)b.p[i] << 16;
		for (int bit = 0; bit < 8; bit++) {
			crc <<= 1;
			if ((crc & 0x1000000) != 0)
				crc ^= 0x1864cfb;
		}
	}
	return crc & 0xffffff;
}

static enum err skip_headers(struct bytes *in)
{
	struct bytes line;

	if (!next_line(in, &line)) /* the BEGIN line, known to be there */
		return ERR_FORMAT;
	while (next_line(in, &line)) {
		if (line.n == 0)
			return OK;
		if (memchr(line.p, ':', line.n) == NULL)
			return ERR_FORMAT;
	}
	return ERR_FORMAT;
}

/* Collect the base64 text without white space; the CRC's four characters if they are
 * there. */
static enum err collect(struct bytes *in, struct writer *text, struct bytes *ret_crc)
{
	struct bytes line;

	while (next_line(in, &line)) {
		if (starts(line, end, sizeof(end) - 1))
			return OK;
		if (ret_crc->n != 0 && line.n != 0)
			return ERR_FORMAT;
		if (line.n == 5 && line.p[0] == '=') {
			*ret_crc = (struct bytes){line.p + 1, 4};
			continue;
		}
		for (size_t i = 0; i < line.n; i++) {
			if (!is_space(line.p[i]))
				put_bytes(text, line.p + i, 1);
		}
	}
	return ERR_FORMAT;
}

static enum err check_crc(struct bytes text, struct bytes data)
{
	uint8_t raw[CRC_LEN];
	size_t len;

	if (text.n == 0)
		return OK;
	enum err e = base64_decode(text, true, raw, sizeof(raw), &len);
	if (e != OK)
		return e;

	const uint32_t told = (uint32_t)raw[0] << 16 | (uint32_t)raw[1] << 8 | raw[2];

	return len == sizeof(raw) && told == crc24(data) ? OK : ERR_FORMAT;
}

enum err armor_read(struct bytes in, uint8_t **ret, size_t *ret_len)
{
	struct bytes left = trimmed(in), crc = {0};
	size_t len = 0;

	if (!armor_is(in))
		return ERR_FORMAT;
	enum err e = skip_headers(&left);
	if (e != OK)
		return e;
	if (left.n == 0)
		return ERR_FORMAT;

	struct writer text = {.p = malloc(left.n), .cap = left.n};
	uint8_t *data = malloc(left.n);

	if (text.p == NULL || data == NULL) {
		e = ERR_NOMEM;
		goto out;
	}
	e = collect(&left, &text, &crc);
	if (e == OK && (trimmed(left).n != 0 || text.n == 0 || !writer_ok(&text)))
		e = ERR_FORMAT; /* a second block, say */
	if (e == OK)
		e = base64_decode(writer_bytes(&text), text.n % 4 == 0, data, text.cap,
		                  &len);
	if (e == OK)
		e = check_crc(crc, (struct bytes){data, len});
	if (e == OK && len == 0)
		e = ERR_FORMAT;
	if (e == OK) {
		*ret = data;
		*ret_len = len;
		data = NULL;
	}
out:
	free(text.p);
	free(data);
	return e;
}

enum err armor_own(struct bytes in, uint8_t **ret, size_t *ret_len)
{
	if (armor_is(in))
		return armor_read(in, ret, ret_len);
	if (in.n == 0)
		return ERR_FORMAT;

	uint8_t *own = malloc(in.n);

	if (own == NULL)
		return ERR_NOMEM;
	memcpy(own, in.p, in.n);
	*ret = own;
	*ret_len = in.n;
	return OK;
}

static void put_line(struct writer *w, const char *begin_or_end, const char *kind)
{
	put_string(w, begin_or_end);
	put_string(w, kind);
	put_string(w, "-----\n");
}

/* Lines of LINE characters: three bytes become four characters. */
static void put_base64(struct writer *w, struct bytes data)
{
	uint8_t text[LINE];
	struct bytes piece;

	while (data.n > 0) {
		const size_t max = (size_t)LINE / 4 * 3, n = data.n < max ? data.n : max;

		if (bytes_take(&data, n, &piece) != OK)
			return;
		base64_encode(piece, true, text);
		put_bytes(w, text, base64_len(n, true));
		put_string(w, "\n");
	}
}

static void put_crc(struct writer *w, struct bytes data)
{
	const uint32_t crc = crc24(data);
	const uint8_t raw[CRC_LEN] = {(uint8_t)(crc >> 16), (uint8_t)(crc >> 8),
	                              (uint8_t)crc};
	uint8_t text[4];

	base64_encode((struct bytes){raw, sizeof(raw)}, true, text);
	put_string(w, "=");
	put_bytes(w, text, sizeof(text));
	put_string(w, "\n");
}

enum err armor_write(enum armor_kind kind, struct bytes data, char **ret, size_t *ret_len)
{
	static const char *const names[] = {
	        [ARMOR_MESSAGE] = "MESSAGE",
	        [ARMOR_PUBLIC_KEY] = "PUBLIC KEY BLOCK",
	        [ARMOR_SIGNATURE] = "SIGNATURE",
	};

	if (data.n == 0 || data.n > SIZE_MAX / 4)
		return ERR_USAGE;
	/* Text and newlines: below twice the data; 128: the lines around them. */
	struct writer w = {.cap = 2 * data.n + 128};

	w.p = malloc(w.cap);
	if (w.p == NULL)
		return ERR_NOMEM;
	put_line(&w, begin, names[kind]);
	put_string(&w, "\n");
	put_base64(&w, data);
	put_crc(&w, data);
	put_line(&w, end, names[kind]);
	if (!writer_ok(&w)) {
		free(w.p);
		return ERR_BUG;
	}
	*ret_len = w.n;
	put_be(&w, 1, '\0'); /* there is room: the 128 */
	*ret = (char *)w.p;
	return OK;
}
