/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Certificates written as with a card: read again, and what is refused. */
#include "openpgp/cert_write.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/check.h"
#include "tests/unit/softkey.h"

enum { CREATED = SOFTKEY_CREATED + 60, NOW = CREATED + 100000 };

static struct softkey primary, enc, auth;

struct pen {
	const struct softkey *key;
	unsigned int strokes; /* signatures made */
	unsigned int fail_at; /* the one that does not come; 0: all do */
	enum err how;         /* OK: it is a wrong one */
	uint8_t raw[SOFT_SIGNATURE_MAX];
};

static enum err sign(void *ctx, enum hash_alg alg, struct bytes digest, struct bytes *ret)
{
	struct pen *pen = ctx;
	size_t n = 0;

	if (++pen->strokes == pen->fail_at && pen->how != OK)
		return pen->how;
	CHECK(softkey_sign(pen->key, alg, digest, pen->raw, &n));
	if (pen->strokes == pen->fail_at)
		pen->raw[n / 2] ^= 1;
	*ret = (struct bytes){pen->raw, n};
	return OK;
}

static struct cert_plan plan_of(struct pen *pen)
{
	return (struct cert_plan){
	        .primary = &pen->key->pub,
	        .flags = FLAG_CERTIFY | FLAG_SIGN,
	        .uid = "Zo\xc3\xab <zoe@example.org>",
	        .sub = {{&enc.pub, FLAG_ENCRYPT}, {&auth.pub, FLAG_AUTHENTICATE}},
	        .n_sub = 2,
	        .created = CREATED,
	        .sign = sign,
	        .ctx = pen,
	};
}

static uint8_t out[CERT_MAX];

static enum err written(const struct cert_plan *plan, struct bytes *ret)
{
	struct writer w = {.p = out, .cap = sizeof(out)};

	const enum err e = cert_write(plan, &w);
	*ret = writer_bytes(&w);
	return e;
}

static bool is_key(const struct pubkey *found, const struct softkey *want)
{
	return memcmp(found->fpr, want->pub.fpr, PGP_FPR_LEN) == 0;
}

static void three_keys(void)
{
	struct pen pen = {.key = &primary};
	const struct cert_plan plan = plan_of(&pen);
	struct pubkey found[4];
	struct bytes cert;
	size_t n = 0;

	CHECK(written(&plan, &cert) == OK && pen.strokes == 3);
	CHECK(cert_encryption_keys(cert, NOW, found, 4, &n, NULL) == OK);
	CHECK(n == 1 && is_key(&found[0], &enc));
	/* the subkey for authentication is none that signs documents */
	CHECK(cert_signing_keys(cert, NOW, found, 4, &n, NULL) == OK);
	CHECK(n == 1 && is_key(&found[0], &primary));
}

static void order(void)
{
	static const unsigned int want[] = {PACKET_PUBLIC_KEY, PACKET_USER_ID,
	                                    PACKET_SIGNATURE,  PACKET_PUBLIC_SUBKEY,
	                                    PACKET_SIGNATURE,  PACKET_PUBLIC_SUBKEY,
	                                    PACKET_SIGNATURE};
	struct pen pen = {.key = &primary};
	const struct cert_plan plan = plan_of(&pen);
	struct bytes cert;
	struct packet p;
	size_t i = 0;

	CHECK(written(&plan, &cert) == OK);
	struct packets in = {out, cert.n};

	for (; in.n > 0 && i < 7; i++)
		CHECK(packet_next(&in, &p) == OK && p.tag == want[i]);
	CHECK(i == 7 && in.n == 0);
}

static void the_end(void)
{
	struct pen pen = {.key = &primary};
	struct cert_plan plan = plan_of(&pen);
	const char *why = NULL;
	struct pubkey found[4];
	struct bytes cert;
	size_t n = 0;

	plan.expires = NOW;
	CHECK(written(&plan, &cert) == OK);
	CHECK(cert_encryption_keys(cert, NOW - 1, found, 4, &n, NULL) == OK && n == 1);
	CHECK(cert_encryption_keys(cert, NOW + 1, found, 4, &n, &why) == ERR_NOT_FOUND);
	CHECK(why && strstr(why, "expired"));
	CHECK(cert_signing_keys(cert, NOW + 1, found, 4, &n, NULL) == ERR_NOT_FOUND);
	plan.expires = CREATED;
	CHECK(written(&plan, &cert) == ERR_USAGE);
}

static void names(void)
{
	char longest[CERT_UID_MAX + 2];
	struct pen pen = {.key = &primary};
	struct cert_plan plan = plan_of(&pen);
	struct bytes cert;
	static const char *const bad[] = {"",      "a\nb",   "a\x1b[2J",
	                                  "a\x7f", "Zo\xeb", "\xc0\x80"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		plan.uid = bad[i];
		CHECK_ROW(written(&plan, &cert) == ERR_USAGE, bad[i]);
	}
	CHECK(pen.strokes == 0);
	memset(longest, 'a', sizeof(longest));
	longest[CERT_UID_MAX + 1] = '\0';
	plan.uid = longest;
	CHECK(written(&plan, &cert) == ERR_USAGE);
	longest[CERT_UID_MAX] = '\0';
	CHECK(written(&plan, &cert) == OK);
}

static void a_card_that_fails(void)
{
	struct bytes cert;

	for (unsigned int at = 1; at <= 3; at++) {
		struct pen lost = {.key = &primary, .fail_at = at, .how = ERR_CARD_LOST};
		struct pen wrong = {.key = &primary, .fail_at = at};
		const struct cert_plan a = plan_of(&lost), b = plan_of(&wrong);

		CHECK(written(&a, &cert) == ERR_CARD_LOST && lost.strokes == at);
		CHECK(written(&b, &cert) == ERR_SIGNATURE && wrong.strokes == at);
	}
}

static void what_cannot_be(void)
{
	struct pen pen = {.key = &primary};
	struct cert_plan plan = plan_of(&pen);
	struct bytes cert;
	uint8_t little[64];
	struct writer w = {.p = little, .cap = sizeof(little)};

	plan.sub[1].flags = FLAG_SIGN; /* it would have to sign in return */
	CHECK(written(&plan, &cert) == ERR_UNSUPPORTED);
	plan = plan_of(&pen);
	plan.n_sub = CERT_SUBKEYS_MAX + 1;
	CHECK(written(&plan, &cert) == ERR_USAGE);
	plan = plan_of(&pen);
	plan.created = SOFTKEY_CREATED - 1;
	CHECK(written(&plan, &cert) == ERR_USAGE);
	plan = plan_of(&pen);
	plan.primary = &enc.pub; /* does not sign */
	CHECK(written(&plan, &cert) == ERR_UNSUPPORTED);
	plan = plan_of(&pen);
	CHECK(cert_write(&plan, &w) != OK);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"three keys are found for what they are for",      three_keys       },
	        {"packets come in the order that readers want",     order            },
	        {"keys end when the plan says so",                  the_end          },
	        {"a user id is text, and not too much of it",       names            },
	        {"no signature, or a wrong one, is no certificate", a_card_that_fails},
	        {"keys and times that cannot be are refused",       what_cannot_be   },
	};

	if (crypto_init() != OK || !softkey_signer(CURVE_ED25519, &primary) ||
	    !softkey_ecdh(CURVE_25519, 8, 7, &enc) || !softkey_signer(CURVE_P256, &auth))
		return 1;
	const int rc = check_run(cases, sizeof(cases) / sizeof(cases[0]));
	softkey_free(&primary);
	softkey_free(&enc);
	softkey_free(&auth);
	return rc;
}
