/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>

#include "openpgp/armor.h"
#include "openpgp/packet.h"
#include "tests/unit/check.h"
#include "tests/unit/softkey.h"

enum { NOW = SOFTKEY_CREATED + 100000 };

static enum err keys_of(const struct softcert *c, size_t *n, const char **why)
{
	static struct pubkey out[4];

	return cert_encryption_keys((struct bytes){c->data, c->n}, NOW, out, 4, n, why);
}

static struct softkey key;

static void usable(void)
{
	struct softcert c;
	struct pubkey out[2];
	size_t n = 0;

	CHECK(softkey_cert(&key, 0x0c, 0, false, &c));
	CHECK(cert_encryption_keys((struct bytes){c.data, c.n}, NOW, out, 2, &n, NULL) ==
	      OK);
	CHECK(n == 1 && memcmp(out[0].fpr, key.pub.fpr, PGP_FPR_LEN) == 0);
	CHECK(cert_encryption_keys((struct bytes){c.data, c.n}, NOW, out, 0, &n, NULL) ==
	      ERR_NOT_FOUND);
}

static void refused(void)
{
	static const struct {
		const char *what;
		uint8_t flags;
		uint32_t lifetime;
		bool revoke;
	} rows[] = {
	        {"not for encryption", 0x02, 0,    false},
	        {"expired",            0x0c, 1000, false},
	        {"revoked",            0x0c, 0,    true },
	};
	struct softcert c;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *why = NULL;
		size_t n = 99;

		CHECK(softkey_cert(&key, rows[i].flags, rows[i].lifetime, rows[i].revoke,
		                   &c));
		CHECK_ROW(keys_of(&c, &n, &why) == ERR_NOT_FOUND, rows[i].what);
		CHECK_ROW(n == 99 && why != NULL, rows[i].what);
	}
}

static void forged(void)
{
	struct softcert c;
	const char *why = NULL;
	size_t n;

	CHECK(softkey_cert(&key, 0x0c, 0, false, &c));
	for (size_t i = 2; i < c.n; i += 7) {
		c.data[i] ^= 0x10;
		/* the left 16 bits of the hash and slack in bit counts are not looked at
		 */
		if (keys_of(&c, &n, &why) == OK)
			CHECK(n == 1);
		c.data[i] ^= 0x10;
	}
	c.data[c.n - 1] ^= 1; /* s of the binding */
	CHECK(keys_of(&c, &n, &why) == ERR_NOT_FOUND);
	c.data[c.n - 1] ^= 1;
	c.data[c.uid_n - 1] ^= 1; /* s of the self-signature */
	CHECK(keys_of(&c, &n, &why) == ERR_NOT_FOUND);
}

static void foreign_subkey(void)
{
	struct softcert a = {0}, b = {0};
	const char *why = NULL;
	size_t n;

	CHECK(softkey_cert(&key, 0x0c, 0, false, &a) &&
	      softkey_cert(&key, 0x0c, 0, false, &b));
	memcpy(a.data + a.uid_n, b.data + b.uid_n, b.n - b.uid_n); /* another's binding */
	a.n = a.uid_n + b.n - b.uid_n;
	CHECK(keys_of(&a, &n, &why) == ERR_NOT_FOUND);
}

static void false_revocation(void)
{
	struct softcert c;
	size_t n = 0;

	CHECK(softkey_cert(&key, 0x0c, 0, true, &c));
	c.data[c.n - 1] ^= 1; /* without an issuer it claims to be our own, and is not */
	CHECK(keys_of(&c, &n, NULL) == OK && n == 1);
}

static void two(void)
{
	struct softcert c;
	size_t n;

	CHECK(softkey_cert(&key, 0x0c, 0, false, &c));
	memcpy(c.data + c.n, c.data, c.n);
	c.n *= 2;
	CHECK(keys_of(&c, &n, NULL) == ERR_FORMAT);
}

/* softkey_cert()'s with a primary key that could encrypt, but is not meant to. */
static void expired_under_rsa(void)
{
	static const uint8_t short_life[] = {5,    2, 0x5f, 0x5e, 0x10, 0, 2, 27,
	                                     0x0c, 5, 9,    0,    0,    0, 9};
	static const uint8_t certify[] = {5, 2, 0x5f, 0x5e, 0x10, 0, 2, 27, 0x03};
	static const uint8_t uid[] = {'a'};
	uint8_t cert[8192];
	struct writer w = {.p = cert, .cap = sizeof(cert)};
	struct softkey rsa;
	struct pubkey out[2];
	const char *why = NULL;
	size_t n = 0;

	CHECK(softkey_rsa(&rsa));
	put_packet(&w, PACKET_PUBLIC_KEY, (struct bytes){rsa.pub.body, rsa.pub.body_len});
	put_packet(&w, PACKET_USER_ID, (struct bytes){uid, sizeof(uid)});
	CHECK(softkey_put_signature(&w, &rsa, 0x13,
	                            &(struct sig_subject){
	                                    .primary = &rsa.pub,
	                                    .uid_tag = PACKET_USER_ID,
	                                    .uid = {uid, sizeof(uid)}
        },
	                            (struct bytes){certify, sizeof(certify)}));
	put_packet(&w, PACKET_PUBLIC_SUBKEY,
	           (struct bytes){key.pub.body, key.pub.body_len});
	CHECK(softkey_put_signature(
	        &w, &rsa, 0x18,
	        &(struct sig_subject){.primary = &rsa.pub, .subkey = &key.pub},
	        (struct bytes){short_life, sizeof(short_life)}));
	CHECK(cert_encryption_keys(writer_bytes(&w), NOW, out, 2, &n, &why) ==
	      ERR_NOT_FOUND);
	CHECK(why && strstr(why, "has expired") && strstr(why, "expire)"));
	softkey_free(&rsa);
}

/* What is no certificate, but is known. */
static void told(void)
{
	struct softcert c = {0};
	struct writer w = {.p = c.data, .cap = sizeof(c.data)};
	const char *why = NULL;
	char *armor = NULL, twice[16384];
	size_t n = 0, armor_n = 0;

	CHECK(softkey_put_secret(&w, PACKET_SECRET_KEY, &key));
	c.n = w.n;
	CHECK(keys_of(&c, &n, &why) == ERR_FORMAT && why && strstr(why, "secret key"));
	why = NULL;
	CHECK(softkey_cert(&key, 0x0c, 0, false, &c));
	CHECK(armor_write(ARMOR_PUBLIC_KEY, (struct bytes){c.data, c.n}, &armor,
	                  &armor_n) == OK);
	memcpy(c.data + c.n, c.data, c.n);
	c.n *= 2;
	CHECK(keys_of(&c, &n, &why) == ERR_FORMAT && why && strstr(why, "more than one"));
	why = NULL;
	const int len = snprintf(twice, sizeof(twice), "%s%s", armor, armor);
	c.n = (size_t)len;
	CHECK(c.n <= sizeof(c.data));
	memcpy(c.data, twice, c.n);
	CHECK(keys_of(&c, &n, &why) == ERR_FORMAT && why && strstr(why, "more than one"));
	free(armor);
}

/* Keys of other makers' formats: said to be that, and not to be exported anew. */
static void other_kinds_are_told(void)
{
	static const struct {
		uint8_t version, alg;
		const char *why;
	} rows[] = {
	        {6, 27, "version 4"},
                {5, 22, "version 4"},
                {3, 1,  "version 4"},
	        {4, 27, "algorithm"},
                {4, 17, "algorithm"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct softcert c = {
		        .data = {0xc6, 42, rows[i].version, 0x63, 0x87, 0x7f, 0xe3,
		                 rows[i].alg, 0, 0, 0, 32},
		        .n = 44
                };
		const char *why = NULL;
		size_t n = 99;

		CHECK_ROW(keys_of(&c, &n, &why) == ERR_UNSUPPORTED && n == 99,
		          rows[i].why);
		CHECK_ROW(why && strstr(why, rows[i].why), rows[i].why);
	}
}

static void text_before(void)
{
	struct softcert c;
	char *armor = NULL, text[16384];
	size_t n = 0, armor_n = 0;

	CHECK(softkey_cert(&key, 0x0c, 0, false, &c));
	CHECK(armor_write(ARMOR_PUBLIC_KEY, (struct bytes){c.data, c.n}, &armor,
	                  &armor_n) == OK);
	const int len =
	        snprintf(text, sizeof(text), "pub   cv25519\nuid   a\n\n%s", armor);
	c.n = (size_t)len;
	memcpy(c.data, text, c.n);
	CHECK(keys_of(&c, &n, NULL) == OK && n == 1);
	free(armor);
}

static void cut(void)
{
	struct softcert c;
	size_t n;

	CHECK(softkey_cert(&key, 0x0c, 0, false, &c));
	const size_t whole = c.n;
	for (c.n = 0; c.n < whole; c.n++)
		CHECK(keys_of(&c, &n, NULL) != OK);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"a bound encryption key is found",                                      usable              },
	        {"keys not meant for it, expired and revoked are refused with a reason",
	         refused	                                                                             },
	        {"a binding or self-signature that does not verify binds nothing",
	         forged	                                                                              },
	        {"a subkey of another certificate is not taken",                         foreign_subkey      },
	        {"a revocation that the key did not make does not count",
	         false_revocation	                                                                    },
	        {"two certificates in one file are refused",                             two                 },
	        {"a key that expired is told, whatever the primary key could do",
	         expired_under_rsa	                                                                   },
	        {"a secret key and several certificates are told",                       told                },
	        {"keys of other versions and algorithms are told",                       other_kinds_are_told},
	        {"text before the armor is passed over",                                 text_before         },
	        {"a certificate that is cut short has no keys",                          cut                 },
	};

	if (crypto_init() != OK || !softkey_ecdh(CURVE_25519, 8, 7, &key))
		return 1;
	const int rc = check_run(cases, sizeof(cases) / sizeof(cases[0]));
	softkey_free(&key);
	return rc;
}
