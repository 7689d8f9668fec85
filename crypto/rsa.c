/* SPDX-License-Identifier: GPL-2.0-or-later */
/* RSA encryption with PKCS #1 v1.5 padding, all of it in secure memory. */
#include "crypto/gcry.h"

enum { PAD_MIN = 8, PAD_FIXED = 3 };

static struct bytes no_zeros(struct bytes b)
{
	while (b.n > 0 && b.p[0] == 0) {
		b.p++;
		b.n--;
	}
	return b;
}

enum err rsa_check(struct bytes n, struct bytes e, size_t *ret_len)
{
	n = no_zeros(n);
	e = no_zeros(e);
	if (n.n == 0 || e.n == 0)
		return ERR_CRYPTO;
	const size_t bits = 8 * n.n - (size_t)(__builtin_clz(n.p[0]) - 24);
	if (bits < RSA_MIN_BITS || bits > RSA_MAX_BITS)
		return ERR_UNSUPPORTED;
	/* Both odd, 1 < e < n. */
	const bool odd = (n.p[n.n - 1] & 1) && (e.p[e.n - 1] & 1);
	if (!odd || (e.n == 1 && e.p[0] == 1) || e.n > n.n ||
	    (e.n == n.n && memcmp(e.p, n.p, n.n) >= 0))
		return ERR_CRYPTO;
	*ret_len = n.n;
	return OK;
}

/* 00 02 (random, no zeros) 00 m */
static enum err build_block(const struct secret *m, size_t len, struct secret **ret)
{
	const struct bytes in = secret_view(m);
	AUTO_SECRET *block = NULL;

	if (in.n + PAD_FIXED + PAD_MIN > len)
		return ERR_USAGE;
	const size_t pad = len - PAD_FIXED - in.n;
	enum err e = random_secret(len, &block);
	if (e != OK)
		return e;
	uint8_t *p = secret_buf(block);
	p[0] = 0;
	p[1] = 2;
	for (size_t i = 0; i < pad; i++)
		while (p[2 + i] == 0) {
			e = random_bytes(&p[2 + i], 1);
			if (e != OK)
				return e;
		}
	p[2 + pad] = 0;
	if (in.n > 0)
		memcpy(p + PAD_FIXED + pad, in.p, in.n);
	*ret = block;
	block = NULL;
	return OK;
}

enum err rsa_encrypt(struct bytes n, struct bytes e, const struct secret *m, uint8_t *out,
                     size_t cap, size_t *ret_len)
{
	AUTO_SECRET *block = NULL;
	AUTO_NUM mod = NULL;
	AUTO_NUM exponent = NULL;
	AUTO_NUM base = NULL;
	AUTO_NUM result = NULL;
	size_t len = 0;

	enum err x = rsa_check(n, e, &len);
	if (x != OK)
		return x;
	if (len > cap)
		return ERR_BUG;
	x = build_block(m, len, &block);
	/* The modulus and exponent too: the library's scratch memory follows its
	 * operands. */
	if (x == OK)
		x = num_new(n, &mod);
	if (x == OK)
		x = num_new(e, &exponent);
	if (x == OK)
		x = num_new(secret_view(block), &base);
	if (x != OK)
		return x;
	result = gcry_mpi_snew((unsigned int)(8 * len));
	gcry_mpi_powm(result, base, exponent, mod);
	x = num_put(result, out, len);
	if (x == OK)
		*ret_len = len;
	return x;
}
