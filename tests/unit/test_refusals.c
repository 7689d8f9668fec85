/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A row for each way in which cards answer when they are used (docs/CARDS.md): an
 * ECDH, an RSA; and readers of T=0. */
#include "card/card.h"
#include "crypto/crypto.h"
#include "tests/unit/card_lines.h"
#include "tests/unit/check.h"

/* --- deciphering --- */

static enum err decipher_with(const char *info, const char *resp, struct secret **ret)
{
	const struct script_step steps[] = {
	        SEL, {SIX_E,       info, OK},
                 VERIFIES("9000"), {"002A8086*", resp, OK}
        };
	struct script_log log;
	struct card *c = NULL;
	uint8_t point[65] = {4};

	CHECK(card_open(double_script(steps, 4, &log), &c) == OK);
	CHECK(verify_pin(c, "123456", false) == OK);
	enum err e = card_decipher_ecdh(c, (struct bytes){point, 65}, 32, ret);
	CHECK(!log.wrong && log.used == 4);
	card_close(c);
	return e;
}

#define OFF    SIX_E_("03", C2_P256, FPR, "D7020020")
#define ON     SIX_E_("03", C2_P256, FPR, "D7020120")
#define NO_UIF SIX_E_("03", C2_P256, FPR, "")
#define EMPTY  SIX_E_("03", C2_P256, NO_FPR, "D7020020")
#define X32    "2222222222222222222222222222222222222222222222222222222222222222"
#define X31    "22222222222222222222222222222222222222222222222222222222222222"

static void answers_to_ecdh_are_understood(void)
{
	static const struct {
		const char *info, *resp;
		enum err want;
	} rows[] = {
	        {OFF,    X32 "9000",          OK            },
	        {OFF,    X31 "9000",          OK            },
	        {OFF,    "04" X32 X32 "9000", OK            },
	        {OFF,    "00" X32 "9000",     OK            },
	        {OFF,    "03" X32 "9000",     OK            },
	        {OFF,    X32 X32 "9000",      OK            },
	        {OFF,    "05" X32 "9000",     ERR_FORMAT    },
	        {OFF,    "9000",              ERR_FORMAT    },
	        {OFF,    "6600",              ERR_TOUCH     },
	        {ON,     "6982",              ERR_TOUCH     },
	        {NO_UIF, "6982",              ERR_PIN_GONE  },
	        {OFF,    "6982",              ERR_PIN_GONE  },
	        {ON,     "6985",              ERR_TOUCH     },
	        {OFF,    "6985",              ERR_CRYPTO    },
	        {EMPTY,  "6985",              ERR_CARD_STATE},
	        {EMPTY,  "6400",              ERR_CARD_STATE},
	        {ON,     "6400",              ERR_TOUCH     },
	        {OFF,    "6A80",              ERR_CRYPTO    },
	        {OFF,    "6F00",              ERR_CRYPTO    },
	        {OFF,    "6400",              ERR_CRYPTO    },
	        {OFF,    "6700",              ERR_CRYPTO    },
	        {EMPTY,  "6A88",              ERR_CARD_STATE},
	        {OFF,    "6A88",              ERR_CARD_STATE},
	        {OFF,    "6285",              ERR_CARD_STATE},
	        {OFF,    "6D00",              ERR_CARD_STATE},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		AUTO_SECRET *x = NULL;

		CHECK_ROW(decipher_with(rows[i].info, rows[i].resp, &x) == rows[i].want,
		          rows[i].resp);
		CHECK_ROW((x != NULL) == (rows[i].want == OK), rows[i].resp);
		if (x)
			CHECK_ROW(secret_len(x) == 32 && secret_view(x).p[31] == 0x22,
			          rows[i].resp);
	}
}

static enum err decipher_again(struct card *c)
{
	const uint8_t point[65] = {4};
	AUTO_SECRET *x = NULL;

	return card_decipher_ecdh(c, (struct bytes){point, 65}, 32, &x);
}

/* 6982 to a PIN that was just verified is a PIN that is gone, once; then it is what it
 * was taken for before. */
static void a_pin_that_is_gone_is_said_once(void)
{
	static const struct {
		const char *what, *info;
		enum err then;
	} rows[] = {
	        {"touch not told", NO_UIF, ERR_TOUCH     },
	        {"no touch",       OFF,    ERR_CARD_STATE},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct script_step steps[] = {
		        SEL,
		        {SIX_E,       rows[i].info, OK},
		        VERIFIES("9000"),
		        {"002A8086*", "6982",       OK},
		        VERIFIES("9000"),
		        {"002A8086*", "6982",       OK},
		        {"002A8086*", X32 "9000",   OK},
		        {"002A8086*", "6982",       OK},
		};
		struct script_log log;
		struct card *c = NULL;

		CHECK(card_open(double_script(steps, 8, &log), &c) == OK);
		CHECK(verify_pin(c, "123456", false) == OK);
		CHECK_ROW(decipher_again(c) == ERR_PIN_GONE, rows[i].what);
		CHECK(verify_pin(c, "123456", false) == OK);
		CHECK_ROW(decipher_again(c) == rows[i].then, rows[i].what);
		CHECK_ROW(decipher_again(c) == OK, rows[i].what);
		CHECK_ROW(decipher_again(c) == ERR_PIN_GONE, rows[i].what);
		CHECK_ROW(!log.wrong && log.used == 8, rows[i].what);
		card_close(c);
	}
}

/* A key that wants a touch: the first 6982 is that, one after a use is the PIN. */
static void a_pin_for_one_use_is_told_from_a_missed_touch(void)
{
	const struct script_step steps[] = {
	        SEL,
	        {SIX_E,       ON,         OK},
	        VERIFIES("9000"),
	        {"002A8086*", X32 "9000", OK},
	        {"002A8086*", "6982",     OK},
	        VERIFIES("9000"),
	        {"002A8086*", "6982",     OK},
	};
	struct script_log log;
	struct card *c = NULL;

	CHECK(card_open(double_script(steps, 7, &log), &c) == OK);
	CHECK(verify_pin(c, "123456", false) == OK && decipher_again(c) == OK);
	CHECK(decipher_again(c) == ERR_PIN_GONE);
	CHECK(verify_pin(c, "123456", false) == OK && decipher_again(c) == ERR_TOUCH);
	CHECK(!log.wrong && log.used == 7);
	card_close(c);
}

/* 7.2.11: lengths of 128 and more take two bytes; Curve25519 has no 40 in front. */
static void a_point_is_wrapped_as_its_length_wants(void)
{
	static const struct {
		const char *what, *cmd;
		size_t point, field;
	} rows[] = {
	        {"P-256",           "002A808648A6467F4943864104*",           65,  32},
	        {"P-384",           "002A808668A6667F4963866104*",           97,  48},
	        {"P-521",           "002A80868FA6818C7F4981888681850400*",   133, 66},
	        {"brainpoolP512r1", "002A80868BA681887F498184868181040000*", 129, 64},
	        {"Curve25519",      "002A808627A6257F492286200400*",         32,  32},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct script_step steps[] = {
		        SEL,
		        INFO("03"),
		        VERIFIES("9000"),
		        {rows[i].cmd, "6A80", OK},
		};
		const uint8_t point[133] = {4};
		AUTO_SECRET *x = NULL;
		struct script_log log;
		struct card *c = NULL;

		CHECK(card_open(double_script(steps, 4, &log), &c) == OK);
		CHECK(verify_pin(c, "123456", false) == OK);
		CHECK_ROW(card_decipher_ecdh(c, (struct bytes){point, rows[i].point},
		                             rows[i].field, &x) == ERR_CRYPTO,
		          rows[i].what);
		CHECK_ROW(!log.wrong && log.used == 4, rows[i].what);
		card_close(c);
	}
}

/* Curve25519: 32 native bytes, with or without the 40 that OpenPGP writes in front. */
static void answers_on_curve25519_are_understood(void)
{
	static const struct {
		const char *resp;
		enum err want;
	} rows[] = {
	        {X32 "9000",      OK        },
	        {"40" X32 "9000", OK        },
	        {"04" X32 "9000", ERR_FORMAT},
	        {X31 "9000",      ERR_FORMAT}, /* a zero byte may be at either end */
	        {X32 X32 "9000",  ERR_FORMAT},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct script_step steps[] = {
		        SEL,
		        INFO("03"),
		        VERIFIES("9000"),
		        {"002A808627*", rows[i].resp, OK},
		};
		const uint8_t point[32] = {9};
		AUTO_SECRET *x = NULL;
		struct script_log log;
		struct card *c = NULL;

		CHECK(card_open(double_script(steps, 4, &log), &c) == OK);
		CHECK(verify_pin(c, "123456", false) == OK);
		CHECK_ROW(card_decipher_ecdh(c, (struct bytes){point, 32}, 32, &x) ==
		                  rows[i].want,
		          rows[i].resp);
		CHECK_ROW(!x || (secret_len(x) == 32 && secret_view(x).p[0] == 0x22),
		          rows[i].resp);
		CHECK_ROW(!log.wrong && log.used == 4, rows[i].resp);
		card_close(c);
	}
}

/* An OpenPGP number has no zeros in front; the card wants as many bytes as its modulus.
 */
static void an_rsa_number_is_padded_to_the_modulus(void)
{
	static const struct {
		const char *what, *first;
		size_t n; /* bytes of the number */
	} rows[] = {
	        {"full",        "102A8086FE00ABABAB*", 256},
	        {"a byte less", "102A8086FE0000ABAB*", 255},
	        {"two less",    "102A8086FE000000AB*", 254},
	};
	uint8_t number[257] = {0};

	memset(number + 1, 0xab, 256);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (size_t zero = 0; zero < 2; zero++) {
			const struct script_step steps[] = {
			        SEL,
			        {SIX_E,   SIX_E_("03", "C206010800002000", FPR, ""), OK},
			        VERIFIES("9000"),
			        {rows[i].first,    "9000",             OK                              },
			        {"002A808603*","ABCD9000",OK},
			};
			const struct bytes in = {number + 1 - zero, rows[i].n + zero};
			AUTO_SECRET *out = NULL;
			struct script_log log;
			struct card *c = NULL;

			CHECK(card_open(double_script(steps, 5, &log), &c) == OK);
			CHECK(verify_pin(c, "123456", false) == OK);
			CHECK_ROW(card_decipher_rsa(c, in, &out) == OK, rows[i].what);
			CHECK_ROW(out && secret_len(out) == 2, rows[i].what);
			CHECK_ROW(!log.wrong && log.used == 5, rows[i].what);
			card_close(c);
		}
}

/* --- readers --- */

/* T=0, as in QEMU's reader and old ones: no Le behind data, nothing longer than 255 bytes
 * whatever the card can do; 61xx says what is there. */
static void a_reader_of_t0_gets_short_commands(void)
{
	static const struct script_step steps[] = {
	        {"00A4040006D27600012401", "9000",                                 OK},
	        {SIX_E,
	         AID "5F520A00730000400500900000" C0
	             "C206010800002000" C4_("03") "C53C" FPR FPR FPR TIMES "9000",
	         OK	                                                          },
	        {VERIFY,                   "9000",	                         OK},
	        {"102A8086FE*",            "9000",                                 OK},
	        {"002A808603*",            "6102",                                 OK},
	        {"00C0000002",             "ABCD9000",                             OK},
	};
	static const uint8_t number[256] = {0x80};
	AUTO_SECRET *pin = NULL, *out = NULL;
	struct script_log log;
	struct card *c = NULL;

	struct transport *t = double_script(steps, 6, &log);
	t->t0 = true;
	t->extended = EXTENDED_NO;
	CHECK(secret_copy((struct bytes){(const uint8_t *)"123456", 6}, &pin) == OK);
	CHECK(card_open(t, &c) == OK && card_verify_user(c, pin, false) == OK);
	CHECK(card_decipher_rsa(c, (struct bytes){number, 256}, &out) == OK);
	CHECK(out && secret_len(out) == 2 && !log.wrong && log.used == 6);
	card_close(c);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"answers to ECDH are understood",                answers_to_ecdh_are_understood },
	        {"a PIN that is gone is said once",               a_pin_that_is_gone_is_said_once},
	        {"a PIN for one use is told from a missed touch",
	         a_pin_for_one_use_is_told_from_a_missed_touch                                   },
	        {"answers on Curve25519 are understood",
	         answers_on_curve25519_are_understood                                            },
	        {"an RSA number is padded to the modulus",
	         an_rsa_number_is_padded_to_the_modulus                                          },
	        {"a point is wrapped as its length wants",
	         a_point_is_wrapped_as_its_length_wants                                          },
	        {"a reader of T=0 gets short commands",
	         a_reader_of_t0_gets_short_commands                                              },
	};
	if (crypto_init() != OK)
		return 1;
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
