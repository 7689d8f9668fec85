/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Curves, their points, and the sender's half of ECDH. */
#include "crypto/gcry.h"

#define OID(...)                                                                         \
	{                                                                                \
		(const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})   \
	}
#define NO_OID                                                                           \
	{                                                                                \
		NULL, 0                                                                  \
	}

/* clang-format off */
static const struct curve curves[] = {
	{CURVE_P256, "NIST P-256", OID(0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7), NO_OID, 32, 65, HASH_SHA256},
	{CURVE_P384, "NIST P-384", OID(0x2b, 0x81, 4, 0, 0x22), NO_OID, 48, 97, HASH_SHA384},
	{CURVE_P521, "NIST P-521", OID(0x2b, 0x81, 4, 0, 0x23), NO_OID, 66, 133, HASH_SHA512},
	{CURVE_BP256, "brainpoolP256r1", OID(0x2b, 0x24, 3, 3, 2, 8, 1, 1, 7), NO_OID, 32, 65, HASH_SHA256},
	{CURVE_BP384, "brainpoolP384r1", OID(0x2b, 0x24, 3, 3, 2, 8, 1, 1, 11), NO_OID, 48, 97, HASH_SHA384},
	{CURVE_BP512, "brainpoolP512r1", OID(0x2b, 0x24, 3, 3, 2, 8, 1, 1, 13), NO_OID, 64, 129, HASH_SHA512},
	{CURVE_25519, "Curve25519", OID(0x2b, 6, 1, 4, 1, 0x97, 0x55, 1, 5, 1), OID(0x2b, 0x65, 0x6e), 32, 32, HASH_NONE},
	{CURVE_ED25519, "Ed25519", OID(0x2b, 6, 1, 4, 1, 0xda, 0x47, 0x0f, 1), OID(0x2b, 0x65, 0x70), 32, 32, HASH_SHA512},
};
/* clang-format on */

const struct curve *curve_by_id(enum curve_id id)
{
	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++)
		if (curves[i].id == id)
			return &curves[i];
	return NULL;
}

const struct curve *curve_by_oid(struct bytes oid)
{
	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++)
		if (oid.n > 0 && (bytes_equal(curves[i].oid, oid) ||
		                  bytes_equal(curves[i].oid_new, oid)))
			return &curves[i];
	return NULL;
}

/* A point whose coordinates lie in secure memory. */
static gcry_mpi_point_t point_new(const struct curve *c)
{
	const unsigned int bits = (unsigned int)(8 * c->field_len);

	return gcry_mpi_point_snatch_set(NULL, gcry_mpi_snew(bits), gcry_mpi_snew(bits),
	                                 gcry_mpi_snew(bits));
}

static enum err load_weierstrass(const struct curve *c, gcry_ctx_t ctx, struct bytes in,
                                 gcry_mpi_point_t *ret)
{
	AUTO_NUM p = gcry_mpi_ec_get_mpi("p", ctx, 1);
	AUTO_NUM x = NULL;
	AUTO_NUM y = NULL;
	AUTO_POINT point = NULL;

	if (!p || in.p[0] != 4)
		return ERR_CRYPTO;
	enum err e = num_new((struct bytes){in.p + 1, c->field_len}, &x);
	if (e == OK)
		e = num_new((struct bytes){in.p + 1 + c->field_len, c->field_len}, &y);
	if (e != OK)
		return e;
	if (gcry_mpi_cmp(x, p) >= 0 || gcry_mpi_cmp(y, p) >= 0)
		return ERR_CRYPTO;
	point = gcry_mpi_point_snatch_set(NULL, x, y, gcry_mpi_set_ui(NULL, 1));
	x = NULL;
	y = NULL;
	if (!gcry_mpi_ec_curve_point(point, ctx))
		return ERR_CRYPTO;
	*ret = point;
	point = NULL;
	return OK;
}

/* Every 32 bytes are a point of the curve or its twist, which is as safe (RFC 7748). */
static enum err load_montgomery(gcry_ctx_t ctx, struct bytes in, gcry_mpi_point_t *ret)
{
	AUTO_NUM p = gcry_mpi_ec_get_mpi("p", ctx, 1);
	uint8_t be[32];
	gcry_mpi_t x = NULL;

	if (!p || in.n != sizeof(be))
		return ERR_CRYPTO;
	for (size_t i = 0; i < sizeof(be); i++)
		be[i] = in.p[sizeof(be) - 1 - i];
	be[0] &= 0x7f;
	const enum err e = num_new((struct bytes){be, sizeof(be)}, &x);
	if (e != OK)
		return e;
	gcry_mpi_mod(x, x, p);
	*ret = gcry_mpi_point_snatch_set(NULL, x, NULL, gcry_mpi_set_ui(NULL, 1));
	return OK;
}

static enum err load_edwards(gcry_ctx_t ctx, struct bytes in, gcry_mpi_point_t *ret)
{
	AUTO_NUM opaque = gcry_mpi_set_opaque_copy(NULL, in.p, (unsigned int)(8 * in.n));
	AUTO_POINT point = gcry_mpi_point_new(0);

	if (!opaque || gcry_mpi_ec_decode_point(point, opaque, ctx) != 0 ||
	    !gcry_mpi_ec_curve_point(point, ctx))
		return ERR_CRYPTO;
	*ret = point;
	point = NULL;
	return OK;
}

static enum err load_point(const struct curve *c, gcry_ctx_t ctx, struct bytes in,
                           gcry_mpi_point_t *ret)
{
	if (in.n != c->point_len)
		return ERR_CRYPTO;
	if (c->id == CURVE_25519)
		return load_montgomery(ctx, in, ret);
	if (c->id == CURVE_ED25519)
		return load_edwards(ctx, in, ret);
	return load_weierstrass(c, ctx, in, ret);
}

enum err curve_check_point(const struct curve *c, struct bytes point)
{
	AUTO_CTX ctx = NULL;
	AUTO_POINT p = NULL;
	const enum err e = gcry_err(gcry_mpi_ec_new(&ctx, NULL, c->name));

	return e == OK ? load_point(c, ctx, point, &p) : e;
}

/* A uniform scalar from 1 to order - 1, by trying; Curve25519: as RFC 7748 wants it. */
static enum err new_scalar(const struct curve *c, gcry_ctx_t ctx, gcry_mpi_t *ret)
{
	AUTO_NUM order = gcry_mpi_ec_get_mpi("n", ctx, 1);

	if (!order)
		return ERR_CRYPTO;
	const unsigned int bits = gcry_mpi_get_nbits(order);
	const size_t len = c->id == CURVE_25519 ? 32 : (bits + 7) / 8;
	for (;;) {
		AUTO_SECRET *r = NULL;
		AUTO_NUM d = NULL;

		enum err e = random_secret(len, &r);
		if (e != OK)
			return e;
		uint8_t *p = secret_buf(r);
		if (c->id == CURVE_25519) {
			p[0] = (p[0] & 0x7f) | 0x40;
			p[31] &= 0xf8;
		} else if (bits % 8 != 0) {
			p[0] &= (uint8_t)((1U << (bits % 8)) - 1);
		}
		e = num_new(secret_view(r), &d);
		if (e != OK)
			return e;
		if (c->id == CURVE_25519 ||
		    (gcry_mpi_cmp_ui(d, 0) > 0 && gcry_mpi_cmp(d, order) < 0)) {
			*ret = d;
			d = NULL;
			return OK;
		}
	}
}

/* d * p, its coordinates on the wire: x alone, or the public point when y is wanted. */
static enum err multiply(const struct curve *c, gcry_ctx_t ctx, gcry_mpi_t d,
                         gcry_mpi_point_t p, bool want_y, uint8_t *out)
{
	const unsigned int bits = (unsigned int)(8 * c->field_len);
	const bool montgomery = c->id == CURVE_25519;
	AUTO_NUM x = gcry_mpi_snew(bits);
	AUTO_NUM y = gcry_mpi_snew(bits);
	AUTO_POINT q = point_new(c);

	gcry_mpi_ec_mul(q, d, p, ctx);
	/* Fails for the point at infinity. */
	if (gcry_mpi_ec_get_affine(x, montgomery ? NULL : y, q, ctx) != 0)
		return ERR_CRYPTO;
	if (montgomery) {
		const enum err e = num_put(x, out, 32);

		for (size_t i = 0; e == OK && i < 16; i++) {
			const uint8_t b = out[i];

			out[i] = out[31 - i];
			out[31 - i] = b;
		}
		return e;
	}
	if (!want_y)
		return num_put(x, out, c->field_len);
	out[0] = 4;
	const enum err e = num_put(x, out + 1, c->field_len);
	return e == OK ? num_put(y, out + 1 + c->field_len, c->field_len) : e;
}

static bool is_zero(struct bytes b)
{
	unsigned int any = 0;

	for (size_t i = 0; i < b.n; i++)
		any |= b.p[i];
	return any == 0;
}

enum err ecdh_send(const struct curve *c, struct bytes peer, uint8_t *eph,
                   struct secret **ret_shared)
{
	uint8_t point[1 + 2 * 66];
	AUTO_CTX ctx = NULL;
	AUTO_POINT p = NULL;
	AUTO_POINT g = NULL;
	AUTO_NUM d = NULL;
	AUTO_SECRET *shared = NULL;

	if (c->id == CURVE_ED25519)
		return ERR_UNSUPPORTED;
	enum err e = gcry_err(gcry_mpi_ec_new(&ctx, NULL, c->name));
	if (e != OK)
		return e;
	e = load_point(c, ctx, peer, &p);
	if (e != OK)
		return e;
	g = gcry_mpi_ec_get_point("g", ctx, 1);
	if (!g)
		return ERR_CRYPTO;
	e = new_scalar(c, ctx, &d);
	if (e == OK)
		e = multiply(c, ctx, d, g, true, point);
	if (e == OK)
		e = secret_new(c->field_len, &shared);
	if (e == OK)
		e = multiply(c, ctx, d, p, false, secret_buf(shared));
	if (e == OK)
		e = secret_set_len(shared, c->field_len);
	if (e == OK && is_zero(secret_view(shared)))
		e = ERR_CRYPTO;
	if (e != OK)
		return e;
	memcpy(eph, point, c->point_len);
	*ret_shared = shared;
	shared = NULL;
	return OK;
}
