/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Making a card's keys, with a card that fails at every command in turn: what it is left
 * with, and that the same step again finishes it. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tests/unit/check.h"
#include "tests/unit/life_world.h"
#include "tests/unit/world.h"

/* The program's clock: the Makefile has time() wrapped. */
static time_t clock_says;
time_t __real_time(time_t *t); // NOLINT: the linker's names
time_t __wrap_time(time_t *t); // NOLINT
time_t __wrap_time(time_t *t)  // NOLINT
{
	return clock_says ? clock_says : __real_time(t);
}

static void three_keys_are_made_with_one_admin_pin(void)
{
	lw.v = vcard_new("default", NULL);
	CHECK(life_begin() == OK);
	life_answer(LIFE_ADMIN);
	CHECK(life_generate(LIFE_SLOTS, false) == OK);
	CHECK(life_sent() == 1 && life_all_whole());
	CHECK(lw.w.factory[CARD_PW_ADMIN]);
	CHECK(double_ask_said(&lw.person,
	                      "change it with bootlatch card passwd --admin"));
	life_end();
	vcard_free(lw.v);
}

static void keys_that_are_there_stay(void)
{
	uint8_t before[FPR_LEN], after[FPR_LEN];

	lw.v = vcard_new("default", NULL);
	CHECK(life_begin() == OK);
	life_answer(LIFE_ADMIN);
	CHECK(life_generate(1U << CARD_KEY_DEC, false) == OK);
	life_end();
	CHECK(life_slot(CARD_KEY_DEC, before) == SLOT_WHOLE);
	CHECK(life_slot(CARD_KEY_SIG, after) == SLOT_EMPTY);
	CHECK(life_generate_all() == OK);
	CHECK(life_all_whole() && life_slot(CARD_KEY_DEC, after) == SLOT_WHOLE);
	CHECK(memcmp(before, after, FPR_LEN) == 0);
	CHECK(life_begin() == OK);
	CHECK(life_generate(LIFE_SLOTS, false) == ERR_REFUSED && life_sent() == 0);
	CHECK(strstr(lw.c.why, "all three keys already") != NULL);
	life_end();
	vcard_free(lw.v);
}

static void keys_are_replaced_only_when_the_number_is_typed(void)
{
	static const struct {
		const char *typed;
		bool nobody;
		enum err want;
	} rows[] = {
	        {"00000000",                false, ERR_REFUSED  },
                {"yes",                     false, ERR_REFUSED  },
	        {NULL,                      false, ERR_CANCELLED},
                {NULL,                      true,  ERR_REFUSED  },
	        {"(the card's own number)", false, OK           },
	};
	uint8_t before[FPR_LEN], after[FPR_LEN];

	lw.v = vcard_new("default", NULL);
	CHECK(life_generate_all() == OK);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *what = rows[i].typed ? rows[i].typed : "(nothing)";

		CHECK(life_slot(CARD_KEY_SIG, before) == SLOT_WHOLE);
		CHECK(life_begin() == OK);
		lw.person.nobody[ASK_CONFIRM] = rows[i].nobody;
		double_ask_answer(&lw.person, ASK_CONFIRM,
		                  rows[i].want == OK ? lw.w.ident : rows[i].typed);
		life_answer(LIFE_ADMIN);
		CHECK_ROW(life_generate(LIFE_SLOTS, true) == rows[i].want, what);
		CHECK_ROW(life_sent() == (rows[i].want == OK), what);
		CHECK(double_ask_said(&lw.person, "which Heads"));
		life_end();
		CHECK(life_all_whole() && life_slot(CARD_KEY_SIG, after) == SLOT_WHOLE);
		CHECK_ROW((memcmp(before, after, FPR_LEN) != 0) == (rows[i].want == OK),
		          what);
	}
	vcard_free(lw.v);
}

static void a_clock_that_cannot_be_right_makes_no_key(void)
{
	static const time_t rows[] = {1, 1704067199, 3900000000, 9000000000};

	lw.v = vcard_new("default", NULL);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CHECK(life_begin() == OK);
		clock_says = rows[i];
		CHECK(life_generate(LIFE_SLOTS, false) == ERR_REFUSED &&
		      life_sent() == 0);
		CHECK(strstr(lw.c.why, "cannot be") != NULL);
		clock_says = 0;
		life_end();
	}
	clock_says = 1893456000; /* 2030 */
	CHECK(life_generate_all() == OK);
	clock_says = 1861920000; /* 2029 */
	CHECK(life_begin() == OK);
	CHECK(life_generate(LIFE_SLOTS, true) == ERR_REFUSED && life_sent() == 0);
	CHECK(strstr(lw.c.why, "2030-01-01") != NULL);
	life_end();
	clock_says = 0;
	vcard_free(lw.v);
}

/* A forced run too: what was replaced is another key, or it is the old one. */
static void whatever_fails_the_same_again_finishes_the_keys(void)
{
	for (size_t a = 0; a < LIFE_FAULTS; a++)
		for (unsigned at = 1; at < LIFE_COMMANDS_MAX; at++) {
			char what[LIFE_WHAT_MAX];

			lw.v = vcard_new("default", NULL);
			enum err e = life_begin_faulty(a, at, what);
			life_answer(LIFE_ADMIN);
			if (e == OK)
				e = life_generate(LIFE_SLOTS, false);
			CHECK_ROW(life_sent() <= 1, what);
			CHECK_ROW(e == OK || *lw.c.why || e == ERR_CARD_LOST ||
			                  e == ERR_PIN_WRONG || *err_text(e),
			          what);
			const bool met = life_end_faulty(at);
			if (e == OK)
				CHECK_ROW(life_all_whole(), what);
			else
				e = life_generate_all();
			CHECK_ROW(e == OK || e == ERR_REFUSED, what);
			CHECK_ROW(life_all_whole(), what);
			CHECK_ROW(life_tries(CARD_PW_ADMIN) == 3, what);
			vcard_free(lw.v);
			if (!met)
				break;
		}
}

static void a_key_without_fingerprint_gets_it_and_is_no_other(void)
{
	static const uint8_t none[FPR_LEN];
	uint8_t before[FPR_LEN], after[FPR_LEN];

	lw.v = vcard_new("default", NULL);
	CHECK(life_generate_all() == OK);
	CHECK(life_slot(CARD_KEY_DEC, before) == SLOT_WHOLE);
	world_card_put(lw.v, 0xc8, none, sizeof(none));
	CHECK(life_slot(CARD_KEY_DEC, after) == SLOT_NO_FPR);
	CHECK(life_generate_all() == OK);
	CHECK(double_ask_said(&lw.person, "as an interruption leaves it"));
	CHECK(life_slot(CARD_KEY_DEC, after) == SLOT_WHOLE);
	CHECK(memcmp(before, after, FPR_LEN) == 0);
	vcard_free(lw.v);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"three keys are made with one Admin PIN",
	         three_keys_are_made_with_one_admin_pin                                        },
	        {"keys that are there stay",                           keys_that_are_there_stay},
	        {"keys are replaced only when the number is typed",
	         keys_are_replaced_only_when_the_number_is_typed                               },
	        {"a clock that cannot be right makes no key",
	         a_clock_that_cannot_be_right_makes_no_key                                     },
	        {"whatever fails, the same again finishes the keys",
	         whatever_fails_the_same_again_finishes_the_keys                               },
	        {"a key without fingerprint gets it, and is no other",
	         a_key_without_fingerprint_gets_it_and_is_no_other                             },
	};

	if (crypto_init() != OK)
		return 1;
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
