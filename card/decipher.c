/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PSO:DECIPHER, its answers in all forms, its refusals in all words. */
#include "card/handle.h"

enum { ANSWER_CAP = APDU_DATA_MAX + 2, FIELD_MAX = 66, PADDING_MIN = 11 };

/* 7.2.11.  The answer goes straight into a secret. */
static enum err decipher(struct card *c, struct bytes data, struct secret **ret)
{
	const struct apdu a = {
	        .ins = 0x2a, .p1 = 0x80, .p2 = 0x86, .data = data, .le = true};
	struct secret *out = NULL;
	uint16_t sw;
	size_t n;

	enum err e = secret_new(ANSWER_CAP, &out);
	if (e != OK)
		return e;
	e = card_operate(c, &a, secret_buf(out), secret_cap(out), &n, &sw);
	if (e == OK && sw != SW_OK)
		e = card_refusal(c, CARD_KEY_DEC, sw);
	else if (e == OK)
		c->doubted = false;
	if (e != ERR_PIN_GONE)
		c->used = true;
	if (e == OK && n == 0)
		e = ERR_FORMAT;
	if (e == OK)
		e = secret_set_len(out, n);
	if (e != OK) {
		secret_free(out);
		return e;
	}
	*ret = out;
	return OK;
}

/* Bytes of the modulus; a card that does not tell gets the next multiple of 32. */
static size_t modulus_len(const struct card *c, size_t cryptogram_len)
{
	const struct card_key_attr *attr = &c->data.info.key[CARD_KEY_DEC].attr;

	if (attr->type == CARD_KEY_RSA)
		return ((size_t)attr->rsa_bits + 7) / 8;
	return (cryptogram_len + 31) / 32 * 32;
}

enum err card_decipher_rsa(struct card *c, struct bytes cryptogram, struct secret **ret)
{
	static const uint8_t zeros[APDU_DATA_MAX];
	const enum card_key_type type = c->data.info.key[CARD_KEY_DEC].attr.type;
	uint8_t cmd[APDU_DATA_MAX];
	struct writer w = {cmd, sizeof(cmd), 0, false};
	AUTO_SECRET *answer = NULL;
	struct bytes zero;

	if (type != CARD_KEY_RSA && type != CARD_KEY_NONE)
		return ERR_CARD_STATE;
	while (cryptogram.n > 0 && cryptogram.p[0] == 0)
		if (bytes_take(&cryptogram, 1, &zero) != OK)
			return ERR_BUG;
	const size_t len = modulus_len(c, cryptogram.n);
	if (cryptogram.n == 0 || cryptogram.n > len)
		return ERR_CRYPTO;
	if (len + 1 > sizeof(cmd))
		return ERR_UNSUPPORTED;
	put_bytes(&w, zeros, 1 + len - cryptogram.n); /* 00: the cipher is RSA */
	put_bytes(&w, cryptogram.p, cryptogram.n);
	if (!writer_ok(&w))
		return ERR_BUG;
	enum err e = decipher(c, writer_bytes(&w), &answer);
	if (e != OK)
		return e;
	if (secret_len(answer) + PADDING_MIN > len)
		return ERR_FORMAT;
	return secret_copy(secret_view(answer), ret);
}

static void put_length(struct writer *w, size_t n)
{
	if (n >= 0x80)
		put_be(w, 1, 0x81);
	put_be(w, 1, (uint32_t)n);
}

static size_t length_len(size_t n)
{
	return n < 0x80 ? 1 : 2;
}

/* A6 { 7F49 { 86 point } } */
static void put_point(struct writer *w, struct bytes point)
{
	const size_t inner = 1 + length_len(point.n) + point.n;
	const size_t outer = 2 + length_len(inner) + inner;

	put_be(w, 1, 0xa6);
	put_length(w, outer);
	put_be(w, 2, 0x7f49);
	put_length(w, inner);
	put_be(w, 1, 0x86);
	put_length(w, point.n);
	put_bytes(w, point.p, point.n);
}

/* The x coordinate in whatever the card answered; its form is told by length and first
 * byte. */
static enum err find_x(struct bytes answer, size_t field, bool montgomery,
                       struct bytes *ret)
{
	struct bytes skipped;

	if (answer.n == 0)
		return ERR_FORMAT;
	const uint8_t first = answer.p[0];

	if (montgomery) {
		if (answer.n == field + 1 && first == 0x40 &&
		    bytes_take(&answer, 1, &skipped) != OK)
			return ERR_BUG;
		return answer.n == field ? bytes_take(&answer, field, ret) : ERR_FORMAT;
	}
	if (answer.n <= field)
		return bytes_take(&answer, answer.n, ret);
	if (answer.n == 2 * field)
		return bytes_take(&answer, field, ret);
	const bool whole = answer.n == 2 * field + 1 && first == 0x04;
	const bool half =
	        answer.n == field + 1 && (first == 0 || first == 2 || first == 3);
	if (!whole && !half)
		return ERR_FORMAT;
	enum err e = bytes_take(&answer, 1, &skipped);
	return e == OK ? bytes_take(&answer, field, ret) : e;
}

static enum err shape(struct bytes answer, size_t field, bool montgomery,
                      struct secret **ret)
{
	struct secret *out = NULL;
	struct bytes x;
	uint8_t any = 0;

	enum err e = find_x(answer, field, montgomery, &x);
	if (e != OK)
		return e;
	for (size_t i = 0; i < x.n; i++)
		any |= x.p[i];
	if (any == 0) /* the point was of small order */
		return ERR_CRYPTO;
	e = secret_new(field, &out);
	if (e != OK)
		return e;
	memset(secret_buf(out), 0, field);
	memcpy(secret_buf(out) + (field - x.n), x.p, x.n);
	e = secret_set_len(out, field);
	if (e != OK) {
		secret_free(out);
		return e;
	}
	*ret = out;
	return OK;
}

enum err card_decipher_ecdh(struct card *c, struct bytes point, size_t field_len,
                            struct secret **ret)
{
	const enum card_key_type type = c->data.info.key[CARD_KEY_DEC].attr.type;
	const bool montgomery = point.n == field_len;
	uint8_t cmd[16 + 1 + 2 * FIELD_MAX];
	struct writer w = {cmd, sizeof(cmd), 0, false};
	AUTO_SECRET *answer = NULL;

	if (type != CARD_KEY_ECDH && type != CARD_KEY_NONE)
		return ERR_CARD_STATE;
	if (field_len == 0 || field_len > FIELD_MAX ||
	    (!montgomery && point.n != 2 * field_len + 1))
		return ERR_USAGE;
	put_point(&w, point);
	if (!writer_ok(&w))
		return ERR_BUG;
	enum err e = decipher(c, writer_bytes(&w), &answer);
	if (e != OK)
		return e;
	return shape(secret_view(answer), field_len, montgomery, ret);
}
