/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Known answers for hashes, ciphers and RSA. */
#include <gcrypt.h>
#include <stdlib.h>

#include "core/hex.h"
#include "crypto/crypto.h"
#include "tests/unit/check.h"

static size_t unhex(const char *text, uint8_t *out)
{
	const size_t n = strlen(text) / 2;

	CHECK(hex_decode(text, 2 * n, out, n) == OK);
	return n;
}

static bool is_hex(struct bytes b, const char *text)
{
	uint8_t want[128];
	const size_t n = unhex(text, want);

	return bytes_equal(b, (struct bytes){want, n});
}

static struct secret *secret_of(const char *text)
{
	struct secret *s = NULL;

	CHECK(secret_copy((struct bytes){(const uint8_t *)text, strlen(text)}, &s) == OK);
	return s;
}

static struct secret *secret_hex(const char *text)
{
	uint8_t raw[128];
	struct secret *s = NULL;

	CHECK(secret_copy((struct bytes){raw, unhex(text, raw)}, &s) == OK);
	return s;
}

static void sha256_of_abc_is_known(void)
{
	uint8_t out[32];
	struct hash *h = NULL;

	CHECK(hash_all(HASH_SHA256, (struct bytes){(const uint8_t *)"abc", 3}, out, 32) ==
	      OK);
	CHECK(is_hex((struct bytes){out, 32},
	             "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
	CHECK(hash_new(HASH_SHA1, &h) == OK && hash_end(h, out, 32) == ERR_BUG);
	/* What is public takes another way to the same digest, and begins anew. */
	uint8_t same[32];
	const struct bytes abc = {(const uint8_t *)"abc", 3};
	CHECK(hash_all(HASH_SHA256, abc, out, 32) == OK &&
	      hash_all_public(HASH_SHA256, abc, same, 32) == OK &&
	      memcmp(out, same, 32) == 0);
	CHECK(hash_all_public(HASH_SHA256, abc, same, 31) == ERR_BUG &&
	      hash_all_public(HASH_NONE, abc, same, 32) == ERR_UNSUPPORTED);
	CHECK(hash_new_public(HASH_SHA256, &h) == OK);
	for (int i = 0; i < 2; i++) {
		memset(same, 0, sizeof(same));
		hash_add(h, abc);
		CHECK(hash_take(h, same, 31) == ERR_BUG);
		CHECK(hash_take(h, same, 32) == OK && memcmp(out, same, 32) == 0);
	}
	h = hash_free(h);
	CHECK(hash_len((enum hash_alg)99) == 0);
	CHECK(hash_new((enum hash_alg)99, &h) == ERR_UNSUPPORTED);
}

static void s2k_gives_the_hashes_of_real_cards(void)
{
	AUTO_SECRET *a = secret_of("123456");
	AUTO_SECRET *b = secret_of("12345678");
	AUTO_SECRET *ra = NULL;
	AUTO_SECRET *rb = NULL;
	uint8_t salt[8];

	unhex("3031323334353637", salt);
	CHECK(s2k_iterated(HASH_SHA256, (struct bytes){salt, 8}, a, 0x186a0, &ra) == OK);
	CHECK(is_hex(secret_view(ra),
	             "773784A602B6C81E3F092F4D7D00E17CC822D88F7360FCF2D2EF2D9D901F44B6"));
	unhex("4142434445464748", salt);
	CHECK(s2k_iterated(HASH_SHA256, (struct bytes){salt, 8}, b, 0x186a0, &rb) == OK);
	CHECK(is_hex(secret_view(rb),
	             "2675D6164A0D4827D1D00C7EEA620D015C00030A1CAB38B4D0DD600B27DC9630"));
}

static void cfb_comes_back_in_place(void)
{
	AUTO_SECRET *k = secret_hex("2b7e151628aed2a6abf7158809cf4f3c");
	uint8_t b[21] = "twenty bytes of text";

	CHECK(cfb_encrypt(CIPHER_AES128, k, (struct bytes){b, 21}, b) == OK);
	CHECK(memcmp(b, "twenty bytes of text", 21) != 0);
	CHECK(cfb_decrypt(CIPHER_AES128, k, (struct bytes){b, 21}, b) == OK);
	CHECK(memcmp(b, "twenty bytes of text", 21) == 0);
	CHECK(cfb_encrypt(CIPHER_AES256, k, (struct bytes){b, 21}, b) == ERR_CRYPTO);
}

static void aes_wrap_follows_rfc_3394(void)
{
	AUTO_SECRET *kek = secret_hex("000102030405060708090A0B0C0D0E0F");
	AUTO_SECRET *in = secret_hex("00112233445566778899AABBCCDDEEFF");
	AUTO_SECRET *back = NULL;
	AUTO_SECRET *none = NULL;
	uint8_t out[24];

	CHECK(aes_wrap(kek, in, out, 24) == OK);
	CHECK(is_hex((struct bytes){out, 24},
	             "1FA68B0A8112B447AEF34BD8FB5A7B829D3E862371D2CFE5"));
	CHECK(aes_unwrap(kek, (struct bytes){out, 24}, &back) == OK &&
	      secret_equal(in, back));
	out[3] ^= 1;
	CHECK(aes_unwrap(kek, (struct bytes){out, 24}, &none) == ERR_CRYPTO && !none);
}

static struct bytes param(gcry_sexp_t key, const char *name, uint8_t *buf, size_t cap)
{
	gcry_sexp_t found = gcry_sexp_find_token(key, name, 0);
	gcry_mpi_t m = gcry_sexp_nth_mpi(found, 1, GCRYMPI_FMT_USG);
	size_t n = 0;

	CHECK(gcry_mpi_print(GCRYMPI_FMT_USG, buf, cap, &n, m) == 0);
	gcry_mpi_release(m);
	gcry_sexp_release(found);
	return (struct bytes){buf, n};
}

static void rsa_encrypts_and_verifies_against_libgcrypt(void)
{
	gcry_sexp_t spec = NULL, key = NULL, enc = NULL, dec = NULL, data = NULL,
	            sig = NULL;
	uint8_t nb[256], eb[8], cb[256], sb[256], digest[32] = {7};
	AUTO_SECRET *m = secret_of("\tsession key");
	size_t len = 0, got = 0;

	CHECK(gcry_sexp_build(&spec, NULL,
	                      "(genkey (rsa (nbits 4:2048)(transient-key)))") == 0);
	CHECK(gcry_pk_genkey(&key, spec) == 0);
	const struct bytes n = param(key, "n", nb, sizeof(nb));
	const struct bytes e = param(key, "e", eb, sizeof(eb));
	CHECK(rsa_encrypt(n, e, m, cb, sizeof(cb), &len) == OK && len == 256);
	CHECK(rsa_encrypt((struct bytes){nb, 128}, e, m, cb, 256, &got) ==
	      ERR_UNSUPPORTED);
	CHECK(gcry_sexp_build(&enc, NULL, "(enc-val (flags pkcs1)(rsa (a %b)))", 256,
	                      cb) == 0);
	CHECK(gcry_pk_decrypt(&dec, enc, key) == 0);
	const char *p = gcry_sexp_nth_data(dec, 1, &got);
	CHECK(p && got == 12 && memcmp(p, "\tsession key", 12) == 0);

	CHECK(gcry_sexp_build(&data, NULL, "(data (flags pkcs1)(hash sha256 %b))", 32,
	                      digest) == 0);
	CHECK(gcry_pk_sign(&sig, data, key) == 0);
	struct bytes s = param(sig, "s", sb, sizeof(sb));
	CHECK(rsa_verify(n, e, HASH_SHA256, (struct bytes){digest, 32}, s) == OK);
	digest[5] ^= 1;
	CHECK(rsa_verify(n, e, HASH_SHA256, (struct bytes){digest, 32}, s) ==
	      ERR_SIGNATURE);
	digest[5] ^= 1;
	sb[9] ^= 1;
	CHECK(rsa_verify(n, e, HASH_SHA256, (struct bytes){digest, 32}, s) ==
	      ERR_SIGNATURE);
	gcry_sexp_release(spec), gcry_sexp_release(key), gcry_sexp_release(enc);
	gcry_sexp_release(dec), gcry_sexp_release(data), gcry_sexp_release(sig);
}

/* What nobody sends, each with its own word. */
static void misuse_is_refused(void)
{
	static const uint8_t odd[512] = {0x80, [255] = 1}, three[] = {3}, one[] = {1},
	                     even[] = {2};
	const struct bytes n = {odd, 256}, e = {three, 1}, digest = {odd, 32};
	AUTO_SECRET *k = secret_hex("2b7e151628aed2a6abf7158809cf4f3c");
	AUTO_SECRET *k17 = secret_hex("2b7e151628aed2a6abf7158809cf4f3c00");
	AUTO_SECRET *big = NULL, *out = NULL;
	uint8_t buf[600], in[24] = {0};
	size_t len = 0;

	CHECK(secret_new(20000, &big) == OK && secret_set_len(big, 20000) == OK);
	CHECK(s2k_iterated((enum hash_alg)99, n, k, 1, &out) == ERR_UNSUPPORTED);
	CHECK(s2k_iterated(HASH_SHA256, n, big, 1, &out) == ERR_USAGE);
	CHECK(cfb_encrypt((enum cipher_alg)2, k, n, buf) == ERR_UNSUPPORTED);
	CHECK(cfb_decrypt((enum cipher_alg)2, k, n, buf) == ERR_UNSUPPORTED);
	CHECK(aes_wrap(k, k17, buf, 25) == ERR_BUG);
	CHECK(aes_wrap(k17, k, buf, 24) == ERR_CRYPTO);
	CHECK(aes_unwrap(k17, (struct bytes){in, 24}, &out) == ERR_CRYPTO);
	CHECK(aes_unwrap(k, (struct bytes){in, 23}, &out) == ERR_CRYPTO);
	CHECK(rsa_encrypt(n, (struct bytes){0}, k, buf, 600, &len) == ERR_CRYPTO);
	CHECK(rsa_encrypt(n, (struct bytes){one, 1}, k, buf, 600, &len) == ERR_CRYPTO);
	CHECK(rsa_encrypt(n, (struct bytes){even, 1}, k, buf, 600, &len) == ERR_CRYPTO);
	CHECK(rsa_encrypt(n, n, k, buf, 600, &len) == ERR_CRYPTO);
	CHECK(rsa_encrypt(n, e, big, buf, 600, &len) == ERR_USAGE);
	CHECK(rsa_encrypt(n, e, k, buf, 255, &len) == ERR_BUG);
	CHECK(rsa_encrypt(n, e, k, buf, 600, &len) == OK && len == 256);
	CHECK(rsa_verify(n, e, HASH_NONE, digest, n) == ERR_UNSUPPORTED);
	CHECK(rsa_verify((struct bytes){odd, 64}, e, HASH_SHA256, digest, n) != OK);
	CHECK(rsa_verify(n, e, HASH_SHA256, digest, (struct bytes){0}) == ERR_SIGNATURE);
	CHECK(rsa_verify(n, e, HASH_SHA384, digest, e) == ERR_SIGNATURE);
	CHECK(rsa_verify(n, e, HASH_SHA384, (struct bytes){odd, 48}, e) == ERR_SIGNATURE);
	CHECK(rsa_verify(n, e, HASH_SHA1, (struct bytes){odd, 20}, e) == ERR_SIGNATURE);
	CHECK(rsa_verify(n, e, HASH_SHA224, (struct bytes){odd, 28}, e) == ERR_SIGNATURE);
	CHECK(hash_len(HASH_NONE) == 0 && crypto_init() == OK && out == NULL);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"sha256_of_abc_is_known",                      sha256_of_abc_is_known   },
	        {"s2k_gives_the_hashes_of_real_cards",
	         s2k_gives_the_hashes_of_real_cards                                      },
	        {"cfb_comes_back_in_place",                     cfb_comes_back_in_place  },
	        {"aes_wrap_follows_rfc_3394",                   aes_wrap_follows_rfc_3394},
	        {"misuse_is_refused",                           misuse_is_refused        },
	        {"rsa_encrypts_and_verifies_against_libgcrypt",
	         rsa_encrypts_and_verifies_against_libgcrypt                             },
	};
	/* Keys of tests need no jitter. */
	(void)gcry_control(GCRYCTL_SET_PREFERRED_RNG_TYPE, GCRY_RNG_TYPE_SYSTEM);
	if (crypto_init() != OK)
		return 1;
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
