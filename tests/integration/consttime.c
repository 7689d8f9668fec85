/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Run under valgrind's memcheck: secrets are marked as undefined, and memcheck complains
 * about every branch and address that depends on undefined bytes.  Only what passes
 * reveal() (openpgp/reveal.h) becomes defined. */
#include <stdio.h>
#include <stdlib.h>
#include <valgrind/memcheck.h>

#include "core/hex.h"
#include "openpgp/ecdh.h"
#include "openpgp/message.h"
#include "openpgp/pkesk.h"
#include "openpgp/reveal.h"
#include "tests/unit/check.h"
#include "tests/unit/softkey.h"

/* NOLINTBEGIN(bugprone-reserved-identifier) */
/* The linker puts these in the place of the functions (Makefile: --wrap). */
uint32_t __real_reveal(uint32_t v);
uint32_t __wrap_reveal(uint32_t v);
enum err __real_aes_unwrap(const struct secret *kek, struct bytes in,
                           struct secret **ret);
enum err __wrap_aes_unwrap(const struct secret *kek, struct bytes in,
                           struct secret **ret);
enum err __real_aes_wrap(const struct secret *kek, const struct secret *in, uint8_t *out,
                         size_t out_len);
enum err __wrap_aes_wrap(const struct secret *kek, const struct secret *in, uint8_t *out,
                         size_t out_len);
enum err __real_cfb_decrypt(enum cipher_alg alg, const struct secret *key,
                            struct bytes in, uint8_t *out);
enum err __wrap_cfb_decrypt(enum cipher_alg alg, const struct secret *key,
                            struct bytes in, uint8_t *out);

static unsigned int revealed;
static struct bytes
        plain; /* of the message being decrypted: public once its MDC is right */

static void hide(struct bytes b)
{
	if (b.n > 0)
		(void)VALGRIND_MAKE_MEM_UNDEFINED(b.p, b.n);
}

static void unhide(struct bytes b)
{
	if (b.n > 0)
		(void)VALGRIND_MAKE_MEM_DEFINED(b.p, b.n);
}

uint32_t __wrap_reveal(uint32_t v)
{
	revealed++;
	(void)VALGRIND_MAKE_MEM_DEFINED(&v, sizeof(v));
	if (v != 0)
		unhide(plain);
	return __real_reveal(v);
}

/* libgcrypt's own constant time is not ours to check: it works on defined bytes. */
enum err __wrap_aes_unwrap(const struct secret *kek, struct bytes in, struct secret **ret)
{
	unhide(secret_view(kek));
	const enum err e = __real_aes_unwrap(kek, in, ret);
	if (e == OK)
		hide(secret_view(*ret));
	return e;
}

enum err __wrap_aes_wrap(const struct secret *kek, const struct secret *in, uint8_t *out,
                         size_t out_len)
{
	unhide(secret_view(kek));
	unhide(secret_view(in));
	return __real_aes_wrap(kek, in, out, out_len);
}

enum err __wrap_cfb_decrypt(enum cipher_alg alg, const struct secret *key,
                            struct bytes in, uint8_t *out)
{
	unhide(secret_view(key));
	const enum err e = __real_cfb_decrypt(alg, key, in, out);
	plain = (struct bytes){out, in.n};
	hide(plain);
	return e;
}

/* NOLINTEND(bugprone-reserved-identifier) */

static struct softkey key;

static struct secret *hidden(struct bytes from)
{
	struct secret *s = NULL;

	if (secret_copy(from, &s) != OK)
		abort();
	hide(secret_view(s));
	return s;
}

static void compare(void)
{
	static const uint8_t a[32] = {1}, b[32] = {2};
	AUTO_SECRET *x = hidden((struct bytes){a, 32}),
	            *y = hidden((struct bytes){b, 32});
	AUTO_SECRET *z = hidden((struct bytes){a, 32});

	CHECK(reveal(secret_equal(x, y)) == 0);
	CHECK(reveal(secret_equal(x, z)) == 1);
	CHECK(reveal(mem_equal_ct(secret_view(x).p, secret_view(z).p, 32)) == 1);
}

static void encode(void)
{
	static const uint8_t raw[33] = {7};
	AUTO_SECRET *s = hidden((struct bytes){raw, sizeof(raw)});
	char out[80];

	base64_encode(secret_view(s), true, (uint8_t *)out);
	hex_encode(secret_view(s), out);
	unhide((struct bytes){(uint8_t *)out, sizeof(out)});
	CHECK(out[0] == '0' && out[1] == '7');
}

/* What a card makes of RSA: algorithm || key || checksum, right and wrong. */
static void session_rsa(void)
{
	const struct pkesk p = {.alg = PGP_RSA};
	uint8_t m[35] = {CIPHER_AES256, 1};

	m[34] = 1;
	for (size_t wrong = 0; wrong < sizeof(m); wrong++) {
		AUTO_SECRET *in = NULL, *session = NULL;
		const unsigned int before = revealed;

		m[wrong] ^= wrong > 0;
		in = hidden((struct bytes){m, sizeof(m)});
		CHECK((pkesk_session_rsa(&p, in, &session) == OK) == (wrong == 0));
		CHECK(revealed == before + 1);
		m[wrong] ^= wrong > 0;
	}
}

/* A padded session key, wrapped for the key; what: the pad's bytes. */
static bool wrap(const struct secret *shared, uint8_t pad, uint8_t last,
                 uint8_t out[static 48])
{
	const struct ecdh_kdf kdf = {key.pub.oid, key.pub.kdf_hash, key.pub.kdf_cipher};
	uint8_t m[40] = {CIPHER_AES256, 1};
	AUTO_SECRET *kek = NULL, *in = NULL;

	m[34] = 1;
	memset(m + 35, pad, 5);
	m[39] = last;
	return ecdh_kek(&kdf, key.pub.fpr, shared, &kek) == OK &&
	       secret_copy((struct bytes){m, sizeof(m)}, &in) == OK &&
	       aes_wrap(kek, in, out, 48) == OK;
}

static void session_ecdh(void)
{
	static const struct {
		uint8_t pad, last;
		bool good;
	} rows[] = {
	        {5, 5,    true },
                {4, 5,    false},
                {5, 4,    false},
	        {5, 0,    false},
                {5, 41,   false},
                {5, 0xff, false}
        };
	static const uint8_t raw[32] = {9};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t wrapped[48];
		const struct pkesk p = {
		        .alg = PGP_ECDH, .wrapped = {wrapped, 48}
                };
		AUTO_SECRET *shared = NULL, *session = NULL;
		const unsigned int before = revealed;

		CHECK(secret_copy((struct bytes){raw, 32}, &shared) == OK);
		CHECK(wrap(shared, rows[i].pad, rows[i].last, wrapped));
		hide(secret_view(shared));
		CHECK((pkesk_session_ecdh(&p, &key.pub, shared, &session) == OK) ==
		      rows[i].good);
		CHECK(revealed == before + 1);
	}
}

static void decrypt(void)
{
	static const uint8_t text[] = "the passphrase of this volume";
	const struct pubkey *to[] = {&key.pub};
	AUTO_SECRET *body = NULL;
	uint8_t *blob = NULL;
	size_t n = 0;

	CHECK(secret_copy((struct bytes){text, sizeof(text)}, &body) == OK);
	CHECK(message_encrypt(to, 1, body, &blob, &n) == OK);
	for (int damage = 0; damage < 4; damage++) {
		AUTO_SECRET *session = NULL, *back = NULL;
		struct message m;

		CHECK(message_parse((struct bytes){blob, n}, &m) == OK);
		CHECK(softkey_session(&key, &m.pkesk[0], false, &session) == OK);
		unhide(secret_view(session));
		/* the algorithm is known, the key is not */
		hide((struct bytes){secret_view(session).p + 1, secret_len(session) - 1});
		if (damage > 0) /* prefix, text, MDC */
			m.own[n - (damage == 1 ? m.seipd.n : damage == 2 ? 40 : 1)] ^= 1;
		const unsigned int before = revealed;
		CHECK((message_decrypt(&m, session, &back) == OK) == (damage == 0));
		CHECK(revealed == before + 1);
		plain = (struct bytes){0};
		message_free(&m);
	}
	free(blob);
}

/* Sending: checksum, padding, wrap. */
static void send(void)
{
	static const uint8_t raw[33] = {CIPHER_AES256, 5};
	AUTO_SECRET *session = hidden((struct bytes){raw, sizeof(raw)});
	uint8_t out[PKESK_PACKET_MAX];
	struct writer w = {.p = out, .cap = sizeof(out)};

	CHECK(pkesk_put(&w, &key.pub, session) == OK);
}

static void pin(void)
{
	AUTO_SECRET *in = hidden((struct bytes){(const uint8_t *)"12345678", 8});
	AUTO_SECRET *out = NULL;

	CHECK(s2k_iterated(HASH_SHA256, (struct bytes){(const uint8_t *)"saltsalt", 8},
	                   in, 5000, &out) == OK);
}

/* Two leaks that memcheck must see, or the rest means nothing. */
static int leak(const char *how)
{
	static const uint8_t raw[32] = {1};
	static const uint8_t table[256] = {3};
	AUTO_SECRET *s = hidden((struct bytes){raw, 32});
	const uint8_t *p = secret_view(s).p;

	if (strcmp(how, "--leak-branch") == 0)
		return memcmp(p, raw, 32) == 0 ? 0 : 1;
	return table[p[0]] == 3 ? 0 : 1;
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
	        {"comparing two secrets does not branch on them",          compare     },
	        {"encoding a secret looks nothing up by it",               encode      },
	        {"the checksum of a session key decides once, at the end", session_rsa },
	        {"its padding too, right or wrong in every way",           session_ecdh},
	        {"the MDC decides once, before the text is looked at",     decrypt     },
	        {"sending a session key does not branch on it",            send        },
	        {"hashing a PIN does not branch on it",                    pin         },
	};

	if (!RUNNING_ON_VALGRIND) {
		(void)fputs("consttime: it says nothing without valgrind\n", stderr);
		return 2;
	}
	if (argc > 1)
		return leak(argv[1]);
	if (crypto_init() != OK ||
	    !softkey_ecdh(CURVE_25519, HASH_SHA256, CIPHER_AES128, &key))
		return 2;
	const int rc = check_run(cases, sizeof(cases) / sizeof(cases[0]));
	softkey_free(&key);
	return rc;
}
