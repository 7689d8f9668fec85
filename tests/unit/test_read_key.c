/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A row for each way in which cards tell a public key, or do not (docs/CARDS.md). */
#include <stdio.h>

#include "card/card.h"
#include "crypto/crypto.h"
#include "tests/unit/card_lines.h"
#include "tests/unit/check.h"

/* clang-format off */

#define N512(first)                                                                      \
	first "00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF"         \
	      "00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEE"
#define X32 "2222222222222222222222222222222222222222222222222222222222222222"

static void public_keys_in_every_spelling(void)
{
	static const struct {
		const char *what, *c2, *resp;
		enum err want;
		size_t n, e; /* bytes: of n or of the point, of e */
	} rows[] = {
	        {"RSA", "06010800002000", "7F49478140" N512("80") "82030100019000", OK, 64, 3},
	        {"RSA, e of four bytes", "06010800002000", "7F49488140" N512("80") "8204000100019000", OK, 64, 3},
	        {"RSA, n with a zero in front", "06010800002000", "7F4948814100" N512("80") "82030100019000", OK, 64, 3},
	        {"RSA, without the outer tag", "06010800002000", "8140" N512("80") "82030100019000", OK, 64, 3},
	        {"RSA, in two answers",               "06010800002000",           NULL,                                     OK,             64, 3},
	        {"RSA, e first", "06010800002000", "7F49478203010001" "8140" N512("80") "9000", OK, 64, 3},
	        {"P-256", "09122A8648CE3D030107", "7F4943864104" X32 X32 "9000", OK, 65, 0 },
	        {"P-256, compressed: not understood", "09122A8648CE3D030107", "7F4923862102" X32 "9000", ERR_FORMAT, 0, 0},
	        {"Curve25519", "0B122B060104019755010501", "7F49228620" X32 "9000", OK, 32, 0},
	        {"Curve25519 with 40 in front", "0B122B060104019755010501", "7F4923862140" X32 "9000", OK, 32, 0},
	        {"no key: 6A88",                      "09122A8648CE3D030107",     "6A88",                                   ERR_CARD_STATE, 0,  0},
	        {"no key: 6A82",                      "09122A8648CE3D030107",     "6A82",                                   ERR_CARD_STATE, 0,  0},
	        {"not told: 6985",                    "09122A8648CE3D030107",     "6985",                                   ERR_CARD_REFUSES, 0,  0},
	        {"not told: 6400",                    "09122A8648CE3D030107",     "6400",                                   ERR_CARD_REFUSES, 0,  0},
	        {"not told: 6F00",                    "09122A8648CE3D030107",     "6F00",                                   ERR_CARD_REFUSES, 0,  0},
	        {"not told: 6982",                    "09122A8648CE3D030107",     "6982",                                   ERR_CARD_REFUSES, 0,  0},
	        {"not told: 6581",                    "09122A8648CE3D030107",     "6581",                                   ERR_CARD_REFUSES, 0,  0},
	        {"nothing",                           "09122A8648CE3D030107",     "9000",                                   ERR_FORMAT,     0,  0},
	        {"an object longer than the answer", "09122A8648CE3D030107", "7F4982FFFF864104" X32 "9000", ERR_FORMAT, 0, 0},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char six_e[SIX_E_CAP];

		six_e_with(rows[i].c2, six_e);
		const struct script_step steps[] = {
		        {SELECT,             "9000",                                   OK},
		        {SIX_E,              six_e,                                    OK},
		        {"0047810002B80000",
		         rows[i].resp ? rows[i].resp : "7F49478140" N512("80") "6105",
		         OK		                                              },
		        {"00C0000005",       "82030100019000",                         OK},
		};
		struct card_pubkey k = {0};
		struct script_log log;
		struct card *c = NULL;

		CHECK_ROW(card_open(double_script(steps, 4, &log), &c) == OK,
		          rows[i].what);
		if (!c)
			continue;
		CHECK_ROW(card_read_pubkey(c, CARD_KEY_DEC, &k) == rows[i].want,
		          rows[i].what);
		CHECK_ROW((rows[i].e ? k.rsa_n.n : k.point.n) == rows[i].n &&
		                  k.rsa_e.n == rows[i].e,
		          rows[i].what);
		CHECK_ROW(!log.wrong && log.used == (rows[i].resp ? 3U : 4U),
		          rows[i].what);
		card_close(c);
	}
}

/* clang-format on */

/* --- which keys there are --- */

/* A fingerprint that could be an object of 58 bytes. */
#define C5_LIKE "C53A0304050607080900000000000000000000FF"
#define NO_C5   AID HIST C0 C2_P256 C4_("03") TIMES "D7020020"
#define EMPTY   SIX_E_("03", C2_P256, NO_FPR, "D7020020")

/* clang-format off */
static void fingerprints_are_told_or_not(void)
{
	static const struct {
		const char *what, *six_e, *alone; /* NULL: not asked for */
		bool told, present;
	} rows[] = {
	        {"in 6E",                            SIX_E_("03", C2_P256, FPR, ""), NULL,                     true,  true },
	        {"in 6E: no key",                    EMPTY,                          NULL,                     true,  false},
	        {"alone",                            NO_C5 "9000",                   FPR FPR FPR "9000",       true,  true },
	        {"alone, with its tag",              NO_C5 "9000",                   "C53C" FPR FPR FPR "9000", true, true },
	        {"alone: no key",                    NO_C5 "9000",                   NO_FPR NO_FPR NO_FPR "9000", true, false},
	        {"alone, the signature key's only",  NO_C5 "9000",                   FPR "9000",               true,  false},
	        {"empty in 6E, and not alone",       NO_C5 "C5009000",               "6A88",                   true,  false},
	        {"empty in 6E, and there alone",     NO_C5 "C5009000",               FPR FPR FPR "9000",       true,  true },
	        {"empty alone",                      NO_C5 "9000",                   "9000",                   true,  false},
	        {"nowhere: 6A88",                    NO_C5 "9000",                   "6A88",                   false, false},
	        {"nowhere: 6982",                    NO_C5 "9000",                   "6982",                   false, false},
	        {"nowhere: 6D00",                    NO_C5 "9000",                   "6D00",                   false, false},
	        {"begins as its own tag does",       NO_C5 "9000",                   C5_LIKE FPR FPR "9000",   true,  true },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct script_step steps[] = {SEL, {SIX_E, rows[i].six_e, OK}, {"00CA00C500", rows[i].alone, OK}};
		struct script_log log;
		struct card *c = NULL;

		CHECK_ROW(card_open(double_script(steps, 3, &log), &c) == OK, rows[i].what);
		if (!c)
			continue;
		CHECK_ROW(card_info(c)->fpr_told == rows[i].told, rows[i].what);
		CHECK_ROW(card_info(c)->key[CARD_KEY_DEC].present == rows[i].present, rows[i].what);
		CHECK_ROW(!log.wrong && log.used == (rows[i].alone ? 3U : 2U), rows[i].what);
		card_close(c);
	}
}

/* Who is told that there is no key makes one, over one that is there. */
static void without_a_fingerprint_few_refusals_mean_no_key(void)
{
	static const struct {
		const char *sw;
		enum err of_none, not_told; /* fingerprints of zeros, and no C5 */
	} rows[] = {
	        {"6A88", ERR_CARD_STATE,   ERR_CARD_STATE  },
	        {"6A82", ERR_CARD_STATE,   ERR_CARD_STATE  },
	        {"6985", ERR_CARD_STATE,   ERR_CARD_REFUSES},
	        {"6400", ERR_CARD_STATE,   ERR_CARD_REFUSES},
	        {"6982", ERR_CARD_REFUSES, ERR_CARD_REFUSES},
	        {"6F00", ERR_CARD_REFUSES, ERR_CARD_REFUSES},
	        {"6581", ERR_CARD_REFUSES, ERR_CARD_REFUSES},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct script_step of_none[] = {SEL, {SIX_E, EMPTY, OK}, {"0047810002B80000", rows[i].sw, OK}};
		const struct script_step not_told[] = {SEL, {SIX_E, NO_C5 "9000", OK}, {"00CA00C500", "6A88", OK},
			{"0047810002B80000", rows[i].sw, OK}};
		struct card_pubkey k;
		struct script_log log;
		struct card *c = NULL;

		CHECK(card_open(double_script(of_none, 3, &log), &c) == OK);
		CHECK_ROW(card_read_pubkey(c, CARD_KEY_DEC, &k) == rows[i].of_none, rows[i].sw);
		c = card_close(c);
		CHECK(card_open(double_script(not_told, 4, &log), &c) == OK);
		CHECK_ROW(card_read_pubkey(c, CARD_KEY_DEC, &k) == rows[i].not_told, rows[i].sw);
		CHECK_ROW(!log.wrong && log.used == 4, rows[i].sw);
		c = card_close(c);
	}
}

/* clang-format on */

/* A card that cuts short answers off at 256 bytes, instead of 61xx. */
static void a_public_key_that_was_cut_off_is_asked_for_in_extended_length(void)
{
	char cut[2 * 256 + 5], whole[2 * 270 + 5];

	(void)snprintf(whole, sizeof(whole), "7F4982010981820100%0*d82030100019000",
	               2 * 256, 1);
	(void)snprintf(cut, sizeof(cut), "%.*s9000", 2 * 256, whole);
	const struct script_step steps[] = {
	        SEL,
	        {SIX_E,
	          AID "5F520A00730000C00500900000" C0
	             "C206010800002000" C4_("03") "C53C" FPR FPR FPR TIMES "9000",
	          OK	                                                         },
	        {"0047810002B80000",       cut,                                   OK},
	        {"00478100000002B8000800", whole,                                 OK},
	};
	struct card_pubkey k = {0};
	struct script_log log;
	struct card *c = NULL;

	struct transport *t = double_script(steps, 4, &log);
	t->extended = EXTENDED_YES;
	CHECK(card_open(t, &c) == OK);
	CHECK(card_read_pubkey(c, CARD_KEY_DEC, &k) == OK && k.rsa_e.n == 3);
	CHECK(!log.wrong && log.used == 4);
	card_close(c);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"public keys in every spelling",                                 public_keys_in_every_spelling},
	        {"fingerprints are told or not",                                  fingerprints_are_told_or_not },
	        {"without a fingerprint few refusals mean no key",
	         without_a_fingerprint_few_refusals_mean_no_key                                                },
	        {"a public key that was cut off is asked for in extended length",
	         a_public_key_that_was_cut_off_is_asked_for_in_extended_length                                 },
	};
	if (crypto_init() != OK)
		return 1;
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
