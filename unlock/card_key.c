/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A card's key as an OpenPGP key; which key of a certificate it is. */
#include "unlock/card_key.h"

static enum err parts_of(const struct card_pubkey *pub, struct key_parts *ret)
{
	static const enum pgp_alg algs[] = {
	        [CARD_KEY_RSA] = PGP_RSA,
	        [CARD_KEY_ECDH] = PGP_ECDH,
	        [CARD_KEY_ECDSA] = PGP_ECDSA,
	        [CARD_KEY_EDDSA] = PGP_EDDSA,
	};

	if (pub->type == CARD_KEY_NONE ||
	    (size_t)pub->type >= sizeof(algs) / sizeof(algs[0]))
		return ERR_UNSUPPORTED;
	*ret = (struct key_parts){.alg = algs[pub->type]};
	if (pub->type == CARD_KEY_RSA) {
		ret->n = pub->rsa_n;
		ret->e = pub->rsa_e;
		return OK;
	}
	ret->curve = curve_by_oid(pub->oid);
	ret->point = pub->point;
	return ret->curve ? OK : ERR_UNSUPPORTED;
}

enum err card_key_openpgp(const struct card_key_info *info, const struct card_pubkey *pub,
                          struct pubkey *ret)
{
	struct key_parts parts;

	const enum err e = parts_of(pub, &parts);
	return e == OK ? pubkey_match(&parts, info->created, info->fpr, ret) : e;
}

enum err card_key_among(const struct card_key_info *info, const struct card_pubkey *pub,
                        const struct pubkey *keys, size_t n, size_t *ret_at,
                        bool *ret_fpr_told)
{
	struct key_parts parts;
	bool claimed = false;
	size_t found = n;

	const enum err e = parts_of(pub, &parts);
	if (e != OK)
		return e;
	for (size_t i = 0; i < n; i++) {
		const bool told =
		        info->present && memcmp(info->fpr, keys[i].fpr, PGP_FPR_LEN) == 0;

		if (!pubkey_has_parts(&keys[i], &parts)) {
			claimed = claimed || told;
			continue;
		}
		if (told) {
			*ret_at = i;
			*ret_fpr_told = true;
			return OK;
		}
		if (found == n)
			found = i;
	}
	if (claimed)
		return ERR_CRYPTO;
	if (found == n)
		return ERR_NOT_FOUND;
	*ret_at = found;
	*ret_fpr_told = false;
	return OK;
}
