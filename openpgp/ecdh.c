/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ECDH in OpenPGP: the KDF, the parameter sets in use, and the padded key wrap. */
#include "openpgp/ecdh.h"

/* The first three are what gpg and Sequoia write; the others are allowed. */
static const uint8_t pairs[][2] = {
        {HASH_SHA256, CIPHER_AES128},
        {HASH_SHA384, CIPHER_AES192},
        {HASH_SHA512, CIPHER_AES256},
        {HASH_SHA384, CIPHER_AES256},
        {HASH_SHA256, CIPHER_AES256},
        {HASH_SHA512, CIPHER_AES128},
        {HASH_SHA512, CIPHER_AES192},
        {HASH_SHA256, CIPHER_AES192},
        {HASH_SHA384, CIPHER_AES128},
};
enum { N_PAIRS = sizeof(pairs) / sizeof(pairs[0]) };

bool ecdh_kdf_known(uint8_t hash, uint8_t cipher)
{
	return hash >= HASH_SHA256 && hash <= HASH_SHA512 && cipher >= CIPHER_AES128 &&
	       cipher <= CIPHER_AES256;
}

bool ecdh_kdf_nth(const struct curve *c, size_t i, struct ecdh_kdf *ret)
{
	const struct bytes oid = i < N_PAIRS ? c->oid : c->oid_new;

	if (i >= 2 * (size_t)N_PAIRS || oid.n == 0)
		return false;
	ret->hash = pairs[i % N_PAIRS][0];
	ret->cipher = pairs[i % N_PAIRS][1];
	ret->oid = oid;
	return true;
}

enum err ecdh_kek(const struct ecdh_kdf *kdf, const uint8_t fpr[static PGP_FPR_LEN],
                  const struct secret *shared, struct secret **ret)
{
	static const uint8_t counter[4] = {0, 0, 0, 1};
	static const char sender[20] = {'A', 'n', 'o', 'n', 'y', 'm', 'o', 'u', 's', ' ',
	                                'S', 'e', 'n', 'd', 'e', 'r', ' ', ' ', ' ', ' '};
	uint8_t param[128];
	struct writer w = {.p = param, .cap = sizeof(param)};
	AUTO_SECRET *kek = NULL;
	struct hash *h = NULL;

	if (!ecdh_kdf_known(kdf->hash, kdf->cipher))
		return ERR_UNSUPPORTED;
	put_be(&w, 1, (uint32_t)kdf->oid.n);
	put_bytes(&w, kdf->oid.p, kdf->oid.n);
	put_be(&w, 1, PGP_ECDH);
	put_be(&w, 2, 0x0301);
	put_be(&w, 1, kdf->hash);
	put_be(&w, 1, kdf->cipher);
	put_bytes(&w, sender, sizeof(sender));
	put_bytes(&w, fpr, PGP_FPR_LEN);
	if (!writer_ok(&w))
		return ERR_UNSUPPORTED;

	const enum hash_alg alg = (enum hash_alg)kdf->hash;
	const size_t len = hash_len(alg);
	const size_t want = cipher_key_len((enum cipher_alg)kdf->cipher);

	if (want == 0 || want > len)
		return ERR_UNSUPPORTED;
	enum err e = secret_new(len, &kek);
	if (e == OK)
		e = hash_new(alg, &h);
	if (e != OK)
		return e;
	hash_add(h, (struct bytes){counter, sizeof(counter)});
	hash_add(h, secret_view(shared));
	hash_add(h, writer_bytes(&w));
	e = hash_end(h, secret_buf(kek), len);
	if (e == OK)
		e = secret_set_len(kek, len);
	if (e == OK)
		e = secret_set_len(kek, want);
	if (e != OK)
		return e;
	*ret = kek;
	kek = NULL;
	return OK;
}

enum err ecdh_wrap(const struct secret *kek, const struct secret *session,
                   uint8_t out[static ECDH_WRAPPED])
{
	const size_t len = secret_len(session);
	AUTO_SECRET *padded = NULL;

	if (len == 0 || len >= ECDH_PADDED)
		return ERR_BUG;
	enum err e = secret_new(ECDH_PADDED, &padded);
	if (e != OK)
		return e;
	memcpy(secret_buf(padded), secret_view(session).p, len);
	memset(secret_buf(padded) + len, (int)(ECDH_PADDED - len), ECDH_PADDED - len);
	e = secret_set_len(padded, ECDH_PADDED);
	return e == OK ? aes_wrap(kek, padded, out, ECDH_WRAPPED) : e;
}
