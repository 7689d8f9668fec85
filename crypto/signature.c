/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signatures over a digest: RSA PKCS #1 v1.5, ECDSA and EdDSA, verified only. */
#include "crypto/gcry.h"

/* The data is hostile: whatever the library dislikes does not verify. */
static enum err verify(gcry_sexp_t sig, gcry_sexp_t data, gcry_sexp_t key)
{
	const gcry_error_t g = gcry_pk_verify(sig, data, key);

	if (g == 0)
		return OK;
	return gcry_err(g) == ERR_NOMEM ? ERR_NOMEM : ERR_SIGNATURE;
}

static enum err public_num(struct bytes from, gcry_mpi_t *ret)
{
	return gcry_err(gcry_mpi_scan(ret, GCRYMPI_FMT_USG, from.p, from.n, NULL));
}

static const char *hash_name(enum hash_alg alg)
{
	switch (alg) {
	case HASH_NONE:
		return NULL;
	case HASH_SHA1:
		return "sha1";
	case HASH_SHA256:
		return "sha256";
	case HASH_SHA384:
		return "sha384";
	case HASH_SHA512:
		return "sha512";
	case HASH_SHA224:
		return "sha224";
	}
	return NULL;
}

enum err rsa_verify(struct bytes n, struct bytes e, enum hash_alg alg,
                    struct bytes digest, struct bytes sig)
{
	AUTO_NUM mod = NULL;
	AUTO_NUM exponent = NULL;
	AUTO_NUM s = NULL;
	AUTO_SEXP key = NULL;
	AUTO_SEXP data = NULL;
	AUTO_SEXP value = NULL;
	size_t len = 0;

	if (!hash_name(alg))
		return ERR_UNSUPPORTED;
	enum err x = rsa_check(n, e, &len);
	if (x != OK)
		return x;
	if (digest.n != hash_len(alg) || sig.n == 0 || sig.n > len)
		return ERR_SIGNATURE;
	x = public_num(n, &mod);
	if (x == OK)
		x = public_num(e, &exponent);
	if (x == OK)
		x = public_num(sig, &s);
	if (x == OK)
		x = gcry_err(gcry_sexp_build(
		        &key, NULL, "(public-key (rsa (n %m) (e %m)))", mod, exponent));
	if (x == OK)
		x = gcry_err(gcry_sexp_build(&data, NULL,
		                             "(data (flags pkcs1) (hash %s %b))",
		                             hash_name(alg), (int)digest.n, digest.p));
	if (x == OK)
		x = gcry_err(gcry_sexp_build(&value, NULL, "(sig-val (rsa (s %m)))", s));
	return x == OK ? verify(value, data, key) : x;
}

/* Left padded to 32 bytes: what an MPI stripped. */
static void pad32(struct bytes in, uint8_t *out)
{
	memset(out, 0, 32);
	if (in.n > 0)
		memcpy(out + 32 - in.n, in.p, in.n);
}

static enum err build_eddsa(struct bytes point, struct bytes digest, struct bytes r,
                            struct bytes s, gcry_sexp_t *key, gcry_sexp_t *data,
                            gcry_sexp_t *value)
{
	uint8_t r32[32];
	uint8_t s32[32];

	pad32(r, r32);
	pad32(s, s32);
	gcry_error_t g = gcry_sexp_build(
	        key, NULL, "(public-key (ecc (curve Ed25519) (flags eddsa) (q %b)))",
	        (int)point.n, point.p);
	if (g == 0)
		g = gcry_sexp_build(data, NULL,
		                    "(data (flags eddsa) (hash-algo sha512) (value %b))",
		                    (int)digest.n, digest.p);
	if (g == 0)
		g = gcry_sexp_build(value, NULL, "(sig-val (eddsa (r %b) (s %b)))", 32,
		                    r32, 32, s32);
	return gcry_err(g);
}

static enum err build_ecdsa(const struct curve *c, struct bytes point,
                            struct bytes digest, struct bytes r, struct bytes s,
                            gcry_sexp_t *key, gcry_sexp_t *data, gcry_sexp_t *value)
{
	AUTO_NUM h = NULL;
	AUTO_NUM rn = NULL;
	AUTO_NUM sn = NULL;

	/* The leftmost bits, as many as the order has; for all our curves whole bytes. */
	if (digest.n > c->field_len)
		digest.n = c->field_len;
	enum err e = public_num(digest, &h);
	if (e == OK)
		e = public_num(r, &rn);
	if (e == OK)
		e = public_num(s, &sn);
	if (e != OK)
		return e;
	gcry_error_t g =
	        gcry_sexp_build(key, NULL, "(public-key (ecc (curve %s) (q %b)))",
	                        c->name, (int)point.n, point.p);
	if (g == 0)
		g = gcry_sexp_build(data, NULL, "(data (flags raw) (value %m))", h);
	if (g == 0)
		g = gcry_sexp_build(value, NULL, "(sig-val (ecdsa (r %m) (s %m)))", rn,
		                    sn);
	return gcry_err(g);
}

enum err ec_verify(const struct curve *c, struct bytes point, struct bytes digest,
                   struct bytes r, struct bytes s)
{
	AUTO_SEXP key = NULL;
	AUTO_SEXP data = NULL;
	AUTO_SEXP value = NULL;

	if (c->id == CURVE_25519)
		return ERR_UNSUPPORTED;
	if (digest.n == 0 || digest.n > HASH_MAX_LEN || r.n == 0 || s.n == 0 ||
	    r.n > c->field_len || s.n > c->field_len)
		return ERR_SIGNATURE;
	enum err e = curve_check_point(c, point);
	if (e != OK)
		return e;
	if (c->id == CURVE_ED25519)
		e = build_eddsa(point, digest, r, s, &key, &data, &value);
	else
		e = build_ecdsa(c, point, digest, r, s, &key, &data, &value);
	return e == OK ? verify(value, data, key) : e;
}
