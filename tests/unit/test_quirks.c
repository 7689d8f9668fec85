/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A row for each way in which cards say what they are (docs/CARDS.md): the bytes of the
 * card, and what we make of them. */
#include "card/quirks.h"

#include "crypto/crypto.h"
#include "tests/unit/card_lines.h"
#include "tests/unit/check.h"

enum { STEPS = 12 };

/* What is expected of a card once it is open. */
struct want {
	enum err e;
	int tries;
	bool touch;
	enum card_key_type type;
};

struct row {
	const char *what;
	struct script_step step[STEPS];
	struct want want;
};

static size_t count(const struct script_step *s)
{
	size_t n = 0;

	while (n < STEPS && s[n].cmd)
		n++;
	return n;
}

static void opens_as_wanted(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct row *r = &rows[i];
		const struct card_key_info *key;
		struct script_log log;
		struct card *c = NULL;

		CHECK_ROW(card_open(double_script(r->step, count(r->step), &log), &c) ==
		                  r->want.e,
		          r->what);
		CHECK_ROW(!log.wrong && log.used == count(r->step) && log.verifies == 0,
		          r->what);
		CHECK_ROW((c != NULL) == (r->want.e == OK), r->what);
		if (!c)
			continue;
		key = &card_info(c)->key[CARD_KEY_DEC];
		CHECK_ROW(card_info(c)->tries_user == r->want.tries, r->what);
		CHECK_ROW(key->touch == r->want.touch, r->what);
		CHECK_ROW(key->attr.type == r->want.type, r->what);
		card_close(c);
	}
}

/* clang-format off */
#define OPENED {OK, 3, false, CARD_KEY_ECDH}

static void select_in_every_dialect(void)
{
	static const struct row rows[] = {
		{"SELECT answers with an FCI",
		 {{SELECT, "6F088406D276000124019000", OK}, {SIX_E, FLAT "9000", OK}}, OPENED},
		{"SELECT wants no Le",
		 {{SELECT, "6700", OK}, {"00A4040006D27600012401", "9000", OK}, {SIX_E, FLAT "9000", OK}}, OPENED},
		{"SELECT warns", {{SELECT, "6283", OK}, {SIX_E, FLAT "9000", OK}}, OPENED},
		{"no such application", {{SELECT, "6A82", OK}}, {.e = ERR_WRONG_CARD}},
		{"no such application, by a card that has one", {{SELECT, "6D00", OK}}, {.e = ERR_WRONG_CARD}},
		{"terminated at once", {{SELECT, "6285", OK}}, {.e = ERR_CARD_STATE}},
		{"terminated later", {SEL, {SIX_E, "6285", OK}}, {.e = ERR_CARD_STATE}},
		{"reset by another program before SELECT",
		 {{SELECT, NULL, ERR_CARD_RESET}, SEL, {SIX_E, FLAT "9000", OK}}, OPENED},
		{"reset by another program after it",
		 {SEL, {SIX_E, NULL, ERR_CARD_RESET}, SEL, {SIX_E, FLAT "9000", OK}}, OPENED},
	};
	opens_as_wanted(rows, sizeof(rows) / sizeof(rows[0]));
}

static void six_e_in_every_spelling(void)
{
	static const struct row rows[] = {
		{"without its tag, its parts in 73", {SEL, {SIX_E, AID HIST "736C" PARTS "9000", OK}}, OPENED},
		{"without its tag, flat", {SEL, {SIX_E, FLAT "9000", OK}}, OPENED},
		{"with its tag, one length byte", {SEL, {SIX_E, "6E818D" AID HIST "736C" PARTS "9000", OK}}, OPENED},
		{"with its tag, a length of two bytes", {SEL, {SIX_E, "6E82008D" AID HIST "736C" PARTS "9000", OK}}, OPENED},
		{"lengths of two bytes inside", {SEL, {SIX_E, "6E82008F" AID HIST "7382006C" PARTS "9000", OK}}, OPENED},
		{"padded", {SEL, {SIX_E, "6E818D" AID HIST "736C" PARTS "00009000", OK}}, OPENED},
		{"in two answers", {SEL, {SIX_E, AID HIST "616E", OK}, {"00C000006E", "736C" PARTS "9000", OK}}, OPENED},
		{"only after the right Le", {SEL, {SIX_E, "6C8D", OK}, {"00CA006E8D", AID HIST "736C" PARTS "9000", OK}}, OPENED},
		{"four keys: C5 and CD are longer", {SEL, {SIX_E, AID HIST C0 C2_P256 C4_("03") "C550" FPR FPR FPR FPR
			"CD1000000001000000020000000300000004" "D7020120" "9000", OK}}, {OK, 3, true, CARD_KEY_ECDH}},
		{"touch cached", {SEL, {SIX_E, FLAT "D7020320" "9000", OK}}, {OK, 3, true, CARD_KEY_ECDH}},
		{"touch of the other keys", {SEL, {SIX_E, FLAT "D6020120" "D8020120" "9000", OK}}, OPENED},
		{"2.0", {SEL, {SIX_E, AID_("0200", "0005") HIST PARTS "9000", OK}}, OPENED},
		{"2.2", {SEL, {SIX_E, AID_("0202", "0005") HIST PARTS "9000", OK}}, OPENED},
		{"3.0", {SEL, {SIX_E, AID_("0300", "0005") HIST PARTS "9000", OK}}, OPENED},
		{"3.1", {SEL, {SIX_E, AID_("0301", "0005") HIST PARTS "9000", OK}}, OPENED},
		{"3.3, the first that knows a KDF", {SEL, {SIX_E, AID_("0303", "0005") HIST PARTS "9000", OK},
		  {"00CA00F900", NO_KEY, OK}}, OPENED},
		{"3.4, which is always asked for a KDF", {SEL, {SIX_E, AID_("0304", "0005") HIST PARTS "9000", OK},
		  {"00CA00F900", NO_KEY, OK}}, OPENED},
		{"4.0: as 3.4", {SEL, {SIX_E, AID_("0400", "0005") HIST PARTS "9000", OK}, {"00CA00F900", NO_KEY, OK}}, OPENED},
		{"an object of a tag of three bytes", {SEL, {SIX_E, FLAT "5F8101026162" "9000", OK}}, OPENED},
		{"C4 cut off, and whole alone", {SEL, {SIX_E, AID HIST C0 C2_P256 "C406007F7F7F0300" "C53C" FPR FPR FPR TIMES "9000", OK},
		  {"00CA00C400", "007F7F7F0300039000", OK}}, OPENED},
		{"C4 cut off everywhere", {SEL, {SIX_E, AID HIST C0 C2_P256 "C406007F7F7F0300" "C53C" FPR FPR FPR TIMES "9000", OK},
		  {"00CA00C400", "007F7F7F03009000", OK}}, {.e = ERR_FORMAT}},
		{"2.0: C0 ends in the longest answer, which is no PIN block", {SEL, {SIX_E, AID_("0200", "0005") HIST
			"C00A7C000800080008000100" C2_P256 "C40700FF7F7F030003" "C53C" FPR FPR FPR TIMES "9000", OK}}, OPENED},
		{"PIN block 2 is known, and not wanted", {SEL, {SIX_E, AID HIST "C00A7C000000080000000100" C2_P256 "C407007F7F7F030003"
			"C53C" FPR FPR FPR TIMES "9000", OK}}, OPENED},
		{"PIN block 2 is wanted: no PIN is sent as it was typed", {SEL, {SIX_E, AID HIST "C00A7C000000080000000100" C2_P256
			"C40700FF7F7F030003" "C53C" FPR FPR FPR TIMES "9000", OK}}, {.e = ERR_UNSUPPORTED}},
		{"a PIN may be longer than 127: no PIN block", {SEL, {SIX_E, AID HIST C0 C2_P256
			"C40700FF7F7F030003" "C53C" FPR FPR FPR TIMES "9000", OK}}, OPENED},
		{"1.1", {SEL, {SIX_E, AID_("0101", "0005") HIST PARTS "9000", OK}}, {.e = ERR_UNSUPPORTED}},
	};
	opens_as_wanted(rows, sizeof(rows) / sizeof(rows[0]));
}

static void objects_that_cannot_be_read_as_usual(void)
{
	static const struct row rows[] = {
		{"6E cut off: each alone",
		 {SEL, {SIX_E, "6E82010E" AID HIST "9000", OK}, {"00CA004F00", "D2760001240103020005123456780000" "9000", OK},
		  {"00CA5F5200", "007300008005009000009000", OK}, {"00CA00C000", "7C000000080000000000" "9000", OK},
		  {"00CA00C200", C2_P256 "9000", OK}, {"00CA00C400", "007F7F7F0300039000", OK},
		  {"00CA00C500", FPR FPR FPR "9000", OK}, {"00CA00CD00", "0000000100000002000000039000", OK}}, OPENED},
		{"no 6E: each alone, with and without their tags",
		 {SEL, {SIX_E, NO_KEY, OK}, {"00CA004F00", "D2760001240103020005123456780000" "9000", OK},
		  {"00CA5F5200", "007300008005009000009000", OK}, {"00CA00C000", C0 "9000", OK},
		  {"00CA00C200", C2_P256 "9000", OK}, {"00CA00C400", "007F7F7F0300039000", OK},
		  {"00CA00C500", FPR FPR FPR "9000", OK}, {"00CA00CD00", "0000000100000002000000039000", OK}}, OPENED},
		{"attributes cannot be read at all: the key is tried", {SEL, {SIX_E, AID HIST C0 C4_("03") "C53C" FPR FPR FPR TIMES "9000", OK},
		  {"00CA00C200", NO_KEY, OK}}, {OK, 3, false, CARD_KEY_NONE}},
		{"no C4 anywhere: no card to spend tries on", {SEL, {SIX_E, AID HIST C0 C2_P256 "C53C" FPR FPR FPR TIMES "9000", OK},
		  {"00CA00C400", NO_KEY, OK}}, {.e = ERR_FORMAT}},
		{"C0 is hidden: the KDF is asked for, and there is none",
		 {SEL, {SIX_E, AID HIST C2_P256 C4_("03") "C53C" FPR FPR FPR TIMES "9000", OK},
		  {"00CA00C000", NO_KEY, OK}, {"00CA00F900", NO_KEY, OK}}, OPENED},
		{"KDF announced, off", {SEL, {SIX_E, AID HIST C0_("7D") C2_P256 C4_("03") "C53C" FPR FPR FPR TIMES "9000", OK},
		  {"00CA00F900", "8101009000", OK}}, OPENED},
		{"KDF announced, empty", {SEL, {SIX_E, AID HIST C0_("7D") C2_P256 C4_("03") "C53C" FPR FPR FPR TIMES "9000", OK},
		  {"00CA00F900", "9000", OK}}, OPENED},
		{"KDF announced and not there", {SEL, {SIX_E, AID HIST C0_("7D") C2_P256 C4_("03") "C53C" FPR FPR FPR TIMES "9000", OK},
		  {"00CA00F900", NO_KEY, OK}}, OPENED},
		{"KDF announced and not told: no PIN is sent in the clear", {SEL, {SIX_E, AID HIST C0_("7D") C2_P256 C4_("03") "C53C" FPR FPR FPR TIMES "9000", OK},
		  {"00CA00F900", "6982", OK}}, {.e = ERR_UNSUPPORTED}},
		{"C0 is hidden, and F9 not told", {SEL, {SIX_E, AID_("0304", "000F") HIST C2_P256 C4_("03") "C53C" FPR FPR FPR TIMES "9000", OK},
		  {"00CA00C000", NO_KEY, OK}, {"00CA00F900", "6F00", OK}}, {.e = ERR_UNSUPPORTED}},
		{"no KDF announced, and F9 not told: there is none", {SEL, {SIX_E, AID_("0304", "000F") HIST PARTS "9000", OK},
		  {"00CA00F900", "6F00", OK}}, OPENED},
		{"YubiKey 4: touch is told alone", {SEL, {SIX_E, AID_("0201", "0006") HIST PARTS "9000", OK},
		  {"00CA00D700", "01209000", OK}}, {OK, 3, true, CARD_KEY_ECDH}},
		{"YubiKey NEO: no touch", {SEL, {SIX_E, AID_("0200", "0006") HIST PARTS "9000", OK},
		  {"00CA00D700", "6B00", OK}}, OPENED},
		{"Ledger: touch is told alone, and F9 refused", {SEL, {SIX_E, AID_("0303", "2C97") HIST PARTS "9000", OK},
		  {"00CA00D700", "01209000", OK}, {"00CA00F900", "6985", OK}}, {OK, 3, true, CARD_KEY_ECDH}},
		{"another old card is not asked for touch", {SEL, {SIX_E, AID_("0201", "0005") HIST PARTS "9000", OK}}, OPENED},
		{"nor is YubiKey 5", {SEL, {SIX_E, AID_("0304", "0006") HIST PARTS "D7020020" "9000", OK},
		  {"00CA00F900", NO_KEY, OK}}, OPENED},
	};
	opens_as_wanted(rows, sizeof(rows) / sizeof(rows[0]));
}

/* Only 6285, and what follows it, is a terminated card. */
static void a_kdf_that_is_not_told_is_no_terminated_card(void)
{
	static const struct {
		const char *sw;
		bool used; /* there is no such object, so no KDF */
	} rows[] = {
		{"6982", false}, {"6985", false}, {"6A80", false}, {"6D00", false}, {"6F00", false},
		{"6700", false}, {"6581", false}, {"6400", false}, {"81FF" "9000", false},
		{"6A88", true}, {"6A82", true}, {"6A83", true}, {"6A86", true}, {"6B00", true},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct script_step steps[] = {SEL,
			{SIX_E, AID HIST C0_("7D") C2_P256 C4_("03") "C53C" FPR FPR FPR TIMES "9000", OK},
			{"00CA00F900", rows[i].sw, OK}};
		enum card_flaw flaw = CARD_FLAW_NONE;
		struct script_log log;
		struct card *c = NULL;

		const enum err e = card_open_told(double_script(steps, 3, &log), &flaw, &c);
		CHECK_ROW((e == OK) == rows[i].used && e != ERR_CARD_STATE, rows[i].sw);
		CHECK_ROW(flaw == (rows[i].used ? CARD_FLAW_NONE : CARD_FLAW_KDF), rows[i].sw);
		CHECK_ROW(log.closed || c, rows[i].sw);
		card_close(c);
	}
}

/* C0 does not announce it, and it is there all the same. */
static void a_kdf_that_is_not_announced_is_found(void)
{
	static const struct script_step steps[] = {SEL,
		{SIX_E, AID_("0304", "000F") HIST PARTS "9000", OK},
		{"00CA00F900", "8101038201088304000186A0840830313233343536379000", OK}};
	struct script_log log;
	struct card *c = NULL;

	CHECK(card_open(double_script(steps, 3, &log), &c) == OK);
	CHECK(c && card_info(c)->kdf.active && card_info(c)->kdf.salt_len == 8);
	CHECK(!log.wrong && log.used == 3);
	card_close(c);
}

static void attributes_in_every_variation(void)
{
	static const struct {
		const char *what, *c2; /* with its length, without its tag */
		enum card_key_type type;
		enum curve_id id;
		uint16_t bits;
	} rows[] = {
	        {"RSA",	                "06010800002000",                         CARD_KEY_RSA,   CURVE_NONE,    2048},
	        {"RSA, format CRT and n", "06011000001103", CARD_KEY_RSA, CURVE_NONE, 4096 },
	        {"RSA, format left out",       "05010C000020",                           CARD_KEY_RSA,   CURVE_NONE,    3072},
	        {"RSA, cut off",               "020108",                                 CARD_KEY_NONE,  CURVE_NONE,    0   },
	        {"P-256",                      "09122A8648CE3D030107",                   CARD_KEY_ECDH,  CURVE_P256,    0   },
	        {"P-384",                      "06122B81040022",                         CARD_KEY_ECDH,  CURVE_P384,    0   },
	        {"P-521, with public key", "07122B81040023FF", CARD_KEY_ECDH, CURVE_P521, 0 },
	        {"brainpoolP256r1", "0A122B2403030208010107", CARD_KEY_ECDH, CURVE_BP256, 0 },
	        {"brainpoolP384r1", "0A122B240303020801010B", CARD_KEY_ECDH, CURVE_BP384, 0 },
	        {"brainpoolP512r1, FF", "0B122B240303020801010DFF", CARD_KEY_ECDH, CURVE_BP512, 0 },
	        {"Curve25519",                 "0B122B060104019755010501",               CARD_KEY_ECDH,  CURVE_25519,   0   },
	        {"Curve25519, a byte 00", "0C122B06010401975501050100", CARD_KEY_ECDH, CURVE_25519, 0 },
	        {"Curve25519, a byte of junk", "0C122B06010401975501050113", CARD_KEY_ECDH, CURVE_25519, 0 },
	        {"X25519",                     "04122B656E",                             CARD_KEY_ECDH,  CURVE_25519,   0   },
	        {"X25519, FF",                 "05122B656EFF",                           CARD_KEY_ECDH,  CURVE_25519,   0   },
	        {"Ed25519",                    "0A162B06010401DA470F01",                 CARD_KEY_EDDSA, CURVE_ED25519, 0   },
	        {"Ed25519, new",               "04162B6570",                             CARD_KEY_EDDSA, CURVE_ED25519, 0   },
	        {"ECDSA",                      "09132A8648CE3D030107",                   CARD_KEY_ECDSA, CURVE_P256,    0   },
	        {"secp256k1: not ours",        "06122B8104000A",                         CARD_KEY_ECDH,  CURVE_NONE,    0   },
	        {"an OID without end", "12122B2B2B2B2B2B2B2B2B2B2B2B2B2B2B2B2B", CARD_KEY_NONE, CURVE_NONE, 0 },
	        {"an algorithm of tomorrow",   "02407F",                                 CARD_KEY_NONE,  CURVE_NONE,    0   },
	        {"nothing",                    "00",	                             CARD_KEY_NONE,  CURVE_NONE,    0   },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char six_e[SIX_E_CAP];

		six_e_with(rows[i].c2, six_e);
		const struct script_step steps[] = {
		        {SELECT, "9000", OK},
                        {SIX_E,  six_e,  OK}
                };
		const struct card_key_attr *attr;
		struct script_log log;
		struct card *c = NULL;

		CHECK_ROW(card_open(double_script(steps, 2, &log), &c) == OK,
		          rows[i].what);
		if (!c)
			continue;
		attr = &card_info(c)->key[CARD_KEY_DEC].attr;
		const struct curve *curve =
		        curve_by_oid((struct bytes){attr->oid, attr->oid_len});
		CHECK_ROW(attr->type == rows[i].type && attr->rsa_bits == rows[i].bits,
		          rows[i].what);
		CHECK_ROW((curve ? curve->id : CURVE_NONE) == rows[i].id, rows[i].what);
		card_close(c);
	}
}

/* clang-format on */

static void the_table_has_what_nobody_tells(void)
{
	static const struct {
		const char *what;
		uint16_t manufacturer, version;
		unsigned want;
	} rows[] = {
	        {"YubiKey NEO",     0x0006, 0x0200, QUIRK_TOUCH_TOLD_ALONE},
	        {"YubiKey 4",       0x0006, 0x0201, QUIRK_TOUCH_TOLD_ALONE},
	        {"YubiKey 5",       0x0006, 0x0304, 0                     },
	        {"ZeitControl 2.1", 0x0005, 0x0201, 0                     },
	        {"Ledger",          0x2c97, 0x0303, QUIRK_TOUCH_TOLD_ALONE},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct card_info info = {.manufacturer = rows[i].manufacturer,
		                               .version = rows[i].version};

		CHECK_ROW(quirks_of_card(&info) == rows[i].want, rows[i].what);
	}
	CHECK(quirks_of_reader(0x08e6, 0x4433) == QUIRK_NO_PAD);
	CHECK(quirks_of_reader(0x08e6, 0x3437) == 0);
	CHECK(quirks_of_reader(0, 0) == 0);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"SELECT in every dialect",                      select_in_every_dialect        },
	        {"6E in every spelling",                         six_e_in_every_spelling        },
	        {"objects that cannot be read as usual",
	         objects_that_cannot_be_read_as_usual                                           },
	        {"a KDF that is not told is no terminated card",
	         a_kdf_that_is_not_told_is_no_terminated_card                                   },
	        {"a KDF that is not announced is found",
	         a_kdf_that_is_not_announced_is_found                                           },
	        {"attributes in every variation",                attributes_in_every_variation  },
	        {"the table has what nobody tells",              the_table_has_what_nobody_tells},
	};
	if (crypto_init() != OK)
		return 1;
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
