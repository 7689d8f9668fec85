/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each allocation of each operation fails once: an error, nothing kept, no output. */
#include <stdio.h>
#include <stdlib.h>

#include "core/file.h"
#include "openpgp/armor.h"
#include "openpgp/detached.h"
#include "openpgp/sign.h"
#include "tests/unit/check.h"
#include "tests/unit/softkey.h"

/* NOLINTBEGIN(bugprone-reserved-identifier) */
/* The linker puts these in the place of the functions (Makefile: --wrap). */
void *__real_malloc(size_t n);
void *__wrap_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
enum err __real_secret_new(size_t cap, struct secret **ret);
enum err __wrap_secret_new(size_t cap, struct secret **ret);
enum err __real_random_bytes(uint8_t *out, size_t n);
enum err __wrap_random_bytes(uint8_t *out, size_t n);

enum { NEVER = -1, FILE_CAP = 8192, NOW = 1767225600 + 3600 };

static int calls_left = NEVER;
static bool failed;

static bool fails_now(void)
{
	if (calls_left == NEVER || calls_left-- > 0)
		return false;
	calls_left = NEVER;
	failed = true;
	return true;
}

void *__wrap_malloc(size_t n)
{
	return fails_now() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails_now() ? NULL : __real_calloc(n, size);
}

enum err __wrap_secret_new(size_t cap, struct secret **ret)
{
	return fails_now() ? ERR_NOMEM : __real_secret_new(cap, ret);
}

enum err __wrap_random_bytes(uint8_t *out, size_t n)
{
	return fails_now() ? ERR_NOMEM : __real_random_bytes(out, n);
}

/* NOLINTEND(bugprone-reserved-identifier) */

struct file {
	uint8_t p[FILE_CAP];
	size_t n;
};

static struct world {
	struct file cert, sig, message, body;
	struct softkey rsa, x25519, p256;
	struct pubkey signer;
	struct message m; /* message, taken apart */
	struct secret *plain, *session, *text;
} w;

static struct bytes in(const struct file *f)
{
	return (struct bytes){f->p, f->n};
}

static enum err encrypt_all(void)
{
	const struct pubkey *to[] = {&w.rsa.pub, &w.x25519.pub, &w.p256.pub};
	uint8_t *out = NULL;
	size_t n = 7;

	enum err e = message_encrypt(to, 3, w.text, &out, &n);
	CHECK(e == OK || (out == NULL && n == 7));
	free(out);
	return e;
}

static enum err parse(void)
{
	struct message m = {.n_pkesk = 99};

	enum err e = message_parse(in(&w.message), &m);
	CHECK(e == OK || (m.n_pkesk == 99 && m.own == NULL));
	if (e == OK)
		message_free(&m);
	return e;
}

static enum err session(void)
{
	AUTO_SECRET *out = NULL;

	enum err e = pkesk_session_ecdh_fpr(&w.m.pkesk[0], w.x25519.pub.curve,
	                                    w.x25519.pub.fpr, w.plain, &out);
	CHECK((e == OK) == (out != NULL));
	return e;
}

static enum err decrypt(void)
{
	AUTO_SECRET *out = NULL;

	enum err e = message_decrypt(&w.m, w.session, &out);
	CHECK((e == OK) == (out != NULL));
	return e;
}

static enum err certificate(void)
{
	struct pubkey keys[2];
	size_t n = 7;

	enum err e = cert_signing_keys(in(&w.cert), NOW, keys, 2, &n, NULL);
	CHECK(e == OK ? n == 1 : n == 7);
	return e;
}

static enum err verify(void)
{
	struct detached d = {.key = 7};

	enum err e = detached_verify(in(&w.sig), in(&w.body), &w.signer, 1, NOW, &d);
	CHECK(d.key == (e == OK ? 0 : 7));
	return e;
}

static enum err armor(void)
{
	char *text = NULL;
	uint8_t *back = NULL;
	size_t n = 0, len = 0;

	enum err e = armor_write(ARMOR_SIGNATURE, in(&w.sig), &text, &n);
	if (e == OK)
		e = armor_own((struct bytes){(uint8_t *)text, n}, &back, &len);
	CHECK((e == OK) == (back != NULL));
	free(text);
	free(back);
	return e;
}

static enum err draft(void)
{
	const struct sig_subject about = {.document = in(&w.body)};
	struct sig_draft d = {.head_len = 7};

	enum err e = sig_draft(&w.signer, SIG_BINARY,
	                       &(struct sig_claims){.created = NOW}, &about, &d);
	CHECK(e == OK || d.head_len == 7);
	return e;
}

static enum err pin(void)
{
	AUTO_SECRET *out = NULL;

	enum err e = s2k_iterated(HASH_SHA256, in(&w.body), w.text, 1000, &out);
	CHECK((e == OK) == (out != NULL));
	return e;
}

static void every_allocation(void)
{
	static const struct {
		const char *what;
		enum err (*run)(void);
	} rows[] = {
	        {"message_encrypt",   encrypt_all},
	        {"message_parse",     parse      },
	        {"pkesk_session",     session    },
	        {"message_decrypt",   decrypt    },
	        {"cert_signing_keys", certificate},
	        {"detached_verify",   verify     },
	        {"armor",             armor      },
	        {"sig_draft",         draft      },
	        {"s2k_iterated",      pin        },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int n = 0;

		for (;; n++) {
			failed = false;
			calls_left = n;
			const enum err e = rows[i].run();
			calls_left = NEVER;
			if (!failed) {
				CHECK_ROW(e == OK, rows[i].what);
				break;
			}
			/* a key that could not be verified is one that is not there */
			CHECK_ROW(e == ERR_NOMEM || rows[i].run == certificate,
			          rows[i].what);
			if (n > 1000)
				break;
		}
		CHECK_ROW(n > 0 && n < 1000, rows[i].what);
	}
}

static bool load(const char *name, struct file *f)
{
	char path[128];
	uint8_t *p = NULL;

	(void)snprintf(path, sizeof(path), "tests/unit/vectors/%s", name);
	if (file_read_path(path, FILE_CAP, &p, &f->n) != OK)
		return false;
	memcpy(f->p, p, f->n);
	free(p);
	return true;
}

static bool make_world(void)
{
	size_t n = 0;

	return load("cv25519.cert", &w.cert) && load("cv25519.signature", &w.sig) &&
	       load("cv25519.message", &w.message) && load("body", &w.body) &&
	       softkey_load("tests/unit/vectors/cv25519.secret", &w.x25519) &&
	       softkey_rsa(&w.rsa) &&
	       softkey_ecdh(CURVE_P256, HASH_SHA256, CIPHER_AES128, &w.p256) &&
	       secret_copy(in(&w.body), &w.text) == OK &&
	       cert_signing_keys(in(&w.cert), NOW, &w.signer, 1, &n, NULL) == OK &&
	       message_parse(in(&w.message), &w.m) == OK &&
	       softkey_decipher(&w.x25519, &w.m.pkesk[0], &w.plain) &&
	       softkey_session(&w.x25519, &w.m.pkesk[0], false, &w.session) == OK;
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"each allocation may fail: an error, and the output is left alone",
	         every_allocation},
	};

	if (crypto_init() != OK || !make_world())
		return 1;
	const int rc = check_run(cases, sizeof(cases) / sizeof(cases[0]));
	message_free(&w.m);
	softkey_free(&w.rsa);
	softkey_free(&w.x25519);
	softkey_free(&w.p256);
	(void)secret_free(w.plain);
	(void)secret_free(w.session);
	(void)secret_free(w.text);
	return rc;
}
