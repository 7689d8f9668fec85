/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The default entry after a kernel update, and the bytes of its two files. */
#include <stdio.h>
#include <stdlib.h>

#include "crypto/crypto.h"
#include "sign/entry.h"
#include "tests/unit/check.h"
#include "tests/unit/tree_folder.h"

/* The menus: a name and a command line for each entry. */
#define ENTRY(name, kernel, append)                                                      \
	"menuentry '" name "' {\n linux " kernel " " append "\n initrd /i\n}\n"
#define BEFORE "Debian|elf|kernel /v1|initrd /i|append root=/d\n"

static bool there(const char *path, const void *ctx)
{
	(void)ctx;
	return strcmp(path, "/gone") != 0;
}

static void put(struct kexec_set *s, const char *name, const char *content)
{
	CHECK(kexec_put(s, name, bytes_of(content)) == OK);
}

struct row {
	const char *what, *menu, *name, *before;
	enum default_wish wish;
	size_t asked;
	enum err err;
	struct default_choice want;
};

static void check_row_of(const struct row *r)
{
	struct boot_entries e = {0};
	struct kexec_set *old = NULL;
	struct default_choice c = {99, DEFAULT_ASKED};

	CHECK(kexec_new(&old) == OK);
	put(old, KEXEC_DEFAULT_HASH, "no entry\n");
	put(old, "kexec_default.txt", "no entry either\n");
	if (r->name)
		put(old, r->name, r->before);
	CHECK(entries_parse_grub(bytes_of(r->menu), "./g", there, NULL, &e) == OK);
	CHECK_ROW(default_choose(&e, old, r->wish, r->asked, &c) == r->err, r->what);
	CHECK_ROW(r->err != OK ? c.number == 99
	                       : c.number == r->want.number && c.why == r->want.why,
	          r->what);
	entries_clear(&e);
	old = kexec_free(old);
}

#define FIRST "kexec_default.1.txt"
#define THIRD "kexec_default.3.txt"

static void choices(void)
{
	static const char three[] = ENTRY("Debian", "/v1", "root=/d")
	        ENTRY("Debian, with Linux 1", "/v1", "root=/d")
	                ENTRY("Other", "/o", "root=/o");
	static const char updated[] = ENTRY("Debian", "/v2", "root=/d")
	        ENTRY("Debian, with Linux 2", "/v2", "root=/d")
	                ENTRY("Debian, with Linux 1", "/v1", "root=/d");
	static const char twins[] = ENTRY("Debian", "/a2", "root=/a")
	        ENTRY("x", "/x", "root=/x") ENTRY("Debian", "/d2", "root=/d");
	static const char strangers[] = ENTRY("Debian", "/a2", "root=/a")
	        ENTRY("x", "/x", "root=/x") ENTRY("Debian", "/d2", "root=/e");
	static const struct row rows[] = {
	        {"nothing has changed",
	         three,     FIRST,
	         BEFORE,	                                                   DEFAULT_KEEP,
	         0, OK,
	         {1, DEFAULT_AS_BEFORE}  },
	        {"without its newline",
	         three,     FIRST,
	         "Debian|elf|kernel /v1|initrd /i|append root=/d",	         DEFAULT_KEEP,
	         0, OK,
	         {1, DEFAULT_AS_BEFORE}  },
	        {"the same line at another number",
	         three,     THIRD,
	         BEFORE,	                                                   DEFAULT_KEEP,
	         0, OK,
	         {1, DEFAULT_AS_BEFORE}  },
	        {"a new kernel under the same name",
	         updated,   FIRST,
	         BEFORE,	                                                   DEFAULT_KEEP,
	         0, OK,
	         {1, DEFAULT_SAME_NAME}  },
	        {"an entry of one kernel stays with it",
	         updated,   "kexec_default.2.txt",
	         "Debian, with Linux 1|elf|kernel /v1|initrd /i|append root=/d\n", DEFAULT_KEEP,
	         0, OK,
	         {3, DEFAULT_AS_BEFORE}  },
	        {"an entry of a kernel that is gone",
	         updated,   "kexec_default.2.txt",
	         "Debian, with Linux 0|elf|kernel /v0|append root=/d\n",           DEFAULT_KEEP,
	         0, ERR_NOT_FOUND,
	         {0, DEFAULT_ASKED}      },
	        {"the first, whose name is gone",
	         updated,   FIRST,
	         "Other|elf|kernel /o|append root=/o\n",	                   DEFAULT_KEEP,
	         0, OK,
	         {1, DEFAULT_WAS_FIRST}  },
	        {"the first of an empty menu",
	         "",        FIRST,
	         BEFORE,	                                                   DEFAULT_KEEP,
	         0, ERR_NOT_FOUND,
	         {0, DEFAULT_ASKED}      },
	        {"two of a name: the same command line",
	         twins,     FIRST,
	         BEFORE,	                                                   DEFAULT_KEEP,
	         0, OK,
	         {3, DEFAULT_SAME_NAME}  },
	        {"two of a name: the same number",
	         strangers, THIRD,
	         BEFORE,	                                                   DEFAULT_KEEP,
	         0, OK,
	         {3, DEFAULT_SAME_NAME}  },
	        {"two of a name and nothing to tell them",
	         strangers, "kexec_default.2.txt",
	         BEFORE,	                                                   DEFAULT_KEEP,
	         0, ERR_NOT_FOUND,
	         {0, DEFAULT_ASKED}      },
	        {"a number that is none",
	         updated,   "kexec_default.x.txt",
	         "z|elf|kernel /z\n",	                                      DEFAULT_KEEP,
	         0, ERR_NOT_FOUND,
	         {0, DEFAULT_ASKED}      },
	        {"a number beyond all",
	         updated,   "kexec_default.18446744073709551617.txt",
	         "z|elf|kernel /z\n",	                                      DEFAULT_KEEP,
	         0, ERR_NOT_FOUND,
	         {0, DEFAULT_ASKED}      },
	        {"an empty file",
	         updated,   THIRD,
	         "",	                                                       DEFAULT_KEEP,
	         0, ERR_NOT_FOUND,
	         {0, DEFAULT_ASKED}      },
	        {"none before",
	         updated,   NULL,
	         NULL,	                                                     DEFAULT_KEEP,
	         0, OK,
	         {0, DEFAULT_NONE_BEFORE}},
	        {"none wanted",
	         updated,   FIRST,
	         BEFORE,	                                                   DEFAULT_NONE,
	         0, OK,
	         {0, DEFAULT_NOT_WANTED} },
	        {"the first wanted",
	         updated,   THIRD,
	         BEFORE,	                                                   DEFAULT_FIRST,
	         0, OK,
	         {1, DEFAULT_ASKED}      },
	        {"the first of none",
	         "",        THIRD,
	         BEFORE,	                                                   DEFAULT_FIRST,
	         0, ERR_NOT_FOUND,
	         {0, DEFAULT_ASKED}      },
	        {"the last wanted",
	         updated,   NULL,
	         NULL,	                                                     DEFAULT_NUMBER,
	         3, OK,
	         {3, DEFAULT_ASKED}      },
	        {"one beyond it",
	         updated,   NULL,
	         NULL,	                                                     DEFAULT_NUMBER,
	         4, ERR_NOT_FOUND,
	         {0, DEFAULT_ASKED}      },
	        {"number 0",
	         updated,   NULL,
	         NULL,	                                                     DEFAULT_NUMBER,
	         0, ERR_NOT_FOUND,
	         {0, DEFAULT_ASKED}      },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check_row_of(&rows[i]);
}

static bool holds(const struct kexec_set *s, const char *name, const char *content)
{
	const struct kexec_file *f = kexec_find(s, name);

	return f && bytes_equal((struct bytes){f->data, f->n}, bytes_of(content));
}

/* The two files, of an entry with a link and two initrds. */
static void the_two_files_byte_for_byte(void)
{
	static const char cfg[] = "menuentry 'a' {\n linux /other\n}\n"
	                          "menuentry 'Debian' {\n linux /vmlinuz root=/d\n"
	                          " initrd /z.img /a.img\n}\n";
	struct tree_folder f;
	struct boot_entries *e = NULL;
	struct kexec_set *s = NULL;
	size_t n = 0;

	tf_make(&f);
	tf_dir(&f, "grub");
	tf_file(&f, "grub/grub.cfg", cfg);
	tf_file(&f, "vmlinuz-6.1", "abc");
	tf_link(&f, "vmlinuz", "vmlinuz-6.1");
	tf_file(&f, "other", "o");
	tf_file(&f, "z.img", "z");
	tf_file(&f, "a.img", "a");
	struct tree *t = tf_walk(&f, 1);
	CHECK(entries_read(f.fd, t, &e) == OK && e->n == 2);
	CHECK(kexec_new(&s) == OK);
	put(s, "kexec_default.1.txt", "old\n");
	put(s, "kexec_default.7.txt", "older\n");
	put(s, "kexec_default.x.txt", "odd\n");
	put(s, "kexec_hashes.txt", "stays\n");
	CHECK(default_put(e, &(struct default_choice){2, DEFAULT_ASKED}, t, s) == OK);
	char *want = tf_run(&f, "sha256sum ./vmlinuz ./z.img ./a.img", &n);
	CHECK(holds(s, KEXEC_DEFAULT_HASH, want));
	CHECK(holds(s, "kexec_default.2.txt",
	            "Debian|elf|kernel /vmlinuz|initrd /z.img|initrd /a.img|append "
	            "root=/d\n"));
	CHECK(holds(s, "kexec_hashes.txt", "stays\n"));
	CHECK(s->n == 3);
	free(want);
	CHECK(default_put(e, &(struct default_choice){0, DEFAULT_NOT_WANTED}, t, s) ==
	      OK);
	CHECK(s->n == 1 && holds(s, "kexec_hashes.txt", "stays\n"));
	s = kexec_free(s);
	e = entries_free(e);
	(void)tree_free(t);
	tf_drop(&f);
}

/* "with" comes before the bare name: a comma is less than a bar. */
static void a_sorted_menu_counts_otherwise(void)
{
	static const char menu[] = ENTRY("Debian", "/v2", "root=/d")
	        ENTRY("Debian, with Linux 2", "/v2", "root=/d")
	                ENTRY("Debian, with Linux 1", "/v1", "root=/d");
	struct boot_entries e = {0};
	struct kexec_set *old = NULL;
	struct default_choice c = {0};

	CHECK(entries_parse_grub(bytes_of(menu), "./g", there, NULL, &e) == OK);
	CHECK(kexec_new(&old) == OK);
	CHECK(!entries_seem_sorted(&e, old));
	put(old, FIRST, "Debian|elf|kernel /v2|initrd /i|append root=/d\n");
	CHECK(!entries_seem_sorted(&e, old));
	kexec_drop(old, FIRST);
	put(old, THIRD, "Debian|elf|kernel /v2|initrd /i|append root=/d\n");
	CHECK(entries_seem_sorted(&e, old));
	entries_sort(&e);
	CHECK(e.sorted && e.first == 2 && strcmp(e.entry[2].name, "Debian") == 0);
	CHECK(strcmp(e.entry[0].name, "Debian, with Linux 1") == 0);
	CHECK(!entries_seem_sorted(&e, old));
	CHECK(default_choose(&e, old, DEFAULT_FIRST, 0, &c) == OK && c.number == 3);
	CHECK(default_choose(&e, old, DEFAULT_KEEP, 0, &c) == OK && c.number == 3 &&
	      c.why == DEFAULT_AS_BEFORE);
	/* That it was number 1 says nothing of which one was first. */
	kexec_drop(old, THIRD);
	put(old, FIRST, "Other|elf|kernel /o|append root=/o\n");
	CHECK(default_choose(&e, old, DEFAULT_KEEP, 0, &c) == ERR_NOT_FOUND);
	entries_clear(&e);
	e.from_menu = true;
	CHECK(entries_parse_grub(bytes_of(menu), "./g", there, NULL, &e) == OK);
	entries_sort(&e);
	CHECK(!e.sorted && strcmp(e.entry[0].name, "Debian") == 0);
	entries_clear(&e);
	entries_sort(&e);
	old = kexec_free(old);
}

static void what_cannot_be_put_changes_nothing(void)
{
	struct tree_folder f;
	struct boot_entries e = {0};
	struct kexec_set *s = NULL;

	tf_make(&f);
	tf_file(&f, "v", "v");
	struct tree *t = tf_walk(&f, 1);
	CHECK(entries_parse_grub(bytes_of("menuentry 'a' {\nlinux /v\ninitrd /i\n}\n"
	                                  "menuentry 'b' {\nlinux /v\ninitrd /gone\n}\n"),
	                         "./g", there, NULL, &e) == OK);
	CHECK(kexec_new(&s) == OK);
	put(s, "kexec_default.1.txt", "old\n");
	CHECK(default_put(&e, &(struct default_choice){1, DEFAULT_ASKED}, t, s) ==
	      ERR_NOT_FOUND);
	CHECK(default_put(&e, &(struct default_choice){2, DEFAULT_ASKED}, t, s) ==
	      ERR_UNSUPPORTED);
	CHECK(default_put(&e, &(struct default_choice){3, DEFAULT_ASKED}, t, s) ==
	      ERR_USAGE);
	CHECK(s->n == 1 && holds(s, "kexec_default.1.txt", "old\n"));
	s = kexec_free(s);
	entries_clear(&e);
	(void)tree_free(t);
	tf_drop(&f);
}

static void every_reason_is_a_sentence(void)
{
	for (int w = 0; w < DEFAULT_WHYS_; w++) {
		const char *text = default_why_text((enum default_why)w);

		CHECK(strlen(text) > 10 && text[strlen(text) - 1] == '.');
	}
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"choices",	                    choices                       },
	        {"a sorted menu counts otherwise",     a_sorted_menu_counts_otherwise},
	        {"the two files byte for byte",        the_two_files_byte_for_byte   },
	        {"what cannot be put changes nothing",
	         what_cannot_be_put_changes_nothing                                  },
	        {"every reason is a sentence",         every_reason_is_a_sentence    },
	};

	CHECK(crypto_init() == OK);
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
