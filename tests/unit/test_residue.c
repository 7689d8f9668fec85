/* SPDX-License-Identifier: GPL-2.0-or-later */
/* After each operation no writable memory of the process holds a piece of its secrets. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "core/hex.h"
#include "openpgp/ecdh.h"
#include "tests/unit/check.h"
#include "tests/unit/needles.h"
#include "tests/unit/softkey.h"

#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#else
#define RUNNING_ON_VALGRIND 0
#endif
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

enum { MESSAGE = 4096 };

/* Shared by helper and worker. */
struct mail {
	uint8_t message[MESSAGE];
	size_t message_n;
};

static struct mail *mail;
static struct softkey key; /* of the case that runs */

/* --- the helper's part: it may leave what it likes, and exits ----------------------- */
static bool post_random(int which, size_t n)
{
	uint8_t raw[NEEDLE_MAX], text[NEEDLE_MAX * 2];

	if (random_bytes(raw, n) != OK)
		return false;
	base64_encode((struct bytes){raw, n}, false, text);
	needle_post(which, (struct bytes){text, base64_len(n, false)});
	return true;
}

static bool post_kek(const struct secret *shared)
{
	const struct ecdh_kdf kdf = {key.pub.oid, key.pub.kdf_hash, key.pub.kdf_cipher};
	AUTO_SECRET *kek = NULL;

	if (ecdh_kek(&kdf, key.pub.fpr, shared, &kek) != OK)
		return false;
	needle_post(KEK, secret_view(kek));
	return true;
}

/* Everything that leads from the message on the board to its body. */
static bool help_open(void)
{
	AUTO_SECRET *plain = NULL, *session = NULL, *body = NULL;
	struct message m;
	bool ok =
	        message_parse((struct bytes){mail->message, mail->message_n}, &m) == OK &&
	        softkey_decipher(&key, &m.pkesk[0], &plain) &&
	        softkey_session(&key, &m.pkesk[0], false, &session) == OK &&
	        message_decrypt(&m, session, &body) == OK;

	ok = ok && (m.pkesk[0].alg == PGP_RSA || post_kek(plain));
	if (!ok)
		return false;
	needle_post(PLAIN, secret_view(plain));
	needle_post(SESSION, secret_view(session));
	needle_post(BODY, secret_view(body));
	return true;
}

static bool encrypt_body(void)
{
	const struct pubkey *to[] = {&key.pub};
	AUTO_SECRET *body = needle_fetch(BODY);
	uint8_t *out = NULL;
	size_t n = 0;

	if (body == NULL || message_encrypt(to, 1, body, &out, &n) != OK || n > MESSAGE)
		return false;
	memcpy(mail->message, out, n);
	mail->message_n = n;
	free(out);
	return true;
}

static bool help_body(void)
{
	return post_random(BODY, 32);
}

static bool help_message(void)
{
	return help_body() && encrypt_body() && help_open();
}

static bool help_compressed(void)
{
	uint8_t *file = NULL;
	size_t n = 0;

	if (file_read_path("tests/unit/vectors/cv25519.message", MESSAGE, &file, &n) !=
	    OK)
		return false;
	memcpy(mail->message, file, n);
	mail->message_n = n;
	return help_open();
}

static bool help_pin(void)
{
	AUTO_SECRET *pin = NULL, *hash = NULL;

	if (!post_random(PIN, 15))
		return false;
	pin = needle_fetch(PIN);
	if (pin == NULL ||
	    s2k_iterated(HASH_SHA256, (struct bytes){(const uint8_t *)"saltsalt", 8}, pin,
	                 100000, &hash) != OK)
		return false;
	needle_post(PIN_HASH, secret_view(hash));
	return true;
}

/* --- the worker's part: what is tested ---------------------------------------------- */
static bool work_session(void)
{
	AUTO_SECRET *plain = needle_fetch(PLAIN), *session = NULL;
	struct message m;

	if (plain == NULL ||
	    message_parse((struct bytes){mail->message, mail->message_n}, &m) != OK)
		return false;
	const struct pkesk *p = &m.pkesk[0];
	enum err e = p->alg == PGP_RSA
	                     ? pkesk_session_rsa(p, plain, &session)
	                     : pkesk_session_ecdh_fpr(p, key.pub.curve, key.pub.fpr,
	                                              plain, &session);
	message_free(&m);
	return e == OK;
}

static bool work_decrypt(void)
{
	AUTO_SECRET *session = needle_fetch(SESSION), *body = NULL;
	struct message m;

	if (session == NULL ||
	    message_parse((struct bytes){mail->message, mail->message_n}, &m) != OK)
		return false;
	enum err e = message_decrypt(&m, session, &body);
	message_free(&m);
	return e == OK;
}

static bool work_pin(void)
{
	AUTO_SECRET *pin = needle_fetch(PIN), *hash = NULL;

	return pin != NULL &&
	       s2k_iterated(HASH_SHA256, (struct bytes){(const uint8_t *)"saltsalt", 8},
	                    pin, 100000, &hash) == OK;
}

static bool plant_heap(void)
{
	AUTO_SECRET *session = needle_fetch(SESSION);
	uint8_t *leak = session != NULL ? malloc(NEEDLE_MAX) : NULL;

	if (leak == NULL)
		return false;
	memcpy(leak, secret_view(session).p, secret_len(session));
	/* lost on purpose */
	/* cppcheck-suppress memleak */
	return leak[0] != 0; /* NOLINT(clang-analyzer-unix.Malloc) */
}

/* Eight bytes of it in static memory. */
static volatile uint8_t planted_piece[NEEDLE_PIECE];

static bool plant_piece(void)
{
	AUTO_SECRET *body = needle_fetch(BODY);

	if (body == NULL)
		return false;
	for (size_t i = 0; i < NEEDLE_PIECE; i++)
		planted_piece[i] = secret_view(body).p[2 * NEEDLE_PIECE + i];
	return true;
}

static bool make_key(enum curve_id id)
{
	softkey_free(&key);
	if (id == CURVE_NONE)
		return softkey_rsa(&key);
	return softkey_ecdh(id, HASH_SHA256, CIPHER_AES128, &key);
}

static void operations(void)
{
	static const struct {
		const char *what;
		enum curve_id id;
	} rows[] = {
	        {"RSA",        CURVE_NONE },
                {"P-256",      CURVE_P256 },
	        {"P-521",      CURVE_P521 },
                {"brainpool",  CURVE_BP512},
	        {"Curve25519", CURVE_25519},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *what = rows[i].what;

		CHECK_ROW(make_key(rows[i].id), what);
		CHECK_ROW(needles_after(what, help_body, encrypt_body, help_open, true) ==
		                  0,
		          what);
		CHECK_ROW(needles_after(what, help_message, work_session, NULL, true) ==
		                  0,
		          what);
		CHECK_ROW(needles_after(what, help_message, work_decrypt, NULL, true) ==
		                  0,
		          what);
	}
}

static void unpacking(void)
{
	softkey_free(&key);
	CHECK(softkey_load("tests/unit/vectors/cv25519.secret", &key));
	CHECK(needles_after("compressed", help_compressed, work_decrypt, NULL, true) ==
	      0);
}

static void hashing(void)
{
	CHECK(needles_after("S2K", help_pin, work_pin, NULL, true) == 0);
}

static void planted(void)
{
	CHECK(make_key(CURVE_25519));
	CHECK(needles_after("heap", help_message, plant_heap, NULL, false) > 0);
	CHECK(needles_after("a piece", help_message, plant_piece, NULL, false) == 1);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"a planted secret and a planted piece of one are found",               planted  },
	        {"nothing is left of encrypting, of the session key and of decrypting",
	         operations	                                                              },
	        {"nothing is left of decompressing",                                    unpacking},
	        {"nothing is left of hashing a PIN",                                    hashing  },
	};

	if (SANITIZED || RUNNING_ON_VALGRIND) {
		printf("skip residue: a sanitizer keeps copies of its own\n"
		       "0 passed, 0 failed, 1 skipped\n");
		return 0;
	}
	mail = needles_share(sizeof(*mail));
	if (mail == NULL || !needles_begin() || crypto_init() != OK)
		return 1;
	const int rc = check_run(cases, sizeof(cases) / sizeof(cases[0]));
	softkey_free(&key);
	return rc;
}
