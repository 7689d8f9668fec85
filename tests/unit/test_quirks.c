/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A row for each way in which cards differ (CARDS.md, 3 and 3.1) that touches us: the
 * bytes of the card, and what we make of them. */
#include "card/quirks.h"

#include <stdio.h>

#include "crypto/crypto.h"
#include "tests/unit/check.h"
#include "tests/unit/double_script.h"

#define SELECT     "00A4040006D2760001240100"
#define SIX_E      "00CA006E00"
#define AID_(v, m) "4F10D27600012401" v m "123456780000"
#define AID        AID_("0304", "000F")
#define HIST       "5F520A00730000800500900000"
#define C0_(flags) "C00A" flags "000000080000000000"
#define C0         C0_("7C")
#define C2_P256    "C209122A8648CE3D030107"
#define C4_(tries) "C407007F7F7F" tries "0003"
#define FPR        "0102030405060708090A0B0C0D0E0F1011121314"
#define TIMES      "CD0C000000010000000200000003"
#define PARTS      C0 C2_P256 C4_("03") "C53C" FPR FPR FPR TIMES /* 108 bytes */
#define FLAT       AID HIST PARTS
#define NO_KEY     "6A88"

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
#define SEL    {SELECT, "9000", OK}

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
		{"3.4", {SEL, {SIX_E, AID_("0304", "0005") HIST PARTS "9000", OK}}, OPENED},
		{"1.1", {SEL, {SIX_E, AID_("0101", "0005") HIST PARTS "9000", OK}}, {.e = ERR_UNSUPPORTED}},
	};
	opens_as_wanted(rows, sizeof(rows) / sizeof(rows[0]));
}

static void objects_that_cannot_be_read_as_usual(void)
{
	static const struct row rows[] = {
		{"no 6E: each alone, with and without their tags",
		 {SEL, {SIX_E, NO_KEY, OK}, {"00CA004F00", "D2760001240103040005123456780000" "9000", OK},
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
		  {"00CA00F900", "6982", OK}}, {.e = ERR_CARD_STATE}},
		{"YubiKey 4: touch is told alone", {SEL, {SIX_E, AID_("0201", "0006") HIST PARTS "9000", OK},
		  {"00CA00D700", "01209000", OK}}, {OK, 3, true, CARD_KEY_ECDH}},
		{"YubiKey NEO: no touch", {SEL, {SIX_E, AID_("0200", "0006") HIST PARTS "9000", OK},
		  {"00CA00D700", "6B00", OK}}, OPENED},
		{"another old card is not asked for touch", {SEL, {SIX_E, AID_("0201", "0005") HIST PARTS "9000", OK}}, OPENED},
		{"nor is YubiKey 5", {SEL, {SIX_E, AID_("0304", "0006") HIST PARTS "D7020020" "9000", OK}}, OPENED},
	};
	opens_as_wanted(rows, sizeof(rows) / sizeof(rows[0]));
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
		char six_e[512];

		(void)snprintf(six_e, sizeof(six_e), "%sC2%s%sC53C%s%s%s%s9000",
		               AID HIST C0, rows[i].c2, C4_("03"), FPR, FPR, FPR, TIMES);
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

/* --- the PIN --- */

#define VERIFY     "0020008206313233343536"
#define GET_C4     "00CA00C400"
#define NOW(tries) "007F7F7F" tries "00039000"

static void refusals_of_a_pin(void)
{
	static const struct {
		const char *what, *before, *sw, *after;
		enum err want;
		int left;
	} rows[] = {
	        {"6982",	                               "03", "6982", NOW("02"), ERR_PIN_WRONG,   2},
	        {"63C2",	                               "03", "63C2", NOW("02"), ERR_PIN_WRONG,   2},
	        {"6982, blocked by it",                        "01", "6982", NOW("00"), ERR_PIN_BLOCKED, 0},
	        {"6983, blocked by it",                        "01", "6983", NOW("00"), ERR_PIN_BLOCKED, 0},
	        {"63C0, blocked by it",                        "01", "63C0", NOW("00"), ERR_PIN_BLOCKED, 0},
	        {"6983 with a counter that says otherwise", "02", "6983", NOW("01"), ERR_PIN_BLOCKED, 0},
	        {"6700: too short, no try spent", "03", "6700", NOW("03"), ERR_PIN_LENGTH, 3 },
	        {"6985: too short, no try spent", "03", "6985", NOW("03"), ERR_PIN_LENGTH, 3 },
	        {"6A80: too short, no try spent", "03", "6A80", NOW("03"), ERR_PIN_LENGTH, 3 },
	        {"6700, but a try was spent",                  "03", "6700", NOW("02"), ERR_PIN_WRONG,   2},
	        {"6F00, and a try was spent",                  "03", "6F00", NOW("02"), ERR_PIN_WRONG,   2},
	        {"6F00, none was",                             "03", "6F00", NOW("03"), ERR_CARD_STATE,  3},
	        {"6982, and the counter cannot be read alone", "03", "6982", NO_KEY, ERR_PIN_WRONG, 2},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char before[512], after[512];

		(void)snprintf(before, sizeof(before),
		               "%sC407007F7F7F%s0003C53C%s%s%s%s9000",
		               AID HIST C0 C2_P256, rows[i].before, FPR, FPR, FPR, TIMES);
		(void)snprintf(after, sizeof(after),
		               "%sC407007F7F7F%s0003C53C%s%s%s%s9000",
		               AID HIST C0 C2_P256, "02", FPR, FPR, FPR, TIMES);
		const bool hidden = strcmp(rows[i].after, NO_KEY) == 0;
		const struct script_step steps[] = {
		        {SELECT, "9000",        OK},
		        {SIX_E,  before,        OK},
		        {VERIFY, rows[i].sw,    OK},
		        {GET_C4, rows[i].after, OK},
		        {SIX_E,  after,         OK}
                };
		AUTO_SECRET *pin = NULL;
		struct script_log log;
		struct card *c = NULL;

		CHECK(secret_copy((struct bytes){(const uint8_t *)"123456", 6}, &pin) ==
		      OK);
		CHECK_ROW(card_open(double_script(steps, 5, &log), &c) == OK,
		          rows[i].what);
		if (!c)
			continue;
		CHECK_ROW(card_verify_user(c, pin, true) == rows[i].want, rows[i].what);
		CHECK_ROW(card_info(c)->tries_user == rows[i].left, rows[i].what);
		CHECK_ROW(log.verifies == 1 && !log.wrong &&
		                  log.used == (hidden ? 5U : 4U),
		          rows[i].what);
		card_close(c);
	}
}

/* --- public keys --- */

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
	        {"no key: 6985",                      "09122A8648CE3D030107",     "6985",                                   ERR_CARD_STATE, 0,  0},
	        {"no key: 6400",                      "09122A8648CE3D030107",     "6400",                                   ERR_CARD_STATE, 0,  0},
	        {"nothing",                           "09122A8648CE3D030107",     "9000",                                   ERR_FORMAT,     0,  0},
	        {"an object longer than the answer", "09122A8648CE3D030107", "7F4982FFFF864104" X32 "9000", ERR_FORMAT, 0, 0},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char six_e[512];

		(void)snprintf(six_e, sizeof(six_e), "%sC2%s%sC53C%s%s%s%s9000",
		               AID HIST C0, rows[i].c2, C4_("03"), FPR, FPR, FPR, TIMES);
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
	        {"SELECT in every dialect",              select_in_every_dialect        },
	        {"6E in every spelling",                 six_e_in_every_spelling        },
	        {"objects that cannot be read as usual",
	         objects_that_cannot_be_read_as_usual                                   },
	        {"attributes in every variation",        attributes_in_every_variation  },
	        {"refusals of a PIN",                    refusals_of_a_pin              },
	        {"public keys in every spelling",        public_keys_in_every_spelling  },
	        {"a reader of T=0 gets short commands",
	         a_reader_of_t0_gets_short_commands                                     },
	        {"the table has what nobody tells",      the_table_has_what_nobody_tells},
	};
	if (crypto_init() != OK)
		return 1;
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
