/* SPDX-License-Identifier: GPL-2.0-or-later */
/* F9 and what it makes of a PIN. */
#include "card/kdf.h"
#include "core/hex.h"
#include "crypto/crypto.h"
#include "tests/unit/check.h"

#define HEAD "8101038201088304000186A0"
#define SALT "84083031323334353637"

static enum err parse(const char *s, struct card_info *info)
{
	uint8_t b[128];
	const size_t n = strlen(s) / 2;

	CHECK(hex_decode(s, 2 * n, b, n) == OK);
	return kdf_parse((struct bytes){b, n}, info);
}

static void forms_of_f9(void)
{
	static const struct {
		const char *in;
		enum err want;
		bool active;
	} rows[] = {
	        {"",	                                           OK,              false},
	        {"810100",	                                     OK,              false},
	        {"8101000000",	                                 OK,              false},
	        {"F903810100",	                                 OK,              false},
	        {HEAD SALT,	                                    OK,              true },
	        {"F916" HEAD SALT,	                             OK,              true },
	        {HEAD SALT "8508414243444546474886084142434445464748", OK,              true },
	        {HEAD,	                                         ERR_FORMAT,      false},
	        {"8101038201028304000186A0" SALT,                      ERR_UNSUPPORTED, false},
	        {"81010382010883047FFFFFFF" SALT,                      ERR_UNSUPPORTED, false},
	        {"8101058201088304000186A0" SALT,                      ERR_UNSUPPORTED, false},
	        {"8101038201",	                                 ERR_FORMAT,      false},
	        {SALT,	                                         ERR_FORMAT,      false},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct card_info info = {0};

		CHECK_ROW(parse(rows[i].in, &info) == rows[i].want, rows[i].in);
		CHECK_ROW(info.kdf.active == rows[i].active, rows[i].in);
		CHECK_ROW((info.kdf_digest_len == 22) == rows[i].active, rows[i].in);
	}
}

static void the_known_answer_comes_out(void)
{
	AUTO_SECRET *pin = NULL;
	AUTO_SECRET *got = NULL;
	AUTO_SECRET *plain = NULL;
	struct card_info info = {0};
	uint8_t want[32];

	CHECK(hex_decode(
	              "773784A602B6C81E3F092F4D7D00E17CC822D88F7360FCF2D2EF2D9D901F44B6",
	              64, want, 32) == OK);
	CHECK(secret_copy((struct bytes){(const uint8_t *)"123456", 6}, &pin) == OK);
	CHECK(kdf_derive(&info.kdf, pin, &plain) == OK && secret_equal(pin, plain));
	CHECK(parse(HEAD SALT, &info) == OK);
	CHECK(kdf_derive(&info.kdf, pin, &got) == OK && secret_len(got) == 32);
	CHECK(memcmp(secret_view(got).p, want, 32) == 0);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"F9 is read in all its forms", forms_of_f9               },
	        {"the known answer comes out",  the_known_answer_comes_out},
	};
	if (crypto_init() != OK)
		return 1;
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
