/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Entries of grub.cfg and loader/entries: what each line becomes, what cannot become the
 * default, and what hostile files do. */
#include "sign/entry.h"

#include <stdio.h>
#include <stdlib.h>

#include "crypto/crypto.h"
#include "tests/unit/check.h"

static bool all_but_missing(const char *path, const void *ctx)
{
	(void)ctx;
	return path[0] == '/' && strstr(path, "missing") == NULL;
}

static struct boot_entries grub(const char *text)
{
	struct boot_entries e = {0};

	CHECK(entries_parse_grub(bytes_of(text), "./g", all_but_missing, NULL, &e) == OK);
	return e;
}

static void each_line_becomes_what_heads_makes_of_it(void)
{
	static const struct {
		const char *body, *want;
	} rows[] = {
	        {"linux /v a  b\n",	                             "n|elf|kernel /v|append a b"        },
	        {"\tlinux\t/v\ta\tb\n",                                 "n|elf|kernel /v|append a b"        },
	        {"linux /v a\\\n b\n",                                  "n|elf|kernel /v|append a b"        },
	        {"linux /v a\\b\n",	                             "n|elf|kernel /v|append ab"         },
	        {"linux (hd0)/v (x)/y\n",                               "n|elf|kernel /v|append (x)/y"      },
	        {"linux /v a---b\n",                                    "n|elf|kernel /v|append a b"        },
	        {"linux /v --- a\n",                                    "n|elf|kernel /v|append a"          },
	        {"linux /v ---\n",	                              "n|elf|kernel /v"                   },
	        {"linux /v a=\"b c\"\n",                                "n|elf|kernel /v|append a=b c"      },
	        {"linux /v a='b c'\n",                                  "n|elf|kernel /v|append a='b c'"    },
	        {"linux /v a=$b/c $d\n",                                "n|elf|kernel /v|append a=/c"       },
	        {"linux /v acpi_osi=!*\n",                              "n|elf|kernel /v|append acpi_osi=!*"},
	        {"linux /v 5$\n",	                               "n|elf|kernel /v|append 5$"         },
	        {"linux /v\ninitrd /a,/b /c\n",
	         "n|elf|kernel /v|initrd /a|initrd /b|initrd /c"                                            },
	        {"linux /v\ninitrd /a $b\n",                            "n|elf|kernel /v|initrd /a|initrd"  },
	        {"linux /v\ninitrd\n",                                  "n|elf|kernel /v|initrd initrd"     },
	        {"linux16 /v\ninitrd16 /i\n",                           "n|elf|kernel /v|initrd /i"         },
	        {"multiboot /x a\nmodule /v b\nmodule2 --nounzip /i\n",
	         "n|xen|kernel /x a|module /v b|module /i"                                                  },
	        {"multiboot2 /x ${y}\nmodule2 /v\n",                    "n|xen|kernel /x |module /v"        },
	        {"menuentry 'again' {\nlinux /v\n",                     "n|elf|kernel /v"                   },
	        {"# linux /w\nlinux /v\n",                              "n|elf|kernel /v"                   },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[512];

		(void)snprintf(text, sizeof(text), "menuentry 'n' {\n%s}\n",
		               rows[i].body);
		struct boot_entries e = grub(text);
		CHECK_ROW(e.n == 1 && strcmp(e.entry[0].line, rows[i].want) == 0,
		          rows[i].body);
		if (e.n == 1 && strcmp(e.entry[0].line, rows[i].want) != 0)
			(void)fprintf(stderr, "%s\n", e.entry[0].line);
		entries_clear(&e);
	}
}

static void files_are_told_in_order(void)
{
	struct boot_entries e = grub("menuentry 'n' {\n multiboot2 /x.gz a=/b\n"
	                             " module2 /v root=/dev/r\n module2 /i\n}\n");

	CHECK(e.n == 1 && e.entry[0].n_files == 3 && !e.entry[0].unusable);
	CHECK(strcmp(e.entry[0].file[0], "/x.gz") == 0);
	CHECK(strcmp(e.entry[0].file[1], "/v") == 0);
	CHECK(strcmp(e.entry[0].file[2], "/i") == 0);
	CHECK(strcmp(e.entry[0].from, "./g") == 0);
	CHECK(strcmp(e.entry[0].name, "n") == 0);
	entries_clear(&e);
}

static void what_heads_shell_would_evaluate_is_no_default(void)
{
	static const struct {
		const char *title, *body, *why;
	} rows[] = {
	        {"a\x1b[31m", "linux /v\n",                  "control"   },
	        {"a\x7f",     "linux /v\n",                  "control"   },
	        {"a",         "linux /v a\rb\n",             "control"   },
	        {"$(reboot)", "linux /v\n",                  "evaluate"  },
	        {"`reboot`",  "linux /v\n",                  "evaluate"  },
	        {"-n x",      "linux /v\n",                  "evaluate"  },
	        {"a",         "linux /v $(reboot)\n",        "evaluate"  },
	        {"a",         "linux /v ${a:-b}\n",          "evaluate"  },
	        {"a",         "linux /v ${a\n",              "evaluate"  },
	        {"a",         "linux /v $1\n",               "evaluate"  },
	        {"a",         "linux /v $?\n",               "evaluate"  },
	        {"a",         "linux /v $name\n",            "evaluate"  },
	        {"a",         "linux /v $PATH\n",            "evaluate"  },
	        {"a",         "linux /v a=\"b; reboot\"\n",  "evaluate"  },
	        {"a",         "linux /v a=\"b\n",            "evaluate"  },
	        {"a",         "linux /v a\\\\b\n",           "evaluate"  },
	        {"a * b",     "linux /v\n",                  "pattern"   },
	        {"a",         "linux /v [x]\n",              "pattern"   },
	        {"a",         "linux /v\ninitrd /../i\n",    "plain path"},
	        {"a",         "linux /v\ninitrd i\n",        "plain path"},
	        {"a",         "linux /v\ninitrd /i'i\n",     "plain path"},
	        {"a",         "linux /v\ninitrd /missing\n", "not there" },
	        {"a",         "linux ${x}/missing\n",        "not there" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[512];

		(void)snprintf(text, sizeof(text),
		               "menuentry 'first' {\nlinux /f\n}\n"
		               "menuentry '%s' {\n%s}\nmenuentry 'last' {\nlinux /l\n}\n",
		               rows[i].title, rows[i].body);
		struct boot_entries e = grub(text);
		CHECK_ROW(e.n == 3 && e.skipped == 0, rows[i].body);
		const char *why = e.n == 3 ? e.entry[1].unusable : NULL;
		CHECK_ROW(why && strstr(why, rows[i].why), rows[i].body);
		for (const char *c = e.n == 3 ? e.entry[1].line : ""; *c; c++)
			CHECK_ROW((unsigned char)*c >= 0x20 && *c != 0x7f, rows[i].body);
		CHECK_ROW(e.n == 3 && !e.entry[0].unusable && !e.entry[2].unusable,
		          rows[i].body);
		entries_clear(&e);
	}
}

static void kernels_that_are_missing_are_skipped(void)
{
	struct boot_entries e = grub("menuentry 'a' {\nlinux /missing\n}\n"
	                             "menuentry 'b' {\nlinux v\n}\n"
	                             "menuentry 'c' {\nlinux\n}\n"
	                             "menuentry 'd' {\nlinux /v\n}\n"
	                             "menuentry 'e' {\nchainloader /v\n}\n");

	CHECK(e.n == 1 && e.skipped == 3);
	CHECK(e.n == 1 && strcmp(e.entry[0].name, "d") == 0);
	entries_clear(&e);
}

static struct boot_entries repeated(const char *piece, size_t bytes, enum err want)
{
	AUTO_BUFFER b = {0};
	struct boot_entries e = {0};

	while (b.n < bytes)
		buffer_text(&b, piece);
	CHECK_ROW(entries_parse_grub(buffer_bytes(&b), "./g", all_but_missing, NULL,
	                             &e) == want,
	          piece);
	return e;
}

static void hostile_files_are_bounded(void)
{
	static const char *const nothing[] = {"{",           "}", "}\n",      "\\",
	                                      "\\\n",        "(", "\"",       "menuentry",
	                                      "menuentry\n", " ", "linux /v "};
	static const char one[] = "menuentry 'x' {\nlinux /v\n}\n";
	struct boot_entries e = {0};

	for (size_t i = 0; i < sizeof(nothing) / sizeof(nothing[0]); i++) {
		e = repeated(nothing[i], GRUB_CFG_MAX - 16, OK);
		CHECK_ROW(e.n == 0, nothing[i]);
		entries_clear(&e);
	}
	e = repeated("{", GRUB_CFG_MAX + 1, ERR_UNSUPPORTED);
	entries_clear(&e);
	e = repeated(one, strlen(one) * ENTRIES_MAX, OK);
	CHECK(e.n == ENTRIES_MAX);
	entries_clear(&e);
	e = repeated(one, strlen(one) * (ENTRIES_MAX + 1), ERR_UNSUPPORTED);
	CHECK(e.n == ENTRIES_MAX);
	entries_clear(&e);
}

static void an_endless_line_is_no_default(void)
{
	static const char *const keys[] = {"linux /v", "linux /v\ninitrd",
	                                   "multiboot /x\nmodule /v"};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		AUTO_BUFFER b = {0};
		struct boot_entries e = {0};

		buffer_format(&b, "menuentry 'n' {\n%s ", keys[i]);
		while (b.n < (size_t)2 * ENTRY_LINE_MAX)
			buffer_text(&b, "/a ");
		buffer_text(&b, "\n}\n");
		CHECK(entries_parse_grub(buffer_bytes(&b), "./g", all_but_missing, NULL,
		                         &e) == OK);
		CHECK_ROW(e.n == 1 && e.entry[0].unusable &&
		                  strstr(e.entry[0].unusable, "too long"),
		          keys[i]);
		entries_clear(&e);
	}
}

static void nul_bytes_make_no_default(void)
{
	static const char text[] = "menuentry 'n' {\nlinux /v a\0b\n}\n"
	                           "menuentry 'm' {\nlinux /v\n}\n";
	struct boot_entries e = {0};

	CHECK(entries_parse_grub((struct bytes){(const uint8_t *)text, sizeof(text) - 1},
	                         "./g", all_but_missing, NULL, &e) == OK);
	CHECK(e.n == 2 && e.entry[0].unusable && !e.entry[1].unusable);
	entries_clear(&e);
}

static void too_many_files_are_no_default(void)
{
	AUTO_BUFFER b = {0};
	struct boot_entries e = {0};

	buffer_text(&b, "menuentry 'n' {\nlinux /v\ninitrd");
	for (size_t i = 0; i < ENTRY_FILES_MAX; i++)
		buffer_text(&b, " /i");
	buffer_text(&b, "\n}\n");
	CHECK(entries_parse_grub(buffer_bytes(&b), "./g", all_but_missing, NULL, &e) ==
	      OK);
	CHECK(e.n == 1 && e.entry[0].unusable && e.entry[0].n_files == ENTRY_FILES_MAX);
	entries_clear(&e);
}

static void bls_entries_are_read(void)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
	        {"title Fedora (6.5)\nversion 6.5\nlinux /v\ninitrd /i $tuned_initrd\n"
	         "options root=/dev/r ro $tuned_params\ngrub_users $grub_users\n", "Fedora (6.5)|elf|kernel /v|initrd /i |append root=/dev/r ro"},
	        {"title x\nlinux /v\n",	                                                     "x|elf|kernel /v|append K=1 q"                               },
	        {"title x\nlinux /v\noptions a $kernelopts b\n",
	         "x|elf|kernel /v|append a K=1 q b"	                                                                                                      },
	        {"title x\ninitrd /i\n",	                                                    NULL	                                                 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct boot_entries e = {0};

		CHECK(entries_parse_bls(bytes_of(rows[i].text), "./e", bytes_of("K=1 q"),
		                        all_but_missing, NULL, &e) == OK);
		CHECK_ROW(e.n == (rows[i].want ? 1 : 0), rows[i].text);
		CHECK_ROW(!rows[i].want || e.n == 0 ||
		                  (strcmp(e.entry[0].line, rows[i].want) == 0 &&
		                   !e.entry[0].unusable),
		          rows[i].text);
		entries_clear(&e);
	}
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"each line becomes what heads makes of it",
	         each_line_becomes_what_heads_makes_of_it                                       },
	        {"files are told in order",                        files_are_told_in_order      },
	        {"what heads' shell would evaluate is no default",
	         what_heads_shell_would_evaluate_is_no_default                                  },
	        {"kernels that are missing are skipped",
	         kernels_that_are_missing_are_skipped                                           },
	        {"hostile files are bounded",                      hostile_files_are_bounded    },
	        {"an endless line is no default",                  an_endless_line_is_no_default},
	        {"nul bytes make no default",                      nul_bytes_make_no_default    },
	        {"too many files are no default",                  too_many_files_are_no_default},
	        {"bls entries are read",                           bls_entries_are_read         },
	};

	CHECK(crypto_init() == OK);
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
