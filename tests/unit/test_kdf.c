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
	        {"810103820108830403E00000" SALT,                      OK,              true }, /* as gpg writes it */
	        {"810103820108830403E00001" SALT,                      ERR_UNSUPPORTED, false},
	        {"81010382010A830403E00000" SALT,                      OK,              true }, /* SHA-512 */
	        {HEAD "8400",	                                  ERR_FORMAT,      false},
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

#define EIGHT "3031323334353637"

static void salts_may_be_longer_than_the_book_has_them(void)
{
	struct card_info info = {0};

	CHECK(parse(HEAD "8420" EIGHT EIGHT EIGHT EIGHT, &info) == OK);
	CHECK(info.kdf.active && info.kdf.salt_len == 32 && info.kdf_digest_len == 46);
	info = (struct card_info){0};
	CHECK(parse(HEAD "8421" EIGHT EIGHT EIGHT EIGHT "38", &info) == ERR_FORMAT);
	CHECK(!info.kdf.active);
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

/* 81 to 84 are pinned in the record: how they are spelled does not matter, what they say
 * does. */
static void what_is_pinned_is_what_they_say(void)
{
	static const struct {
		const char *what, *in;
		bool same;
	} rows[] = {
	        {"its own tag in front",            "F916" HEAD SALT,                 true },
	        {"three salts",
	         HEAD SALT "850841424344454647488608"
	                   "4142434445464748",	                                true },
	        {"hashes of the PINs behind it",    HEAD SALT "8702AAAA8802BBBB",     true },
	        {"another order",                   SALT HEAD,                        true },
	        {"another count",                   "8101038201088304000186A1" SALT,  false},
	        {"another hash",                    "81010382010A8304000186A0" SALT,  false},
	        {"another salt",                    HEAD "84083031323334353638",      false},
	        {"another salt for the reset code", HEAD SALT "85084142434445464749",
	         true	                                                              },
	};
	struct card_info first = {0};

	CHECK(parse(HEAD SALT, &first) == OK);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct card_info info = {0};

		CHECK_ROW(parse(rows[i].in, &info) == OK, rows[i].what);
		CHECK_ROW((info.kdf_digest_len == first.kdf_digest_len &&
		           memcmp(info.kdf_digest_input, first.kdf_digest_input,
		                  first.kdf_digest_len) == 0) == rows[i].same,
		          rows[i].what);
	}
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"F9 is read in all its forms",                forms_of_f9                    },
	        {"what is pinned is what they say",            what_is_pinned_is_what_they_say},
	        {"the known answer comes out",                 the_known_answer_comes_out     },
	        {"salts may be longer than the book has them",
	         salts_may_be_longer_than_the_book_has_them                                   },
	};
	if (crypto_init() != OK)
		return 1;
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
