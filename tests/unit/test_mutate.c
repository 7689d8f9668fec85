/* SPDX-License-Identifier: GPL-2.0-or-later */
/* 100,000 damaged blobs: each is refused or gives the identical passphrase. */
#include <stdio.h>
#include <stdlib.h>

#include "core/file.h"
#include "core/hex.h"
#include "tests/unit/check.h"
#include "tests/unit/softkey.h"

#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#else
#define RUNNING_ON_VALGRIND 0
#endif

enum { ROUNDS = 100000, ROUNDS_SLOW = 1000 /* under valgrind */, BLOB_MAX = 2048 };
enum { SEED = 20261122, KINDS = 4 };

static const char passphrase[] = "PCoPDKYfkIFIL2RxI7TWOLqWENdk2LdSG0k4hHE2IHg";

struct blob {
	const char *what;
	struct softkey key;
	uint8_t data[BLOB_MAX];
	size_t n;
	const char *body;
	/* the private operation on the undamaged number: most mutants do not touch it */
	uint8_t number[512];
	size_t number_n;
	struct secret *plain;
};

/* xorshift64*: the same mutants everywhere */
static uint64_t next_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1d;
}

static size_t below(uint64_t *state, size_t n)
{
	return (size_t)(next_random(state) >> 16) % n;
}

static struct bytes number_of(const struct pkesk *p)
{
	return p->alg == PGP_RSA ? p->rsa : p->point;
}

static enum err plain_of(const struct blob *b, const struct pkesk *p, struct secret **ret)
{
	if (b->plain != NULL &&
	    bytes_equal(number_of(p), (struct bytes){b->number, b->number_n}))
		return secret_copy(secret_view(b->plain), ret);
	return softkey_decipher(&b->key, p, ret) ? OK : ERR_CRYPTO;
}

static enum err open_packet(const struct blob *b, const struct message *m,
                            const struct pkesk *p, bool by_fpr, struct secret **ret)
{
	AUTO_SECRET *plain = NULL, *session = NULL;

	if (!pkesk_may_be_for(p, &b->key.pub))
		return ERR_CRYPTO;
	enum err e = plain_of(b, p, &plain);
	if (e != OK)
		return e;
	if (p->alg == PGP_RSA)
		e = pkesk_session_rsa(p, plain, &session);
	else if (by_fpr)
		e = pkesk_session_ecdh_fpr(p, b->key.pub.curve, b->key.pub.fpr, plain,
		                           &session);
	else
		e = pkesk_session_ecdh(p, &b->key.pub, plain, &session);
	return e == OK ? message_decrypt(m, session, ret) : e;
}

/* What the boot does with a blob; there by_fpr, with every set of KDF parameters. */
static enum err open_blob(const struct blob *b, struct bytes in, bool by_fpr,
                          struct secret **ret)
{
	struct message m;

	enum err e = message_parse(in, &m);
	if (e != OK)
		return e;
	e = ERR_CRYPTO;
	for (size_t i = 0; e != OK && i < m.n_pkesk; i++)
		e = open_packet(b, &m, &m.pkesk[i], by_fpr, ret);
	message_free(&m);
	return e;
}

static bool prepare(struct blob *b)
{
	AUTO_SECRET *body = NULL;
	struct message m;

	if (message_parse((struct bytes){b->data, b->n}, &m) != OK)
		return false;

	const struct bytes number = number_of(&m.pkesk[0]);

	b->number_n = number.n;
	memcpy(b->number, number.p, number.n);
	const bool ok = softkey_decipher(&b->key, &m.pkesk[0], &b->plain);
	message_free(&m);
	return ok && open_blob(b, (struct bytes){b->data, b->n}, true, &body) == OK &&
	       bytes_equal(secret_view(body),
	                   (struct bytes){(const uint8_t *)b->body, strlen(b->body)});
}

static bool make_blob(struct blob *b)
{
	const struct pubkey *to[] = {&b->key.pub};
	AUTO_SECRET *body = NULL;
	uint8_t *out = NULL;

	b->body = passphrase;
	if (secret_copy((struct bytes){(const uint8_t *)passphrase, strlen(passphrase)},
	                &body) != OK ||
	    message_encrypt(to, 1, body, &out, &b->n) != OK || b->n > sizeof(b->data))
		return false;
	memcpy(b->data, out, b->n);
	free(out);
	return prepare(b);
}

/* gpg's: compressed, with old packet headers. */
static bool load_blob(struct blob *b)
{
	uint8_t *file = NULL;
	bool ok = file_read_path("tests/unit/vectors/cv25519.message", BLOB_MAX, &file,
	                         &b->n) == OK &&
	          softkey_load("tests/unit/vectors/cv25519.secret", &b->key);

	if (ok)
		memcpy(b->data, file, b->n);
	b->body = "the secret of this volume\n";
	free(file);
	return ok && prepare(b);
}

/* One to three of: a bit, a byte, a run cut out, a run doubled, the end cut off. */
static size_t mutate(uint64_t *state, uint8_t *p, size_t n)
{
	for (size_t times = 1 + below(state, 3); times > 0 && n > 8; times--) {
		const size_t at = below(state, n), len = 1 + below(state, 4);

		switch (below(state, 8)) {
		case 0:
			p[at] = (uint8_t)next_random(state);
			break;
		case 1:
			if (at + len <= n) {
				memmove(p + at, p + at + len, n - at - len);
				n -= len;
			}
			break;
		case 2:
			if (at + len <= n && n + len <= BLOB_MAX) {
				memmove(p + at + len, p + at, n - at);
				n += len;
			}
			break;
		case 3:
			n = below(state, 8) == 0 ? at + 1 : n;
			break;
		default:
			p[at] ^= (uint8_t)(1 << below(state, 8));
			break;
		}
	}
	return n;
}

struct tally {
	size_t refused, same, other;
};

static void torture(const struct blob *b, size_t rounds, uint64_t *state, struct tally *t)
{
	uint8_t p[BLOB_MAX];
	char hex[2 * BLOB_MAX + 1];

	for (size_t i = 0; i < rounds; i++) {
		AUTO_SECRET *body = NULL;

		memcpy(p, b->data, b->n);
		const size_t n = mutate(state, p, b->n);
		if (open_blob(b, (struct bytes){p, n}, i % 8 == 0, &body) != OK) {
			t->refused++;
			continue;
		}
		if (bytes_equal(
		            secret_view(body),
		            (struct bytes){(const uint8_t *)b->body, strlen(b->body)})) {
			t->same++;
			continue;
		}
		t->other++;
		hex_encode((struct bytes){p, n}, hex);
		printf("%s: another body from %s\n", b->what, hex);
	}
}

static void all_blobs(void)
{
	static struct blob blobs[KINDS] = {{.what = "X25519"},
	                                   {.what = "P-256"},
	                                   {.what = "RSA-2048"},
	                                   {.what = "gpg's"}};
	static const size_t share[KINDS] = {3, 3, 1, 3}; /* tenths: RSA is slow */
	const size_t rounds = RUNNING_ON_VALGRIND ? ROUNDS_SLOW : ROUNDS;
	uint64_t state = SEED;
	struct tally t = {0};

	printf("seed %d, %zu mutants\n", SEED, rounds);
	CHECK(softkey_ecdh(CURVE_25519, 8, 7, &blobs[0].key) && make_blob(&blobs[0]));
	CHECK(softkey_ecdh(CURVE_P256, 8, 7, &blobs[1].key) && make_blob(&blobs[1]));
	CHECK(softkey_rsa(&blobs[2].key) && make_blob(&blobs[2]));
	CHECK(load_blob(&blobs[3]));
	for (size_t i = 0; i < KINDS; i++) {
		torture(&blobs[i], rounds * share[i] / 10, &state, &t);
		blobs[i].plain = secret_free(blobs[i].plain);
		softkey_free(&blobs[i].key);
	}
	printf("%zu refused, %zu with the same body, %zu with another\n", t.refused,
	       t.same, t.other);
	CHECK(t.other == 0 && t.refused + t.same == rounds);
	/* both ends are there: damage that matters, and damage that does not */
	CHECK(t.refused > rounds / 2 && t.same > 0);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"a damaged blob is refused or gives the identical passphrase",
	         all_blobs},
	};

	if (crypto_init() != OK)
		return 1;
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
