/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is in a key's place of a card, and what OpenPGP makes of it. */
#include "cli/card_work.h"
#include "openpgp/ecdh.h"
#include "unlock/card_key.h"

/* What gpg writes: a hash and a cipher as strong as the curve. */
static enum err ecdh_key(const struct curve *c, struct bytes point, uint32_t created,
                         struct pubkey *ret)
{
	const size_t i = c->field_len <= 32 ? 0 : c->field_len <= 48 ? 1 : 2;
	struct ecdh_kdf kdf;

	if (!ecdh_kdf_nth(c, i, &kdf))
		return ERR_BUG;
	return pubkey_make_ecdh(created, c, kdf.oid, point, kdf.hash, kdf.cipher, ret);
}

enum err slot_openpgp(enum card_key k, const struct card_pubkey *pub, uint32_t created,
                      struct pubkey *ret)
{
	const struct curve *c = curve_by_oid(pub->oid);

	if (pub->type == CARD_KEY_RSA)
		return pubkey_make_rsa(created, pub->rsa_n, pub->rsa_e, ret);
	if (!c || (pub->type == CARD_KEY_ECDH) != (k == CARD_KEY_DEC))
		return ERR_UNSUPPORTED;
	if (pub->type == CARD_KEY_ECDH)
		return ecdh_key(c, pub->point, created, ret);
	return pubkey_make_signer(created,
	                          pub->type == CARD_KEY_EDDSA ? PGP_EDDSA : PGP_ECDSA, c,
	                          c->oid, pub->point, ret);
}

static enum err whole(const struct card_key_info *info, const struct card_pubkey *pub,
                      enum slot_state *ret, struct pubkey *key)
{
	struct pubkey k;

	const enum err e = card_key_openpgp(info, pub, &k);
	switch (e) {
	case OK:
		*ret = SLOT_WHOLE;
		if (key)
			pubkey_copy(key, &k);
		return OK;
	case ERR_CRYPTO:
		*ret = SLOT_OTHER_FPR;
		return OK;
	case ERR_FORMAT:
	case ERR_UNSUPPORTED:
		*ret = SLOT_UNKNOWN;
		return OK;
	default:
		return e;
	}
}

enum err slot_look(struct card *c, enum card_key k, enum slot_state *ret,
                   struct pubkey *key)
{
	const struct card_key_info *info = &card_info(c)->key[k];
	struct card_pubkey pub = {0};

	const enum err e = card_read_pubkey(c, k, &pub);
	switch (e) {
	case OK:
		break;
	case ERR_CARD_STATE:
		*ret = SLOT_EMPTY;
		return OK;
	case ERR_CARD_REFUSES:
	case ERR_FORMAT:
	case ERR_UNSUPPORTED:
		*ret = SLOT_UNKNOWN;
		return OK;
	default:
		return e;
	}
	if (info->present)
		return whole(info, &pub, ret, key);
	*ret = card_info(c)->fpr_told ? SLOT_NO_FPR : SLOT_UNKNOWN;
	return OK;
}
