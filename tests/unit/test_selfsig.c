/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Certificates put together signature by signature: what each of them brings about. */
#include "tests/unit/check.h"
#include "tests/unit/softkey.h"

enum { T = SOFTKEY_CREATED, NOW = T + 100000, SUBPACKETS = 64 };

/* The hashed subpackets of a signature; MADE: s times 256 seconds after T. */
#define MADE(s)  5, 2, T >> 24 & 255, T >> 16 & 255, (T >> 8 & 255) + (s), T & 255
#define FLAGS(f) 2, 27, f
/* lasting 1000 seconds from the key's creation, and from the signature's */
#define KEY_SHORT 5, 9, 0, 0, 3, 232
#define SIG_SHORT 5, 3, 0, 0, 3, 232
#define NEW_KIND  2, 0x80 | 99, 1
#define LONG_FORM 255, 0, 0, 0, 2, 27, 0x0c
#define BY_ALIEN  9, 16, 1, 2, 3, 4, 5, 6, 7, 8

enum step_kind { NOTHING, UID, UID_SIG, UID_ALIEN, DIRECT, SUBKEY, BINDING, RAW };
struct step {
	enum step_kind kind;
	uint8_t type;
	size_t n;
	uint8_t hashed[SUBPACKETS];
};

static struct softkey primary, sub, alien;
static const struct bytes uid = {(const uint8_t *)"test", 4};

static bool put_step(struct writer *w, const struct step *s)
{
	const struct sig_subject about_uid = {
	        .primary = &primary.pub, .uid_tag = PACKET_USER_ID, .uid = uid};
	const struct sig_subject about_sub = {.primary = &primary.pub,
	                                      .subkey = &sub.pub};
	const struct sig_subject about_key = {.primary = &primary.pub};
	const struct bytes hashed = {s->hashed, s->n};

	switch (s->kind) {
	case UID:
		put_packet(w, PACKET_USER_ID, uid);
		return true;
	case UID_SIG:
		return softkey_put_signature(w, &primary, s->type, &about_uid, hashed);
	case UID_ALIEN:
		return softkey_put_signature(w, &alien, s->type, &about_uid, hashed);
	case DIRECT:
		return softkey_put_signature(w, &primary, s->type, &about_key, hashed);
	case SUBKEY:
		put_packet(w, PACKET_PUBLIC_SUBKEY,
		           (struct bytes){sub.pub.body, sub.pub.body_len});
		return true;
	case BINDING:
		return softkey_put_signature(w, &primary, s->type, &about_sub, hashed);
	case RAW: /* a whole packet */
		put_bytes(w, s->hashed, s->n);
		return true;
	default:
		return true;
	}
}

#define STEP(kind, type, ...)                                                            \
	{                                                                                \
		kind, type, sizeof((uint8_t[]){__VA_ARGS__}),                            \
		{                                                                        \
			__VA_ARGS__                                                      \
		}                                                                        \
	}
#define NAMED STEP(UID, 0, 0), STEP(UID_SIG, 0x13, MADE(1), FLAGS(3))
#define BOUND STEP(SUBKEY, 0, 0), STEP(BINDING, 0x18, MADE(1), FLAGS(0x0c))

static void steps(void)
{
	enum { STEPS = 7 };
	/* clang-format off */
	static const struct {
		const char *what;
		enum err want;
		struct step step[STEPS];
	} rows[] = {
		{"as usual", OK, {NAMED, BOUND}},
		{"no name, a direct signature", OK, {STEP(DIRECT, 0x1f, MADE(1)), BOUND}},
		{"nothing about itself", ERR_NOT_FOUND, {BOUND}},
		{"revoked", ERR_NOT_FOUND, {STEP(DIRECT, 0x20, MADE(2)), NAMED, BOUND}},
		{"revoked by a signature of version 3", ERR_NOT_FOUND,
		 {STEP(RAW, 0, 0xc2, 4, 3, 5, 0x20, 0), NAMED, BOUND}},
		{"a subkey revoked by a signature of version 6", ERR_NOT_FOUND,
		 {NAMED, BOUND, STEP(RAW, 0, 0xc2, 3, 6, 0x28, 0)}},
		{"a subkey revoked by a stranger, who may have the right", ERR_NOT_FOUND,
		 {NAMED, BOUND, STEP(BINDING, 0x28, MADE(2), BY_ALIEN)}},
		{"expired", ERR_NOT_FOUND,
		 {STEP(UID, 0, 0), STEP(UID_SIG, 0x13, MADE(1), FLAGS(3), KEY_SHORT), BOUND}},
		{"expired, then prolonged", OK,
		 {STEP(UID, 0, 0), STEP(UID_SIG, 0x13, MADE(1), KEY_SHORT),
		  STEP(UID_SIG, 0x13, MADE(2), FLAGS(3)), BOUND}},
		{"prolonged, then expired", ERR_NOT_FOUND,
		 {STEP(UID, 0, 0), STEP(UID_SIG, 0x13, MADE(2), KEY_SHORT),
		  STEP(UID_SIG, 0x13, MADE(1), FLAGS(3)), BOUND}},
		{"a name that expired", ERR_NOT_FOUND,
		 {STEP(UID, 0, 0), STEP(UID_SIG, 0x13, MADE(1), SIG_SHORT), BOUND}},
		{"a name that was revoked", ERR_NOT_FOUND,
		 {NAMED, STEP(UID_SIG, 0x30, MADE(2)), BOUND}},
		{"a name that was revoked and made again", OK,
		 {NAMED, STEP(UID_SIG, 0x30, MADE(2)), STEP(UID_SIG, 0x13, MADE(3)), BOUND}},
		{"a stranger's opinion of a name", ERR_NOT_FOUND,
		 {STEP(UID, 0, 0), STEP(UID_ALIEN, 0x13, MADE(1), BY_ALIEN), BOUND}},
		{"a stranger's opinion without his name", ERR_NOT_FOUND,
		 {STEP(UID, 0, 0), STEP(UID_ALIEN, 0x13, MADE(1)), BOUND}},
		{"something that is no certification", OK,
		 {NAMED, STEP(UID_SIG, 0x40, MADE(1)), BOUND}},
		{"a critical subpacket that we do not know", ERR_NOT_FOUND,
		 {NAMED, STEP(SUBKEY, 0, 0), STEP(BINDING, 0x18, MADE(1), NEW_KIND)}},
		{"a binding without a time", ERR_NOT_FOUND,
		 {NAMED, STEP(SUBKEY, 0, 0), STEP(BINDING, 0x18, FLAGS(0x0c))}},
		{"a length of five bytes", OK,
		 {NAMED, STEP(SUBKEY, 0, 0), STEP(BINDING, 0x18, MADE(1), LONG_FORM)}},
		{"a subpacket longer than its area", ERR_FORMAT,
		 {NAMED, STEP(SUBKEY, 0, 0), STEP(BINDING, 0x18, MADE(1), 9, 27)}},
		{"an issuer too short", ERR_FORMAT,
		 {NAMED, STEP(SUBKEY, 0, 0), STEP(BINDING, 0x18, MADE(1), 3, 16, 1, 2)}},
		{"a subkey of another kind", ERR_NOT_FOUND,
		 {NAMED, STEP(RAW, 0, 0xce, 7, 4, 0, 0, 0, 0, 16, 0), STEP(BINDING, 0x18, MADE(1))}},
		{"markers, padding and trust between", OK,
		 {STEP(RAW, 0, 0xca, 3, 'P', 'G', 'P'), NAMED, STEP(RAW, 0, 0xcc, 1, 0),
		  STEP(RAW, 0, 0xd5, 1, 0), BOUND}},
		{"an attribute besides the name", OK,
		 {NAMED, STEP(RAW, 0, 0xd1, 2, 1, 1), BOUND}},
		{"a message besides", ERR_FORMAT, {NAMED, BOUND, STEP(RAW, 0, 0xcb, 1, 0)}},
	};
	/* clang-format on */

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t cert[4096];
		struct writer w = {.p = cert, .cap = sizeof(cert)};
		struct pubkey found[2];
		const char *why = NULL;
		size_t n = 0;

		put_packet(&w, PACKET_PUBLIC_KEY,
		           (struct bytes){primary.pub.body, primary.pub.body_len});
		for (size_t j = 0; j < STEPS; j++)
			CHECK_ROW(put_step(&w, &rows[i].step[j]), rows[i].what);
		CHECK_ROW(cert_encryption_keys(writer_bytes(&w), NOW, found, 2, &n,
		                               &why) == rows[i].want,
		          rows[i].what);
		CHECK_ROW(n == (rows[i].want == OK ? 1 : 0), rows[i].what);
		CHECK_ROW((why != NULL) == (rows[i].want == ERR_NOT_FOUND), rows[i].what);
	}
}

/* Subkeys of different ages, more than there is room for. */
static void newest_first(void)
{
	static const uint32_t age[] = {3, 1, 4, 2};
	static const uint8_t hashed[] = {MADE(1), FLAGS(0x0c)};
	static const struct step name[] = {NAMED};
	uint8_t cert[4096];
	struct writer w = {.p = cert, .cap = sizeof(cert)};
	struct pubkey found[4];
	size_t n = 0;

	put_packet(&w, PACKET_PUBLIC_KEY,
	           (struct bytes){primary.pub.body, primary.pub.body_len});
	CHECK(put_step(&w, &name[0]) && put_step(&w, &name[1]));
	for (size_t i = 0; i < sizeof(age) / sizeof(age[0]); i++) {
		struct pubkey k;
		const struct sig_subject about = {.primary = &primary.pub, .subkey = &k};

		CHECK(pubkey_make_ecdh(T + age[i], sub.pub.curve, sub.pub.oid,
		                       sub.pub.point, 8, 7, &k) == OK);
		put_packet(&w, PACKET_PUBLIC_SUBKEY, (struct bytes){k.body, k.body_len});
		CHECK(softkey_put_signature(&w, &primary, 0x18, &about,
		                            (struct bytes){hashed, sizeof(hashed)}));
	}
	CHECK(cert_encryption_keys(writer_bytes(&w), NOW, found, 4, &n, NULL) == OK);
	CHECK(n == 4);
	for (size_t i = 0; i < 4 && n == 4; i++)
		CHECK(found[i].created == T + 4 - i);
	CHECK(cert_encryption_keys(writer_bytes(&w), NOW, found, 2, &n, NULL) == OK);
	CHECK(n == 2 && found[0].created == T + 4 && found[1].created == T + 3);
}

static void from_the_future(void)
{
	uint8_t cert[4096];
	struct writer w = {.p = cert, .cap = sizeof(cert)};
	struct pubkey found[2];
	const char *why = NULL;
	size_t n = 0;

	CHECK(softkey_put_cert(&w, &primary, &sub, "test", T, false));
	CHECK(cert_encryption_keys(writer_bytes(&w), T - 3600, found, 2, &n, NULL) == OK);
	CHECK(cert_encryption_keys(writer_bytes(&w), T - 48 * 3600, found, 2, &n, &why) ==
	      ERR_NOT_FOUND);
	CHECK(cert_encryption_keys((struct bytes){0}, NOW, found, 2, &n, &why) ==
	      ERR_FORMAT);
	cert[0] = 0xcd; /* no primary key */
	CHECK(cert_encryption_keys(writer_bytes(&w), NOW, found, 2, &n, &why) ==
	      ERR_FORMAT);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"each signature brings about what it says and no more",      steps},
	        {"the newest keys come first, as many as there is room for",
	         newest_first	                                              },
	        {"keys of the future and what is no certificate are refused",
	         from_the_future	                                           },
	};

	if (crypto_init() != OK || !softkey_signer(CURVE_ED25519, &primary) ||
	    !softkey_signer(CURVE_ED25519, &alien) ||
	    !softkey_ecdh(CURVE_25519, HASH_SHA256, CIPHER_AES128, &sub))
		return 1;
	const int rc = check_run(cases, sizeof(cases) / sizeof(cases[0]));
	softkey_free(&primary);
	softkey_free(&alien);
	softkey_free(&sub);
	return rc;
}
