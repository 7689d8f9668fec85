/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "card/tlv.h"
#include "core/secret.h"
#include "tests/unit/check.h"

static const struct {
	const char *what;
	uint8_t in[8];
	size_t n;
	enum err want;
	uint32_t tag;
	size_t len;
} rows[] = {
        {"one-byte tag",      {0x5e, 0x02, 1, 2},       4, OK,              0x5e,     2},
        {"two-byte tag",      {0x5f, 0x52, 0x01, 9},    4, OK,              0x5f52,   1},
        {"empty value",       {0x5e, 0x00},             2, OK,              0x5e,     0},
        {"81 length",         {0x5e, 0x81, 0x01, 7},    4, OK,              0x5e,     1},
        {"nothing",           {0},                      0, ERR_FORMAT,      0,        0},
        {"tag only",          {0x5e},                   1, ERR_FORMAT,      0,        0},
        {"half a tag",        {0x5f},                   1, ERR_FORMAT,      0,        0},
        {"value cut short",   {0x5e, 0x03, 1, 2},       4, ERR_FORMAT,      0,        0},
        {"indefinite length", {0x5e, 0x80, 0, 0},       4, ERR_FORMAT,      0,        0},
        {"four length bytes", {0x5e, 0x84, 0, 0, 0, 1}, 6, ERR_FORMAT,      0,        0},
        {"three-byte tag",    {0x5f, 0x81, 0x01, 0},    4, OK,              0x5f8101, 0},
        {"four-byte tag",     {0x5f, 0x81, 0x82, 1, 0}, 5, ERR_UNSUPPORTED, 0,        0},
        {"two thirds of one", {0x5f, 0x81},             2, ERR_FORMAT,      0,        0},
};

static void tlv_next_follows_the_table(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bytes in = {rows[i].in, rows[i].n};
		const struct bytes before = in;
		struct tlv t = {0};

		CHECK(tlv_next(&in, &t) == rows[i].want);
		CHECK(t.tag == rows[i].tag && t.value.n == rows[i].len);
		if (rows[i].want != OK)
			CHECK(in.p == before.p && in.n == before.n);
	}
}

static void secret_shrinking_wipes_the_tail(void)
{
	AUTO_SECRET *s = NULL;

	CHECK(secret_new(16, &s) == OK);
	memset(secret_buf(s), 0xaa, 16);
	CHECK(secret_set_len(s, 16) == OK);
	CHECK(secret_set_len(s, 4) == OK);
	CHECK(secret_buf(s)[3] == 0xaa && secret_buf(s)[4] == 0);
	CHECK(secret_set_len(s, 17) == ERR_BUG);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"tlv_next_follows_the_table",      tlv_next_follows_the_table     },
	        {"secret_shrinking_wipes_the_tail", secret_shrinking_wipes_the_tail},
	};
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
