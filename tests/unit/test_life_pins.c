/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A card's PINs: how they are asked for and changed, with a card that fails at every
 * command in turn: no try is lost, and the PIN is the old one or the new. */
#include <stdio.h>
#include <string.h>

#include "tests/unit/check.h"
#include "tests/unit/life_world.h"

static void wrong_admin_pins_are_counted_and_never_sent_again(void)
{
	lw.v = vcard_new("default", NULL);
	CHECK(life_begin() == OK);
	life_answer("11111111");
	life_answer("11111111"); /* the same: not sent */
	life_answer("22222222");
	life_answer("11111111"); /* and not after another one */
	life_answer(NULL);
	CHECK(work_admin(&lw.w) == ERR_CANCELLED);
	CHECK(life_sent() == 2 && life_tries(CARD_PW_ADMIN) == 1);
	CHECK(double_ask_said(&lw.person, "2 tries of it left"));
	CHECK(double_ask_said(&lw.person, "was refused before"));
	life_end();
	vcard_free(lw.v);
}

static void last_one(const char *first, const char *second, unsigned want_sent,
                     enum err want)
{
	lw.v = vcard_new("default", NULL);
	CHECK(life_begin() == OK);
	life_answer("11111111");
	life_answer("22222222");
	life_answer(NULL);
	CHECK(work_admin(&lw.w) == ERR_CANCELLED);
	life_end();
	CHECK(life_begin() == OK);
	life_answer(first);
	life_answer(second);
	life_answer(NULL);
	CHECK_ROW(work_admin(&lw.w) == want, second);
	CHECK_ROW(life_sent() == want_sent, second);
	CHECK(double_ask_said(&lw.person, "only a reset"));
	life_end();
	CHECK_ROW(life_tries(CARD_PW_ADMIN) == (want == OK                ? 3
	                                        : want == ERR_PIN_BLOCKED ? 0
	                                                                  : 1),
	          second);
	vcard_free(lw.v);
}

static void the_last_try_is_typed_twice(void)
{
	last_one(LIFE_ADMIN, LIFE_ADMIN, 1, OK);
	last_one(LIFE_ADMIN, "12345679", 0, ERR_CANCELLED);
	last_one("33333333", "33333333", 1, ERR_PIN_BLOCKED);
}

static void an_admin_pin_that_was_right_is_asked_for_once(void)
{
	lw.v = vcard_new("default", NULL);
	CHECK(life_begin() == OK);
	life_answer(LIFE_ADMIN);
	CHECK(work_admin(&lw.w) == OK && work_admin(&lw.w) == OK && life_sent() == 1);
	CHECK(work_again(&lw.w) == OK && !card_admin_holds(work_card(&lw.w)));
	CHECK(work_admin(&lw.w) == OK && life_sent() == 2);
	CHECK(lw.person.asked[ASK_USER_PIN] == 1);
	life_end();
	vcard_free(lw.v);
}

static void new_pins_have_rules(void)
{
	static const struct {
		const char *what, *answers[8], *says;
		enum err want;
	} rows[] = {
	        {"typed twice",       {"123456", "246810", "246810"},         NULL,        OK           },
	        {"differing once",
	         {"123456", "246810", "246811", "246810", "246810"},
	         "The two differ",	                                                 OK           },
	        {"a factory PIN",
	         {"123456", "12345678", "246810", "246810"},
	         "every new card has",	                                             OK           },
	        {"the one it has",
	         {"123456", "123456", "246810", "246810"},
	         "every new card has",	                                             OK           },
	        {"too short",         {"123456", "2468", "246810", "246810"}, "too short", OK           },
	        {"letters that move", {"123456", "zyxwvq", "zyxwvq"},         NULL,        OK           },
	        {"given up",          {"123456", "246810"},                   NULL,        ERR_CANCELLED},
	        {"given up before",   {NULL},                                 NULL,        ERR_CANCELLED},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *last = NULL;

		lw.v = vcard_new("default", NULL);
		CHECK(life_begin() == OK);
		for (size_t k = 0; k < 8 && rows[i].answers[k]; k++)
			life_answer(last = rows[i].answers[k]);
		CHECK_ROW(work_passwd(&lw.w, CARD_PW_USER) == rows[i].want, rows[i].what);
		if (rows[i].says)
			CHECK_ROW(double_ask_said(&lw.person, rows[i].says),
			          rows[i].what);
		life_end();
		CHECK(life_begin() == OK);
		life_answer(rows[i].want == OK ? last : "123456");
		AUTO_SECRET *pin = NULL;
		CHECK_ROW(work_user(&lw.w, &pin) == OK, rows[i].what);
		life_end();
		vcard_free(lw.v);
	}
}

static void a_reader_with_a_pad_is_not_typed_around(void)
{
	struct session_options o = {.poll_ms = 1, .wait_ms = 0};

	lw.v = vcard_new("default", NULL);
	lw.c = (struct cli){.pin_fd = -1};
	o.readers = double_vcard_readers();
	double_vcard_put(o.readers, 0, LIFE_READER, lw.v);
	double_vcard_pad(o.readers, LIFE_ADMIN);
	o.ask = double_ask_init(&lw.person);
	CHECK(session_new(&o, &lw.s) == OK);
	lw.c.hears = o.ask;
	CHECK(work_begin(&lw.c, lw.s, &lw.w) == OK);
	CHECK(work_passwd(&lw.w, CARD_PW_USER) == ERR_UNSUPPORTED);
	CHECK(strstr(lw.c.why, "pad of its own") != NULL);
	CHECK(lw.person.asked[ASK_USER_PIN] == 0);
	lw.c.why[0] = '\0';
	CHECK(work_admin(&lw.w) == OK); /* which is typed there */
	CHECK(lw.person.asked[ASK_USER_PIN] == 0);
	CHECK(double_ask_said(&lw.person, "on the reader's pad (3 tries left)"));
	life_end();
	vcard_free(lw.v);
}

/* Of the user PIN: the old one or the new one, and no try is lost for good. */
static void whatever_fails_the_pin_is_the_old_one_or_the_new(void)
{
	for (size_t a = 0; a < LIFE_FAULTS; a++)
		for (unsigned at = 1; at < LIFE_COMMANDS_MAX; at++) {
			char what[LIFE_WHAT_MAX];

			lw.v = vcard_new("default", NULL);
			enum err e = life_begin_faulty(a, at, what);
			life_answer("123456");
			life_answer("246810");
			life_answer("246810");
			if (e == OK)
				e = work_passwd(&lw.w, CARD_PW_USER);
			CHECK_ROW(life_sent() <= 1, what);
			const bool met = life_end_faulty(at);
			AUTO_SECRET *old = NULL, *fresh = NULL;
			CHECK(secret_copy(bytes_of("123456"), &old) == OK);
			CHECK(secret_copy(bytes_of("246810"), &fresh) == OK);
			struct card *c = life_open_card();
			const bool is_old = card_verify_user(c, old, true) == OK;
			const bool is_new = card_verify_user(c, fresh, true) == OK;
			CHECK_ROW(is_old != is_new, what);
			CHECK_ROW(e != OK || is_new, what);
			c = card_close(c);
			vcard_free(lw.v);
			if (!met)
				break;
		}
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"wrong Admin PINs are counted and never sent again",
	         wrong_admin_pins_are_counted_and_never_sent_again                               },
	        {"the last try is typed twice",                       the_last_try_is_typed_twice},
	        {"an Admin PIN that was right is asked for once",
	         an_admin_pin_that_was_right_is_asked_for_once                                   },
	        {"new PINs have rules",                               new_pins_have_rules        },
	        {"a reader with a pad is not typed around",
	         a_reader_with_a_pad_is_not_typed_around                                         },
	        {"whatever fails, the PIN is the old one or the new",
	         whatever_fails_the_pin_is_the_old_one_or_the_new                                },
	};

	if (crypto_init() != OK)
		return 1;
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
