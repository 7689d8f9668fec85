/* SPDX-License-Identifier: GPL-2.0-or-later */
/* UTF-8, with the rows that Unicode's own conformance chapter names. */
#include "core/utf8.h"

#include <string.h>

#include "tests/unit/check.h"

static void characters(void)
{
	static const struct {
		const char *what, *in;
		size_t want;
	} rows[] = {
	        {"a letter",                   "a",                1},
	        {"nothing",                    "",                 0},
	        {"two bytes",                  "\xc3\xa9",         2},
	        {"the first of two",           "\xc2\x80",         2},
	        {"overlong of two",            "\xc1\xbf",         0},
	        {"three bytes",                "\xe2\x82\xac",     3},
	        {"overlong of three",          "\xe0\x9f\xbf",     0},
	        {"the last before surrogates", "\xed\x9f\xbf",     3},
	        {"a surrogate",                "\xed\xa0\x80",     0},
	        {"the last surrogate",         "\xed\xbf\xbf",     0},
	        {"four bytes",                 "\xf0\x9f\x94\x92", 4},
	        {"overlong of four",           "\xf0\x8f\xbf\xbf", 0},
	        {"the last of all",            "\xf4\x8f\xbf\xbf", 4},
	        {"beyond the last",            "\xf4\x90\x80\x80", 0},
	        {"a lead that is none",        "\xf5\x80\x80\x80", 0},
	        {"a tail alone",               "\x80",             0},
	        {"cut off",                    "\xe2\x82",         0},
	        {"a letter for a tail",        "\xc3(",            0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CHECK_ROW(utf8_len((struct bytes){(const uint8_t *)rows[i].in,
		                                  strlen(rows[i].in)}) == rows[i].want,
		          rows[i].what);
}

static bool is_text(const char *s, size_t n)
{
	return utf8_is_text((struct bytes){(const uint8_t *)s, n});
}

static void texts(void)
{
	CHECK(is_text("", 0));
	CHECK(is_text("Zo\xc3\xab \xf0\x9f\x94\x92", 9));
	CHECK(!is_text("Zo\xc3", 3));
	CHECK(!is_text("Zo\xeb", 3));
	CHECK(!is_text("a\0b", 3));
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"characters",       characters},
	        {"texts of several", texts     },
	};

	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
