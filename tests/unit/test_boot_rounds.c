/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The boot run, called again and again: what an earlier run left is left alone. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "tests/unit/boot_world.h"
#include "tests/unit/check.h"
#include "unlock/boot_left.h"

static char left_file[80], late[80];

static void hide(void)
{
	(void)snprintf(late, sizeof(late), "%s.late", of[2].disk);
	CHECK(rename(of[2].disk, late) == 0);
}

static void appear(void)
{
	CHECK(rename(late, of[2].disk) == 0);
}

static void first_run_leaves_one_and_two(void)
{
	boot_begin(NULL, NULL);
	boot_keep_disk(&of[1]);
	world_set_discards(&of[1]);
	boot_all_three();
	boot_line("odd %s none " OURS ",sector-size=512", of[0].disk);
	now.wish.left = left_file;
	double_ask_answer(&now.person, ASK_CARD_OR_PASSPHRASE, NULL);
	hide();
	CHECK(boot_go() == ERR_CANCELLED && mapper.n == 0);
	CHECK(double_ask_said(&now.person, "The header of two is not the one"));
	boot_end();
}

static void rounds_ask_for_nothing_but_what_came_late(void)
{
	first_run_leaves_one_and_two();
	for (int round = 0; round < 3; round++) {
		boot_begin(NULL, NULL);
		boot_all_three();
		boot_line("odd %s none " OURS ",sector-size=512", of[0].disk);
		now.wish.left = left_file;
		now.wish.source_wait_ms = 0;
		if (round == 1)
			appear();
		double_ask_answer(&now.person, ASK_CARD_OR_PASSPHRASE,
		                  round == 1 ? NULL : OTHER);
		CHECK((boot_go() == OK) == (round != 1));
		/* For what is not here, no session is opened. */
		CHECK(now.wanted == (round == 1));
		CHECK(now.person.asked[ASK_CARD_OR_PASSPHRASE] == (round == 1));
		CHECK((now.person.said[0] != '\0') == (round == 1));
		CHECK(!double_ask_said(&now.person, "one"));
		CHECK(!double_ask_said(&now.person, "two"));
		boot_end();
	}
	boot_put_back(&of[1]);
}

static void the_first_run_of_a_boot_asks_for_everything(void)
{
	first_run_leaves_one_and_two();
	boot_put_back(&of[1]);
	appear();
	boot_begin(alice, bob);
	boot_all_three();
	now.wish.left = left_file;
	boot_pin();
	boot_pin();
	CHECK(boot_go() == OK && mapper.n == 3);
	CHECK(access(left_file, F_OK) != 0);
	boot_end();
}

static void names_that_are_left_are_whole_lines(void)
{
	CHECK(!boot_left_has(NULL, "one") && !boot_left_has(left_file, "one"));
	boot_left_add(NULL, "one");
	boot_left_add(left_file, "one more");
	boot_left_add(left_file, "two");
	boot_left_add(left_file, "two");
	CHECK(boot_left_has(left_file, "one more") && boot_left_has(left_file, "two"));
	CHECK(!boot_left_has(left_file, "one") && !boot_left_has(left_file, "more"));
	CHECK(!boot_left_has(left_file, "") &&
	      !boot_left_has(left_file, "one more\ntwo"));
	struct stat st;
	CHECK(stat(left_file, &st) == 0 && st.st_size == 13 &&
	      (st.st_mode & 0777) == 0600);
	boot_left_clear(left_file);
	CHECK(!boot_left_has(left_file, "two"));
	/* Never through a link. */
	CHECK(symlink("elsewhere", left_file) == 0);
	boot_left_add(left_file, "two");
	CHECK(!boot_left_has(left_file, "two"));
	boot_left_clear(left_file);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"rounds ask for nothing but what came late",
	         rounds_ask_for_nothing_but_what_came_late  },
	        {"the first run of a boot asks for everything",
	         the_first_run_of_a_boot_asks_for_everything},
	        {"names that are left are whole lines",
	         names_that_are_left_are_whole_lines        },
	};

	CHECK(crypto_init() == OK);
	boot_make_worlds();
	(void)snprintf(left_file, sizeof(left_file), "%s/left", of[0].dir);
	const int status = check_run(cases, sizeof(cases) / sizeof(cases[0]));
	boot_drop_worlds();
	return status;
}
