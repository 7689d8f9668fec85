// SPDX-License-Identifier: GPL-2.0-or-later
/* The virtual card behaves as cards were measured to: keys, KDF, touch, its end. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/check.h"
#include "tests/unit/vcard_talk.h"

static void keys_are_as_measured(void)
{
	static const struct row rows[] = {
	        {"no key",	                        "canokey-like", V82 " " ECDH_256,             "6A88"                                  },
	        {"no key",	                        "gnuk-like",    V82 " " ECDH_256,             "6985"                                  },
	        {"no key",	                        "pico-like",    V82 " " ECDH_256,             "6400"                                  },
	        {"no PIN",	                        "default",      ECDH_256,                     "6982"                                  },
	        {"no public key",                         "default",      "0047810002B80000",           "6A88"                                  },
	        {"generate without PW3",                  "default",      GEN_DEC,                      "6982"                                  },
	        {"public key",                            "default",      V83 " " P256_DEC " " GEN_DEC, "7F4943864104*"                         },
	        {"one-shot PW1",                          "default",
	         V83 " " P256_SIG " " GEN_SIG " " V81 " 002A9E9A010100 002A9E9A010100",
	         "6982"	                                                                                                                 },
	        {"PW1 that stays",                        "pico-like",
	         V83 " " P256_SIG " " GEN_SIG " " V81
	             " 002A9E9A010100 002A9E9A010100 00CA007A00",	                               "93030000029000"                        },
	        {"garbage",	                       "default",
	         V83 " " P256_DEC " " GEN_DEC " " V82 " 002A808603A6010000",                            "6A80"                                  },
	        {"wrong length",                          "gnuk-like",
	         V83 " " P256_DEC " " GEN_DEC " " V82 " 002A808608A6067F490386010400",
	         "6985"	                                                                                                                 },
	        {"attributes that change forget the key", "default",
	         V83 " " P256_DEC " " GEN_DEC " 00DA00C206122B81040022 0047810002B80000",
	         "6A88"	                                                                                                                 },
	        {"MSE",	                           "gnuk-like",    "002241B803830103",           "6D00"                                  },
	        {"MSE",	                           "pico-like",    "002241B803830102",           "9000"                                  },
	        {"MSE to another key",                    "default",
	         V83 " " P256_DEC " " GEN_DEC " " V82 " 002241B803830103 " ECDH_256,
	         "6A88"	                                                                                                                 },
	        {"AES there and back",                    "default",
	         V83 " 00DA00D51000112233445566778899AABBCCDDEEFF " V82
	             " 002A86801000112233445566778899AABBCCDDEEFF00",	                           "0262F679BE2BF0D931641E039CA3401BB29000"},
	        {"AES back",	                      "default",
	         V83 " 00DA00D51000112233445566778899AABBCCDDEEFF " V82
	             " 002A8086110262F679BE2BF0D931641E039CA3401BB200",	                         "00112233445566778899AABBCCDDEEFF9000"  },
	        {"challenge",                             "nitrokey3",    "0084000008",                 "6D00"                                  },
	        {"challenge without Le",                  "default",      "00840000",                   "6700"                                  },
	};
	CHECK_ROWS(rows);
}

static void the_point_of_ecdh_is_whole_on_gnuk_and_x_elsewhere(void)
{
	static const struct {
		const char *profile;
		size_t n;
	} rows[] = {
	        {"default",      32},
	        {"canokey-like", 32},
	        {"gnuk-like",    65},
	        {"yubikey5",     32}
        };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct vcard *v = vcard_new(rows[i].profile, NULL);
		char pub[400], out[400];
		if (v == NULL)
			abort();
		CHECK(last_is(v, SELECT " " V83 " " P256_DEC, "9000"));
		(void)ask(v, GEN_DEC, pub, sizeof(pub));
		CHECK(last_is(v, V82, "9000"));
		(void)ask(v, ECDH_256, out, sizeof(out));
		CHECK_ROW(strlen(out) == 2 * rows[i].n + 4, rows[i].profile);
		/* d times the base point is the public key: 7F4943 8641 04 x y */
		const size_t skip = rows[i].n == 65 ? 10 : 12;
		CHECK_ROW(strncmp(out, pub + skip, 2 * rows[i].n) == 0, rows[i].profile);
		vcard_free(v);
	}
}

static void the_end_of_a_card_is_as_measured(void)
{
	static const struct row rows[] = {
	        {"TERMINATE without PW3",      "default",       "00E60000",                    "6982" },
	        {"TERMINATE with PW3 blocked", "default",       BLOCK3 " 00E60000",            "9000" },
	        {"SELECT",                     "default",       KILL " " SELECT,               "6285" },
	        {"SELECT",                     "canokey-like",  KILL " " SELECT,               "9000" },
	        {"SELECT",                     "smartpgp-like", KILL " " SELECT,               "6285" },
	        {"then",                       "canokey-like",  KILL " " SELECT " 00CA004F00", "6285" },
	        {"then",                       "smartpgp-like", KILL " " SELECT " 00CA004F00", "6D00" },
	        {"then",                       "pico-like",     KILL " 00CA004F00",            "D276*"},
	        {"ACTIVATE",                   "default",       KILL " 00440000 " V81,         "9000" },
	        {"ACTIVATE makes new",         "default",
	         V83 " 00DA005B0141 00E60000 00440000 00CA005B00",                             "9000" },
	        {"ACTIVATE when alive",        "canokey-like",  "00440000",                    "6985" },
	        {"ACTIVATE when alive",        "gnuk-like",     "00440000",                    "6A88" },
	        {"ACTIVATE when alive",        "smartpgp-like", "00440000",                    "9000" },
	};
	CHECK_ROWS(rows);
}

static void certificates_are_three(void)
{
	static const struct row rows[] = {
	        {"one each",        "default",
	         V83 " 00A500040660045C027F21 00DA7F210141 00A501040660045C027F21 "
	             "00DA7F210142 00A500040660045C027F21 00CA7F2100",                "419000"},
	        {"the next",        "default",
	         V83 " 00A501040660045C027F21 00DA7F210142 00A500040660045C027F21 "
	             "00CC7F2100",	                                            "429000"},
	        {"no fourth",       "default",   "00A502040660045C027F21 00CC7F2100", "6A88"  },
	        {"no fourth",       "default",   "00A503040660045C027F21",            "6A88"  },
	        {"another object",  "default",   "00A500040660045C027F22",            "6A80"  },
	        {"one only",        "gnuk-like", "00A500040660045C027F21",            "6D00"  },
	        {"length in front", "yubikey5",  "00A50004070660045C027F21",          "9000"  },
	};
	CHECK_ROWS(rows);
}

/* GnuPG's form: three salts, hashes of "123456" and "12345678". */
#define KDF_TAIL                                                                         \
	"8720773784A602B6C81E3F092F4D7D00E17CC822D88F7360FCF2D2EF2D9D901F44B6"           \
	"88202675D6164A0D4827D1D00C7EEA620D015C00030A1CAB38B4D0DD600B27DC9630"
#define KDF_ON                                                                           \
	"00DA00F96E8101038201088304000186A084083031323334353637850838393031323334358608" \
	"4"                                                                              \
	"142434445464748" KDF_TAIL
#define HASH1 "773784A602B6C81E3F092F4D7D00E17CC822D88F7360FCF2D2EF2D9D901F44B6"
#define HASH3 "2675D6164A0D4827D1D00C7EEA620D015C00030A1CAB38B4D0DD600B27DC9630"

static void kdf_is_set_up_in_both_ways(void)
{
	static const struct row rows[] = {
	        {"hashes become PINs",   "gnuk-like",     V83 " " KDF_ON " 0020008220" HASH1,
	         "9000"	                                                                             },
	        {"and PW3",              "yubikey5",      V83 " " KDF_ON " 0020008320" HASH3,      "9000"   },
	        {"the PIN is none",      "gnuk-like",     V83 " " KDF_ON " " V82,                  "6982"   },
	        {"off again",            "kdf",
	         V83 " " KDF_ON " 0020008320" HASH3 " 00DA00F903810100 " V82,                      "9000"   },
	        {"one salt",             "kdf",
	         V83 " 00DA00F95A8101038201088304000186A084083031323334353637" KDF_TAIL
	             " 0020008220" HASH1,
	         "9000"	                                                                             },
	        {"stored, PINs stay",    "smartpgp-like", V83 " " KDF_ON " " V82,                  "9000"   },
	        {"stored and read",      "smartpgp-like", V83 " " KDF_ON " 00CA00F900",
	         "8101038201*"	                                                                      },
	        {"PINs changed by hand", "pico-like",
	         V83 " 0024008328" PIN3 HASH3 " 0020008320" HASH3 " 002C028120" HASH1
	             " " KDF_ON " 0020008220" HASH1,
	         "9000"	                                                                             },
	        {"no count",             "kdf",           V83 " 00DA00F906810103820108",           "6A80"   },
	        {"unknown kind",         "kdf",           V83 " 00DA00F903810102",                 "6A80"   },
	        {"not with keys",        "gnuk-like",     V83 " " P256_DEC " " GEN_DEC " " KDF_ON,
	         "6985"	                                                                             },
	        {"fixed",                "kdf-single",    "00CA00F900",                            "810103*"},
	};
	CHECK_ROWS(rows);
}

static void a_touch_that_is_missed_is_6600(void)
{
	static const struct row rows[] = {
	        {"set",      "default",       V83 " 00DA00D7020120 00CA00D700",     "01209000"},
	        {"cached",   "default",       V83 " 00DA00D7020320",                "6A80"    },
	        {"cached",   "yubikey5",      V83 " 00DA00D7020320",                "9000"    },
	        {"for good", "default",       V83 " 00DA00D7020220 00DA00D7020020", "6985"    },
	        {"none",     "smartpgp-like", V83 " 00DA00D7020120",                "6A88"    },
	};
	CHECK_ROWS(rows);
	struct vcard *v = vcard_new("yubikey5", NULL);
	if (v == NULL)
		abort();
	CHECK(last_is(v, SELECT " " V83 " " P256_DEC " " GEN_DEC, "7F49*"));
	CHECK(last_is(v, "00DA00D7020120", "9000"));
	CHECK(vcard_press(v, "never", 0));
	CHECK(last_is(v, ECDH_256, "6982"));
	CHECK(vcard_touch_count(v) == 0);
	CHECK(last_is(v, V82 " " ECDH_256, "6600"));
	CHECK(vcard_touch_count(v) == 1);
	CHECK(vcard_press(v, "auto", 0));
	char out[400];
	CHECK(strlen(ask(v, ECDH_256, out, sizeof(out))) == 68);
	CHECK(last_is(v, "00DA00D7020320", "9000"));
	(void)ask(v, ECDH_256, out, sizeof(out));
	CHECK(vcard_press(v, "never", 0)); /* but it is remembered */
	CHECK(strlen(ask(v, ECDH_256, out, sizeof(out))) == 68);
	vcard_reset(v);
	CHECK(last_is(v, SELECT " " V82 " " ECDH_256, "6600"));
	vcard_free(v);
}

/* ISO 7816-3: all bytes but the first add up to nothing where T=1 is offered. */
static void every_profile_starts_with_a_sound_atr(void)
{
	static const char *const profiles[] = {
	        "default",     "gnuk-like",      "canokey-like", "yubikey5",
	        "yubikey-neo", "nitrokey3",      "nitrokey-pro", "librem-key",
	        "yubikey4",    "nitrokey-start", "pico-like",    "v2.0"};
	for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++) {
		struct vcard *v = vcard_new(profiles[i], NULL);
		uint8_t atr[40];
		unsigned sum = 0;
		CHECK_ROW(v != NULL, profiles[i]);
		if (v == NULL)
			continue;
		const size_t n = vcard_atr(v, atr, sizeof(atr));
		CHECK_ROW(n > 10 && atr[0] == 0x3B, profiles[i]);
		for (size_t k = 1; k < n; k++)
			sum ^= atr[k];
		CHECK_ROW(sum == 0, profiles[i]);
		vcard_free(v);
	}
	CHECK(vcard_new("no-such-make", NULL) == NULL);
}

static void a_try_is_on_disk_before_the_answer(void)
{
	char file[] = "/tmp/test_vcard.XXXXXX";
	const int fd = mkstemp(file);
	if (fd < 0)
		abort();
	(void)close(fd); /* an empty file is a new card */
	struct vcard *v = vcard_new("default", file);
	CHECK(v != NULL);
	if (v != NULL)
		CHECK(last_is(v, SELECT " " V81_BAD " " V83_BAD " " V83 " 00DA005B0141",
		              "9000"));
	/* As after a crash: V is not told of it. */
	struct vcard *w = vcard_new(NULL, file);
	CHECK(w != NULL);
	if (w != NULL) {
		CHECK(last_is(w, SELECT " 00CA005B00", "419000"));
		CHECK(last_is(w, "00CA00C400", "007F7F7F0200039000"));
	}
	vcard_free(v);
	vcard_free(w);
	CHECK(unlink(file) == 0);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"keys are as measured",                               keys_are_as_measured            },
	        {"the point of ECDH is whole on Gnuk and x elsewhere",
	         the_point_of_ecdh_is_whole_on_gnuk_and_x_elsewhere                                    },
	        {"the end of a card is as measured",                   the_end_of_a_card_is_as_measured},
	        {"certificates are three",                             certificates_are_three          },
	        {"KDF is set up in both ways",                         kdf_is_set_up_in_both_ways      },
	        {"a touch that is missed is 6600",                     a_touch_that_is_missed_is_6600  },
	        {"every profile starts with a sound ATR",
	         every_profile_starts_with_a_sound_atr                                                 },
	        {"a try is on disk before the answer",
	         a_try_is_on_disk_before_the_answer	                                            },
	};
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
