/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keys made on the card, and what OpenPGP wants to know of them written beside. */
#include "card/admin.h"
#include "crypto/crypto.h"

enum {
	TAG_ALGORITHMS = 0xfa, /* 4.4.3.11 */
	TAG_FPR_SIG = 0xc7,
	TAG_CREATED_SIG = 0xce,
	ATTR_MAX = 24,
};

/* --- algorithms --- */

bool card_attr_same(const struct card_key_attr *a, const struct card_key_attr *b)
{
	if (a->type != b->type || a->type == CARD_KEY_NONE)
		return false;
	if (a->type == CARD_KEY_RSA)
		return a->rsa_bits == b->rsa_bits;
	const struct curve *c = curve_by_oid((struct bytes){a->oid, a->oid_len});

	return c && c == curve_by_oid((struct bytes){b->oid, b->oid_len});
}

static bool means(struct bytes value, uint32_t tag, const struct card_key_attr *want)
{
	struct card_data d = {0};

	return data_parse_one(tag, value, &d) == OK &&
	       card_attr_same(&d.info.key[tag - TAG_ATTR_SIG].attr, want);
}

/* As the card itself spells it: its exponent's length, its way to import. */
static bool listed(struct bytes answer, uint32_t tag, const struct card_key_attr *want,
                   struct writer *w)
{
	struct bytes in = data_strip(TAG_ALGORITHMS, answer);
	struct tlv t;

	while (data_next(&in, &t) == OK)
		if (t.tag == tag && t.value.n <= ATTR_MAX && means(t.value, tag, want)) {
			put_bytes(w, t.value.p, t.value.n);
			return true;
		}
	return false;
}

/* RSA: what stands behind the length is kept of what the card has now. */
static void put_rsa(struct writer *w, struct bytes now, uint16_t bits)
{
	static const uint8_t usual[] = {0x00, 0x20, 0x00};
	struct bytes head;
	const bool keep = now.n >= 5 && now.n <= 6 && now.p[0] == 0x01 &&
	                  bytes_take(&now, 3, &head) == OK;

	put_be(w, 1, 0x01);
	put_be(w, 2, bits);
	put_bytes(w, keep ? now.p : usual, keep ? now.n : sizeof(usual));
}

static void put_curve(struct writer *w, const struct card_key_attr *want)
{
	put_be(w, 1,
	       want->type == CARD_KEY_ECDH    ? 0x12
	       : want->type == CARD_KEY_ECDSA ? 0x13
	                                      : 0x16);
	put_bytes(w, want->oid, want->oid_len);
}

static enum err spell(struct card *c, uint32_t tag, const struct card_key_attr *want,
                      struct writer *w)
{
	struct bytes answer = {0}, now = {0};
	uint16_t sw;

	enum err e = card_get_data(c, TAG_ALGORITHMS, &answer, &sw);
	if (e != OK || (sw == SW_OK && listed(answer, tag, want, w)))
		return e;
	if (want->type != CARD_KEY_RSA) {
		put_curve(w, want);
		return OK;
	}
	e = card_get_data(c, tag, &answer, &sw);
	if (e == OK && sw == SW_OK)
		now = data_strip(tag, answer);
	if (e == OK && sw != SW_OK) {
		e = card_get_data(c, TAG_APPLICATION, &answer, &sw);
		if (e == OK && sw == SW_OK && !card_find_object(answer, tag, &now))
			now = (struct bytes){0};
	}
	if (e == OK)
		put_rsa(w, now, want->rsa_bits);
	return e;
}

enum err card_set_attr(struct card *c, enum card_key key,
                       const struct card_key_attr *want)
{
	const uint32_t tag = TAG_ATTR_SIG + (uint32_t)key;
	struct card_key_attr *attr = &c->data.info.key[key].attr;
	uint8_t value[ATTR_MAX];
	struct writer w = {.p = value, .cap = sizeof(value)};
	struct card_extra x;

	enum err e = card_need_attr(c, key);
	if (e != OK || card_attr_same(attr, want))
		return e;
	e = card_read_extra(c, &x);
	if (e == OK && x.attrs_fixed)
		e = ERR_UNSUPPORTED;
	if (e == OK)
		e = spell(c, tag, want, &w);
	if (e == OK && !writer_ok(&w))
		e = ERR_BUG;
	if (e == OK)
		e = admin_put(c, tag, writer_bytes(&w));
	if (e != OK)
		return e;
	*attr = *want;
	c->data.have |= (unsigned)HAVE_ATTR << key;
	return OK;
}

/* --- keys --- */

enum err card_generate(struct card *c, enum card_key key, struct card_pubkey *ret)
{
	static const uint8_t crt[CARD_KEYS][2] = {
	        {0xb6, 0x00},
                {0xb8, 0x00},
                {0xa4, 0x00}
        };
	const struct apdu a = {
	        .ins = 0x47,
	        .p1 = 0x80,
	        .data = {crt[key], sizeof(crt[key])},
	        .le = true,
	};

	/* What it answers is read again: that is what counts from now on. */
	const enum err e = admin_send(c, &a, CARD_GENERATE_MS);
	return e == OK ? card_read_pubkey(c, key, ret) : e;
}

enum err card_put_fpr(struct card *c, enum card_key key,
                      const uint8_t fpr[static FPR_LEN])
{
	static const uint8_t none[FPR_LEN];
	struct card_key_info *info = &c->data.info.key[key];

	const enum err e =
	        admin_put(c, TAG_FPR_SIG + (uint32_t)key, (struct bytes){fpr, FPR_LEN});
	if (e != OK)
		return e;
	memcpy(info->fpr, fpr, FPR_LEN);
	info->present = memcmp(fpr, none, FPR_LEN) != 0;
	return OK;
}

enum err card_put_created(struct card *c, enum card_key key, uint32_t created)
{
	uint8_t value[4];
	struct writer w = {.p = value, .cap = sizeof(value)};

	put_be(&w, 4, created);
	const enum err e =
	        admin_put(c, TAG_CREATED_SIG + (uint32_t)key, writer_bytes(&w));
	if (e == OK)
		c->data.info.key[key].created = created;
	return e;
}

enum err card_put_touch(struct card *c, unsigned uif, uint8_t mode, uint8_t button)
{
	const uint8_t value[] = {mode, button};

	if (uif >= CARD_UIFS)
		return ERR_BUG;
	const enum err e = admin_put(c, TAG_UIF_SIG + (uint32_t)uif,
	                             (struct bytes){value, sizeof(value)});
	if (e == OK && uif < CARD_KEYS)
		c->data.info.key[uif].touch = mode != UIF_OFF;
	return e;
}
