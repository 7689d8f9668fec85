/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tries of a PIN: when one is sent, never twice, and what each refusal means
 * (docs/CARDS.md). */
#include <stdio.h>

#include "card/card.h"
#include "crypto/crypto.h"
#include "tests/unit/card_lines.h"
#include "tests/unit/check.h"
#include "tests/unit/double_fault.h"
#include "tests/unit/double_vcard.h"

static void a_wrong_pin_is_not_sent_twice(void)
{
	PLAY(SEL, INFO("03"), VERIFIES("6982"), COUNTS("02"));
	CHECK(opened == OK);
	CHECK(verify_pin(c, "123456", false) == ERR_PIN_WRONG &&
	      card_info(c)->tries_user == 2);
	CHECK(verify_pin(c, "123456", false) == ERR_PIN_WRONG && log.verifies == 1);
	END(4);
}

static void tries_are_not_spent_without_need(void)
{
	PLAY(SEL, INFO("01"), VERIFIES("63C0"), COUNTS("00"));
	CHECK(opened == OK);
	CHECK(verify_pin(c, "12345", true) == ERR_PIN_LENGTH);
	CHECK(verify_pin(c, "123456", false) == ERR_PIN_LAST_TRY && log.verifies == 0);
	CHECK(verify_pin(c, "123456", true) == ERR_PIN_BLOCKED &&
	      card_info(c)->tries_user == 0);
	CHECK(verify_pin(c, "654321", true) == ERR_PIN_BLOCKED && log.verifies == 1);
	END(4);
}

static bool was_reset;

static enum err reset_once(struct transport *t)
{
	(void)t;
	const enum err e = was_reset ? ERR_CARD_RESET : OK;

	was_reset = false;
	return e;
}

static void after_a_reset_the_tries_are_counted_anew(void)
{
	static const struct script_step steps[] = {SEL, INFO("03"), SEL, COUNTS("01")};
	struct script_log log;
	struct card *c = NULL;
	struct transport *t = double_script(steps, 4, &log);
	struct transport_ops ops = *t->ops;

	ops.alive = reset_once;
	t->ops = &ops;
	CHECK(card_open(t, &c) == OK && card_info(c)->tries_user == 3);
	was_reset = true; /* by another program, which spent two of them */
	CHECK(verify_pin(c, "123456", false) == ERR_PIN_LAST_TRY);
	CHECK(log.verifies == 0 && card_info(c)->tries_user == 1);
	END(4);
}

static void a_verify_is_never_repeated(void)
{
	static const enum err errs[] = {ERR_IO, ERR_CARD_LOST, ERR_CARD_RESET};

	for (size_t i = 0; i < sizeof(errs) / sizeof(errs[0]); i++) {
		const struct script_step steps[] = {
		        SEL, INFO("03"), {"00200082*", NULL, errs[i]}
                };
		struct script_log log;
		struct card *c = NULL;

		CHECK(card_open(double_script(steps, 3, &log), &c) == OK);
		CHECK(verify_pin(c, "123456", false) == ERR_PIN_UNKNOWN);
		CHECK(card_info(c)->tries_user == 2 && log.verifies == 1 && !log.wrong);
		card_close(c);
	}
}

static void a_counter_that_cannot_be_read_is_lowered(void)
{
	PLAY(SEL, INFO("02"), VERIFIES("6982"), {GET_C4, NULL, ERR_CARD_LOST});
	CHECK(opened == OK);
	CHECK(verify_pin(c, "123456", false) == ERR_PIN_WRONG &&
	      card_info(c)->tries_user == 1);
	END(4);
}

/* clang-format off */

#define NOW(tries) C4_ALONE(tries)

static void refusals_of_a_pin(void)
{
	static const struct {
		const char *what, *before, *sw, *after;
		enum err want;
		int left;
	} rows[] = {
	        {"6982",	                               "03", "6982", NOW("02"), ERR_PIN_WRONG,   2},
	        {"63C2",	                               "03", "63C2", NOW("02"), ERR_PIN_WRONG,   2},
	        {"6982, blocked by it",                        "01", "6982", NOW("00"), ERR_PIN_BLOCKED, 0},
	        {"6983, blocked by it",                        "01", "6983", NOW("00"), ERR_PIN_BLOCKED, 0},
	        {"63C0, blocked by it",                        "01", "63C0", NOW("00"), ERR_PIN_BLOCKED, 0},
	        {"6983 with a counter that says otherwise", "02", "6983", NOW("01"), ERR_PIN_BLOCKED, 0},
	        {"6700: too short, no try spent", "03", "6700", NOW("03"), ERR_PIN_LENGTH, 3 },
	        {"6985: too short, no try spent", "03", "6985", NOW("03"), ERR_PIN_LENGTH, 3 },
	        {"6A80: too short, no try spent", "03", "6A80", NOW("03"), ERR_PIN_LENGTH, 3 },
	        {"6700, but a try was spent",                  "03", "6700", NOW("02"), ERR_PIN_WRONG,   2},
	        {"6F00, and a try was spent",                  "03", "6F00", NOW("02"), ERR_PIN_WRONG,   2},
	        {"6F00, none was",                             "03", "6F00", NOW("03"), ERR_CARD_STATE,  3},
	        {"6982, and the counter cannot be read alone", "03", "6982", NO_KEY, ERR_PIN_WRONG, 2},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char before[512], after[512];

		(void)snprintf(before, sizeof(before),
		               "%sC407007F7F7F%s0003C53C%s%s%s%s9000",
		               AID HIST C0 C2_P256, rows[i].before, FPR, FPR, FPR, TIMES);
		(void)snprintf(after, sizeof(after),
		               "%sC407007F7F7F%s0003C53C%s%s%s%s9000",
		               AID HIST C0 C2_P256, "02", FPR, FPR, FPR, TIMES);
		const bool hidden = strcmp(rows[i].after, NO_KEY) == 0;
		const struct script_step steps[] = {
		        {SELECT, "9000",        OK},
		        {SIX_E,  before,        OK},
		        {VERIFY, rows[i].sw,    OK},
		        {GET_C4, rows[i].after, OK},
		        {SIX_E,  after,         OK}
                };
		AUTO_SECRET *pin = NULL;
		struct script_log log;
		struct card *c = NULL;

		CHECK(secret_copy((struct bytes){(const uint8_t *)"123456", 6}, &pin) ==
		      OK);
		CHECK_ROW(card_open(double_script(steps, 5, &log), &c) == OK,
		          rows[i].what);
		if (!c)
			continue;
		CHECK_ROW(card_verify_user(c, pin, true) == rows[i].want, rows[i].what);
		CHECK_ROW(card_info(c)->tries_user == rows[i].left, rows[i].what);
		CHECK_ROW(log.verifies == 1 && !log.wrong &&
		                  log.used == (hidden ? 5U : 4U),
		          rows[i].what);
		card_close(c);
	}
}

/* clang-format on */

/* Neither C4 nor 6E: the status word is all there is, where it counts. */
static void a_counter_in_the_status_word_is_believed_when_it_is_lower(void)
{
	static const struct {
		const char *sw;
		enum err want;
		int left;
	} rows[] = {
	        {"63C0", ERR_PIN_BLOCKED, 0},
                {"63C1", ERR_PIN_WRONG,   1},
	        {"63C5", ERR_PIN_WRONG,   2},
                {"6982", ERR_PIN_WRONG,   2},
	        {"6983", ERR_PIN_BLOCKED, 0},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct script_step steps[] = {
		        SEL,
		        INFO("03"),
		        VERIFIES(rows[i].sw),
		        {GET_C4, NO_KEY, OK},
		        {SIX_E,  "6F00", OK},
		};
		struct script_log log;
		struct card *c = NULL;

		CHECK_ROW(card_open(double_script(steps, 5, &log), &c) == OK, rows[i].sw);
		CHECK_ROW(verify_pin(c, "123456", false) == rows[i].want, rows[i].sw);
		CHECK_ROW(card_info(c)->tries_user == rows[i].left, rows[i].sw);
		CHECK_ROW(!log.wrong && log.used == 5, rows[i].sw);
		card_close(c);
	}
}

/* 4.4.3.14: PW1, reset code, PW3; PW1's counts for both of its modes. */
static void each_counter_lies_where_the_book_says(void)
{
	PLAY(SEL, {SIX_E,
	           AID HIST C0 C2_P256 "C40701404142030507"
	                               "C53C" FPR FPR FPR TIMES "9000",
	           OK});
	CHECK(opened == OK);
	CHECK(card_info(c)->tries_user == 3 && card_info(c)->tries_reset == 5);
	CHECK(card_info(c)->tries_admin == 7);
	CHECK(card_info(c)->pin_max == 0x40 && !card_info(c)->signs_once);
	END(2);
}

static void a_fault_anywhere_spends_at_most_one_try(void)
{
	for (unsigned nth = 1; nth < 12; nth++)
		for (int after = 0; after < 2; after++) {
			struct vcard *v = vcard_new("default", NULL);
			struct card *c = NULL;

			if (!v)
				return;
			struct transport *t = double_vcard_transport(v, "R");
			t = double_fault(t, nth, ERR_CARD_RESET, after != 0);
			if (card_open(t, &c) == OK)
				(void)(verify_pin(c, "123456", false) == OK);
			CHECK(vcard_verify_count(v) <= 1);
			card_close(c);
			vcard_free(v);
		}
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"a wrong PIN is not sent twice",                             a_wrong_pin_is_not_sent_twice   },
	        {"tries are not spent without need",                          tries_are_not_spent_without_need},
	        {"after a reset the tries are counted anew",
	         after_a_reset_the_tries_are_counted_anew                                                     },
	        {"a VERIFY is never repeated",                                a_verify_is_never_repeated      },
	        {"a counter that cannot be read is lowered",
	         a_counter_that_cannot_be_read_is_lowered                                                     },
	        {"refusals of a PIN",	                                 refusals_of_a_pin               },
	        {"a counter in the status word is believed when it is lower",
	         a_counter_in_the_status_word_is_believed_when_it_is_lower                                    },
	        {"each counter lies where the book says",
	         each_counter_lies_where_the_book_says	                                                },
	        {"a fault anywhere spends at most one try",
	         a_fault_anywhere_spends_at_most_one_try                                                      },
	};
	if (crypto_init() != OK)
		return 1;
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
