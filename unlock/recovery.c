/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Recovery keys: made, written, read again.  How long that takes tells nothing of the
 * letters. */
#include "unlock/recovery.h"

#include <assert.h>

#include "crypto/crypto.h"

enum {
	KEY_BYTES = 32,
	SUM_BYTES = 4,
	ALL_BYTES = KEY_BYTES + SUM_BYTES,
	/* What is longer or shorter is no mistyped key. */
	MEANT_MIN = RECOVERY_LETTERS - 8,
	MEANT_MAX = RECOVERY_LETTERS + 8,
	MEANT_ONE_IN = 8 /* the share of letters that may be wrong ones */
};

static_assert(2 * ALL_BYTES == RECOVERY_LETTERS, "two letters a byte");

/* Modified hexadecimal: the letter of each value from 0 to 15. */
static const uint8_t alphabet[] = {'c', 'b', 'd', 'e', 'f', 'g', 'h', 'i',
                                   'j', 'k', 'l', 'n', 'r', 't', 'u', 'v'};

/* 0xff or 0 */
static uint8_t same(uint8_t a, uint8_t b)
{
	return (uint8_t)(((uint32_t)(a ^ b) - 1) >> 24);
}

static uint8_t letter_of(uint8_t value)
{
	uint8_t letter = 0;

	for (size_t i = 0; i < sizeof(alphabet); i++)
		letter |= same((uint8_t)i, value) & alphabet[i];
	return letter;
}

/* *ret_known: 0xff, or 0 for what is no such letter. */
static uint8_t value_of(uint8_t letter, uint8_t *ret_known)
{
	uint8_t value = 0, known = 0;

	for (size_t i = 0; i < sizeof(alphabet); i++) {
		const uint8_t hit =
		        same(alphabet[i], letter) | same(alphabet[i], letter | 0x20);

		value |= hit & (uint8_t)i;
		known |= hit;
	}
	*ret_known = known;
	return value;
}

static bool is_gap(uint8_t c)
{
	return c == ' ' || c == '-';
}

static bool is_word(uint8_t c)
{
	const uint8_t small = c | 0x20;

	return (small >= 'a' && small <= 'z') || (c >= '0' && c <= '9');
}

static enum err add_checksum(struct secret *all)
{
	static const char what[] = "bootlatch recovery key"; /* with its zero byte */
	AUTO_SECRET *sum = NULL;
	struct hash *h = NULL;
	const size_t n = hash_len(HASH_SHA256);

	enum err e = secret_new(n, &sum);
	if (e == OK)
		e = hash_new(HASH_SHA256, &h);
	if (e != OK)
		return e;
	hash_add(h, (struct bytes){(const uint8_t *)what, sizeof(what)});
	hash_add(h, (struct bytes){secret_buf(all), KEY_BYTES});
	e = hash_end(h, secret_buf(sum), n);
	if (e != OK)
		return e;
	memcpy(secret_buf(all) + KEY_BYTES, secret_buf(sum), SUM_BYTES);
	return secret_set_len(all, ALL_BYTES);
}

/* Of KEY_BYTES bytes. */
static enum err write_key(struct bytes raw, struct secret **ret)
{
	AUTO_SECRET *all = NULL, *text = NULL;

	enum err e = secret_new(ALL_BYTES, &all);
	if (e == OK)
		e = secret_new(RECOVERY_LEN, &text);
	if (e != OK)
		return e;
	memcpy(secret_buf(all), raw.p, KEY_BYTES);
	e = add_checksum(all);
	if (e != OK)
		return e;
	uint8_t *out = secret_buf(text);
	for (size_t i = 0; i < RECOVERY_LETTERS; i++) {
		const uint8_t byte = secret_buf(all)[i / 2];

		if (i > 0 && i % RECOVERY_GROUP_LEN == 0)
			*out++ = '-';
		*out++ = letter_of(i % 2 == 0 ? byte >> 4 : byte & 15);
	}
	e = secret_set_len(text, RECOVERY_LEN);
	if (e != OK)
		return e;
	*ret = text;
	text = NULL;
	return OK;
}

enum err recovery_make(struct secret **ret)
{
	AUTO_SECRET *raw = NULL;

	const enum err e = random_secret(KEY_BYTES, &raw);
	return e == OK ? write_key(secret_view(raw), ret) : e;
}

/* How many letters and digits, how many of them are ours; the values of the first so
 * many.  False: something else is in it. */
static bool take_letters(struct bytes in, struct secret *values, size_t *ret_n,
                         size_t *ret_known)
{
	size_t n = 0, ours = 0;

	for (size_t i = 0; i < in.n; i++) {
		uint8_t known = 0;

		if (is_gap(in.p[i]))
			continue;
		if (!is_word(in.p[i]))
			return false;
		const uint8_t value = value_of(in.p[i], &known);
		if (n < secret_cap(values))
			secret_buf(values)[n] = value;
		ours += known & 1;
		n++;
	}
	*ret_n = n;
	*ret_known = ours;
	return true;
}

/* The values of all letters; ERR_FORMAT: the checksum is another. */
static enum err read_key(struct bytes values, struct secret **ret)
{
	AUTO_SECRET *all = NULL;
	uint8_t differ = 0;

	enum err e = secret_new(ALL_BYTES, &all);
	if (e != OK)
		return e;
	uint8_t *raw = secret_buf(all);
	for (size_t i = 0; i < KEY_BYTES; i++)
		raw[i] = (uint8_t)(values.p[2 * i] << 4 | values.p[2 * i + 1]);
	e = add_checksum(all);
	for (size_t i = KEY_BYTES; e == OK && i < ALL_BYTES; i++)
		differ |=
		        (uint8_t)(raw[i] ^ (values.p[2 * i] << 4 | values.p[2 * i + 1]));
	if (e == OK && differ != 0)
		e = ERR_FORMAT;
	return e == OK ? write_key((struct bytes){raw, KEY_BYTES}, ret) : e;
}

enum err recovery_read(const struct secret *typed, struct secret **ret)
{
	AUTO_SECRET *values = NULL;
	size_t n = 0, known = 0;

	enum err e = secret_new(RECOVERY_LETTERS, &values);
	if (e == OK)
		e = secret_set_len(values, RECOVERY_LETTERS);
	if (e != OK)
		return e;
	if (!take_letters(secret_view(typed), values, &n, &known) || n < MEANT_MIN ||
	    n > MEANT_MAX || n - known > n / MEANT_ONE_IN)
		return ERR_NOT_FOUND;
	if (n != RECOVERY_LETTERS || known != n)
		return ERR_FORMAT;
	return read_key(secret_view(values), ret);
}

struct bytes recovery_group(const struct secret *key, size_t i)
{
	const struct bytes all = secret_view(key);

	return (struct bytes){all.p + i * (RECOVERY_GROUP_LEN + 1), RECOVERY_GROUP_LEN};
}

bool recovery_group_is(const struct secret *key, size_t i, const struct secret *typed)
{
	const struct bytes in = secret_view(typed), group = recovery_group(key, i);
	uint8_t differ = 0;
	size_t n = 0;

	for (size_t k = 0; k < in.n; k++) {
		if (is_gap(in.p[k]))
			continue;
		if (n == RECOVERY_GROUP_LEN)
			return false;
		differ |= (in.p[k] | 0x20) ^ group.p[n++];
	}
	return n == RECOVERY_GROUP_LEN && differ == 0;
}
