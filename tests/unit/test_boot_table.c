/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The boot run: what crypttab says, Heads' key, and volumes that are late. */
#include "unlock/boot.h"

#include <stdio.h>
#include <string.h>

#include "crypto/crypto.h"
#include "tests/unit/boot_world.h"
#include "tests/unit/check.h"
#include "unlock/heads_key.h"

/* --- Heads --- */

static enum err heads_right(struct secret **ret)
{
	return secret_copy((struct bytes){(const uint8_t *)HEADS_SET, strlen(HEADS_SET)},
	                   ret);
}

static enum err heads_none(struct secret **ret)
{
	(void)ret;
	return ERR_NOT_FOUND;
}

static void the_key_of_heads_opens_what_it_opens(void)
{
	boot_begin(alice, NULL);
	boot_line("one %s " HEADS_KEY " " OURS, of[0].disk);
	boot_line("two %s " HEADS_KEY " " OURS, of[1].disk);
	now.wish.heads_key = heads_right;
	boot_pin();
	CHECK(boot_go() == OK);
	CHECK(mapper.n == 2 && boot_is_mapped(0, "one") && mapper.mapped[0].slot == 31);
	CHECK(boot_is_mapped(1, "two") && mapper.mapped[1].slot == 2);
	CHECK(double_ask_said(&now.person, "The key that Heads released does not open "
	                                   "two."));
	boot_end();
}

static void the_key_of_heads_is_not_used_unasked(void)
{
	boot_begin(alice, NULL);
	boot_line("one %s none " OURS, of[0].disk);
	boot_line("two %s " HEADS_KEY "x " OURS, of[1].disk);
	now.wish.heads_key = heads_right;
	boot_pin();
	CHECK(boot_go() == OK);
	CHECK(mapper.n == 2 && mapper.mapped[0].slot == 2);
	CHECK(!double_ask_said(&now.person, "Heads"));
	boot_end();
	boot_begin(alice, NULL);
	boot_line("one %s " HEADS_KEY " " OURS, of[0].disk);
	now.wish.heads_key = heads_none;
	boot_pin();
	CHECK(boot_go() == OK && mapper.n == 1 && mapper.mapped[0].slot == 2);
	CHECK(!double_ask_said(&now.person, "Heads"));
	boot_end();
}

static void the_key_of_heads_is_kept_from_a_changed_header(void)
{
	boot_begin(alice, NULL);
	boot_keep_disk(&of[0]);
	world_set_discards(&of[0]);
	boot_line("one %s " HEADS_KEY " " OURS, of[0].disk);
	now.wish.heads_key = heads_right;
	CHECK(boot_go() == ERR_TAMPERED && mapper.n == 0);
	boot_end();
	boot_put_back(&of[0]);
}

/* --- sources --- */

static void hide(struct world *w)
{
	(void)snprintf(now.place, sizeof(now.place), "%s", w->disk);
	(void)snprintf(now.late, sizeof(now.late), "%s.late", w->disk);
	CHECK(rename(now.place, now.late) == 0);
}

static void appear(void)
{
	CHECK(rename(now.late, now.place) == 0);
}

static void appear_inside(const char *name)
{
	if (strcmp(name, "one") == 0)
		appear();
}

static void a_volume_inside_another_one_is_waited_for(void)
{
	boot_begin(alice, NULL);
	boot_line("two %s none " OURS, of[1].disk);
	boot_line("one %s none " OURS, of[0].disk);
	now.wish.source_wait_ms = 20000;
	mapper.then = appear_inside;
	boot_pin();
	hide(&of[1]);
	CHECK(boot_go() == OK);
	CHECK(mapper.n == 2 && boot_is_mapped(0, "one") && boot_is_mapped(1, "two"));
	CHECK(now.person.asked[ASK_USER_PIN] == 1);
	boot_end();
}

static void appear_while_asked(void *ctx, unsigned left)
{
	(void)ctx;
	if (left == 3)
		appear();
	if (left == 1)
		double_ask_answer(&now.person, ASK_CARD_OR_PASSPHRASE, WORLD_PHRASE);
}

static void a_passphrase_serves_a_volume_that_came_late(void)
{
	boot_begin(NULL, NULL);
	boot_all_three();
	now.person.patience = 5;
	now.person.tick = appear_while_asked;
	hide(&of[0]);
	CHECK(boot_go() == OK && mapper.n == 3 && boot_is_mapped(0, "two"));
	CHECK(now.person.asked[ASK_CARD_OR_PASSPHRASE] == 1);
	boot_end();
}

static void what_never_appears_is_left_with_a_word(void)
{
	boot_begin(alice, NULL);
	boot_line("gone UUID=00000000-1111-4222-8333-944445555666 none " OURS);
	boot_line("folder %s none " OURS, of[0].boot);
	boot_line("nohead %s none " OURS ",header=%s/none", of[1].disk, of[0].dir);
	boot_line("one %s none " OURS, of[0].disk);
	now.wish.source_wait_ms = 60;
	boot_pin();
	CHECK(boot_go() == ERR_NOT_FOUND);
	CHECK(mapper.n == 1 && boot_is_mapped(0, "one"));
	CHECK(double_ask_said(&now.person, "Waiting up to 1 seconds for UUID=00000000"));
	CHECK(double_ask_said(&now.person, "has not appeared. gone is left"));
	CHECK(double_ask_said(&now.person, "has not appeared. folder is left"));
	CHECK(double_ask_said(&now.person, "has not appeared. nohead is left"));
	boot_end();
	/* The rounds after the first are quiet. */
	boot_begin(alice, NULL);
	boot_line("gone UUID=00000000-1111-4222-8333-944445555666 none " OURS);
	now.wish.source_wait_ms = 0;
	CHECK(boot_go() == ERR_NOT_FOUND && now.person.said[0] == '\0');
	boot_end();
}

static void what_is_not_luks_is_left_with_a_word(void)
{
	char path[80];

	boot_begin(alice, NULL);
	(void)snprintf(path, sizeof(path), "%s/text", of[0].dir);
	FILE *f = fopen(path, "w");
	CHECK(f && fputs("no volume", f) >= 0 && fclose(f) == 0);
	boot_line("text %s none " OURS, path);
	boot_line("one %s none " OURS, of[0].disk);
	boot_pin();
	CHECK(boot_go() == ERR_FORMAT);
	CHECK(mapper.n == 1 && boot_is_mapped(0, "one"));
	CHECK(double_ask_said(&now.person, "text was not opened"));
	CHECK(!double_ask_said(&now.person, "which asks for it next"));
	boot_end();
}

/* --- the table --- */

static void options_reach_the_mapping(void)
{
	boot_begin(alice, NULL);
	boot_line("one %s none " OURS ",discard,no-read-workqueue", of[0].disk);
	boot_line("two %s none " OURS ",readonly,no-write-workqueue,same-cpu-crypt,"
	          "submit-from-crypt-cpus",
	          of[1].disk);
	boot_pin();
	CHECK(boot_go() == OK && mapper.n == 2);
	const struct luks_activation *a = &mapper.mapped[0].how,
	                             *b = &mapper.mapped[1].how;

	CHECK(a->discard && a->no_read_workqueue && !a->readonly);
	CHECK(!a->no_write_workqueue && !a->same_cpu_crypt && !a->submit_from_crypt_cpus);
	CHECK(!b->discard && !b->no_read_workqueue && b->readonly);
	CHECK(b->no_write_workqueue && b->same_cpu_crypt && b->submit_from_crypt_cpus);
	boot_end();
}

static struct mapper two_is_open(void)
{
	boot_begin(alice, NULL);
	boot_line("two %s none " OURS, of[1].disk);
	boot_pin();
	CHECK(boot_go() == OK && mapper.n == 1);
	boot_end();
	return mapper;
}

/* A logical volume of that name, another LUKS volume, one that nobody enrolled. */
static void another_device_of_that_name_is_not_the_volume(void)
{
	static const char elsewhere[] = "01234567-89ab-cdef-0123-456789abcdef";
	const struct mapper open = two_is_open();

	for (int by_uuid = 0; by_uuid < 2; by_uuid++) {
		for (int i = 0; i < 3; i++) {
			boot_begin(alice, NULL);
			if (by_uuid)
				boot_line("two UUID=%s none " OURS, open.mapped[0].uuid);
			else
				boot_line("two %s none " OURS, of[1].disk);
			mapper = open;
			if (i > 0)
				(void)snprintf(mapper.mapped[0].uuid,
				               sizeof(mapper.mapped[0].uuid), "%s",
				               i == 1 ? elsewhere : "");
			CHECK(boot_go() == (i > 0 ? ERR_EXISTS : OK));
			CHECK(double_ask_said(&now.person, "the name two already") ==
			      (i > 0));
			CHECK(now.person.asked[ASK_USER_PIN] == 0);
			boot_end();
		}
	}
}

static void only_our_entries_that_are_not_mapped_are_opened(void)
{
	struct crypttab t = {0};
	const struct mapper open = two_is_open();

	boot_begin(alice, NULL);
	boot_line("one %s none luks", of[0].disk);
	boot_line("two %s none " OURS, of[1].disk);
	mapper = open;
	CHECK(crypttab_parse(
	              (struct bytes){(const uint8_t *)now.lines, strlen(now.lines)},
	              &t) == OK);
	now.wish.table = &t;
	CHECK(boot_count(&now.wish) == 0);
	mapper.n = 0;
	CHECK(boot_count(&now.wish) == 1);
	crypttab_clear(&t);
	mapper.n = 1;
	CHECK(boot_go() == OK && mapper.n == 1 && now.person.said[0] == '\0');
	boot_end();
}

static void what_is_not_honoured_is_left_with_a_word(void)
{
	static const struct {
		const char *line, *said;
	} rows[] = {
	        {"x /dev/x none sector-size=512," OURS,
	         "x has the option sector-size, which is not known"                           },
	        {"x /dev/x none header=h," OURS,        "x has the option header with a value"},
	        {"x /dev/x none tries=1,tries=2," OURS, "x has the option tries twice"        },
	        {"x sda none " OURS,                    "the source of x is no path"          },
	        {"a/b /dev/x none " OURS,               "a/b cannot be the name of a mapping" },
	        {"x /dev/x\\n none " OURS,              "The line of x in crypttab has a"     },
	        {"x /dev/x none " OURS " y",            "x in crypttab does not have three"   },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		boot_begin(alice, NULL);
		boot_line("%s", rows[i].line);
		boot_line("two %s none " OURS, of[1].disk);
		boot_pin();
		CHECK_ROW(boot_go() == ERR_UNSUPPORTED, rows[i].line);
		CHECK_ROW(mapper.n == 1 && boot_is_mapped(0, "two"), rows[i].line);
		CHECK_ROW(double_ask_said(&now.person, rows[i].said), rows[i].line);
		CHECK_ROW(double_ask_said(&now.person, "left to cryptroot"),
		          rows[i].line);
		boot_end();
	}
}

static void a_second_line_of_a_name_is_no_failure(void)
{
	boot_begin(alice, NULL);
	boot_line("two %s none " OURS, of[1].disk);
	boot_line("two %s none " OURS, of[0].disk);
	boot_pin();
	CHECK(boot_go() == OK && mapper.n == 1);
	CHECK(double_ask_said(&now.person, "a second line for two"));
	boot_end();
}

static void what_cannot_be_mapped_is_left_with_a_word(void)
{
	boot_begin(alice, NULL);
	boot_line("two %s none " OURS, of[1].disk);
	mapper.fails = ERR_UNSUPPORTED;
	boot_pin();
	CHECK(boot_go() == ERR_UNSUPPORTED && mapper.n == 0);
	CHECK(double_ask_said(&now.person, "two could be opened, but not mapped"));
	boot_end();
}

static void nobody_there_ends_it(void)
{
	boot_begin(NULL, NULL);
	boot_line("two %s none " OURS, of[1].disk);
	for (size_t i = 0; i < DOUBLE_ASK_KINDS; i++)
		now.person.nobody[i] = true;
	CHECK(boot_go() != OK && mapper.n == 0);
	boot_end();
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"the key of Heads opens what it opens",
	         the_key_of_heads_opens_what_it_opens                                        },
	        {"the key of Heads is not used unasked",
	         the_key_of_heads_is_not_used_unasked                                        },
	        {"the key of Heads is kept from a changed header",
	         the_key_of_heads_is_kept_from_a_changed_header                              },
	        {"a volume inside another one is waited for",
	         a_volume_inside_another_one_is_waited_for                                   },
	        {"a passphrase serves a volume that came late",
	         a_passphrase_serves_a_volume_that_came_late                                 },
	        {"what never appears is left with a word",
	         what_never_appears_is_left_with_a_word                                      },
	        {"what is not LUKS is left with a word",
	         what_is_not_luks_is_left_with_a_word                                        },
	        {"options reach the mapping",                       options_reach_the_mapping},
	        {"only our entries that are not mapped are opened",
	         only_our_entries_that_are_not_mapped_are_opened                             },
	        {"another device of that name is not the volume",
	         another_device_of_that_name_is_not_the_volume                               },
	        {"what is not honoured is left with a word",
	         what_is_not_honoured_is_left_with_a_word                                    },
	        {"a second line of a name is no failure",
	         a_second_line_of_a_name_is_no_failure                                       },
	        {"what cannot be mapped is left with a word",
	         what_cannot_be_mapped_is_left_with_a_word                                   },
	        {"nobody there ends it",                            nobody_there_ends_it     },
	};

	CHECK(crypto_init() == OK);
	boot_make_worlds();
	const int status = check_run(cases, sizeof(cases) / sizeof(cases[0]));
	boot_drop_worlds();
	return status;
}
