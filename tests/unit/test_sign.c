/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signatures made as with a card, put into packets, and verified again. */
#include <stdlib.h>

#include "openpgp/armor.h"
#include "openpgp/detached.h"
#include "openpgp/sign.h"
#include "tests/unit/check.h"
#include "tests/unit/softkey.h"

enum { CREATED = SOFTKEY_CREATED + 60, NOW = SOFTKEY_CREATED + 100000 };

static const uint8_t text[] = "every file of /boot\n";
static const struct bytes document = {text, sizeof(text) - 1};
static const struct sig_claims made = {.created = CREATED};

static enum err make(const struct softkey *k, enum sig_type type, struct writer *w)
{
	const struct sig_subject about = {.document = document};
	uint8_t raw[SOFT_SIGNATURE_MAX];
	struct sig_draft d;
	size_t n = 0;

	enum err e = sig_draft(&k->pub, type, &made, &about, &d);
	if (e != OK)
		return e;
	CHECK(softkey_sign(k, d.hash, (struct bytes){d.digest, hash_len(d.hash)}, raw,
	                   &n));
	return sig_finish(&d, &k->pub, (struct bytes){raw, n}, w);
}

static enum err verify_with(const struct pubkey *key, struct bytes sig)
{
	struct detached d = {.key = 9};

	enum err e = detached_verify(sig, document, key, 1, NOW, &d);
	CHECK(e == OK ? d.key == 0 && d.created == CREATED : d.key == 9);
	return e;
}

/* Of the packet: 2 or 3 of header, then version, type, algorithm, hash. */
static uint8_t hash_in(struct bytes packet)
{
	return packet.p[packet.p[1] < 192 ? 5 : 6];
}

static void every_algorithm(void)
{
	static const struct {
		const char *what;
		enum curve_id id;
		enum hash_alg hash;
	} rows[] = {
	        {"RSA",             CURVE_NONE,    HASH_SHA256},
	        {"P-256",           CURVE_P256,    HASH_SHA256},
	        {"P-384",           CURVE_P384,    HASH_SHA384},
	        {"P-521",           CURVE_P521,    HASH_SHA512},
	        {"brainpoolP256r1", CURVE_BP256,   HASH_SHA256},
	        {"brainpoolP384r1", CURVE_BP384,   HASH_SHA384},
	        {"brainpoolP512r1", CURVE_BP512,   HASH_SHA512},
	        {"Ed25519",         CURVE_ED25519, HASH_SHA512},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t out[SIG_PACKET_MAX] = {0};
		struct writer w = {.p = out, .cap = sizeof(out)};
		struct softkey k = {0};

		CHECK_ROW(rows[i].id == CURVE_NONE ? softkey_rsa(&k)
		                                   : softkey_signer(rows[i].id, &k),
		          rows[i].what);
		CHECK_ROW(make(&k, SIG_BINARY, &w) == OK, rows[i].what);
		CHECK_ROW(hash_in(writer_bytes(&w)) == rows[i].hash, rows[i].what);
		CHECK_ROW(verify_with(&k.pub, writer_bytes(&w)) == OK, rows[i].what);
		softkey_free(&k);
	}
}

static struct softkey key;

/* A new signature of the key's. */
static struct bytes fresh(uint8_t out[static SIG_PACKET_MAX])
{
	struct writer w = {.p = out, .cap = SIG_PACKET_MAX};

	CHECK(make(&key, SIG_BINARY, &w) == OK);
	return writer_bytes(&w);
}

static void every_bit(void)
{
	uint8_t out[SIG_PACKET_MAX];
	const struct bytes sig = fresh(out);
	struct detached d;
	/* the left 16 bits of the hash are a hint, as is the issuer outside of it;
	 * a bit count may be too high in its byte */
	size_t let_through = 0;

	for (size_t bit = 0; bit < 8 * sig.n; bit++) {
		out[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (detached_verify(sig, document, &key.pub, 1, NOW, &d) == OK)
			let_through++;
		out[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	CHECK(let_through >= 16 && let_through <= 16 + 2 * 8 + 8);
	for (size_t n = 0; n < sig.n; n++)
		CHECK(detached_verify((struct bytes){out, n}, document, &key.pub, 1, NOW,
		                      &d) != OK);
}

static void not_believed(void)
{
	uint8_t out[2 * SIG_PACKET_MAX];
	struct writer w = {.p = out, .cap = sizeof(out)};
	struct softkey other = {0};
	struct pubkey young;
	struct detached d;

	CHECK(softkey_signer(CURVE_P256, &other));
	CHECK(make(&key, (enum sig_type)1, &w) == OK); /* text, not binary */
	CHECK(verify_with(&key.pub, writer_bytes(&w)) == ERR_SIGNATURE);
	w.n = 0;
	CHECK(make(&key, SIG_BINARY, &w) == OK);
	CHECK(verify_with(&other.pub, writer_bytes(&w)) == ERR_SIGNATURE);
	CHECK(detached_verify(writer_bytes(&w), document, &key.pub, 1,
	                      CREATED - 2 * 24 * 60 * 60, &d) == ERR_SIGNATURE);
	CHECK(detached_verify(writer_bytes(&w), document, &key.pub, 0, NOW, &d) ==
	      ERR_SIGNATURE);
	CHECK(verify_with(&key.pub, (struct bytes){0}) == ERR_SIGNATURE);
	/* the same key, made later than its signature: another fingerprint too */
	pubkey_copy(&young, &key.pub);
	young.created = CREATED + 1;
	CHECK(verify_with(&young, writer_bytes(&w)) == ERR_SIGNATURE);
	softkey_free(&other);
}

static void among_others(void)
{
	uint8_t out[20 * SIG_PACKET_MAX];
	struct writer w = {.p = out, .cap = sizeof(out)};
	static const uint8_t future[] = {0xc2, 3, 6, 0, 22};
	struct softkey other = {0};
	struct pubkey keys[2];
	struct detached d;

	CHECK(softkey_signer(CURVE_P256, &other));
	pubkey_copy(&keys[0], &other.pub);
	pubkey_copy(&keys[1], &key.pub);
	put_packet(&w, PACKET_MARKER, (struct bytes){(const uint8_t *)"PGP", 3});
	put_bytes(&w, future, sizeof(future));
	CHECK(make(&key, (enum sig_type)1, &w) == OK && make(&key, SIG_BINARY, &w) == OK);
	CHECK(detached_verify(writer_bytes(&w), document, keys, 2, NOW, &d) == OK);
	CHECK(d.key == 1);
	const size_t good = w.n;
	put_packet(&w, PACKET_USER_ID, document);
	CHECK(detached_verify(writer_bytes(&w), document, keys, 2, NOW, &d) ==
	      ERR_FORMAT);
	w.n = good;
	for (size_t i = 0; i < DETACHED_SIGNATURES - 3; i++)
		put_bytes(&w, future, sizeof(future));
	CHECK(detached_verify(writer_bytes(&w), document, keys, 2, NOW, &d) == OK);
	put_bytes(&w, future, sizeof(future));
	CHECK(detached_verify(writer_bytes(&w), document, keys, 2, NOW, &d) ==
	      ERR_FORMAT);
	w.n = 0;
	put_packet(&w, PACKET_MARKER, (struct bytes){(const uint8_t *)"PGX", 3});
	CHECK(make(&key, SIG_BINARY, &w) == OK);
	CHECK(detached_verify(writer_bytes(&w), document, keys, 2, NOW, &d) ==
	      ERR_FORMAT);
	softkey_free(&other);
}

static void in_armor(void)
{
	uint8_t out[SIG_PACKET_MAX];
	const struct bytes sig = fresh(out);
	char *armored = NULL;
	size_t n = 0;

	CHECK(armor_write(ARMOR_SIGNATURE, sig, &armored, &n) == OK);
	CHECK(verify_with(&key.pub, (struct bytes){(uint8_t *)armored, n}) == OK);
	free(armored);
}

static void a_lying_card(void)
{
	const struct sig_subject about = {.document = document};
	uint8_t raw[SOFT_SIGNATURE_MAX], out[SIG_PACKET_MAX];
	struct writer w = {.p = out, .cap = sizeof(out)}, tiny = {.p = out, .cap = 20};
	struct sig_draft d;
	size_t n = 0;

	CHECK(sig_draft(&key.pub, SIG_BINARY, &made, &about, &d) == OK);
	CHECK(softkey_sign(&key, d.hash, (struct bytes){d.digest, hash_len(d.hash)}, raw,
	                   &n));
	for (size_t i = 0; i < n; i++) {
		raw[i] ^= 0x20;
		CHECK(sig_finish(&d, &key.pub, (struct bytes){raw, n}, &w) ==
		      ERR_SIGNATURE);
		raw[i] ^= 0x20;
	}
	for (size_t i = 0; i < n; i++)
		CHECK(sig_finish(&d, &key.pub, (struct bytes){raw, i}, &w) ==
		      ERR_SIGNATURE);
	CHECK(w.n == 0);
	CHECK(sig_finish(&d, &key.pub, (struct bytes){raw, n}, &tiny) == ERR_BUG);
	CHECK(sig_finish(&d, &key.pub, (struct bytes){raw, n}, &w) == OK && w.n > 0);
}

static void not_drafted(void)
{
	const struct sig_subject about = {.document = document};
	struct sig_draft d = {.head_len = 7};
	struct softkey enc = {0};

	CHECK(softkey_ecdh(CURVE_P256, 8, 7, &enc));
	CHECK(sig_draft(&enc.pub, SIG_BINARY, &made, &about, &d) == ERR_UNSUPPORTED);
	CHECK(sig_draft(&key.pub, SIG_BINARY,
	                &(struct sig_claims){.created = SOFTKEY_CREATED - 1}, &about,
	                &d) == ERR_USAGE);
	CHECK(sig_draft(&key.pub, SIG_SUBKEY_BINDING,
	                &(struct sig_claims){.created = CREATED, .flags = FLAG_SIGN},
	                &about, &d) == ERR_UNSUPPORTED);
	CHECK(d.head_len == 7);
	softkey_free(&enc);
}

static void certificate(void)
{
	uint8_t out[4096];
	struct writer w = {.p = out, .cap = sizeof(out)};
	struct softkey enc = {0};
	struct pubkey found[2];
	size_t n = 0;

	CHECK(softkey_ecdh(CURVE_25519, 8, 7, &enc));
	CHECK(softkey_put_cert(&w, &key, &enc, "test", CREATED, false));
	CHECK(cert_encryption_keys(writer_bytes(&w), NOW, found, 2, &n, NULL) == OK);
	CHECK(n == 1 && memcmp(found[0].fpr, enc.pub.fpr, PGP_FPR_LEN) == 0);
	CHECK(cert_signing_keys(writer_bytes(&w), NOW, found, 2, &n, NULL) == OK);
	CHECK(n == 1 && memcmp(found[0].fpr, key.pub.fpr, PGP_FPR_LEN) == 0);
	softkey_free(&enc);
}

/* Numbers that verify, over a hash that is too short for the curve or broken. */
static void weak_hashes(void)
{
	static const enum hash_alg weak[] = {HASH_SHA1, HASH_SHA224, HASH_SHA256,
	                                     HASH_SHA384};
	const struct sig_subject about = {.document = document};
	struct softkey k = {0};

	CHECK(softkey_signer(CURVE_P521, &k));
	for (size_t i = 0; i < sizeof(weak) / sizeof(weak[0]); i++) {
		uint8_t head[6] = {4, 0, PGP_ECDSA, (uint8_t)weak[i], 0, 0};
		uint8_t digest[HASH_MAX_LEN], raw[SOFT_SIGNATURE_MAX], numbers[200];
		struct writer w = {.p = numbers, .cap = sizeof(numbers)};
		struct signature s = {
		        .hash_alg = (uint8_t)weak[i],
		        .pk_alg = PGP_ECDSA,
		        .signed_part = {head, 6}
                };
		size_t n = 0;

		CHECK(signature_digest(&about, s.signed_part, weak[i], digest) == OK);
		CHECK(softkey_sign(&k, weak[i], (struct bytes){digest, hash_len(weak[i])},
		                   raw, &n));
		put_mpi(&w, (struct bytes){raw, n / 2});
		put_mpi(&w, (struct bytes){raw + n / 2, n / 2});
		s.numbers = writer_bytes(&w);
		CHECK(signature_verify(&s, &k.pub, &about) == ERR_UNSUPPORTED);
	}
	softkey_free(&k);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"every algorithm signs with the hash of its curve, and verifies",
	         every_algorithm	                                                       },
	        {"no bit of a signature can be changed but hints",                 every_bit   },
	        {"other kinds, keys, times and nothing are no signature",          not_believed},
	        {"one good signature among others is found, and nothing else may be "
	         "there",	                                 among_others},
	        {"a signature is read in armor",                                   in_armor    },
	        {"what a card answers is verified before it is written",           a_lying_card},
	        {"keys that do not sign and times before the key are refused",
	         not_drafted	                                                           },
	        {"a certificate that we write is one that we read",                certificate },
	        {"hashes that are broken or shorter than the curve are refused",
	         weak_hashes	                                                           },
	};

	if (crypto_init() != OK || !softkey_signer(CURVE_ED25519, &key))
		return 1;
	const int rc = check_run(cases, sizeof(cases) / sizeof(cases[0]));
	softkey_free(&key);
	return rc;
}
