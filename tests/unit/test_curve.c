/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ECDH and ECDSA on every curve, the other side played by libgcrypt. */
#include <gcrypt.h>
#include <stdio.h>

#include "crypto/crypto.h"
#include "tests/unit/check.h"

static struct bytes data_of(gcry_sexp_t from, const char *name, uint8_t *buf, size_t cap)
{
	gcry_sexp_t found = gcry_sexp_find_token(from, name, 0);
	size_t n = 0;
	const char *p = found ? gcry_sexp_nth_data(found, 1, &n) : NULL;

	CHECK(p && n <= cap);
	if (p && n <= cap)
		memcpy(buf, p, n);
	gcry_sexp_release(found);
	return (struct bytes){buf, n};
}

static const enum curve_id weierstrass[] = {CURVE_P256,  CURVE_P384,  CURVE_P521,
                                            CURVE_BP256, CURVE_BP384, CURVE_BP512};
enum { N = sizeof(weierstrass) / sizeof(weierstrass[0]) };

static void new_key(const char *name, const char *flags, gcry_sexp_t *ret)
{
	gcry_sexp_t spec = NULL;
	char text[96];

	(void)snprintf(text, sizeof(text),
	               "(genkey (ecc (curve \"%s\")(flags transient-key%s)))", name,
	               flags);
	CHECK(gcry_sexp_new(&spec, text, 0, 1) == 0);
	CHECK(gcry_pk_genkey(ret, spec) == 0);
	gcry_sexp_release(spec);
}

static void both_sides_of_ecdh_agree(void)
{
	for (int i = 0; i < 3 * N; i++) {
		const struct curve *c = curve_by_id(weierstrass[i % N]);
		gcry_sexp_t key = NULL, enc = NULL, dec = NULL;
		uint8_t q[140], eph[140], s[140];
		AUTO_SECRET *shared = NULL;
		size_t n = 0;

		new_key(c->name, "", &key);
		struct bytes peer = data_of(key, "q", q, sizeof(q));
		CHECK(peer.n == c->point_len && curve_check_point(c, peer) == OK);
		CHECK(ecdh_send(c, peer, eph, &shared) == OK);
		CHECK(gcry_sexp_build(&enc, NULL, "(enc-val (ecdh (e %b)))",
		                      (int)c->point_len, eph) == 0);
		CHECK(gcry_pk_decrypt(&dec, enc, key) == 0);
		const char *p = gcry_sexp_nth_data(dec, 1, &n);
		CHECK(p && n == c->point_len && secret_len(shared) == c->field_len);
		memcpy(s, p, n);
		CHECK(mem_equal_ct(s + 1, secret_view(shared).p, c->field_len));
		q[c->point_len - 1] ^= 1;
		CHECK(curve_check_point(c, peer) == ERR_CRYPTO);
		gcry_sexp_release(key), gcry_sexp_release(enc), gcry_sexp_release(dec);
	}
}

static void x25519_agrees_and_refuses_a_zero_secret(void)
{
	const struct curve *c = curve_by_id(CURVE_25519);
	uint8_t d[32] = {0}, q[32], eph[32], want[32], zero[32] = {0};
	AUTO_SECRET *none = NULL;

	for (uint8_t i = 0; i < 8; i++) {
		AUTO_SECRET *shared = NULL;

		CHECK(random_bytes(d, 32) == OK);
		d[0] &= 0xf8;
		d[31] = (d[31] & 0x7f) | 0x40;
		CHECK(gcry_ecc_mul_point(GCRY_ECC_CURVE25519, q, d, NULL) == 0);
		CHECK(ecdh_send(c, (struct bytes){q, 32}, eph, &shared) == OK);
		CHECK(gcry_ecc_mul_point(GCRY_ECC_CURVE25519, want, d, eph) == 0);
		CHECK(secret_len(shared) == 32 &&
		      mem_equal_ct(want, secret_view(shared).p, 32));
	}
	CHECK(ecdh_send(c, (struct bytes){zero, 32}, eph, &none) == ERR_CRYPTO && !none);
	zero[0] = 1;
	CHECK(ecdh_send(c, (struct bytes){zero, 32}, eph, &none) == ERR_CRYPTO && !none);
	CHECK(ecdh_send(c, (struct bytes){zero, 31}, eph, &none) == ERR_CRYPTO && !none);
	for (int i = 0; i < 32; i++) /* above the prime, and the unused bit */
		zero[i] = 0xff;
	CHECK(ecdh_send(c, (struct bytes){zero, 32}, eph, &none) == OK);
}

static void ecdsa_and_eddsa_verify(void)
{
	for (int i = 0; i <= N; i++) {
		const struct curve *c =
		        curve_by_id(i < N ? weierstrass[i] : CURVE_ED25519);
		gcry_sexp_t key = NULL, data = NULL, sig = NULL;
		uint8_t q[140], rb[80], sb[80], digest[64] = {1, 2, 3};

		new_key(c->name, i < N ? "" : " eddsa", &key);
		CHECK(gcry_sexp_build(
		              &data, NULL,
		              i < N ? "(data (flags raw)(value %b))"
		                    : "(data (flags eddsa)(hash-algo sha512)(value %b))",
		              32, digest) == 0);
		CHECK(gcry_pk_sign(&sig, data, key) == 0);
		const struct bytes point = data_of(key, "q", q, sizeof(q));
		struct bytes r = data_of(sig, "r", rb, sizeof(rb));
		struct bytes s = data_of(sig, "s", sb, sizeof(sb));
		if (r.n > c->field_len)
			r = (struct bytes){r.p + 1, r.n - 1};
		if (s.n > c->field_len)
			s = (struct bytes){s.p + 1, s.n - 1};
		CHECK(ec_verify(c, point, (struct bytes){digest, 32}, r, s) == OK);
		digest[0] ^= 1;
		CHECK(ec_verify(c, point, (struct bytes){digest, 32}, r, s) ==
		      ERR_SIGNATURE);
		digest[0] ^= 1;
		sb[5] ^= 1;
		CHECK(ec_verify(c, point, (struct bytes){digest, 32}, r, s) ==
		      ERR_SIGNATURE);
		gcry_sexp_release(key), gcry_sexp_release(data), gcry_sexp_release(sig);
	}
}

static void newer_oids_are_known(void)
{
	const uint8_t x[] = {0x2b, 0x65, 0x6e};
	const uint8_t ed[] = {0x2b, 0x65, 0x70};

	CHECK(curve_by_oid((struct bytes){x, 3}) == curve_by_id(CURVE_25519));
	CHECK(curve_by_oid((struct bytes){ed, 3}) == curve_by_id(CURVE_ED25519));
	CHECK(!curve_by_oid((struct bytes){ed, 2}));
	for (int id = CURVE_P256; id <= CURVE_ED25519; id++) {
		const struct curve *c = curve_by_id((enum curve_id)id);

		CHECK(c && curve_by_oid(c->oid) == c);
	}
}

static void points_and_numbers_of_the_wrong_kind_are_refused(void)
{
	const struct curve *c = curve_by_id(CURVE_P256), *x = curve_by_id(CURVE_25519),
	                   *ed = curve_by_id(CURVE_ED25519);
	uint8_t ff[65], eph[140];
	AUTO_SECRET *none = NULL;
	const struct bytes point = {ff, 65}, digest = {ff, 64}, r = {ff, 32};

	memset(ff, 0xff, sizeof(ff));
	CHECK(curve_check_point(c, point) == ERR_CRYPTO); /* no 04 */
	ff[0] = 4;
	CHECK(curve_check_point(c, point) == ERR_CRYPTO); /* above the prime */
	CHECK(curve_check_point(ed, (struct bytes){ff + 1, 32}) == ERR_CRYPTO);
	CHECK(ecdh_send(c, point, eph, &none) == ERR_CRYPTO && !none);
	CHECK(ecdh_send(ed, r, eph, &none) == ERR_UNSUPPORTED && !none);
	CHECK(ec_verify(x, r, digest, r, r) == ERR_UNSUPPORTED);
	CHECK(ec_verify(c, point, digest, r, (struct bytes){0}) == ERR_SIGNATURE);
	CHECK(ec_verify(c, point, digest, point, r) == ERR_SIGNATURE);
	CHECK(ec_verify(c, point, digest, r, r) == ERR_CRYPTO);
	CHECK(curve_by_id(CURVE_NONE) == NULL);
	CHECK(curve_by_oid((struct bytes){0}) == NULL);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"both_sides_of_ecdh_agree",                         both_sides_of_ecdh_agree},
	        {"x25519_agrees_and_refuses_a_zero_secret",
	         x25519_agrees_and_refuses_a_zero_secret                                     },
	        {"ecdsa_and_eddsa_verify",                           ecdsa_and_eddsa_verify  },
	        {"points_and_numbers_of_the_wrong_kind_are_refused",
	         points_and_numbers_of_the_wrong_kind_are_refused                            },
	        {"newer_oids_are_known",                             newer_oids_are_known    },
	};
	/* Keys of tests need no jitter. */
	(void)gcry_control(GCRYCTL_SET_PREFERRED_RNG_TYPE, GCRY_RNG_TYPE_SYSTEM);
	if (crypto_init() != OK)
		return 1;
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
