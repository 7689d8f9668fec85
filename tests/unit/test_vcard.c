// SPDX-License-Identifier: GPL-2.0-or-later
/* The virtual card behaves as cards were measured to: lengths, data objects, PINs. */
#include <stdint.h>
#include <stdlib.h>

#include "tests/unit/check.h"
#include "tests/unit/vcard_talk.h"

static void selection_and_lengths_are_as_measured(void)
{
	static const struct row rows[] = {
	        {"P2 0C",               "default",         "00A4040C06D27600012401",          "9000" },
	        {"P2 0C",               "canokey-like",    "00A4040C06D27600012401",          "6A86" },
	        {"P2 0C",               "smartpgp-like",   "00A4040C06D27600012401",          "9000" },
	        {"P2 0C",               "pico-like",       "00A4040C06D27600012401",          "6A86" },
	        {"unknown application", "gnuk-like",       "00A4040005A000000001",            "6A82" },
	        {"unknown application", "smartpgp-like",   "00A4040005A000000001",            "6D00" },
	        {"FCI",                 "pico-like",       SELECT,                            "6F*"  },
	        {"PIV",                 "default",         "00A4040005A00000030800",          "6A82" },
	        {"PIV",                 "yubikey5",        "00A4040005A00000030800",          "9000" },
	        {"after PIV",           "yubikey5",        "00A4040005A000000308 00CA006E00", "6D00" },
	        {"no Le",               "gnuk-like",       "00CA006E",                        "61*"  },
	        {"no Le",               "canokey-like",    "00CA006E",                        "61*"  },
	        {"no Le",               "smartpgp-like",   "00CA004F",                        "D276*"},
	        {"extended Le",         "gnuk-like",       "00CA006E000000",                  "6700" },
	        {"extended Le",         "smartpgp-like",   "00CA006E000000",                  "6E*"  },
	        {"chaining",            "zeitcontrol-3.4", "102A9E9A020000",                  "6884" },
	        {"exact Le",            "le-6c",           "00CA00C400",                      "6C07" },
	        {"class",               "default",         "80CA006E00",                      "6E00" },
	        {"instruction",         "default",         "00FE0000",                        "6D00" },
	        {"in a chain",          "smartpgp-like",   "102A80860100 00CA004F00",         "6883" },
	        {"in a chain",          "pico-like",       "102A80860100 00CA004F00",         "6883" },
	        {"in a chain",          "gnuk-like",       "102A80860100 00CA004F00",         "D276*"},
	        {"in a chain",          "canokey-like",    "102A80860100 00CA004F00",         "D276*"},
	};
	CHECK_ROWS(rows);
}

static void a_command_above_the_buffer_is_refused(void)
{
	struct vcard *v = vcard_new("smartpgp-like", NULL);
	uint8_t cmd[7 + 1018] = {0x00, 0xDA, 0x01, 0x01, 0x00, 0x03, 0xFA}, resp[10];
	if (v == NULL)
		abort();
	CHECK(last_is(v, SELECT, "9000"));
	CHECK(vcard_apdu(v, cmd, sizeof(cmd), resp, sizeof(resp)) == 2);
	CHECK(resp[0] == 0x67); /* 1025 bytes, one too many for 7F66 */
	cmd[6]--;
	CHECK(vcard_apdu(v, cmd, sizeof(cmd) - 1, resp, sizeof(resp)) == 2);
	CHECK(resp[0] == 0x69); /* the PIN is missing */
	vcard_free(v);
}

static void data_objects_are_as_measured(void)
{
	static const struct row rows[] = {
	        {"6E",	                   "canokey-like",    "00CA006E00",                   "6E8200*"                          },
	        {"6E",	                   "smartpgp-like",   "00CA006E00",                   "6E81*"                            },
	        {"6E",	                   "gnuk-like",       "00CA006E00",                   "4F10D276*"                        },
	        {"6E",	                   "pico-like",       "00CA006E00",                   "4F10D276*"                        },
	        {"6E",	                   "yubikey5",        "00CA006E000000",               "6E8201374F10D2760001240103040006*"},
	        {"65",	                   "canokey-like",    "00CA006500",                   "6582*"                            },
	        {"65",	                   "smartpgp-like",   "00CA006500",                   "5B*"                              },
	        {"7A",	                   "canokey-like",    "00CA007A00",                   "7A82*"                            },
	        {"7A",	                   "pico-like",       "00CA007A00",                   "93030000009000"                   },
	        {"7F66",	                 "canokey-like",    "00CA7F6600",                   "0202053C0202053C9000"             },
	        {"7F66",	                 "smartpgp-like",   "00CA7F6600",                   "7F660802020400020204009000"       },
	        {"7F66",	                 "gnuk-like",       "00CA7F6600",                   "6A88"                             },
	        {"7F66",	                 "nitrokey3",       "00CA7F6600",                   "6A80"                             },
	        {"7F74",	                 "pico-like",       "00CA7F7400",                   "7F74038101209000"                 },
	        {"7F74",	                 "smartpgp-like",   "00CA7F7400",                   "6A88"                             },
	        {"C0",	                   "canokey-like",    "00CA00C000",                   "6A88"                             },
	        {"C0",	                   "smartpgp-like",   "00CA00C000",                   "6A88"                             },
	        {"C0",	                   "yubikey5",        "00CA00C000",                   "7D000BFE080000FF00009000"         },
	        {"C1",	                   "smartpgp-like",   "00CA00C100",                   "C10601*"                          },
	        {"C1",	                   "yubikey5",        "00CA00C100",                   "0108000011009000"                 },
	        {"C1",	                   "yubikey-neo",     "00CA00C100",                   "0108000011039000"                 },
	        {"C5",	                   "canokey-like",    "00CA00C500",                   "6A88"                             },
	        {"DE",	                   "pico-like",       "00CA00DE00",                   "0000010002009000"                 },
	        {"DE",	                   "smartpgp-like",   "00CA00DE00",                   "DE060100020003009000"             },
	        {"DE",	                   "yubikey5",        "00CA00DE00",                   "01000200030081029000"             },
	        {"DE",	                   "v2.0",            "00CA00DE00",                   "6A88"                             },
	        {"D6",	                   "smartpgp-like",   "00CA00D600",                   "6A88"                             },
	        {"D6",	                   "gnuk-like",       "00CA00D600",                   "00209000"                         },
	        {"D9",	                   "yubikey5",        "00CA00D900",                   "00209000"                         },
	        {"D9",	                   "default",         "00CA00D900",                   "6A88"                             },
	        {"F9",	                   "canokey-like",    "00CA00F900",                   "6A88"                             },
	        {"F9",	                   "smartpgp-like",   "00CA00F900",                   "8101009000"                       },
	        {"F9",	                   "gnuk-like",       "00CA00F900",                   "9000"                             },
	        {"FA",	                   "v2.0",            "00CA00FA00",                   "6A88"                             },
	        {"FA",	                   "zeitcontrol-3.4", "00CA00FA00",                   "C106010800*"                      },
	        {"history",                      "yubikey5",        "00CA5F5200",                   "00730000E00590009000"             },
	        {"version",                      "yubikey5",        "00F1000000",                   "0504039000"                       },
	        {"version",                      "yubikey-neo",     "00F1000000",                   "0100109000"                       },
	        {"version",                      "default",         "00F1000000",                   "6D00"                             },
	        {"junk byte",                    "yubikey5-2",      V83 " " P256_DEC " 00CA00C200",
	         "122A8648CE3D030107009000"	                                                                                    },
	        {"a curve it has not",           "nitrokey-start",  V83 " 00DA00C106132B81040022",
	         "6A80"	                                                                                                        },
	        {"a curve it has not",           "zeitcontrol-3.4",
	         V83 " 00DA00C10A162B06010401DA470F01",                                             "6A80"                             },
	        {"new identifier of Curve25519", "default",         V83 " 00DA00C204122B656E",
	         "9000"	                                                                                                        },
	        {"write without PW3",            "default",         "00DA005B0141",                 "6982"                             },
	        {"private 1 wants 82",           "default",         V82 " 00DA01010141",            "9000"                             },
	        {"private 1 is read",            "default",         V82 " 00DA01010141 00CA010100",
	         "419000"	                                                                                                      },
	        {"private 2 wants 83",           "default",         V82 " 00DA01020141",            "6982"                             },
	        {"private 3 is secret",          "default",         "00CA010300",                   "6982"                             },
	        {"private 4 is secret",          "default",         V82 " 00CA010400",              "6982"                             },
	        {"private 4 to PW3",             "default",         V83 " 00CA010400",              "9000"                             },
	        {"name too long",                "default",
	         V83 " 00DA005B28"
	             "41414141414141414141414141414141414141414141414141414141414141414"
	             "141414141414141",	                                                     "6700"	                     },
	};
	CHECK_ROWS(rows);
}

static void pins_are_as_measured(void)
{
	static const struct row rows[] = {
	        {"status",                      "default",       "00200082",                         "63C3"},
	        {"status",                      "yubikey5",      "00200082",                         "6A80"},
	        {"status",                      "v2.0",          "00200082",                         "6A80"},
	        {"verified",                    "default",       V82 " 00200082",                    "9000"},
	        {"81 is not 82",                "default",       V81 " 00200082",                    "63C3"},
	        {"logout",                      "default",       V82 " 0020FF82 00200082",           "63C3"},
	        {"logout",                      "v2.0",          V82 " 0020FF82",                    "6B00"},
	        {"wrong",                       "canokey-like",  V81_BAD,                            "6982"},
	        {"wrong",                       "pico-like",     V81_BAD,                            "63C2"},
	        {"wrong",                       "yubikey-neo",   V81_BAD,                            "63C2"},
	        {"too short",                   "canokey-like",  "002000810131",                     "6700"},
	        {"too short",                   "gnuk-like",     "002000810131",                     "6982"},
	        {"too short counts",            "gnuk-like",     "002000810131 00200081",            "63C2"},
	        {"third",                       "canokey-like",  BLOCK1,                             "6983"},
	        {"third",                       "gnuk-like",     BLOCK1,                             "6982"},
	        {"third",                       "pico-like",     BLOCK1,                             "6983"},
	        {"fourth",                      "gnuk-like",     BLOCK1 " " V81,                     "6983"},
	        {"fourth",                      "smartpgp-like", BLOCK1 " " V81,                     "6982"},
	        {"blocked status",              "smartpgp-like", BLOCK1 " 00200081",                 "63C0"},
	        {"82 after wrong tries",        "gnuk-like",     V82 " " V82_BAD " 00200082",
	         "9000"	                                                                            },
	        {"82 after wrong tries",        "default",       V82 " " V82_BAD " 00200082",        "63C2"},
	        {"C4 counts",                   "default",       V81_BAD " " V83_BAD " 00CA00C400",
	         "007F7F7F0200029000"	                                                              },
	        {"unblock by PW3",              "default",
	         BLOCK1 " " V83 " 002C028106" BAD1 " " V81_BAD,                                      "9000"},
	        {"unblock by PW3 without keys", "gnuk-like",
	         BLOCK1 " " V83 " 002C028106" BAD1,                                                  "6985"},
	        {"unblock without PW3",         "default",       "002C028106" BAD1,                  "6982"},
	        {"no reset code",               "default",       "002C00810E" PIN3 BAD1,             "6983"},
	        {"reset code",                  "default",
	         V83 " 00DA00D308" PIN3 " 002C00810E" PIN3 BAD1 " " V81_BAD,                         "9000"},
	        {"wrong reset code",            "default",
	         V83 " 00DA00D308" PIN3 " 002C00810E3131313131313131" BAD1,                          "6982"},
	        {"and counted",                 "default",
	         V83 " 00DA00D308" PIN3 " 002C00810E3131313131313131" BAD1 " 00CA00C400",
	         "007F7F7F0302039000"	                                                              },
	        {"short reset code",            "default",       V83 " 00DA00D30431323334",          "6A80"},
	        {"change",                      "default",       "002400810C" PIN1 BAD1 " " V81_BAD, "9000"},
	        {"change, old one wrong",       "canokey-like",  "002400810C" BAD1 PIN1,             "6982"},
	        {"change, old one wrong",       "pico-like",     "002400810C" BAD1 PIN1,             "63C2"},
	        {"change, new one short",       "canokey-like",  "0024008107" PIN1 "31",             "6700"},
	        {"change, new one short",       "pico-like",     "0024008107" PIN1 "31",             "6985"},
	        {"more tries",                  "yubikey5",      V83 " 00F2000003050505 00CA00C400",
	         "FF7F7F7F0500059000"	                                                              },
	};
	CHECK_ROWS(rows);
}

/* Behind by one from the fault on, until the card is pulled. */
static void faulty_answers_are_as_told(void)
{
	static const struct {
		const char *fault, *first, *second;
	} rows[] = {
	        {"at=1:late",    "007F*",      "D276*"      },
                {"at=1:stale",   "007F*",      "007F*"      },
	        {"at=2:tlv",     "007F*",      "D283FFFFFF*"},
                {"at=2:sw=63C0", "007F*",      "63C0"       },
	        {"at=1:cut",     "007F7F7F03", "D276*"      },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct vcard *v = vcard_new("default", NULL);
		if (v == NULL)
			abort();
		CHECK(last_is(v, SELECT, "9000"));
		CHECK(vcard_fault(v, rows[i].fault));
		CHECK(last_is(v, "00CA00C400", rows[i].first));
		CHECK(last_is(v, "00CA004F00", rows[i].second));
		vcard_free(v);
	}
	struct vcard *v = vcard_new("default", NULL);
	static uint8_t resp[65536];
	static const uint8_t get[] = {0x00, 0xCA, 0x00, 0x4F, 0x00};
	if (v == NULL)
		abort();
	CHECK(vcard_fault(v, "at=1:huge") && !vcard_fault(v, "at=1:tardy"));
	CHECK(vcard_apdu(v, get, sizeof(get), resp, sizeof(resp)) == 30002);
	vcard_free(v);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"selection and lengths are as measured",
	         selection_and_lengths_are_as_measured                                },
	        {"a command above the buffer is refused",
	         a_command_above_the_buffer_is_refused                                },
	        {"data objects are as measured",          data_objects_are_as_measured},
	        {"PINs are as measured",                  pins_are_as_measured        },
	        {"faulty answers are as told",            faulty_answers_are_as_told  },
	};
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
