/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Admin PIN, reset code, changed PINs: what is sent, how often, what a refusal means. */
#include "card/alter.h"
#include "core/hex.h"
#include "tests/unit/card_lines.h"
#include "tests/unit/check.h"
#include "tests/unit/double_fault.h"
#include "tests/unit/double_vcard.h"

#include <stdio.h>

/* Tries of user PIN, reset code, Admin PIN. */
#define C4(left) "007F7F7F" left "9000"
/* clang-format off */
#define LEFT(left)   {GET_C4, C4(left), OK}
#define KEYS         {SIX_E, SIX_E_("03", C2_P256, FPR, "D7020020"), OK}
#define NO_KEYS      {SIX_E, SIX_E_("03", C2_P256, NO_FPR, "D7020020"), OK}
/* clang-format on */
#define ADMIN    "3132333435363738"
#define VERIFY83 "0020008308" ADMIN
#define CODE     "3837363534333231"
#define NEW      "323436383130" /* 246810 */

static enum err admin(struct card *c, const char *text, bool last)
{
	AUTO_SECRET *pin = pin_of(text);

	return card_verify_admin(c, pin, last);
}

static void the_admin_pin_is_sent_once_and_counted(void)
{
	static const struct {
		const char *sw, *after; /* C4; NULL: cannot be read */
		enum err want;
		int left;
	} rows[] = {
	        {"9000", "030003", OK,              3},
	        {"6982", "030002", ERR_PIN_WRONG,   2},
	        {"63C2", "030002", ERR_PIN_WRONG,   2},
	        {"6982", "030003", ERR_PIN_WRONG,   3},
	        {"6983", "030000", ERR_PIN_BLOCKED, 0},
	        {"6982", "030000", ERR_PIN_BLOCKED, 0},
	        {"6700", "030003", ERR_PIN_LENGTH,  3},
	        {"6A80", "030003", ERR_PIN_LENGTH,  3},
	        {"6985", "030003", ERR_PIN_LENGTH,  3},
	        {"6700", "030002", ERR_PIN_WRONG,   2}, /* that card counts it */
	        {"6D00", "030003", ERR_UNSUPPORTED, 3},
	        {"6F00", "030003", ERR_CARD_STATE,  3},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char after[64];
		(void)snprintf(after, sizeof(after), "007F7F7F%s9000", rows[i].after);
		const struct script_step steps[] = {
		        SEL,
		        NO_KEYS,
		        LEFT("030003"),
		        {VERIFY83, rows[i].sw, OK},
		        {GET_C4,   after,      OK},
		};
		struct script_log log;
		struct card *c = NULL;

		CHECK(card_open(double_script(steps, 5, &log), &c) == OK);
		CHECK_ROW(admin(c, "12345678", false) == rows[i].want, rows[i].sw);
		CHECK_ROW(card_tries(card_info(c), CARD_PW_ADMIN) == rows[i].left,
		          rows[i].sw);
		CHECK_ROW(card_admin_holds(c) == (rows[i].want == OK), rows[i].sw);
		c = card_close(c);
		CHECK_ROW(!log.wrong && log.used == 5 && log.verifies == 1, rows[i].sw);
	}
}

static void a_counter_that_cannot_be_read_is_lowered(void)
{
	PLAY(SEL, KEYS, LEFT("030003"), {VERIFY83, "6982", OK}, {GET_C4, "6F00", OK},
	     {SIX_E, "6F00", OK});

	CHECK(opened == OK);
	CHECK(admin(c, "12345678", false) == ERR_PIN_WRONG);
	CHECK(card_tries(card_info(c), CARD_PW_ADMIN) == 2);
	END(6);
}

static void tries_are_not_spent_without_need(void)
{
	PLAY(SEL, KEYS, LEFT("030001"), LEFT("030000"), LEFT("030003"),
	     {VERIFY83, "6982", OK}, LEFT("030002"), LEFT("030002"));

	CHECK(opened == OK);
	CHECK(admin(c, "1234", false) == ERR_PIN_LENGTH); /* nothing at all is sent */
	CHECK(admin(c, "12345678", false) == ERR_PIN_LAST_TRY);
	CHECK(admin(c, "12345678", true) == ERR_PIN_BLOCKED);
	CHECK(admin(c, "12345678", false) == ERR_PIN_WRONG);
	CHECK(admin(c, "12345678", false) == ERR_PIN_WRONG); /* the same: not again */
	CHECK(log.verifies == 1);
	END(8);
}

static void no_answer_counts_as_a_try(void)
{
	PLAY(SEL, KEYS, LEFT("030003"), {VERIFY83, NULL, ERR_CARD_LOST});

	CHECK(opened == OK);
	CHECK(admin(c, "12345678", false) == ERR_PIN_UNKNOWN);
	CHECK(card_tries(card_info(c), CARD_PW_ADMIN) == 2 && !card_admin_holds(c));
	END(4);
}

static void what_is_refused_ends_what_was_verified(void)
{
	PLAY(SEL, KEYS, LEFT("030003"), {VERIFY83, "9000", OK}, LEFT("030003"),
	     LEFT("030003"), {"00200083083837363534333231", "6982", OK}, LEFT("030002"));

	CHECK(opened == OK);
	CHECK(admin(c, "12345678", false) == OK && card_admin_holds(c));
	CHECK(admin(c, "87654321", false) == ERR_PIN_WRONG && !card_admin_holds(c));
	END(8);
}

/* --- changing --- */

static void the_user_pin_is_changed(void)
{
	PLAY(SEL, KEYS, LEFT("030303"), {"002400810C313233343536" NEW, "9000", OK},
	     LEFT("030303"));
	AUTO_SECRET *user = pin_of("123456");
	AUTO_SECRET *fresh = pin_of("246810");

	CHECK(opened == OK);
	CHECK(card_change_pin(c, CARD_PW_USER, user, fresh, false) == OK);
	END(5);
}

static void the_admin_pin_is_changed(void)
{
	PLAY(SEL, KEYS, KEYS, {"00CA00D600", "6A88", OK}, {"00CA00D800", "6A88", OK},
	     {"00CA00D900", "6A88", OK}, LEFT("030303"),
	     {"0024008310" ADMIN CODE, "9000", OK}, LEFT("030303"));
	AUTO_SECRET *old = pin_of("12345678");
	AUTO_SECRET *fresh = pin_of("87654321");

	CHECK(opened == OK);
	CHECK(card_change_pin(c, CARD_PW_ADMIN, old, fresh, false) == OK);
	CHECK(!card_admin_holds(c));
	END(9);
}

static void the_reset_code_unblocks_and_has_its_own_counter(void)
{
	PLAY(SEL, KEYS, LEFT("000303"), {"002C00810E" CODE NEW, "6982", OK},
	     LEFT("000203"), LEFT("000103"), LEFT("000003"));
	AUTO_SECRET *code = pin_of("87654321");
	AUTO_SECRET *other = pin_of("87654322");
	AUTO_SECRET *fresh = pin_of("246810");

	CHECK(opened == OK);
	CHECK(card_unblock_by_code(c, code, fresh, false) == ERR_PIN_WRONG);
	CHECK(card_tries(card_info(c), CARD_PW_CODE) == 2);
	CHECK(card_unblock_by_code(c, other, fresh, false) == ERR_PIN_LAST_TRY);
	CHECK(card_unblock_by_code(c, other, fresh, true) == ERR_PIN_BLOCKED);
	END(7);
}

static void what_needs_the_admin_pin_is_not_sent_without(void)
{
	PLAY(SEL, KEYS, LEFT("000003"), {VERIFY83, "9000", OK}, LEFT("000003"),
	     {"002C028106" NEW, "9000", OK}, LEFT("030003"),
	     {"002C028106" NEW, "6982", OK});
	AUTO_SECRET *fresh = pin_of("246810");

	CHECK(opened == OK);
	CHECK(card_unblock_by_admin(c, fresh) == ERR_PIN_GONE);
	CHECK(admin(c, "12345678", false) == OK);
	CHECK(card_unblock_by_admin(c, fresh) == OK);
	CHECK(card_tries(card_info(c), CARD_PW_USER) == 3);
	CHECK(card_unblock_by_admin(c, fresh) == ERR_PIN_GONE); /* the card forgot it */
	CHECK(!card_admin_holds(c));
	CHECK(card_unblock_by_admin(c, fresh) == ERR_PIN_GONE); /* nothing is sent */
	END(8);
}

static void a_new_pin_that_is_not_taken_is_told_from_a_wrong_one(void)
{
	static const struct {
		const char *sw, *after, *what;
		bool keys;
		enum err want;
	} rows[] = {
	        {"6700", "030003", "length",                      true,  ERR_PIN_LENGTH },
	        {"6A80", "030003", "data",                        true,  ERR_PIN_LENGTH },
	        {"6985", "030003", "pico: conditions",            true,  ERR_PIN_LENGTH },
	        {"6985", "030003", "Gnuk: no keys",               false, ERR_CARD_STATE },
	        {"6982", "020003", "the old one is wrong",        true,  ERR_PIN_WRONG  },
	        {"6700", "020003", "and the length counts a try", true,  ERR_PIN_WRONG  },
	        {"6983", "000003", "and blocked",                 true,  ERR_PIN_BLOCKED},
	        {"6D00", "030003", "no such command",             true,  ERR_UNSUPPORTED},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct script_step with = KEYS, without = NO_KEYS;
		char after[64];
		(void)snprintf(after, sizeof(after), "007F7F7F%s9000", rows[i].after);
		const struct script_step steps[] = {
		        SEL,
		        rows[i].keys ? with : without,
		        LEFT("030003"),
		        {"002400810C313233343536" NEW, rows[i].sw, OK},
		        {GET_C4,                       after,      OK},
		};
		AUTO_SECRET *old = pin_of("123456");
		AUTO_SECRET *fresh = pin_of("246810");
		struct script_log log;
		struct card *c = NULL;

		CHECK(card_open(double_script(steps, 5, &log), &c) == OK);
		CHECK_ROW(card_change_pin(c, CARD_PW_USER, old, fresh, false) ==
		                  rows[i].want,
		          rows[i].what);
		c = card_close(c);
		CHECK_ROW(!log.wrong && log.used == 5, rows[i].what);
	}
}

static void a_new_pin_of_no_possible_length_is_not_sent(void)
{
	PLAY(SEL, KEYS);
	AUTO_SECRET *old = pin_of("123456");
	AUTO_SECRET *fresh = pin_of("12345");
	AUTO_SECRET *seven = pin_of("1234567");

	CHECK(opened == OK);
	CHECK(card_change_pin(c, CARD_PW_USER, old, fresh, false) == ERR_PIN_LENGTH);
	CHECK(card_change_pin(c, CARD_PW_ADMIN, old, seven, false) == ERR_PIN_LENGTH);
	CHECK(card_set_code(c, seven) == ERR_PIN_LENGTH);
	CHECK(card_unblock_by_admin(c, fresh) == ERR_PIN_LENGTH);
	CHECK(card_change_pin(c, CARD_PW_CODE, old, old, false) == ERR_BUG);
	END(2);
}

/* --- the KDF --- */

#define SALTS                                                                            \
	"84083031323334353637"                                                           \
	"85085051525354555657"                                                           \
	"86084142434445464748"
#define F9_HEAD                                                                          \
	"810103"                                                                         \
	"820108"                                                                         \
	"8304000186A0"
#define F9     F9_HEAD SALTS "9000"
#define GET_F9 "00CA00F900"
#define KDF_6E                                                                           \
	{                                                                                \
		SIX_E,                                                                   \
		        AID_("0304", "000F") HIST C0_("7D")                              \
		                C2_P256 C4_("03") "C53C" FPR FPR FPR TIMES "9000",       \
		        OK                                                               \
	}
#define H_USER  "773784A602B6C81E3F092F4D7D00E17CC822D88F7360FCF2D2EF2D9D901F44B6"
#define H_ADMIN "2675D6164A0D4827D1D00C7EEA620D015C00030A1CAB38B4D0DD600B27DC9630"

/* The answers that are known for those two PINs and salts. */
static void each_pin_goes_through_the_kdf_with_its_own_salt(void)
{
	PLAY(SEL, KDF_6E, {GET_F9, F9, OK}, LEFT("030003"), {GET_F9, F9, OK},
	     {"0020008320" H_ADMIN, "9000", OK}, LEFT("030003"),
	     {"002C028120" H_USER, "9000", OK}, LEFT("030003"), {GET_F9, F9, OK},
	     {"00DA00D320*", "9000", OK}, LEFT("030303"));
	AUTO_SECRET *fresh = pin_of("123456");
	AUTO_SECRET *code = pin_of("87654321");

	CHECK(opened == OK);
	CHECK(admin(c, "12345678", false) == OK);
	CHECK(card_unblock_by_admin(c, fresh) == OK);
	CHECK(card_set_code(c, code) == OK);
	END(12);
}

static void without_a_salt_of_its_own_the_users_serves(void)
{
#define SINGLE                                                                           \
	F9_HEAD "84084142434445464748"                                                   \
	        "9000"
	PLAY(SEL, KDF_6E, {GET_F9, SINGLE, OK}, LEFT("030003"), {GET_F9, SINGLE, OK},
	     {"0020008320" H_ADMIN, "9000", OK}, LEFT("030003"));

	CHECK(opened == OK);
	CHECK(admin(c, "12345678", false) == OK);
	END(7);
}

static void a_kdf_that_has_changed_gets_no_pin(void)
{
#define OTHER                                                                            \
	F9_HEAD "84083031323334353638"                                                   \
	        "86084142434445464748"                                                   \
	        "9000"
	PLAY(SEL, KDF_6E, {GET_F9, F9, OK}, LEFT("030003"), {GET_F9, OTHER, OK},
	     LEFT("030003"), {GET_F9, "6A88", OK}, LEFT("030003"), {GET_F9, "9000", OK});

	CHECK(opened == OK);
	CHECK(admin(c, "12345678", false) == ERR_CARD_STATE);
	CHECK(admin(c, "12345678", false) == ERR_CARD_STATE);
	CHECK(admin(c, "12345678", false) == ERR_CARD_STATE);
	CHECK(log.verifies == 0);
	END(9);
}

/* --- blocking --- */

static void blocking_stops_when_the_counter_does_not_fall(void)
{
	static const struct script_step steps[] = {
	        SEL,
	        KEYS,
	        LEFT("020003"),
	        LEFT("020003"),
	        {"002000810A*", "6982", OK},
	        LEFT("010003"),
	        LEFT("010003"),
	        {"002000810A*", "6983", OK},
	        LEFT("000003"),
	        LEFT("000003"),
	        LEFT("000003"),
	        {"002000830A*", "6700", OK},
	        LEFT("000003"),
	        LEFT("000003"),
	        {"002000830A*", "6700", OK},
	        LEFT("000003"),
	        LEFT("000003"),
	        {"002000830A*", "6700", OK},
	        LEFT("000003"),
	};
	struct script_log log;
	struct card *c = NULL;

	CHECK(card_open(double_script(steps, sizeof(steps) / sizeof(steps[0]), &log),
	                &c) == OK);
	CHECK(card_block(c, CARD_PW_USER) == OK);
	const enum err e = card_block(c, CARD_PW_ADMIN);
	CHECK(e == ERR_CARD_STATE);
	END(sizeof(steps) / sizeof(steps[0]));
}

/* --- a fault anywhere --- */

static struct vcard *fresh_card(void)
{
	struct vcard *v = vcard_new("default", NULL);

	CHECK(v != NULL);
	return v;
}

/* Whatever fails, one command with a PIN is sent at most, and the PIN is one of the two.
 */
static void a_fault_anywhere_leaves_the_old_pin_or_the_new(void)
{
	for (unsigned n = 1; n < 12; n++)
		for (int after = 0; after < 2; after++) {
			struct vcard *v = fresh_card();
			AUTO_SECRET *old = pin_of("123456");
			AUTO_SECRET *fresh = pin_of("246810");
			struct card *c = NULL;

			struct transport *t =
			        double_fault(double_vcard_transport(v, "one"), n,
			                     ERR_CARD_LOST, after != 0);
			enum err e = card_open(t, &c);
			if (e == OK)
				e = card_change_pin(c, CARD_PW_USER, old, fresh, false);
			c = card_close(c);
			CHECK(card_open(double_vcard_transport(v, "one"), &c) == OK);
			const bool is_old = card_verify_user(c, old, false) == OK;
			const bool is_new = card_verify_user(c, fresh, false) == OK;
			CHECK(is_old != is_new);
			CHECK(e != OK || is_new);
			c = card_close(c);
			vcard_free(v);
		}
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"the Admin PIN is sent once and counted",
	         the_admin_pin_is_sent_once_and_counted                                                  },
	        {"a counter that cannot be read is lowered",
	         a_counter_that_cannot_be_read_is_lowered                                                },
	        {"tries are not spent without need",                     tries_are_not_spent_without_need},
	        {"no answer counts as a try",                            no_answer_counts_as_a_try       },
	        {"what is refused ends what was verified",
	         what_is_refused_ends_what_was_verified                                                  },
	        {"the user PIN is changed",                              the_user_pin_is_changed         },
	        {"the Admin PIN is changed",                             the_admin_pin_is_changed        },
	        {"the reset code unblocks and has its own counter",
	         the_reset_code_unblocks_and_has_its_own_counter                                         },
	        {"what needs the Admin PIN is not sent without",
	         what_needs_the_admin_pin_is_not_sent_without                                            },
	        {"a new PIN that is not taken is told from a wrong one",
	         a_new_pin_that_is_not_taken_is_told_from_a_wrong_one                                    },
	        {"a new PIN of no possible length is not sent",
	         a_new_pin_of_no_possible_length_is_not_sent                                             },
	        {"each PIN goes through the KDF with its own salt",
	         each_pin_goes_through_the_kdf_with_its_own_salt                                         },
	        {"without a salt of its own the user's serves",
	         without_a_salt_of_its_own_the_users_serves                                              },
	        {"a KDF that has changed gets no PIN",
	         a_kdf_that_has_changed_gets_no_pin	                                              },
	        {"blocking stops when the counter does not fall",
	         blocking_stops_when_the_counter_does_not_fall                                           },
	        {"a fault anywhere leaves the old PIN or the new",
	         a_fault_anywhere_leaves_the_old_pin_or_the_new                                          },
	};
	if (crypto_init() != OK)
		return 1;
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
