/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads a public key off the card. */
#include "card/handle.h"
#include "crypto/crypto.h"

enum { TAG_PUBLIC_KEY = 0x7f49, TAG_N = 0x81, TAG_E = 0x82, TAG_POINT = 0x86, CUT = 256 };

static enum err parse(struct bytes answer, struct card_pubkey *k)
{
	struct bytes in = answer;
	struct tlv t;

	/* With its outer tag (the rule) or without. */
	enum err e = data_next(&in, &t);
	if (e == ERR_NOT_FOUND)
		return ERR_FORMAT;
	if (e != OK)
		return e;
	in = t.tag == TAG_PUBLIC_KEY ? t.value : answer;
	while ((e = data_next(&in, &t)) == OK) {
		if (t.tag == TAG_N && k->rsa_n.n == 0)
			k->rsa_n = t.value;
		else if (t.tag == TAG_E && k->rsa_e.n == 0)
			k->rsa_e = t.value;
		else if (t.tag == TAG_POINT && k->point.n == 0)
			k->point = t.value;
	}
	return e == ERR_NOT_FOUND ? OK : e;
}

static void strip_zeros(struct bytes *n)
{
	struct bytes zero;

	while (n->n > 0 && n->p[0] == 0)
		if (bytes_take(n, 1, &zero) != OK)
			return;
}

static enum err finish_rsa(struct card_pubkey *k)
{
	strip_zeros(&k->rsa_n);
	strip_zeros(&k->rsa_e);
	if (k->rsa_n.n == 0 || k->rsa_e.n == 0)
		return ERR_FORMAT;
	k->type = CARD_KEY_RSA;
	k->point = (struct bytes){0};
	return OK;
}

static enum err finish_ec(const struct card_key_attr *attr, struct card_pubkey *k)
{
	struct bytes prefix;

	if (attr->type == CARD_KEY_NONE || attr->type == CARD_KEY_RSA)
		return ERR_FORMAT;
	k->type = attr->type;
	k->oid = (struct bytes){attr->oid, attr->oid_len};
	const struct curve *curve = curve_by_oid(k->oid);
	if (!curve)
		return ERR_UNSUPPORTED;
	if (k->point.p != NULL && k->point.n == curve->point_len + 1 &&
	    k->point.p[0] == 0x40) {
		enum err e = bytes_take(&k->point, 1, &prefix);
		if (e != OK)
			return e;
	}
	return k->point.n == curve->point_len ? OK : ERR_FORMAT;
}

/* 7.2.14 with P1 = 81. */
static enum err ask(struct card *c, enum card_key key, bool long_le, struct bytes *ret)
{
	static const uint8_t crt[CARD_KEYS][2] = {
	        {0xb6, 0x00},
                {0xb8, 0x00},
                {0xa4, 0x00}
        };
	const struct apdu a = {
	        .ins = 0x47,
	        .p1 = 0x81,
	        .data = {crt[key], sizeof(crt[key])},
	        .le = true,
	        .long_le = long_le,
	};
	uint16_t sw;

	enum err e = card_ask(c, &a, ret, &sw);
	if (e != OK || sw == SW_OK)
		return e;
	/* Somebody may make a key because there is none: so only what can mean nothing
	 * else means that, or what cards say where they tell that there is no
	 * fingerprint. */
	const bool empty = c->data.info.fpr_told && !c->data.info.key[key].present;
	if (sw == SW_NOT_FOUND || sw == SW_NO_FILE ||
	    (empty && (sw == SW_CONDITIONS || sw == SW_ERROR)))
		return ERR_CARD_STATE;
	return ERR_CARD_REFUSES;
}

enum err card_read_pubkey(struct card *c, enum card_key key, struct card_pubkey *ret)
{
	struct card_pubkey k = {0};
	struct bytes answer;

	if ((unsigned)key >= CARD_KEYS)
		return ERR_BUG;
	enum err e = card_need_attr(c, key);
	if (e == OK)
		e = ask(c, key, false, &answer);
	if (e != OK)
		return e;
	e = parse(answer, &k);
	if (e != OK && answer.n == CUT && link_may_extend(&c->link)) {
		k = (struct card_pubkey){0};
		e = ask(c, key, true, &answer);
		if (e == OK)
			e = parse(answer, &k);
	}
	if (e != OK)
		return e;
	e = k.rsa_n.n > 0 ? finish_rsa(&k) : finish_ec(&c->data.info.key[key].attr, &k);
	if (e == OK)
		*ret = k;
	return e;
}
