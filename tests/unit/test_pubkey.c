/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "openpgp/packet.h"
#include "tests/unit/check.h"
#include "tests/unit/softkey.h"

static void spellings(void)
{
	static const enum curve_id ids[] = {CURVE_P256, CURVE_P521, CURVE_BP384,
	                                    CURVE_25519};

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		for (uint8_t hash = 8; hash <= 10; hash++) {
			for (uint8_t cipher = 7; cipher <= 9; cipher++) {
				struct softkey k;
				struct pubkey found;

				CHECK(softkey_ecdh(ids[i], hash, cipher, &k));
				CHECK(pubkey_match_ecdh(SOFTKEY_CREATED, k.pub.curve,
				                        k.pub.point, k.pub.fpr,
				                        &found) == OK);
				CHECK(found.kdf_hash == hash &&
				      found.kdf_cipher == cipher);
				softkey_free(&k);
			}
		}
	}
}

static void new_oid(void)
{
	static const uint8_t oid[] = {0x2b, 0x65, 0x6e};
	struct softkey k;
	struct pubkey made, found;

	CHECK(softkey_ecdh(CURVE_25519, 8, 7, &k));
	CHECK(pubkey_make_ecdh(5, k.pub.curve, (struct bytes){oid, 3}, k.pub.point, 8, 7,
	                       &made) == OK);
	CHECK(pubkey_match_ecdh(5, k.pub.curve, k.pub.point, made.fpr, &found) == OK);
	CHECK(found.oid.n == 3);
	made.fpr[0] ^= 1;
	CHECK(pubkey_match_ecdh(5, k.pub.curve, k.pub.point, made.fpr, &found) ==
	      ERR_CRYPTO);
	softkey_free(&k);
}

static void rsa_both_ids(void)
{
	struct pubkey found, again;
	struct softkey k;

	CHECK(softkey_rsa(&k));
	CHECK(pubkey_match_rsa(SOFTKEY_CREATED, k.pub.n, k.pub.e, k.pub.fpr, &found) ==
	      OK);
	CHECK(found.alg == PGP_RSA);
	k.pub.body[5] = PGP_RSA_ENC;
	CHECK(pubkey_parse((struct bytes){k.pub.body, k.pub.body_len}, &again) == OK);
	CHECK(pubkey_match_rsa(SOFTKEY_CREATED, k.pub.n, k.pub.e, again.fpr, &found) ==
	      OK);
	CHECK(found.alg == PGP_RSA_ENC);
	CHECK(pubkey_match_rsa(1, k.pub.n, k.pub.e, again.fpr, &found) == ERR_CRYPTO);
	softkey_free(&k);
}

static void copies(void)
{
	struct softkey k;
	struct pubkey to;

	CHECK(softkey_ecdh(CURVE_P384, 9, 8, &k));
	pubkey_copy(&to, &k.pub);
	CHECK(to.point.p > to.body && to.point.p < to.body + sizeof(to.body));
	CHECK(bytes_equal(to.point, k.pub.point) && bytes_equal(to.oid, k.pub.oid));
	softkey_free(&k);
}

static void damage(void)
{
	struct softkey k;
	struct pubkey out = {.created = 77};

	CHECK(softkey_ecdh(CURVE_25519, 8, 7, &k));
	for (size_t n = 0; n < k.pub.body_len; n++)
		CHECK(pubkey_parse((struct bytes){k.pub.body, n}, &out) != OK);
	k.pub.body[k.pub.body_len] = 0;
	CHECK(pubkey_parse((struct bytes){k.pub.body, k.pub.body_len + 1}, &out) ==
	      ERR_FORMAT);
	k.pub.body[0] = 6;
	CHECK(pubkey_parse((struct bytes){k.pub.body, k.pub.body_len}, &out) ==
	      ERR_UNSUPPORTED);
	CHECK(out.created == 77 && out.body_len == 0);
	softkey_free(&k);
}

/* A P-256 ECDH key whose parts after the algorithm are given. */
static enum err parse_ec(uint8_t alg, uint8_t oid_len, size_t point_len, uint8_t first,
                         const uint8_t *kdf, size_t kdf_n)
{
	static const uint8_t oid[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7};
	uint8_t body[256], point[140] = {first, 1};
	struct writer w = {.p = body, .cap = sizeof(body)};
	struct pubkey out;

	put_be(&w, 1, 4);
	put_be(&w, 4, 1);
	put_be(&w, 1, alg);
	put_be(&w, 1, oid_len);
	put_bytes(&w, oid, sizeof(oid));
	put_mpi(&w, (struct bytes){point, point_len});
	put_bytes(&w, kdf, kdf_n);
	return pubkey_parse(writer_bytes(&w), &out);
}

static void refused_kinds(void)
{
	static const uint8_t good[] = {3, 1, 8, 7}, md5[] = {3, 1, 1, 7},
	                     des[] = {3, 1, 8, 2}, two[] = {2, 1, 8},
	                     later[] = {3, 2, 8, 7};
	static const uint8_t much[PGP_KEY_MAX + 1] = {4}, elgamal[] = {4, 0, 0, 0, 0, 16};
	static const uint8_t small[] = {4, 0, 0, 0, 0, 1, 0, 8, 0xff, 0, 2, 3};
	const struct curve *c = curve_by_id(CURVE_P256);
	struct pubkey out;

	CHECK(parse_ec(PGP_ECDH, 8, 65, 4, good, 4) == OK);
	CHECK(parse_ec(PGP_ECDH, 8, 65, 4, md5, 4) == ERR_UNSUPPORTED);
	CHECK(parse_ec(PGP_ECDH, 8, 65, 4, des, 4) == ERR_UNSUPPORTED);
	CHECK(parse_ec(PGP_ECDH, 8, 65, 4, two, 3) == ERR_FORMAT);
	CHECK(parse_ec(PGP_ECDH, 8, 65, 4, later, 4) == ERR_FORMAT);
	CHECK(parse_ec(PGP_ECDH, 8, 64, 4, good, 4) == ERR_FORMAT);
	CHECK(parse_ec(PGP_ECDH, 8, 65, 3, good, 4) == ERR_FORMAT);
	CHECK(parse_ec(PGP_ECDH, 0, 65, 4, good, 4) == ERR_FORMAT);
	CHECK(parse_ec(PGP_ECDH, 0xff, 65, 4, good, 4) == ERR_FORMAT);
	CHECK(parse_ec(PGP_ECDSA, 8, 65, 4, NULL, 0) == OK);
	CHECK(parse_ec(PGP_EDDSA, 8, 65, 4, NULL, 0) == ERR_FORMAT);
	CHECK(pubkey_parse((struct bytes){much, sizeof(much)}, &out) == ERR_UNSUPPORTED);
	CHECK(pubkey_parse((struct bytes){elgamal, sizeof(elgamal)}, &out) ==
	      ERR_UNSUPPORTED);
	CHECK(pubkey_parse((struct bytes){small, sizeof(small)}, &out) == ERR_FORMAT);
	CHECK(pubkey_make_ecdh(1, c, c->oid, (struct bytes){much, 64}, 8, 7, &out) ==
	      ERR_FORMAT);
	CHECK(pubkey_match_ecdh(1, NULL, (struct bytes){much, 65}, much, &out) ==
	      ERR_UNSUPPORTED);
	CHECK(pubkey_match_ecdh(1, c, (struct bytes){much, 64}, much, &out) ==
	      ERR_FORMAT);
	CHECK(pubkey_match_rsa(1, (struct bytes){much, 8}, (struct bytes){much, 1}, much,
	                       &out) == ERR_FORMAT);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"every pair of KDF parameters is found again",          spellings    },
	        {"the new name of Curve25519 is found",                  new_oid      },
	        {"RSA keys are found under both ids",                    rsa_both_ids },
	        {"a copy points into itself",                            copies       },
	        {"kinds and parameters that are not ours are refused",   refused_kinds},
	        {"a damaged key is refused and leaves the output alone", damage       },
	};

	if (crypto_init() != OK)
		return 1;
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
