/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PSO:COMPUTE DIGITAL SIGNATURE: what each kind of key wants to see, and what it answers.
 */
#include "card/handle.h"

enum { INPUT_MAX = 128 };

#define HEAD(...)                                                                        \
	{                                                                                \
		(const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})   \
	}

/* What stands before the digest in a DigestInfo (RFC 8017, 9.2, note 1). */
/* clang-format off */
static const struct {
	enum hash_alg alg;
	struct bytes head;
} infos[] = {
	{HASH_SHA256, HEAD(0x30, 0x31, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0, 4, 0x20)},
	{HASH_SHA384, HEAD(0x30, 0x41, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2, 5, 0, 4, 0x30)},
	{HASH_SHA512, HEAD(0x30, 0x51, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3, 5, 0, 4, 0x40)},
};
/* clang-format on */

/* RSA: DigestInfo; the padding is the card's.  Curves: the digest as it is. */
static enum err put_input(struct writer *w, enum card_key_type type, enum hash_alg alg,
                          struct bytes digest)
{
	for (size_t i = 0; i < sizeof(infos) / sizeof(infos[0]); i++) {
		if (infos[i].alg != alg)
			continue;
		if (digest.n != hash_len(alg))
			return ERR_USAGE;
		if (type == CARD_KEY_RSA)
			put_bytes(w, infos[i].head.p, infos[i].head.n);
		put_bytes(w, digest.p, digest.n);
		return writer_ok(w) ? OK : ERR_BUG;
	}
	return ERR_USAGE;
}

/* r || s; Ledger's have a zero in front of each, which goes. */
static enum err halves(uint8_t *p, size_t width, size_t *n)
{
	if (*n == 2 * (width + 1) && p[0] == 0 && p[width + 1] == 0) {
		memmove(p, p + 1, width);
		memmove(p + width, p + width + 2, width);
		*n = 2 * width;
	}
	return *n == 2 * width ? OK : ERR_FORMAT;
}

/* Some cards leave leading zeros of RSA's number out (OpenSC 1283). */
static enum err check_answer(const struct card_key_attr *attr, const struct curve *curve,
                             uint8_t *p, size_t *n)
{
	if (curve)
		return halves(p, curve->field_len, n);
	return *n > 0 && *n <= (attr->rsa_bits + 7u) / 8u ? OK : ERR_FORMAT;
}

/* NULL for RSA. */
static enum err find_curve(struct card *c, const struct curve **ret)
{
	const struct card_key_attr *attr = &c->data.info.key[CARD_KEY_SIG].attr;

	const enum err e = card_need_attr(c, CARD_KEY_SIG);
	if (e != OK)
		return e;
	if (attr->type == CARD_KEY_NONE || attr->type == CARD_KEY_ECDH)
		return ERR_CARD_STATE;
	*ret = NULL;
	if (attr->type == CARD_KEY_RSA)
		return OK;
	*ret = curve_by_oid((struct bytes){attr->oid, attr->oid_len});
	return *ret && (*ret)->sign_hash != HASH_NONE ? OK : ERR_UNSUPPORTED;
}

enum err card_sign(struct card *c, enum hash_alg alg, struct bytes digest,
                   struct bytes *ret)
{
	const struct card_key_attr *attr = &c->data.info.key[CARD_KEY_SIG].attr;
	const struct curve *curve =
	        curve_by_oid((struct bytes){attr->oid, attr->oid_len});
	uint8_t input[INPUT_MAX];
	struct writer w = {input, sizeof(input), 0, false};
	uint16_t sw;
	size_t n;

	if (!c->needs_select && !c->signs)
		return ERR_USAGE;
	enum err e = find_curve(c, &curve);
	if (e == OK)
		e = put_input(&w, attr->type, alg, digest);
	if (e != OK)
		return e;
	const struct apdu a = {.ins = 0x2a,
	                       .p1 = 0x9e,
	                       .p2 = 0x9a,
	                       .data = writer_bytes(&w),
	                       .le = true};
	e = card_operate(c, &a, c->buf, sizeof(c->buf), &n, &sw);
	if (e != OK)
		return e;
	if (sw != SW_OK) {
		e = card_refusal(c, CARD_KEY_SIG, sw);
		if (sw == SW_SECURITY) /* whatever C4 says, the PIN is used up */
			c->signs = false;
		return e;
	}
	if (c->data.info.signs_once)
		c->signs = false;
	e = check_answer(attr, curve, c->buf, &n);
	if (e == OK)
		*ret = (struct bytes){c->buf, n};
	return e;
}

bool card_signs(const struct card *c)
{
	return c->signs && !c->needs_select;
}
