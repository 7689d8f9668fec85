/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of USB readers: the known ones, the unknown ones, and that all of them fit. */
#include "card/usb_names.h"

#include <stdio.h>
#include <string.h>

#include "card/transport.h"
#include "tests/unit/check.h"

static bool is_named(uint16_t vendor, uint16_t product, const char *want)
{
	char got[READER_NAME_MAX] = "";

	usb_reader_name(vendor, product, 1, 5, got, sizeof(got));
	return strcmp(got, want) == 0;
}

static void a_known_token_has_its_name(void)
{
	static const struct {
		uint16_t vendor, product;
		const char *want;
	} rows[] = {
	        {0x046a, 0x0005, "Cherry XX33 (046a:0005), bus 1 device 5"     },
	        {0x1050, 0x0116, "YubiKey NEO (1050:0116), bus 1 device 5"     },
	        {0x1050, 0x0407, "YubiKey 4/5 (1050:0407), bus 1 device 5"     },
	        {0x1209, 0x2440, "Gnuk (1209:2440), bus 1 device 5"            },
	        {0x20a0, 0x4108, "Nitrokey Pro (20a0:4108), bus 1 device 5"    },
	        {0x20a0, 0x4109, "Nitrokey Storage (20a0:4109), bus 1 device 5"},
	        {0x20a0, 0x4211, "Nitrokey Start (20a0:4211), bus 1 device 5"  },
	        {0x20a0, 0x42b2, "Nitrokey 3 (20a0:42b2), bus 1 device 5"      },
	        {0x20a0, 0x42d4, "CanoKey (20a0:42d4), bus 1 device 5"         },
	        {0x234b, 0x0000, "Gnuk (FST-01) (234b:0000), bus 1 device 5"   },
	        {0x316d, 0x4c4b, "Librem Key (316d:4c4b), bus 1 device 5"      },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CHECK_ROW(is_named(rows[i].vendor, rows[i].product, rows[i].want),
		          rows[i].want);
}

static void an_unknown_reader_is_a_reader(void)
{
	CHECK(is_named(0, 0, "USB reader (0000:0000), bus 1 device 5"));
	CHECK(is_named(0xffff, 0xffff, "USB reader (ffff:ffff), bus 1 device 5"));
	/* One id of a known pair, or both the wrong way round, is not the pair. */
	CHECK(is_named(0x20a0, 0x4c4b, "USB reader (20a0:4c4b), bus 1 device 5"));
	CHECK(is_named(0x42b2, 0x20a0, "USB reader (42b2:20a0), bus 1 device 5"));
}

static void two_of_a_kind_have_two_names(void)
{
	char a[READER_NAME_MAX], b[READER_NAME_MAX];

	usb_reader_name(0x20a0, 0x42b2, 1, 5, a, sizeof(a));
	usb_reader_name(0x20a0, 0x42b2, 1, 6, b, sizeof(b));
	CHECK(strcmp(a, b) != 0);
	usb_reader_name(0x20a0, 0x42b2, 2, 5, b, sizeof(b));
	CHECK(strcmp(a, b) != 0);
}

static void every_name_fits_and_is_printable(void)
{
	static const struct {
		uint16_t vendor, product;
		const char *name;
	} list[] = {
#include "card/usb_names.inc"
	};

	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		char want[2 * READER_NAME_MAX], got[READER_NAME_MAX];

		(void)snprintf(want, sizeof(want), "%s (%04x:%04x), bus 255 device 255",
		               list[i].name, list[i].vendor, list[i].product);
		usb_reader_name(list[i].vendor, list[i].product, 255, 255, got,
		                sizeof(got));
		CHECK_ROW(strcmp(got, want) == 0, want);
		for (const char *p = got; *p; p++)
			CHECK_ROW(*p >= ' ' && *p <= '~', want);
	}
}

static void a_short_buffer_cuts_the_name(void)
{
	char got[9] = "xxxxxxxx";

	usb_reader_name(0x20a0, 0x42b2, 1, 5, got, 8);
	CHECK(memcmp(got, "Nitroke", 8) == 0 && got[8] == '\0');
	got[1] = 'x';
	usb_reader_name(0x20a0, 0x42b2, 1, 5, got, 1);
	CHECK(got[0] == '\0' && got[1] == 'x');
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"a_known_token_has_its_name",       a_known_token_has_its_name      },
	        {"an_unknown_reader_is_a_reader",    an_unknown_reader_is_a_reader   },
	        {"two_of_a_kind_have_two_names",     two_of_a_kind_have_two_names    },
	        {"every_name_fits_and_is_printable", every_name_fits_and_is_printable},
	        {"a_short_buffer_cuts_the_name",     a_short_buffer_cuts_the_name    },
	};

	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
