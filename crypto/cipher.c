/* SPDX-License-Identifier: GPL-2.0-or-later */
/* AES in the two modes of OpenPGP: CFB and key wrap. */
#include "crypto/gcry.h"

enum { WRAP_BLOCK = 8, WRAP_MIN = 16 };

static int algo_of(enum cipher_alg alg)
{
	switch (alg) {
	case CIPHER_AES128:
		return GCRY_CIPHER_AES128;
	case CIPHER_AES192:
		return GCRY_CIPHER_AES192;
	case CIPHER_AES256:
		return GCRY_CIPHER_AES256;
	}
	return GCRY_CIPHER_NONE;
}

size_t cipher_key_len(enum cipher_alg alg)
{
	const int algo = algo_of(alg);

	return algo == GCRY_CIPHER_NONE ? 0 : gcry_cipher_get_algo_keylen(algo);
}

static enum err open_keyed(int algo, int mode, const struct secret *key,
                           gcry_cipher_hd_t *ret)
{
	const struct bytes k = secret_view(key);
	gcry_cipher_hd_t hd = NULL;
	enum err e = gcry_err(gcry_cipher_open(&hd, algo, mode, GCRY_CIPHER_SECURE));

	if (e != OK)
		return e;
	e = gcry_err(gcry_cipher_setkey(hd, k.p, k.n));
	if (e != OK) {
		gcry_cipher_close(hd);
		return e;
	}
	*ret = hd;
	return OK;
}

static enum err open_cfb(enum cipher_alg alg, const struct secret *key,
                         gcry_cipher_hd_t *ret)
{
	static const uint8_t iv[16];
	gcry_cipher_hd_t hd = NULL;

	if (algo_of(alg) == GCRY_CIPHER_NONE)
		return ERR_UNSUPPORTED;
	if (secret_len(key) != cipher_key_len(alg))
		return ERR_CRYPTO;
	enum err e = open_keyed(algo_of(alg), GCRY_CIPHER_MODE_CFB, key, &hd);
	if (e != OK)
		return e;
	e = gcry_err(gcry_cipher_setiv(hd, iv, sizeof(iv)));
	if (e != OK) {
		gcry_cipher_close(hd);
		return e;
	}
	*ret = hd;
	return OK;
}

/* gcry_cipher_encrypt or gcry_cipher_decrypt. */
typedef gcry_error_t cipher_op(gcry_cipher_hd_t hd, void *out, size_t out_n,
                               const void *in, size_t in_n);

static enum err cfb(cipher_op *op, enum cipher_alg alg, const struct secret *key,
                    struct bytes in, uint8_t *out)
{
	gcry_cipher_hd_t hd = NULL;
	enum err e = open_cfb(alg, key, &hd);

	if (e != OK)
		return e;
	if (in.n > 0)
		e = gcry_err(op(hd, out, in.n, in.p, in.n));
	gcry_cipher_close(hd);
	return e;
}

enum err cfb_encrypt(enum cipher_alg alg, const struct secret *key, struct bytes in,
                     uint8_t *out)
{
	return cfb(gcry_cipher_encrypt, alg, key, in, out);
}

enum err cfb_decrypt(enum cipher_alg alg, const struct secret *key, struct bytes in,
                     uint8_t *out)
{
	return cfb(gcry_cipher_decrypt, alg, key, in, out);
}

static enum err open_wrap(const struct secret *kek, gcry_cipher_hd_t *ret)
{
	static const enum cipher_alg algs[] = {CIPHER_AES128, CIPHER_AES192,
	                                       CIPHER_AES256};

	for (size_t i = 0; i < sizeof(algs) / sizeof(algs[0]); i++)
		if (secret_len(kek) == cipher_key_len(algs[i]))
			return open_keyed(algo_of(algs[i]), GCRY_CIPHER_MODE_AESWRAP, kek,
			                  ret);
	return ERR_CRYPTO;
}

enum err aes_wrap(const struct secret *kek, const struct secret *in, uint8_t *out,
                  size_t out_len)
{
	const struct bytes plain = secret_view(in);
	gcry_cipher_hd_t hd = NULL;

	if (plain.n < WRAP_MIN || plain.n % WRAP_BLOCK != 0 ||
	    out_len != plain.n + WRAP_BLOCK)
		return ERR_BUG;
	enum err e = open_wrap(kek, &hd);
	if (e != OK)
		return e;
	e = gcry_err(gcry_cipher_encrypt(hd, out, out_len, plain.p, plain.n));
	gcry_cipher_close(hd);
	return e;
}

enum err aes_unwrap(const struct secret *kek, struct bytes in, struct secret **ret)
{
	gcry_cipher_hd_t hd = NULL;
	AUTO_SECRET *out = NULL;

	if (in.n < WRAP_MIN + WRAP_BLOCK || in.n % WRAP_BLOCK != 0)
		return ERR_CRYPTO;
	enum err e = secret_new(in.n, &out);
	if (e == OK)
		e = open_wrap(kek, &hd);
	if (e != OK)
		return e;
	e = gcry_err(gcry_cipher_decrypt(hd, secret_buf(out), in.n, in.p, in.n));
	gcry_cipher_close(hd);
	if (e == OK)
		e = secret_set_len(out, in.n - WRAP_BLOCK);
	if (e != OK)
		return e;
	*ret = out;
	out = NULL;
	return OK;
}
