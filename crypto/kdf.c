/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keys from PINs: PBKDF2 (RFC 8018, 5.2) with HMAC-SHA256. */
#include "crypto/gcry.h"

enum { PBKDF2_MAX = 1024 };

/* libgcrypt keeps to its secure memory when what it is given lies there. */
static void *into_secure(struct bytes b)
{
	uint8_t *p = gcry_malloc_secure(b.n > 0 ? b.n : 1);

	if (p && b.n > 0)
		memcpy(p, b.p, b.n);
	return p;
}

enum err pbkdf2_sha256(const struct secret *input, struct bytes salt,
                       unsigned long iterations, size_t n, struct secret **ret)
{
	const struct bytes in = secret_view(input);
	AUTO_SECRET *out = NULL;

	if (in.n > PBKDF2_MAX || n > PBKDF2_MAX)
		return ERR_USAGE;
	enum err e = secret_new(n, &out);
	if (e != OK)
		return e;
	void *from = into_secure(in);
	void *key = gcry_malloc_secure(n);
	e = ERR_NOMEM;
	if (from && key)
		e = gcry_err(gcry_kdf_derive(from, in.n, GCRY_KDF_PBKDF2, GCRY_MD_SHA256,
		                             salt.p, salt.n, iterations, n, key));
	if (e == OK) {
		memcpy(secret_buf(out), key, n);
		e = secret_set_len(out, n);
	}
	gcry_free(from); /* wipes, as it is secure memory */
	gcry_free(key);
	if (e != OK)
		return e;
	*ret = out;
	out = NULL;
	return OK;
}
