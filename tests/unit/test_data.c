/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What cards say of themselves, in all their spellings. */
#include "card/atr.h"
#include "card/data.h"
#include "core/hex.h"
#include "tests/unit/check.h"

#define AID    "4F10D276000124010304000F123456780000"
#define HIST   "5F520A00730000800500900000"
#define C0     "C00A7D000000080000000000"
#define C2RSA  "C206010800002000"
#define C2P256 "C20A122A8648CE3D030107FF"
#define C4     "C407007F7F7F030003"

struct input {
	uint8_t b[512];
	struct bytes v;
};

static struct bytes hex(const char *s, struct input *i)
{
	const size_t n = strlen(s) / 2;

	CHECK(n <= sizeof(i->b) && hex_decode(s, 2 * n, i->b, n) == OK);
	return (struct bytes){i->b, n};
}

static void both_spellings_of_6e_are_read(void)
{
	static const char *const forms[] = {
	        AID HIST C0 C2RSA C4,        /* flat */
	        AID HIST "731F" C0 C2RSA C4, /* nested; length checked below */
	        "0000" AID "FF" HIST C0 "00" C2RSA C4 "FF", /* padding */
	};
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct card_data d = {0};
		struct input in;

		struct bytes v = hex(forms[i], &in);
		if (i == 1) /* 73 and the rest of it */
			in.b[strlen(AID HIST) / 2 + 1] =
			        (uint8_t)(strlen(C0 C2RSA C4) / 2);
		CHECK_ROW(data_parse(v, &d) == OK, forms[i]);
		CHECK_ROW(data_finish(&d) == OK, forms[i]);
		CHECK(strcmp(d.info.ident, "000F:12345678") == 0 &&
		      d.info.version == 0x0304);
		CHECK(d.info.tries_user == 3 && d.info.pin_max == 127 &&
		      d.info.pin_min == 6);
		CHECK(d.info.chaining && !d.info.extended && d.kdf_announced);
		CHECK(d.info.key[CARD_KEY_DEC].attr.type == CARD_KEY_RSA);
		CHECK(d.info.key[CARD_KEY_DEC].attr.rsa_bits == 2048);
	}
}

static void the_lower_counter_and_the_first_object_count(void)
{
	struct card_data d = {0};
	struct input in;

	CHECK(data_parse(hex(AID C4 "C407007F7F7F010003" C2RSA C2P256, &in), &d) == OK);
	CHECK(d.info.tries_user == 1);
	CHECK(d.info.key[CARD_KEY_DEC].attr.type == CARD_KEY_RSA);
}

static void junk_behind_an_oid_is_cut(void)
{
	struct card_data d = {0};
	struct input in;

	CHECK(data_parse_one(TAG_ATTR_DEC, hex(C2P256, &in), &d) == OK);
	CHECK(d.info.key[CARD_KEY_DEC].attr.type == CARD_KEY_ECDH);
	CHECK(d.info.key[CARD_KEY_DEC].attr.oid_len == 8);
}

static void nonsense_is_refused_and_changes_nothing(void)
{
	static const struct {
		const char *in;
		enum err want;
	} rows[] = {
	        {AID "C50400000000",                        ERR_FORMAT    },
	        {AID "C48500",                              ERR_FORMAT    },
	        {"4F10A0000000000103040000000000010000" C4, ERR_WRONG_CARD},
	        {"4F04D2760001" C4,                         ERR_FORMAT    },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct card_data d = {0};
		struct input in;

		CHECK_ROW(data_parse(hex(rows[i].in, &in), &d) == rows[i].want,
		          rows[i].in);
		CHECK(d.have == 0);
	}
}

static void old_versions_are_not_supported_and_future_ones_are_tried(void)
{
	static const struct {
		uint16_t version;
		enum err want;
		enum card_flaw flaw;
	} rows[] = {
	        {0x0101, ERR_UNSUPPORTED, CARD_FLAW_OLD },
	        {0x0201, OK,              CARD_FLAW_NONE},
	        {0x0400, OK,              CARD_FLAW_NONE},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct card_data d = {0};
		struct input in;

		CHECK(data_parse(hex(AID C4, &in), &d) == OK);
		d.info.version = rows[i].version;
		CHECK(data_finish(&d) == rows[i].want && d.flaw == rows[i].flaw);
	}
}

#define FPR "0102030405060708090A0B0C0D0E0F1011121314"

/* What a new card leaves empty, and a C4 of which nobody knows what was left out. */
static void what_is_empty_or_too_short_is_not_there(void)
{
	static const struct {
		const char *in;
		unsigned lacks, keys;
	} rows[] = {
	        {AID C4 "C000",           HAVE_EXT_CAPS,     0},
	        {AID C4 "C500",           HAVE_FINGERPRINTS, 0},
	        {AID C4 "CD00",           HAVE_TIMES,        0},
	        {AID C4 "C514" FPR,       0,                 1},
	        {AID C4 "C528" FPR FPR,   0,                 2},
	        {AID "C406007F7F7F0300",  HAVE_PW_STATUS,    0},
	        {AID "C400",              HAVE_PW_STATUS,    0},
	        {AID C4 "5F8101026162",   0,                 0},
	        {AID "C400" C4 "C000" C0, 0,                 0},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct card_data d = {0};
		unsigned keys = 0;
		struct input in;

		CHECK_ROW(data_parse(hex(rows[i].in, &in), &d) == OK, rows[i].in);
		CHECK_ROW((d.have & rows[i].lacks) == 0, rows[i].in);
		for (size_t k = 0; k < CARD_KEYS; k++)
			keys += d.info.key[k].present;
		CHECK_ROW(keys == rows[i].keys, rows[i].in);
		const bool counts = rows[i].lacks != HAVE_PW_STATUS;
		CHECK_ROW(data_finish(&d) == (counts ? OK : ERR_FORMAT), rows[i].in);
		CHECK_ROW(d.flaw == (counts ? CARD_FLAW_NONE : CARD_FLAW_COUNTERS),
		          rows[i].in);
	}
}

static void an_answer_to_reset_announces_extended_length(void)
{
	static const struct {
		const char *what, *atr;
		bool want;
	} rows[] = {
	        {"OpenPGP card 3.4",               "3BDA18FF81B1FE751F030031F573C001600590001C",     true },
	        {"YubiKey 5",                      "3BFD1300008131FE158073C021C057597562694B657940", true },
	        {"only chaining",                  "3BDA11FF81B1FE551F03003184738001800590006E",     false},
	        {"ZeitControl 2.1",                "3BDA18FF81B1FE751F030031C573C001400090000C",     true },
	        {"Gnuk",	                   "3BDA11FF81B1FE551F0300318473800180059000E1",     false},
	        {"YubiKey NEO: a name",            "3BFC1300008131FE15597562696B65794E454F7233E1",
	         false	                                                                            },
	        {"Nitrokey 3",                     "3B8C01804A4E6974726F6B657920337D",               false},
	        {"CanoKey: a name",                "3BF71100008131FE6543616E6F6B657999",             false},
	        {"a name like capabilities",       "3B056573C0C0C0",                                 false},
	        {"the same as compact TLV",        "3B058073C0C0C0",                                 true },
	        {"no historical bytes",            "3B00",                                           false},
	        {"cut off in the capabilities",    "3B038073C0",                                     false},
	        {"cut off in the interface bytes", "3BDA18FF81",                                     false},
	        {"rounds without end",             "3B858080808080808080808080808080808073C0C0",
	         false	                                                                            },
	        {"one byte",                       "3B",	                                     false},
	        {"nothing",                        "",	                                       false},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct input in;

		CHECK_ROW(atr_extends(hex(rows[i].atr, &in)) == rows[i].want,
		          rows[i].what);
	}
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"both spellings of 6E are read",                            both_spellings_of_6e_are_read},
	        {"the lower counter and the first object count",
	         the_lower_counter_and_the_first_object_count                                             },
	        {"junk behind an OID is cut",                                junk_behind_an_oid_is_cut    },
	        {"nonsense is refused and changes nothing",
	         nonsense_is_refused_and_changes_nothing                                                  },
	        {"an answer to reset announces extended length",
	         an_answer_to_reset_announces_extended_length                                             },
	        {"old versions are not supported and future ones are tried",
	         old_versions_are_not_supported_and_future_ones_are_tried                                 },
	        {"what is empty or too short is not there",
	         what_is_empty_or_too_short_is_not_there                                                  },
	};
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
