/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads F9 and turns a PIN into what such a card wants to see. */
#include "card/kdf.h"

#include "card/data.h"
#include "crypto/crypto.h"

enum {
	COUNT_MAX = 65011712, /* the largest that RFC 4880 can code: about a second */
	KDF_NONE = 0x00,
	KDF_ITERSALTED = 0x03,
};

struct objects {
	struct tlv alg, hash, count, salt;
};

static enum err sort(struct bytes in, struct objects *o)
{
	struct tlv t;

	for (;;) {
		enum err e = data_next(&in, &t);
		if (e == ERR_NOT_FOUND)
			return OK;
		if (e != OK)
			return e;
		struct tlv *slot = t.tag == 0x81   ? &o->alg
		                   : t.tag == 0x82 ? &o->hash
		                   : t.tag == 0x83 ? &o->count
		                   : t.tag == 0x84 ? &o->salt
		                                   : NULL;
		if (slot && slot->tag == 0)
			*slot = t;
	}
}

static enum err number(struct tlv t, size_t width_max, uint32_t *ret)
{
	if (t.tag == 0 || t.value.n == 0 || t.value.n > width_max)
		return ERR_FORMAT;
	return bytes_take_be(&t.value, t.value.n, ret);
}

/* Objects 81 to 84 as every card that follows the book spells them. */
static enum err spell(const struct card_kdf *k, struct card_info *info)
{
	struct writer w = {info->kdf_digest_input, sizeof(info->kdf_digest_input), 0,
	                   false};

	put_be(&w, 3, 0x810100 | KDF_ITERSALTED);
	put_be(&w, 3, 0x820100 | (uint32_t)k->hash);
	put_be(&w, 2, 0x8304);
	put_be(&w, 4, k->count);
	put_be(&w, 1, 0x84);
	put_be(&w, 1, (uint32_t)k->salt_len);
	put_bytes(&w, k->salt_user, k->salt_len);
	if (!writer_ok(&w))
		return ERR_BUG;
	info->kdf_digest_len = w.n;
	return OK;
}

enum err kdf_parse(struct bytes answer, struct card_info *info)
{
	struct card_kdf k = {0};
	struct objects o = {0};
	uint32_t alg, hash, count;

	enum err e = sort(data_strip(TAG_KDF, answer), &o);
	if (e != OK)
		return e;
	if (o.alg.tag == 0 && o.hash.tag == 0 && o.count.tag == 0 && o.salt.tag == 0) {
		info->kdf = k;
		info->kdf_digest_len = 0;
		return OK;
	}
	e = number(o.alg, 1, &alg);
	if (e != OK)
		return e;
	if (alg == KDF_NONE) {
		info->kdf = k;
		info->kdf_digest_len = 0;
		return OK;
	}
	if (alg != KDF_ITERSALTED)
		return ERR_UNSUPPORTED;
	if ((e = number(o.hash, 1, &hash)) != OK ||
	    (e = number(o.count, 4, &count)) != OK)
		return e;
	if (hash != HASH_SHA256 && hash != HASH_SHA512)
		return ERR_UNSUPPORTED;
	if (count > COUNT_MAX)
		return ERR_UNSUPPORTED;
	if (o.salt.value.n == 0 || o.salt.value.n > sizeof(k.salt_user))
		return ERR_FORMAT;
	k.active = true;
	k.hash = (uint8_t)hash;
	k.count = count;
	k.salt_len = o.salt.value.n;
	memcpy(k.salt_user, o.salt.value.p, o.salt.value.n);
	e = spell(&k, info);
	if (e == OK)
		info->kdf = k;
	return e;
}

enum err kdf_derive(const struct card_kdf *k, const struct secret *pin,
                    struct secret **ret)
{
	if (!k->active)
		return secret_copy(secret_view(pin), ret);
	return s2k_iterated((enum hash_alg)k->hash,
	                    (struct bytes){k->salt_user, k->salt_len}, pin, k->count,
	                    ret);
}
