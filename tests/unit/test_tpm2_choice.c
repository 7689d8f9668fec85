/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which PCRs may be chosen, and what is said against them. */
#include <string.h>

#include "tests/unit/check.h"
#include "unlock/tpm2_choice.h"

#define BIT(n) (1U << (n))

static void profiles_are_what_they_are_called(void)
{
	struct tpm2_choice c = {0};

	CHECK(tpm2_choice_profile("uefi", &c) == OK);
	CHECK(c.mask == (BIT(4) | BIT(7) | BIT(8) | BIT(9) | BIT(13)) && c.cap == 13);
	CHECK(tpm2_choice_profile("heads", &c) == OK);
	CHECK(c.mask == 0xbf && c.cap == 4); /* 0 to 7, but not 6 */
	CHECK(tpm2_choice_profile("Heads", &c) == ERR_USAGE);
	CHECK(tpm2_choice_profile("", &c) == ERR_USAGE);
}

static void lists_are_read_strictly(void)
{
	static const struct {
		const char *text;
		enum err e;
		uint32_t mask;
	} rows[] = {
	        {"7",          OK,          BIT(7) | BIT(13)                  },
	        {"7+8+9",      OK,          BIT(7) | BIT(8) | BIT(9) | BIT(13)},
	        {"9,8,7",      OK,          BIT(7) | BIT(8) | BIT(9) | BIT(13)},
	        {"0+13",       OK,          BIT(0) | BIT(13)                  },
	        {"15",         OK,          BIT(15) | BIT(13)                 },
	        {"13",         ERR_REFUSED, 0                                 },
	        {"16",         ERR_REFUSED, 0                                 },
	        {"7+23",       ERR_REFUSED, 0                                 },
	        {"17",         ERR_REFUSED, 0                                 },
	        {"22",         ERR_REFUSED, 0                                 },
	        {"",           ERR_USAGE,   0	                         },
	        {"24",         ERR_USAGE,   0                                 },
	        {"100",        ERR_USAGE,   0                                 },
	        {"07",         ERR_USAGE,   0                                 },
	        {"00",         ERR_USAGE,   0                                 },
	        {"7+7",        ERR_USAGE,   0                                 },
	        {"7++8",       ERR_USAGE,   0                                 },
	        {"+7",         ERR_USAGE,   0                                 },
	        {"7+",         ERR_USAGE,   0                                 },
	        {"7 8",        ERR_USAGE,   0                                 },
	        {"7;8",        ERR_USAGE,   0                                 },
	        {"-1",         ERR_USAGE,   0                                 },
	        {"0x7",        ERR_USAGE,   0                                 },
	        {"all",        ERR_USAGE,   0                                 },
	        {"4294967303", ERR_USAGE,   0                                 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct tpm2_choice c = {0};

		CHECK_ROW(tpm2_choice_list(rows[i].text, &c) == rows[i].e, rows[i].text);
		CHECK_ROW(c.mask == rows[i].mask, rows[i].text);
		if (rows[i].e == OK)
			CHECK_ROW(c.cap == 13 &&
			                  c.cap_added == !strstr(rows[i].text, "13"),
			          rows[i].text);
	}
}

static void a_list_is_written_as_it_is_read(void)
{
	char text[TPM2_LIST_MAX];

	tpm2_list(BIT(7) | BIT(8) | BIT(13), text);
	CHECK(strcmp(text, "7+8+13") == 0);
	tpm2_list(0, text);
	CHECK(*text == '\0');
	tpm2_list(TPM2_PCRS_ALL, text);
	CHECK(strcmp(text + strlen(text) - 6, "+22+23") == 0);
}

static void what_was_chosen_before_is_known_again(void)
{
	struct tpm2_choice c;

	CHECK(tpm2_choice_profile("heads", &c) == OK);
	CHECK(tpm2_choice_of(c.mask, c.cap).profile == TPM2_HEADS);
	CHECK(tpm2_choice_of(c.mask, 5).profile == TPM2_LIST);
	CHECK(tpm2_choice_profile("uefi", &c) == OK);
	CHECK(tpm2_choice_of(c.mask, c.cap).profile == TPM2_UEFI);
	CHECK(tpm2_choice_of(c.mask | BIT(0), c.cap).profile == TPM2_LIST);
}

static void handles_are_persistent_ones(void)
{
	static const char *const bad[] = {"",          "1",          "41000001",
	                                  "8100000",   "810000011",  "0x",
	                                  "x81000001", "0X81000001", "8100000g"};
	uint32_t h = 0;

	CHECK(tpm2_handle("81000001", &h) == OK && h == 0x81000001);
	CHECK(tpm2_handle("0x8100ABCD", &h) == OK && h == 0x8100abcd);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_ROW(tpm2_handle(bad[i], &h) == ERR_USAGE, bad[i]);
}

/* measured: into these something was. */
static unsigned doubts(const char *list, uint32_t measured, bool saved)
{
	struct tpm2_choice c = {0};
	struct tpm2_pcrs p = {.bank = HASH_SHA256};

	if (tpm2_choice_profile(list, &c) != OK)
		CHECK_ROW(tpm2_choice_list(list, &c) == OK, list);
	p.mask = c.mask;
	for (unsigned i = 0; i < TPM2_PCRS; i++)
		if ((measured & BIT(i)) != 0)
			p.value[i][31] = 1;
	return tpm2_doubts(&c, &p, saved);
}

static void doubts_are_told(void)
{
	static const struct {
		const char *list;
		uint32_t measured;
		bool saved;
		unsigned doubts;
	} rows[] = {
	        {"uefi",   BIT(4) | BIT(8) | BIT(9),  false, 0                                 },
 /* systemd-boot: nothing in 8 */
	        {"uefi",   BIT(4) | BIT(9),           false, 0                                 },
	        {"uefi",   BIT(7) | BIT(8) | BIT(9),  false, TPM2_DOUBT_LOADER                 },
	        {"uefi",   BIT(4) | BIT(7),           false, TPM2_DOUBT_EMPTY                  },
	        {"uefi",   0,                         false, TPM2_DOUBT_EMPTY                  },
	        {"uefi",   BIT(4) | BIT(9) | BIT(13), false, TPM2_DOUBT_CAP                    },
	        {"7+8+9",  BIT(4) | BIT(8) | BIT(9),  false, TPM2_DOUBT_LOADER                 },
	        {"0+7",    BIT(0) | BIT(7),           false, TPM2_DOUBT_SET                    },
	        {"14",     0,                         false, TPM2_DOUBT_SET                    },
	        {"4+12",   BIT(4) | BIT(12),          false, 0                                 },
	        {"4+10",   BIT(4) | BIT(10),          false, TPM2_DOUBT_SET | TPM2_DOUBT_MOVING},
	        {"4+9+15", BIT(4) | BIT(9),           true,  0                                 },
	        {"4+11",   BIT(4) | BIT(11),          false, TPM2_DOUBT_MOVING                 },
	        {"11",     0,                         true,  TPM2_DOUBT_EMPTY                  },
	        {"heads",  BIT(2) | BIT(4) | BIT(7),  false, TPM2_DOUBT_SET                    },
	        {"heads",  BIT(4),                    false, TPM2_DOUBT_SET | TPM2_DOUBT_EMPTY },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CHECK_ROW(doubts(rows[i].list, rows[i].measured, rows[i].saved) ==
		                  rows[i].doubts,
		          rows[i].list);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"profiles_are_what_they_are_called",     profiles_are_what_they_are_called},
	        {"lists_are_read_strictly",               lists_are_read_strictly          },
	        {"a_list_is_written_as_it_is_read",       a_list_is_written_as_it_is_read  },
	        {"what_was_chosen_before_is_known_again",
	         what_was_chosen_before_is_known_again                                     },
	        {"handles_are_persistent_ones",           handles_are_persistent_ones      },
	        {"doubts_are_told",                       doubts_are_told                  },
	};

	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
