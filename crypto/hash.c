/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hashes, and the iterated and salted hash of a passphrase or PIN. */
#include <assert.h>
#include <stdlib.h>

#include "crypto/gcry.h"

struct hash {
	gcry_md_hd_t hd;
	int algo;
	size_t len;
};

enum { S2K_CHUNK = 16 * 1024 };

static int algo_of(enum hash_alg alg)
{
	switch (alg) {
	case HASH_NONE:
		return GCRY_MD_NONE;
	case HASH_SHA1:
		return GCRY_MD_SHA1;
	case HASH_SHA256:
		return GCRY_MD_SHA256;
	case HASH_SHA384:
		return GCRY_MD_SHA384;
	case HASH_SHA512:
		return GCRY_MD_SHA512;
	case HASH_SHA224:
		return GCRY_MD_SHA224;
	}
	return GCRY_MD_NONE;
}

size_t hash_len(enum hash_alg alg)
{
	const int algo = algo_of(alg);

	return algo == GCRY_MD_NONE ? 0 : gcry_md_get_algo_dlen(algo);
}

static enum err open_hash(enum hash_alg alg, unsigned flags, struct hash **ret)
{
	const int algo = algo_of(alg);

	if (algo == GCRY_MD_NONE)
		return ERR_UNSUPPORTED;
	struct hash *h = calloc(1, sizeof(*h));
	if (!h)
		return ERR_NOMEM;
	const enum err e = gcry_err(gcry_md_open(&h->hd, algo, flags));
	if (e != OK) {
		free(h);
		return e;
	}
	h->algo = algo;
	h->len = hash_len(alg);
	*ret = h;
	return OK;
}

enum err hash_new(enum hash_alg alg, struct hash **ret)
{
	return open_hash(alg, GCRY_MD_FLAG_SECURE, ret);
}

enum err hash_new_public(enum hash_alg alg, struct hash **ret)
{
	return open_hash(alg, 0, ret);
}

void hash_add(struct hash *h, struct bytes in)
{
	if (in.n > 0)
		gcry_md_write(h->hd, in.p, in.n);
}

enum err hash_take(struct hash *h, uint8_t *out, size_t out_len)
{
	if (out_len != h->len)
		return ERR_BUG;
	const uint8_t *digest = gcry_md_read(h->hd, h->algo);
	if (!digest)
		return ERR_CRYPTO;
	memcpy(out, digest, out_len);
	gcry_md_reset(h->hd);
	return OK;
}

enum err hash_end(struct hash *h, uint8_t *out, size_t out_len)
{
	const enum err e = hash_take(h, out, out_len);

	(void)hash_free(h);
	return e;
}

struct hash *hash_free(struct hash *h)
{
	if (h)
		gcry_md_close(h->hd);
	free(h);
	return NULL;
}

enum err hash_all(enum hash_alg alg, struct bytes in, uint8_t *out, size_t out_len)
{
	struct hash *h = NULL;
	const enum err e = hash_new(alg, &h);

	if (e != OK)
		return e;
	hash_add(h, in);
	return hash_end(h, out, out_len);
}

enum err hash_all_public(enum hash_alg alg, struct bytes in, uint8_t *out, size_t out_len)
{
	const size_t n = hash_len(alg);

	if (n == 0)
		return ERR_UNSUPPORTED;
	if (n != out_len)
		return ERR_BUG;
	gcry_md_hash_buffer(algo_of(alg), out, in.n > 0 ? in.p : (const uint8_t *)"",
	                    in.n);
	return OK;
}

enum err s2k_iterated(enum hash_alg alg, struct bytes salt, const struct secret *input,
                      uint32_t count, struct secret **ret)
{
	const struct bytes in = secret_view(input);
	AUTO_SECRET *chunk = NULL;
	AUTO_SECRET *out = NULL;
	struct hash *h = NULL;

	if (hash_len(alg) == 0)
		return ERR_UNSUPPORTED;
	if (in.n > S2K_CHUNK || salt.n > S2K_CHUNK || salt.n + in.n == 0)
		return ERR_USAGE;
	/* Whole rounds of salt || input, so that each chunk starts a round. */
	const size_t one = salt.n + in.n;
	const size_t rounds = one < S2K_CHUNK ? S2K_CHUNK / one : 1;
	enum err e = secret_new(rounds * one, &chunk);
	if (e == OK)
		e = secret_new(hash_len(alg), &out);
	if (e == OK)
		e = hash_new(alg, &h);
	if (e != OK)
		return e;
	struct writer w = {.p = secret_buf(chunk), .cap = rounds * one};
	for (size_t i = 0; i < rounds; i++) {
		put_bytes(&w, salt.p, salt.n);
		put_bytes(&w, in.p, in.n);
	}
	/* At least one whole round is hashed. */
	for (size_t left = count > one ? count : one; left > 0;) {
		const size_t n = left < w.n ? left : w.n;

		hash_add(h, (struct bytes){w.p, n});
		left -= n;
	}
	e = hash_end(h, secret_buf(out), hash_len(alg));
	if (e == OK)
		e = secret_set_len(out, hash_len(alg));
	if (e != OK)
		return e;
	*ret = out;
	out = NULL;
	return OK;
}
