/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of crypttab taken over and given back: every other byte stays. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/check.h"
#include "unlock/crypttab_edit.h"

#define UUID  "0a1b2c3d-0000-4000-8000-00000000000a"
#define OURS  "keyscript=decrypt_bootlatch"
#define OTHER "11111111-0000-4000-8000-00000000000b"

static const struct crypttab_target plain = {.device = "/nonexistent", .uuid = UUID};
static const struct crypttab_target replacing = {
        .device = "/nonexistent", .uuid = UUID, .replace = true};

static struct bytes of(const char *t)
{
	return (struct bytes){(const uint8_t *)t, strlen(t)};
}

static bool is(const struct crypttab_edit *e, const char *want)
{
	return e->changed && bytes_equal((struct bytes){e->text, e->len}, of(want));
}

/* Taken over and given back again. */
static const struct {
	const char *what, *before, *after;
} there_and_back[] = {
        {"options as the installer writes them",
         "sda3_crypt UUID=" UUID " none luks,discard\n",
         "sda3_crypt UUID=" UUID " none luks,discard," OURS ",initramfs\n"           },
        {"initramfs that was there",               "a UUID=" UUID " none luks,initramfs\n",
         "a UUID=" UUID " none luks,initramfs," OURS "\n"                            },
        {"no luks",                                "a UUID=" UUID " none discard,initramfs\n",
         "a UUID=" UUID " none discard,initramfs," OURS ",luks\n"                    },
        {"no options",                             "a UUID=" UUID " none\n",
         "a UUID=" UUID " none " OURS ",luks,initramfs\n"                            },
        {"no options and blanks",                  "a UUID=" UUID "\tnone  \n",
         "a UUID=" UUID "\tnone " OURS ",luks,initramfs  \n"                         },
        {"an end without newline",                 "a UUID=" UUID " none luks",
         "a UUID=" UUID " none luks," OURS ",initramfs"                              },
        {"tabs, blanks, comments and other lines",
         "# <target> <source>: none\n\n  a\t UUID=" UUID " \t none\tluks,,tries=5, \t\n"
         "b UUID=" OTHER " /key:file luks\n#a UUID=" UUID " none luks\n\n",
         "# <target> <source>: none\n\n  a\t UUID=" UUID " \t none\tluks,,tries=5,," OURS
         ",initramfs \t\n"
         "b UUID=" OTHER " /key:file luks\n#a UUID=" UUID " none luks\n\n"           },
        {"capital letters",                        "a UUID=0A1B2C3D-0000-4000-8000-00000000000A none luks\n",
         "a UUID=0A1B2C3D-0000-4000-8000-00000000000A none luks," OURS ",initramfs\n"},
        {"the link of that name",                  "a /dev/disk/by-uuid/" UUID " none luks\n",
         "a /dev/disk/by-uuid/" UUID " none luks," OURS ",initramfs\n"               },
};

static void a_line_is_taken_over_and_given_back(void)
{
	for (size_t i = 0; i < sizeof(there_and_back) / sizeof(there_and_back[0]); i++) {
		const char *what = there_and_back[i].what;
		struct crypttab_edit e = {0}, again = {0}, back = {0};

		CHECK_ROW(crypttab_take_over(of(there_and_back[i].before), &plain, &e) ==
		                  OK,
		          what);
		CHECK_ROW(e.why == CRYPTTAB_EDIT_FINE && !e.ours, what);
		CHECK_ROW(is(&e, there_and_back[i].after), what);
		CHECK_ROW(crypttab_take_over(of(there_and_back[i].after), &plain,
		                             &again) == OK,
		          what);
		CHECK_ROW(again.ours && !again.changed && !again.text, what);
		CHECK_ROW(crypttab_give_back(of(there_and_back[i].after), &plain,
		                             &back) == OK,
		          what);
		CHECK_ROW(back.ours && is(&back, there_and_back[i].before), what);
		crypttab_edit_clear(&e);
		crypttab_edit_clear(&back);
	}
}

static const struct {
	const char *what, *text;
	enum crypttab_edit_why why;
	const char *about;
} refused[] = {
        {"no line",                      "b UUID=" OTHER " none luks\n",                                 CRYPTTAB_EDIT_NO_LINE,  ""                                  },
        {"nothing at all",               "",                                                             CRYPTTAB_EDIT_NO_LINE,  ""                                  },
        {"two lines",                    "a UUID=" UUID " none luks\nb UUID=" UUID " none luks\n",
         CRYPTTAB_EDIT_SEVERAL,                                                                                                  ""                                  },
        {"a key file",                   "a UUID=" UUID " /root/key luks\n",                             CRYPTTAB_EDIT_KEY,
         "/root/key"                                                                                                                                                 },
        {"a keyscript of somebody else",
         "a UUID=" UUID " none luks,keyscript=decrypt_gnupg-sc\n",
         CRYPTTAB_EDIT_KEYSCRIPT,                                                                                                "keyscript=decrypt_gnupg-sc"        },
        {"one whose name ends in ours",
         "a UUID=" UUID " none luks,keyscript=/x/not_decrypt_bootlatch\n",
         CRYPTTAB_EDIT_KEYSCRIPT,                                                                                                "keyscript=/x/not_decrypt_bootlatch"},
        {"a colon",                      "a UUID=" UUID " none luks,header=/dev/disk/by-path/pci-0:1\n",
         CRYPTTAB_EDIT_COLON,                                                                                                    ""                                  },
        {"none in the name",             "nonesuch UUID=" UUID " none luks\n",                           CRYPTTAB_EDIT_NONE,
         ""                                                                                                                                                          },
        {"a plain volume",               "a UUID=" UUID " none plain\n",                                 CRYPTTAB_EDIT_NOT_LUKS,
         "plain"                                                                                                                                                     },
        {"five fields",                  "a UUID=" UUID " none luks more\n",                             CRYPTTAB_EDIT_BROKEN,   ""                                  },
        {"two fields",                   "a UUID=" UUID "\n",                                            CRYPTTAB_EDIT_BROKEN,   ""                                  },
        {"a bad value",                  "a UUID=" UUID " none luks,keyslot=x\n",                        CRYPTTAB_EDIT_BROKEN,
         ""                                                                                                                                                          },
};

static void what_cannot_be_ours_is_left_as_it_is(void)
{
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct crypttab_edit e = {0};

		CHECK_ROW(crypttab_take_over(of(refused[i].text), &plain, &e) == OK,
		          refused[i].what);
		CHECK_ROW(e.why == refused[i].why, refused[i].what);
		CHECK_ROW(!refused[i].about[0] || strcmp(e.about, refused[i].about) == 0,
		          refused[i].what);
		CHECK_ROW(!e.changed && !e.text, refused[i].what);
	}
}

static void another_keyscript_goes_with_its_key_when_asked(void)
{
	struct crypttab_edit e = {0};

	CHECK(crypttab_take_over(of("a UUID=" UUID
	                            " /etc/k:ey.gpg luks,discard,keyscript="
	                            "decrypt_gnupg-sc,initramfs\n"),
	                         &replacing, &e) == OK);
	CHECK(e.why == CRYPTTAB_EDIT_COLON);
	CHECK(crypttab_take_over(of("a UUID=" UUID " /etc/key.gpg luks,discard,keyscript="
	                            "decrypt_gnupg-sc,initramfs\n"),
	                         &replacing, &e) == OK);
	CHECK(is(&e, CRYPTTAB_REPLACED
	         "a UUID=" UUID " /etc/key.gpg luks,discard,keyscript=decrypt_gnupg-sc,"
	         "initramfs\na UUID=" UUID " none luks,discard,initramfs," OURS "\n"));
	CHECK(strcmp(e.about, "keyscript=decrypt_gnupg-sc") == 0);
	crypttab_edit_clear(&e);
	/* A key file alone is somebody's way in. */
	CHECK(crypttab_take_over(of("a UUID=" UUID " /root/key luks\n"), &replacing,
	                         &e) == OK);
	CHECK(e.why == CRYPTTAB_EDIT_KEY);
}

#define THEIRS "a UUID=" UUID "\t/etc/key.gpg luks,keyscript=/x/decrypt_gnupg-sc"
#define MADE   "a UUID=" UUID "\tnone luks," OURS ",initramfs"

/* What is taken over and given back, and what comes of it. */
static const struct {
	const char *what, *between, *after;
} kept[] = {
        {"as we made it",                 CRYPTTAB_REPLACED THEIRS "\n" MADE "\n",         THEIRS "\n"},
        {"between others, without end",
         "# x\nb UUID=" OTHER " none luks\n" CRYPTTAB_REPLACED THEIRS "\n" MADE,
         "# x\nb UUID=" OTHER " none luks\n" THEIRS                                                   },
        {"a line that was changed since", CRYPTTAB_REPLACED THEIRS "\n" MADE ",discard\n",
         CRYPTTAB_REPLACED THEIRS "\na UUID=" UUID "\tnone luks,discard\n"                            },
        {"a comment that is further up",  CRYPTTAB_REPLACED THEIRS "\n\n" MADE "\n",
         CRYPTTAB_REPLACED THEIRS "\n\na UUID=" UUID "\tnone luks\n"                                  },
        {"another volume's",
         CRYPTTAB_REPLACED "a UUID=" OTHER " /etc/key.gpg luks,keyscript=x\n" MADE "\n",
         CRYPTTAB_REPLACED "a UUID=" OTHER " /etc/key.gpg luks,keyscript=x\na UUID=" UUID
                           "\tnone luks\n"                                                            },
        {"a comment with nothing in it",  CRYPTTAB_REPLACED "\n" MADE "\n",
         CRYPTTAB_REPLACED "\na UUID=" UUID "\tnone luks\n"                                           },
};

static void a_line_that_was_replaced_comes_back(void)
{
	struct crypttab_edit e = {0};

	CHECK(crypttab_take_over(of(kept[0].after), &replacing, &e) == OK);
	CHECK(is(&e, kept[0].between));
	crypttab_edit_clear(&e);
	CHECK(crypttab_take_over(of(kept[0].between), &replacing, &e) == OK);
	CHECK(e.ours && !e.changed);
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		CHECK_ROW(crypttab_give_back(of(kept[i].between), &plain, &e) == OK,
		          kept[i].what);
		CHECK_ROW(e.ours && is(&e, kept[i].after), kept[i].what);
		crypttab_edit_clear(&e);
	}
}

static void who_else_opens_the_volume_is_told(void)
{
	static const struct {
		const char *text, *name, *keyscript, *key;
	} rows[] = {
	        {"b UUID=" OTHER " /k keyscript=x\n",                           "",  "",                 ""            },
	        {THEIRS "\n",	                                           "a", "decrypt_gnupg-sc", "/etc/key.gpg"},
	        {"a UUID=" UUID " /my\\040key keyscript=decrypt_gnupg-sc,luks", "a",
	         "decrypt_gnupg-sc",	                                                             "/my key"     },
	        {MADE,	                                                  "a", "",                 "none"        },
	        {"a UUID=" UUID "\n",	                                   "a", "",                 ""            },
	        {"a UUID=" UUID " none keyscript=\n",                           "a", "",                 "none"        },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct crypttab_theirs t = {0};

		CHECK_ROW(crypttab_look(of(rows[i].text), &plain, &t) == OK,
		          rows[i].text);
		CHECK_ROW(strcmp(t.name, rows[i].name) == 0, rows[i].text);
		CHECK_ROW(strcmp(t.keyscript, rows[i].keyscript) == 0, rows[i].text);
		CHECK_ROW(strcmp(t.key, rows[i].key) == 0, rows[i].text);
	}
}

static void half_a_path_is_not_told(void)
{
	char text[2 * CRYPTTAB_ABOUT_MAX + 64];
	struct crypttab_theirs t = {.name = "before"};

	(void)snprintf(text, sizeof(text), "a UUID=" UUID " /%0*d luks\n",
	               CRYPTTAB_ABOUT_MAX, 0);
	CHECK(crypttab_look(of(text), &plain, &t) == ERR_FORMAT);
	CHECK(strcmp(t.name, "before") == 0);
}

static void a_name_chooses_the_line_or_adds_one(void)
{
	struct crypttab_target t = plain;
	struct crypttab_edit e = {0};

	t.name = "data";
	CHECK(crypttab_take_over(of("b UUID=" OTHER " none luks"), &t, &e) == OK);
	CHECK(e.added && is(&e, "b UUID=" OTHER " none luks\ndata UUID=" UUID
	                        " none " OURS ",luks,initramfs\n"));
	crypttab_edit_clear(&e);
	CHECK(crypttab_take_over(of(""), &t, &e) == OK);
	CHECK(is(&e, "data UUID=" UUID " none " OURS ",luks,initramfs\n"));
	crypttab_edit_clear(&e);
	CHECK(crypttab_take_over(
	              of("x UUID=" UUID " none luks\ndata UUID=" UUID " none luks\n"), &t,
	              &e) == OK);
	CHECK(is(&e, "x UUID=" UUID " none luks\ndata UUID=" UUID " none luks," OURS
	             ",initramfs\n"));
	crypttab_edit_clear(&e);
	CHECK(crypttab_take_over(of("data UUID=" OTHER " none luks\n"), &t, &e) == OK);
	CHECK(e.why == CRYPTTAB_EDIT_TAKEN);
	CHECK(crypttab_take_over(of("x UUID=" UUID " none luks\n"), &t, &e) == OK);
	CHECK(e.why == CRYPTTAB_EDIT_OTHER && strcmp(e.about, "x") == 0);
}

static void a_new_name_must_be_one(void)
{
	static const char *const bad[] = {"",   "a/b",  "a b",      "a:b", "..",
	                                  "#a", "a\\b", "nonesuch", "a,b", "control"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct crypttab_target t = plain;
		struct crypttab_edit e = {0};

		t.name = bad[i];
		CHECK_ROW(crypttab_take_over(of(""), &t, &e) == OK, bad[i]);
		CHECK_ROW(e.why == CRYPTTAB_EDIT_BAD_NAME && !e.text, bad[i]);
	}
}

static void the_device_itself_names_its_line(void)
{
	char dir[] = "/tmp/bootlatch-test.XXXXXX", disk[64], link[64], text[256],
	     want[256];
	struct crypttab_edit e = {0};

	CHECK(mkdtemp(dir) != NULL);
	(void)snprintf(disk, sizeof(disk), "%s/disk", dir);
	(void)snprintf(link, sizeof(link), "%s/link", dir);
	(void)close(open(disk, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	CHECK(symlink(disk, link) == 0);
	const struct crypttab_target t = {.device = disk, .uuid = UUID};
	(void)snprintf(text, sizeof(text), "b /nonexistent none luks\na %s none luks\n",
	               link);
	(void)snprintf(want, sizeof(want),
	               "b /nonexistent none luks\na %s none luks," OURS ",initramfs\n",
	               link);
	CHECK(crypttab_take_over(of(text), &t, &e) == OK);
	CHECK(is(&e, want) && strcmp(e.name, "a") == 0);
	crypttab_edit_clear(&e);
	CHECK(unlink(link) == 0 && unlink(disk) == 0 && rmdir(dir) == 0);
}

static void what_is_missing_is_added_behind_our_keyscript(void)
{
	struct crypttab_edit e = {0};

	CHECK(crypttab_take_over(of("a UUID=" UUID " none " OURS ",discard\n"), &plain,
	                         &e) == OK);
	CHECK(is(&e, "a UUID=" UUID " none " OURS ",luks,initramfs,discard\n"));
	crypttab_edit_clear(&e);
	CHECK(crypttab_give_back(of("a UUID=" UUID " none " OURS
	                            ",luks,initramfs,luks,discard\n"
	                            "b UUID=" OTHER " none luks," OURS "\n"),
	                         &plain, &e) == OK);
	CHECK(is(&e, "a UUID=" UUID " none luks,discard\nb UUID=" OTHER " none luks," OURS
	             "\n"));
	crypttab_edit_clear(&e);
}

static void what_is_not_ours_is_not_given_back(void)
{
	struct crypttab_edit e = {0};

	CHECK(crypttab_give_back(of("a UUID=" UUID " none luks,initramfs\n"), &plain,
	                         &e) == OK);
	CHECK(!e.ours && !e.changed && !e.text);
}

static void an_option_that_we_do_not_honour_is_told(void)
{
	struct crypttab_edit e = {0};

	CHECK(crypttab_take_over(of("a UUID=" UUID " none luks,keyfile-size=3\n"), &plain,
	                         &e) == OK);
	CHECK(e.changed && strcmp(e.left, "keyfile-size") == 0);
	crypttab_edit_clear(&e);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"a_line_is_taken_over_and_given_back",
	         a_line_is_taken_over_and_given_back                                                },
	        {"what_cannot_be_ours_is_left_as_it_is",
	         what_cannot_be_ours_is_left_as_it_is                                               },
	        {"another_keyscript_goes_with_its_key_when_asked",
	         another_keyscript_goes_with_its_key_when_asked                                     },
	        {"a_line_that_was_replaced_comes_back",
	         a_line_that_was_replaced_comes_back                                                },
	        {"who_else_opens_the_volume_is_told",              who_else_opens_the_volume_is_told},
	        {"half_a_path_is_not_told",                        half_a_path_is_not_told          },
	        {"a_name_chooses_the_line_or_adds_one",
	         a_name_chooses_the_line_or_adds_one                                                },
	        {"a_new_name_must_be_one",                         a_new_name_must_be_one           },
	        {"the_device_itself_names_its_line",               the_device_itself_names_its_line },
	        {"what_is_missing_is_added_behind_our_keyscript",
	         what_is_missing_is_added_behind_our_keyscript                                      },
	        {"what_is_not_ours_is_not_given_back",
	         what_is_not_ours_is_not_given_back                                                 },
	        {"an_option_that_we_do_not_honour_is_told",
	         an_option_that_we_do_not_honour_is_told                                            },
	};

	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
