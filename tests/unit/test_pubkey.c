/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "openpgp/packet.h"
#include "tests/unit/check.h"
#include "tests/unit/softkey.h"

static enum err match(const struct softkey *k, uint32_t created, const uint8_t *fpr,
                      struct pubkey *ret)
{
	const struct key_parts parts = softkey_parts(k);

	return pubkey_match(&parts, created, fpr, ret);
}

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
				CHECK(match(&k, SOFTKEY_CREATED, k.pub.fpr, &found) ==
				      OK);
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
	CHECK(match(&k, 5, made.fpr, &found) == OK);
	CHECK(found.oid.n == 3);
	made.fpr[0] ^= 1;
	CHECK(match(&k, 5, made.fpr, &found) == ERR_CRYPTO);
	softkey_free(&k);
}

static void rsa_all_ids(void)
{
	static const uint8_t ids[] = {PGP_RSA, PGP_RSA_ENC, PGP_RSA_SIGN};
	struct pubkey found, again;
	struct softkey k;

	CHECK(softkey_rsa(&k));
	for (size_t i = 0; i < sizeof(ids); i++) {
		k.pub.body[5] = ids[i];
		CHECK(pubkey_parse((struct bytes){k.pub.body, k.pub.body_len}, &again) ==
		      OK);
		CHECK(match(&k, SOFTKEY_CREATED, again.fpr, &found) == OK);
		CHECK(found.alg == ids[i]);
	}
	CHECK(match(&k, 1, again.fpr, &found) == ERR_CRYPTO);
	softkey_free(&k);
}

static void signing_keys(void)
{
	static const enum curve_id ids[] = {CURVE_P256,   CURVE_P384,  CURVE_P521,
	                                    CURVE_BP256,  CURVE_BP384, CURVE_BP512,
	                                    CURVE_ED25519};

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		const struct curve *c = curve_by_id(ids[i]);
		struct pubkey found = {.created = 77}, again;
		struct softkey k;

		CHECK_ROW(softkey_signer(ids[i], &k), c->name);
		CHECK_ROW(match(&k, k.pub.created + 1, k.pub.fpr, &found) == ERR_CRYPTO,
		          c->name);
		CHECK_ROW(found.created == 77, c->name);
		CHECK_ROW(match(&k, k.pub.created, k.pub.fpr, &found) == OK, c->name);
		CHECK_ROW(found.alg == k.pub.alg && bytes_equal(found.point, k.pub.point),
		          c->name);
		/* the other name of the curve, where it has one */
		if (c->oid_new.n > 0) {
			CHECK_ROW(pubkey_make_signer(9, k.pub.alg, c, c->oid_new,
			                             k.pub.point, &again) == OK,
			          c->name);
			CHECK_ROW(match(&k, 9, again.fpr, &found) == OK, c->name);
			CHECK_ROW(bytes_equal(found.oid, c->oid_new), c->name);
		}
		softkey_free(&k);
	}
}

static void parts_of_a_key(void)
{
	struct softkey rsa, ec, other;
	struct pubkey later;

	CHECK(softkey_rsa(&rsa) && softkey_signer(CURVE_P256, &ec) &&
	      softkey_signer(CURVE_P256, &other));
	const struct key_parts r = softkey_parts(&rsa), e = softkey_parts(&ec),
	                       o = softkey_parts(&other);
	CHECK(pubkey_has_parts(&rsa.pub, &r) && pubkey_has_parts(&ec.pub, &e));
	CHECK(!pubkey_has_parts(&rsa.pub, &e) && !pubkey_has_parts(&ec.pub, &r));
	CHECK(!pubkey_has_parts(&ec.pub, &o));
	/* time and spelling do not matter, the use does */
	CHECK(pubkey_make_signer(9, PGP_ECDSA, e.curve, e.curve->oid, e.point, &later) ==
	      OK);
	CHECK(pubkey_has_parts(&later, &e));
	CHECK(pubkey_make_ecdh(9, e.curve, e.curve->oid, e.point, 8, 7, &later) == OK);
	CHECK(!pubkey_has_parts(&later, &e));
	rsa.pub.body[5] = PGP_RSA_SIGN;
	CHECK(pubkey_parse((struct bytes){rsa.pub.body, rsa.pub.body_len}, &later) == OK);
	CHECK(pubkey_has_parts(&later, &r));
	struct key_parts bent = r;
	bent.e = (struct bytes){(const uint8_t *)"\3", 1};
	CHECK(!pubkey_has_parts(&rsa.pub, &bent));
	softkey_free(&rsa);
	softkey_free(&ec);
	softkey_free(&other);
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
	static const uint8_t point[65] = {4, 1};
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
	CHECK(pubkey_make_signer(1, PGP_ECDSA, c, c->oid, (struct bytes){much, 64},
	                         &out) == ERR_FORMAT);
	CHECK(pubkey_make_signer(1, PGP_ECDH, c, c->oid, (struct bytes){much, 65},
	                         &out) == ERR_UNSUPPORTED);
	struct key_parts parts = {
	        .alg = PGP_ECDH, .point = {much, 65}
        };
	CHECK(pubkey_match(&parts, 1, much, &out) == ERR_UNSUPPORTED);
	parts.curve = c;
	parts.point.n = 64;
	CHECK(pubkey_match(&parts, 1, much, &out) == ERR_FORMAT);
	parts.alg = PGP_ECDSA;
	CHECK(pubkey_match(&parts, 1, much, &out) == ERR_FORMAT);
	/* a curve of the other kind */
	parts = (struct key_parts){
	        .alg = PGP_EDDSA, .curve = c, .point = {point, sizeof(point)}
        };
	CHECK(pubkey_match(&parts, 1, much, &out) == ERR_FORMAT);
	parts = (struct key_parts){
	        .alg = PGP_RSA, .n = {much, 8},
                     .e = {much, 1}
        };
	CHECK(pubkey_match(&parts, 1, much, &out) == ERR_FORMAT);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"every pair of KDF parameters is found again",          spellings     },
	        {"the new name of Curve25519 is found",                  new_oid       },
	        {"RSA keys are found under all three ids",               rsa_all_ids   },
	        {"keys that sign are found on every curve",              signing_keys  },
	        {"a key is known by its parts",                          parts_of_a_key},
	        {"a copy points into itself",                            copies        },
	        {"kinds and parameters that are not ours are refused",   refused_kinds },
	        {"a damaged key is refused and leaves the output alone", damage        },
	};

	if (crypto_init() != OK)
		return 1;
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
