/* SPDX-License-Identifier: GPL-2.0-or-later */
/* crypttab, line by line. */
#include "unlock/crypttab.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/check.h"

#define OURS "keyscript=decrypt_bootlatch"

static struct bytes text(const char *s)
{
	return (struct bytes){(const uint8_t *)s, strlen(s)};
}

/* The only entry of a table of one line. */
static struct crypttab_entry *only(struct crypttab *t, const char *line)
{
	CHECK_ROW(crypttab_parse(text(line), t) == OK, line);
	CHECK_ROW(t->n == 1, line);
	return t->n == 1 ? &t->entry[0] : NULL;
}

static void lines_become_entries(void)
{
	static const struct {
		const char *line, *name, *source, *key;
		bool ours;
	} rows[] = {
	        {"root UUID=1 none luks," OURS,                                       "root", "UUID=1",            "none",        true },
	        {"root UUID=1 none luks",	                                     "root", "UUID=1",            "none",        false},
	        {"root UUID=1 none",	                                          "root", "UUID=1",            "none",        false},
	        {"  root\t \tUUID=1   none\t" OURS "  ",                              "root", "UUID=1",            "none",        true },
	        {"\n\n# x UUID=2 none\n \t#\nroot UUID=1 none " OURS "\n",            "root",
	         "UUID=1",	                                                                                 "none",        true },
	        {"root UUID=1 /secret.key " OURS,                                     "root", "UUID=1",            "/secret.key", true },
	        {"a#b /dev/sda2 none " OURS,                                          "a#b",  "/dev/sda2",         "none",        true },
	        {"a\\040b LABEL=my\\040disk k\\0 " OURS,                              "a b",  "LABEL=my disk",     "",
	         true	                                                                                                          },
	        {"a\\0101\\1 LABEL=x none",                                           "",     "LABEL=x",           "none",        false},
	        {"a\\01011 LABEL=x none",	                                     "aA1",  "LABEL=x",           "none",        false},
	        {"a LABEL=gr\\0303\\0274n none " OURS,                                "a",    "LABEL=gr\xc3\xbcn", "none",
	         true	                                                                                                          },
	        {"a /dev/x none keyscript=/lib/cryptsetup/scripts/decrypt_bootlatch", "a",
	         "/dev/x",	                                                                                 "none",        true },
	        {"a /dev/x none keyscript=decrypt_gnupg-sc",                          "a",    "/dev/x",            "none",
	         false	                                                                                                         },
	        {"a /dev/x none keyscript=x," OURS,                                   "a",    "/dev/x",            "none",        true },
	        {"a /dev/x none " OURS ",keyscript=x",                                "a",    "/dev/x",            "none",        false},
	        {"a /dev/x none keyscript=xdecrypt_bootlatch",                        "a",    "/dev/x",            "none",
	         false	                                                                                                         },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct crypttab t = {0};
		const struct crypttab_entry *e = only(&t, rows[i].line);

		if (e) {
			CHECK_ROW(strcmp(e->name, rows[i].name) == 0, rows[i].line);
			CHECK_ROW(strcmp(e->source, rows[i].source) == 0, rows[i].line);
			CHECK_ROW(strcmp(e->key, rows[i].key) == 0, rows[i].line);
			CHECK_ROW(e->ours == rows[i].ours, rows[i].line);
			CHECK_ROW(e->map.name == e->name, rows[i].line);
		}
		crypttab_clear(&t);
	}
}

static void options_are_honoured(void)
{
	struct crypttab t = {0};
	const struct crypttab_entry *e =
	        only(&t, "r UUID=1 none luks,discard,,read-only,no-read-workqueue,"
	                 "no-write-workqueue,same-cpu-crypt,submit-from-crypt-cpus,"
	                 "key-slot=31,tries=0,initramfs,header=/h\\054\\040x," OURS);

	if (e) {
		CHECK(e->why == CRYPTTAB_FINE && e->ours && e->initramfs);
		CHECK(e->map.discard && e->map.readonly && e->map.no_read_workqueue);
		CHECK(e->map.no_write_workqueue && e->map.same_cpu_crypt);
		CHECK(e->map.submit_from_crypt_cpus);
		CHECK(e->keyslot == 31 && e->tries == 0);
		CHECK(e->header && strcmp(e->header, "/h, x") == 0);
	}
	crypttab_clear(&t);
	e = only(&t, "r UUID=1 none " OURS);
	if (e) {
		CHECK(e->why == CRYPTTAB_FINE && !e->initramfs && !e->header);
		CHECK(!e->map.discard && !e->map.readonly && !e->map.no_read_workqueue);
		CHECK(!e->map.no_write_workqueue && !e->map.same_cpu_crypt);
		CHECK(!e->map.submit_from_crypt_cpus);
		CHECK(e->keyslot == LUKS_ANY_SLOT && e->tries == -1);
	}
	crypttab_clear(&t);
}

static void each_flag_is_one_flag(void)
{
	static const char *const flags[] = {
	        "discard",           "readonly",
	        "no-read-workqueue", "no-write-workqueue",
	        "same-cpu-crypt",    "submit-from-crypt-cpus",
	};

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		char line[128];
		struct crypttab t = {0};

		(void)snprintf(line, sizeof(line), "r UUID=1 none %s", flags[i]);
		const struct crypttab_entry *e = only(&t, line);

		if (e) {
			const bool set[] = {
			        e->map.discard,           e->map.readonly,
			        e->map.no_read_workqueue, e->map.no_write_workqueue,
			        e->map.same_cpu_crypt,    e->map.submit_from_crypt_cpus,
			};

			for (size_t k = 0; k < sizeof(set) / sizeof(set[0]); k++)
				CHECK_ROW(set[k] == (k == i), flags[i]);
		}
		crypttab_clear(&t);
	}
}

static void what_is_not_for_us_says_why(void)
{
	static const struct {
		const char *options;
		enum crypttab_why why;
		const char *option;
	} rows[] = {
	        {"luks,cipher=x,size=1,hash=y,offset=3,skip=4,verify,check=blkid,"
	         "checkargs=,"
	         "swap,tmp=ext4,noauto,noearly,loud,quiet,nofail,_netdev,x-initrd.attach,"
	         "x-systemd.device-timeout=5", CRYPTTAB_FINE,     NULL            },
	        {"plain",	                               CRYPTTAB_OPTION,   "plain"         },
	        {"tcrypt,bitlk",                                CRYPTTAB_OPTION,   "tcrypt"        },
	        {"sector-size=512",                             CRYPTTAB_OPTION,   "sector-size"   },
	        {"keyfile-size=32",                             CRYPTTAB_OPTION,   "keyfile-size"  },
	        {"keyfile-offset=1",                            CRYPTTAB_OPTION,   "keyfile-offset"},
	        {"tpm2-device=auto",                            CRYPTTAB_OPTION,   "tpm2-device"   },
	        {"Discard",	                             CRYPTTAB_OPTION,   "Discard"       },
	        {"=",	                                   CRYPTTAB_OPTION,   ""              },
	        {"a\\0e",	                               CRYPTTAB_SPELLING, NULL            },
	        {"discard=yes",	                         CRYPTTAB_VALUE,    "discard"       },
	        {"header",	                              CRYPTTAB_VALUE,    "header"        },
	        {"header=",	                             CRYPTTAB_VALUE,    "header"        },
	        {"header=h",	                            CRYPTTAB_VALUE,    "header"        },
	        {"header=/a\\n",                                CRYPTTAB_SPELLING, "header"        },
	        {"header=/a\\012",                              CRYPTTAB_SPELLING, "header"        },
	        {"header=/a\\0400",                             CRYPTTAB_SPELLING, "header"        },
	        {"header=/a\\0501",                             CRYPTTAB_SPELLING, "header"        },
	        {"header=/a,header=/b",                         CRYPTTAB_TWICE,    "header"        },
	        {"header=/a,header=/a",                         CRYPTTAB_FINE,     NULL            },
	        {"keyslot=32",	                          CRYPTTAB_VALUE,    "keyslot"       },
	        {"keyslot=-1",	                          CRYPTTAB_VALUE,    "keyslot"       },
	        {"keyslot= 1",	                          CRYPTTAB_FIELDS,   NULL            },
	        {"keyslot=1,key-slot=2",                        CRYPTTAB_TWICE,    "key-slot"      },
	        {"keyslot=007",	                         CRYPTTAB_FINE,     NULL            },
	        {"tries",	                               CRYPTTAB_VALUE,    "tries"         },
	        {"tries=x",	                             CRYPTTAB_VALUE,    "tries"         },
	        {"tries=99999999999999999999",                  CRYPTTAB_VALUE,    "tries"         },
	        {"keyscript",	                           CRYPTTAB_VALUE,    "keyscript"     },
	        {"luks # the root",                             CRYPTTAB_FIELDS,   NULL            },
	        {"plain,discard=yes",                           CRYPTTAB_OPTION,   "plain"         },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char line[512];
		struct crypttab t = {0};

		(void)snprintf(line, sizeof(line), "r UUID=1 none %s", rows[i].options);
		const struct crypttab_entry *e = only(&t, line);

		if (e) {
			CHECK_ROW(e->why == rows[i].why, rows[i].options);
			if (rows[i].option)
				CHECK_ROW(e->option &&
				                  strcmp(e->option, rows[i].option) == 0,
				          rows[i].options);
		}
		crypttab_clear(&t);
	}
}

static void a_bad_option_does_not_hide_whose_the_entry_is(void)
{
	struct crypttab t = {0};
	const struct crypttab_entry *e = only(&t, "r UUID=1 none sector-size=512," OURS);

	CHECK(e && e->ours && e->why == CRYPTTAB_OPTION);
	crypttab_clear(&t);
}

static void bad_names_and_sources_are_refused(void)
{
	static const struct {
		const char *line;
		enum crypttab_why why;
	} rows[] = {
	        {"r",                    CRYPTTAB_FIELDS  },
	        {"r UUID=1",             CRYPTTAB_FIELDS  },
	        {"a/b UUID=1 none",      CRYPTTAB_NAME    },
	        {".. UUID=1 none",       CRYPTTAB_NAME    },
	        {"control UUID=1 none",  CRYPTTAB_NAME    },
	        {"a\\057b UUID=1 none",  CRYPTTAB_NAME    },
	        {"a\\b UUID=1 none",     CRYPTTAB_SPELLING},
	        {"a\\0 UUID=1 none",     CRYPTTAB_SPELLING},
	        {"a\x1b[2J UUID=1 none", CRYPTTAB_SPELLING},
	        {"a UUID=1 none\r",      CRYPTTAB_SPELLING},
	        {"a UUID= none",         CRYPTTAB_SOURCE  },
	        {"a LABEL=../x none",    CRYPTTAB_SOURCE  },
	        {"a sda2 none",          CRYPTTAB_SOURCE  },
	        {"a ID=sda2 none",       CRYPTTAB_SOURCE  },
	        {"a /dev/x none",        CRYPTTAB_FINE    },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct crypttab t = {0};
		const struct crypttab_entry *e = only(&t, rows[i].line);

		/* The key field k\0 of another test is none of these. */
		CHECK_ROW(e && e->why == rows[i].why, rows[i].line);
		crypttab_clear(&t);
	}
}

static void a_nul_byte_spoils_its_line_alone(void)
{
	static const char lines[] = "a\0b UUID=1 none\nc UUID=2 none " OURS "\n";
	struct crypttab t = {0};

	CHECK(crypttab_parse((struct bytes){(const uint8_t *)lines, sizeof(lines) - 1},
	                     &t) == OK);
	CHECK(t.n == 2 && t.entry[0].why == CRYPTTAB_SPELLING);
	CHECK(t.n == 2 && t.entry[1].why == CRYPTTAB_FINE && t.entry[1].ours);
	crypttab_clear(&t);
}

static void only_the_first_of_a_name_counts(void)
{
	struct crypttab t = {0};

	CHECK(crypttab_parse(text("r UUID=1 none " OURS "\nr UUID=2 none " OURS
	                          "\n\\0162 UUID=3 none\nR UUID=4 none\n"),
	                     &t) == OK);
	CHECK(t.n == 4);
	if (t.n == 4) {
		CHECK(t.entry[0].why == CRYPTTAB_FINE);
		CHECK(t.entry[1].why == CRYPTTAB_AGAIN);
		CHECK(t.entry[2].why == CRYPTTAB_AGAIN);
		CHECK(t.entry[3].why == CRYPTTAB_FINE);
	}
	crypttab_clear(&t);
}

static void an_editor_is_told_where_all_lies(void)
{
	static const char lines[] = "# first\n\n a UUID=1\tnone  luks,discard \nb /x y";
	struct crypttab t = {0};

	CHECK(crypttab_parse(text(lines), &t) == OK && t.n == 2);
	if (t.n == 2) {
		const struct crypttab_entry *a = &t.entry[0], *b = &t.entry[1];
		const struct crypttab_span *f = a->field;

		CHECK(a->line.at == 9 && a->line.n == 29);
		CHECK(memcmp(lines + f[CRYPTTAB_F_NAME].at, "a", 1) == 0);
		CHECK(f[CRYPTTAB_F_SOURCE].n == 6);
		CHECK(memcmp(lines + f[CRYPTTAB_F_KEY].at, "none", f[2].n) == 0);
		CHECK(f[CRYPTTAB_F_OPTIONS].n == 12);
		CHECK(memcmp(lines + f[CRYPTTAB_F_OPTIONS].at, "luks,discard", 12) == 0);
		CHECK(b->line.at + b->line.n == sizeof(lines) - 1);
		CHECK(b->field[CRYPTTAB_F_OPTIONS].n == 0);
	}
	crypttab_clear(&t);
}

static void sizes_are_bounded(void)
{
	static char big[CRYPTTAB_MAX + 1];
	struct crypttab t = {0};
	size_t n = 0;

	memset(big, '#', sizeof(big));
	CHECK(crypttab_parse((struct bytes){(uint8_t *)big, CRYPTTAB_MAX}, &t) == OK);
	CHECK(t.n == 0);
	crypttab_clear(&t);
	CHECK(crypttab_parse((struct bytes){(uint8_t *)big, sizeof(big)}, &t) ==
	      ERR_FORMAT);
	for (int i = 0; i < CRYPTTAB_ENTRIES_MAX; i++)
		n += (size_t)snprintf(big + n, sizeof(big) - n, "n%d /x none\n", i);
	CHECK(crypttab_parse((struct bytes){(uint8_t *)big, n}, &t) == OK);
	CHECK(t.n == CRYPTTAB_ENTRIES_MAX);
	crypttab_clear(&t);
	n += (size_t)snprintf(big + n, sizeof(big) - n, "x");
	CHECK(crypttab_parse((struct bytes){(uint8_t *)big, n}, &t) == ERR_FORMAT);
	CHECK(crypttab_parse((struct bytes){NULL, 0}, &t) == OK && t.n == 0);
	crypttab_clear(&t);
	/* One long line of options is work for no longer than it is. */
	memset(big, ',', sizeof(big));
	memcpy(big, "a /x none ", 10);
	CHECK(crypttab_parse((struct bytes){(uint8_t *)big, CRYPTTAB_MAX}, &t) == OK);
	CHECK(t.n == 1 && t.entry[0].why == CRYPTTAB_FINE);
	crypttab_clear(&t);
	memset(big + 2, 'x', sizeof(big) - 2);
	memcpy(big + CRYPTTAB_MAX - 5, " none", 5);
	big[2] = '/';
	CHECK(crypttab_parse((struct bytes){(uint8_t *)big, CRYPTTAB_MAX}, &t) == OK);
	CHECK(t.n == 1 && t.entry[0].why == CRYPTTAB_SOURCE);
	crypttab_clear(&t);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"lines become entries",                          lines_become_entries             },
	        {"options are honoured",                          options_are_honoured             },
	        {"each flag is one flag",                         each_flag_is_one_flag            },
	        {"what is not for us says why",                   what_is_not_for_us_says_why      },
	        {"a bad option does not hide whose the entry is",
	         a_bad_option_does_not_hide_whose_the_entry_is                                     },
	        {"bad names and sources are refused",             bad_names_and_sources_are_refused},
	        {"a NUL byte spoils its line alone",              a_nul_byte_spoils_its_line_alone },
	        {"only the first of a name counts",               only_the_first_of_a_name_counts  },
	        {"an editor is told where all lies",              an_editor_is_told_where_all_lies },
	        {"sizes are bounded",                             sizes_are_bounded                },
	};

	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
