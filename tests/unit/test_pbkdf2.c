/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PBKDF2 with HMAC-SHA256: vectors of RFC 7914, 11, cut to 32 bytes. */
#include <string.h>

#include "core/hex.h"
#include "crypto/crypto.h"
#include "tests/unit/check.h"

enum { LEN = 32, TOO_LONG = 1025 };

static void vectors_of_rfc_7914(void)
{
	static const struct {
		const char *pass, *salt, *out;
		unsigned long iterations;
	} rows[] = {
	        {"passwd",   "salt",
	         "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc", 1    },
	        {"Password", "NaCl",
	         "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56", 80000},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		AUTO_SECRET *in = NULL, *out = NULL;
		char text[2 * LEN + 1];

		CHECK(secret_copy(bytes_of(rows[i].pass), &in) == OK);
		CHECK(pbkdf2_sha256(in, bytes_of(rows[i].salt), rows[i].iterations, LEN,
		                    &out) == OK);
		CHECK(secret_len(out) == LEN);
		hex_encode(secret_view(out), text);
		CHECK_ROW(strcmp(text, rows[i].out) == 0, rows[i].pass);
	}
}

static void too_much_is_refused(void)
{
	static const uint8_t many[TOO_LONG];
	AUTO_SECRET *in = NULL, *out = NULL, *some = NULL;

	CHECK(secret_copy((struct bytes){many, sizeof(many)}, &in) == OK);
	CHECK(secret_copy(bytes_of("x"), &some) == OK);
	CHECK(pbkdf2_sha256(in, bytes_of("salt"), 1, LEN, &out) == ERR_USAGE);
	CHECK(pbkdf2_sha256(some, bytes_of("salt"), 1, TOO_LONG, &out) == ERR_USAGE);
	CHECK(pbkdf2_sha256(some, bytes_of("salt"), 0, LEN, &out) == ERR_CRYPTO);
	CHECK(!out);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"vectors_of_rfc_7914", vectors_of_rfc_7914},
	        {"too_much_is_refused", too_much_is_refused},
	};

	if (crypto_init() != OK)
		return 1;
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
