/* SPDX-License-Identifier: GPL-2.0-or-later */
/* crypttab's source field and udev's spelling of names. */
#include "unlock/source.h"

#include <string.h>

#include "tests/unit/check.h"

static void names_become_links_as_udev_spells_them(void)
{
	static const struct {
		const char *source, *path;
	} rows[] = {
	        {"/dev/sda2",	                         "/dev/sda2"                           },
	        {"/dev/mapper/vg-root",                       "/dev/mapper/vg-root"                 },
	        {"disk.img",	                          "disk.img"                            },
	        {"UUID=0b4c7f0e-1111-4222-8333-944445555666",
	         "/dev/disk/by-uuid/0b4c7f0e-1111-4222-8333-944445555666"                           },
	        {"LABEL=root",	                        "/dev/disk/by-label/root"             },
	        {"LABEL=my disk",                             "/dev/disk/by-label/my\\x20disk"      },
	        {"LABEL=a\\b",	                        "/dev/disk/by-label/a\\x5cb"          },
	        {"LABEL=a#b+c-d.e:f=g@h_i",                   "/dev/disk/by-label/a#b+c-d.e:f=g@h_i"},
	        {"LABEL=gr\xc3\xbc\xc3\x9f"
	         "e",	                "/dev/disk/by-label/gr\xc3\xbc\xc3\x9f"
	         "e"	                                  },
	        {"LABEL=\xff",	                        "/dev/disk/by-label/\\xff"            },
	        {"LABEL=\xc0\xaf",                            "/dev/disk/by-label/\\xc0\\xaf"       },
	        {"LABEL=\xe2\x82",                            "/dev/disk/by-label/\\xe2\\x82"       },
	        {"LABEL=\xed\xa0\x80",                        "/dev/disk/by-label/\\xed\\xa0\\x80"  },
	        {"LABEL=...",	                         "/dev/disk/by-label/..."              },
	        {"UUID=\"0b4c-7f0e\"",                        "/dev/disk/by-uuid/0b4c-7f0e"         },
	        {"LABEL='my disk'",                           "/dev/disk/by-label/my\\x20disk"      },
	        {"LABEL=\"a'",	                        "/dev/disk/by-label/\\x22a\\x27"      },
	        {"LABEL=\"",	                          "/dev/disk/by-label/\\x22"            },
	        {"PARTUUID=12345678-02",                      "/dev/disk/by-partuuid/12345678-02"   },
	        {"PARTLABEL=Linux (root)",
	         "/dev/disk/by-partlabel/Linux\\x20\\x28root\\x29"                                  },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char out[256] = "";

		CHECK_ROW(source_path(rows[i].source, out, sizeof(out)) == OK,
		          rows[i].source);
		CHECK_ROW(strcmp(out, rows[i].path) == 0, rows[i].source);
	}
}

static void names_that_leave_the_folder_are_refused(void)
{
	static const char *const rows[] = {"",           "LABEL=",        "LABEL=.",
	                                   "LABEL=..",   "LABEL=/x",      "UUID=../a",
	                                   "UUID=a/",    "PARTLABEL=a/b", "LABEL=\"\"",
	                                   "LABEL='..'", "UUID=\"a/b\""};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char out[256] = "untouched";

		CHECK_ROW(source_path(rows[i], out, sizeof(out)) == ERR_USAGE, rows[i]);
		CHECK_ROW(strcmp(out, "untouched") == 0, rows[i]);
	}
	CHECK(source_path(NULL, (char[8]){0}, 8) == ERR_USAGE);
}

static void what_does_not_fit_is_refused(void)
{
	char out[10] = "untouched";

	CHECK(source_path("/dev/sda2", out, 10) == OK);
	CHECK(source_path("/dev/sda23", out, 10) == ERR_FORMAT);
	CHECK(source_path("LABEL=a", out, 10) == ERR_FORMAT);
	CHECK(strcmp(out, "/dev/sda2") == 0);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"names become links as udev spells them",
	         names_become_links_as_udev_spells_them                                 },
	        {"names that leave the folder are refused",
	         names_that_leave_the_folder_are_refused                                },
	        {"what does not fit is refused",            what_does_not_fit_is_refused},
	};

	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
