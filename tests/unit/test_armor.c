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

int main(void)
{
	static const struct check_case cases[] = {
	        {"armor is read with headers, white space and without padding", good},
	        {"damaged armor is refused",                                    bad },
	};

	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
