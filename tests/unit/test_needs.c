/* SPDX-License-Identifier: GPL-2.0-or-later */
/* files.list as it is shipped, and lists that are none. */
#include "cli/needs.h"

#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "tests/unit/check.h"

static void paths_and_names_are_as_in_the_image(void)
{
	static const struct {
		const char *line;
		enum need_kind kind;
		const char *name, *file;
	} rows[] = {
	        {"exec /usr/lib/b/unlock",    NEED_PROGRAM, "lib/b/unlock",
	         "/usr/lib/b/unlock"	                                          },
	        {"exec /sbin/x\n",            NEED_PROGRAM, "sbin/x",        "/sbin/x"},
	        {"library libgcc_s.so.1",     NEED_LIBRARY, "libgcc_s.so.1", ""       },
	        {"file /usr/a",               NEED_FILE,    "a",             ""       },
	        {"file /usr/a /usr/b/c",      NEED_FILE,    "b/c",           ""       },
	        {"there /scripts/x/y",        NEED_FILE,    "scripts/x/y",   ""       },
	        {"folder /etc/v",             NEED_FOLDER,  "etc/v",         ""       },
	        {"folder /boot/v /etc/v",     NEED_FOLDER,  "etc/v",         ""       },
	        {"module xts",                NEED_MODULE,  "xts",           ""       },
	        {"load\tdm_crypt ",           NEED_LOADED,  "dm_crypt",      ""       },
	        {"\n# no\n  try  uhci_hcd\n", NEED_TRIED,   "uhci_hcd",      ""       },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct needs n;

		CHECK_ROW(needs_parse(bytes_of(rows[i].line), false, &n) == OK,
		          rows[i].line);
		CHECK_ROW(n.n == 1 && n.need[0].kind == rows[i].kind, rows[i].line);
		CHECK_ROW(strcmp(n.need[0].name, rows[i].name) == 0, rows[i].line);
		CHECK_ROW(strcmp(n.need[0].file, rows[i].file) == 0, rows[i].line);
	}
}

static void lines_for_a_tpm_count_where_there_is_one(void)
{
	static const char text[] =
	        "module a\ntpm2 library b\ntpm2 try c\nno-tpm2 exec /d /usr/e\n";
	struct needs n;

	CHECK(needs_parse(bytes_of(text), false, &n) == OK && n.n == 2);
	CHECK(n.need[1].kind == NEED_PROGRAM && strcmp(n.need[1].name, "e") == 0);
	CHECK(strcmp(n.need[1].file, "/d") == 0);
	CHECK(needs_parse(bytes_of(text), true, &n) == OK && n.n == 3);
	CHECK(n.need[1].kind == NEED_LIBRARY && strcmp(n.need[1].name, "b") == 0);
	CHECK(n.need[2].kind == NEED_TRIED && strcmp(n.need[2].name, "c") == 0);
}

static void what_is_not_understood_is_refused(void)
{
	static const char *const bad[] = {
	        "tpm2",        "tpm2 what /x", "tpm2 library",
	        "exec",        "no-tpm2",      "no-tpm2 tpm2 try x",
	        "copy /x",     "execute /x",   "exec /a b c",
	        "library a b", "module",       "file /a b c",
	        "there /a /b", "load",         "exec /",
	        "exec /usr/",  "folder",       "module xts # no",
	};
	char line[NEED_NAME_MAX + 16] = "module ";
	static const char one[] = "module x\n";
	uint8_t many[(NEEDS_MAX + 1) * (sizeof(one) - 1)];
	struct writer w = {many, sizeof(many), 0, false};
	struct needs n;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_ROW(needs_parse(bytes_of(bad[i]), false, &n) == ERR_FORMAT, bad[i]);
	memset(line + 7, 'x', NEED_NAME_MAX);
	CHECK(needs_parse(bytes_of(line), false, &n) == ERR_FORMAT);
	line[7 + NEED_NAME_MAX - 1] = '\0';
	CHECK(needs_parse(bytes_of(line), false, &n) == OK);
	for (size_t i = 0; i < NEEDS_MAX; i++)
		put_string(&w, one);
	CHECK(needs_parse(writer_bytes(&w), false, &n) == OK && n.n == NEEDS_MAX);
	put_string(&w, one);
	CHECK(needs_parse(writer_bytes(&w), false, &n) == ERR_FORMAT);
	CHECK(needs_parse((struct bytes){(const uint8_t *)"module a\0b", 10}, false,
	                  &n) == ERR_FORMAT);
}

static size_t count(const struct needs *n, enum need_kind k)
{
	size_t found = 0;

	for (size_t i = 0; i < n->n; i++)
		found += n->need[i].kind == k;
	return found;
}

static void the_list_that_is_shipped_is_one(void)
{
	uint8_t *p = NULL;
	struct needs n;
	size_t len = 0;

	CHECK(file_read_path("initramfs-hooks/files.list", NEEDS_LIST_MAX, &p, &len) ==
	      OK);
	CHECK(needs_parse((struct bytes){p, len}, false, &n) == OK);
	CHECK(count(&n, NEED_PROGRAM) >= 2 && count(&n, NEED_LIBRARY) >= 1);
	CHECK(count(&n, NEED_FOLDER) == 2 && count(&n, NEED_LOADED) >= 3);
	free(p);
}

static void lines_begin_with_a_word_or_not(void)
{
	CHECK(needs_has_line(bytes_of("a\n xts\nb"), "xts"));
	CHECK(needs_has_line(bytes_of("xts max=1"), "xts"));
	CHECK(!needs_has_line(bytes_of("xts2\n#xts\nmax xts\n"), "xts"));
	CHECK(!needs_has_line((struct bytes){NULL, 0}, "xts"));
}

static void a_programs_libraries_are_its_loaders(void)
{
	struct brought *b = calloc(1, sizeof(*b));
	bool libc = false, loader = false;

	CHECK(b && brought_by_program("", "/bin/sh", b) == OK);
	for (size_t i = 0; i < b->n; i++) {
		CHECK_ROW(strchr(b->name[i], '/') == NULL, b->name[i]);
		libc = libc || strcmp(b->name[i], "libc.so.6") == 0;
		loader = loader || strncmp(b->name[i], "ld-linux", 8) == 0;
	}
	CHECK(libc && loader);
	CHECK(brought_by_program("", "/nonexistent/x", b) == OK && b->n == 0);
	free(b);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"paths_and_names_are_as_in_the_image",
	         paths_and_names_are_as_in_the_image                                          },
	        {"lines_for_a_tpm_count_where_there_is_one",
	         lines_for_a_tpm_count_where_there_is_one                                     },
	        {"what_is_not_understood_is_refused",        what_is_not_understood_is_refused},
	        {"the_list_that_is_shipped_is_one",          the_list_that_is_shipped_is_one  },
	        {"lines_begin_with_a_word_or_not",           lines_begin_with_a_word_or_not   },
	        {"a_programs_libraries_are_its_loaders",
	         a_programs_libraries_are_its_loaders                                         },
	};

	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
