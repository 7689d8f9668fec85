/* SPDX-License-Identifier: GPL-2.0-or-later */
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
	        {"a bound encryption key is found",                                      usable        },
	        {"keys not meant for it, expired and revoked are refused with a reason",
	         refused	                                                                       },
	        {"a binding or self-signature that does not verify binds nothing",
	         forged	                                                                        },
	        {"a subkey of another certificate is not taken",                         foreign_subkey},
	        {"a revocation that the key did not make does not count",
	         false_revocation	                                                              },
	        {"two certificates in one file are refused",                             two           },
	        {"a certificate that is cut short has no keys",                          cut           },
	};

	if (crypto_init() != OK || !softkey_ecdh(CURVE_25519, 8, 7, &key))
		return 1;
	const int rc = check_run(cases, sizeof(cases) / sizeof(cases[0]));
	softkey_free(&key);
	return rc;
}
