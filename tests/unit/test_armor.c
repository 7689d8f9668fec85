/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "openpgp/armor.h"
#include "tests/unit/check.h"

#define B "-----BEGIN PGP MESSAGE-----\n"
#define E "-----END PGP MESSAGE-----\n"

static enum err read_text(const char *text, const char *want)
{
	const struct bytes in = {(const uint8_t *)text, strlen(text)};
	uint8_t *out = NULL;
	size_t n = 0;
	enum err e = armor_read(in, &out, &n);

	if (e == OK)
		CHECK(n == strlen(want) && memcmp(out, want, n) == 0);
	free(out);
	return e;
}

/* =sDy3 by: printf 'hello world' | gpg 2.2.40 --enarmor */
static void good(void)
{
	CHECK(read_text(B "\naGVsbG8gd29ybGQ=\n=sDy3\n" E, "hello world") == OK);
	CHECK(read_text(B "Version: x\nComment: y\n\naGVsbG8gd29ybGQ=\n" E,
	                "hello world") == OK);
	CHECK(read_text(" \r\n" B "\r\naGVs\r\nbG8gd29ybGQ=\r\n" E "\n \n",
	                "hello world") == OK);
	CHECK(read_text(B "\naGVsbG8gd29ybGQ\n" E, "hello world") == OK);
	CHECK(read_text(B "\naGVs\n" E, "hel") == OK);
}

static void bad(void)
{
	static const char *const rows[] = {
	        "",
	        B,
	        B "\n",
	        B E,
	        B "\n" E,
	        B "\naGVsbG8gd29ybGQ=\n",
	        B "aGVs\n\naGVs\n" E,
	        B "\na*Vs\n" E,
	        B "\naGVsbG8gd29ybGQ=\n=AAAA\n" E,
	        B "\naGVs\n=AAA*\n" E,
	        B "\naGVs\n" E B "\naGVs\n" E,
	        B "\naGVs\n" E "more",
	        "text " B "\naGVs\n" E,
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CHECK_ROW(read_text(rows[i], "") == ERR_FORMAT, rows[i]);
}

static void written(void)
{
	/* by: printf 'hello world' | gpg 2.2.40 --enarmor, but for the names */
	static const char want[] =
	        "-----BEGIN PGP SIGNATURE-----\n\naGVsbG8gd29ybGQ=\n=sDy3\n"
	        "-----END PGP SIGNATURE-----\n";
	uint8_t data[200], *back = NULL;
	char *out = NULL;
	size_t n = 0, back_n = 0;

	CHECK(armor_write(ARMOR_SIGNATURE,
	                  (struct bytes){(const uint8_t *)"hello world", 11}, &out,
	                  &n) == OK);
	CHECK(n == sizeof(want) - 1 && memcmp(out, want, n) == 0);
	free(out);
	out = NULL;
	CHECK(armor_write(ARMOR_MESSAGE, (struct bytes){0}, &out, &n) == ERR_USAGE);
	CHECK(out == NULL);
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7);
	for (size_t len = 1; len <= sizeof(data); len++) {
		CHECK(armor_write(ARMOR_PUBLIC_KEY, (struct bytes){data, len}, &out,
		                  &n) == OK);
		CHECK(armor_own((struct bytes){(uint8_t *)out, n}, &back, &back_n) == OK);
		CHECK(back_n == len && memcmp(back, data, len) == 0);
		free(back);
		free(out);
	}
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"armor is read with headers, white space and without padding", good   },
	        {"damaged armor is refused",                                    bad    },
	        {"armor is written as gpg writes it, and read again",           written},
	};

	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
