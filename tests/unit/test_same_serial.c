/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two cards whose serial number nobody ever set: they are two, with a PIN each. */
#include <string.h>

#include "crypto/crypto.h"
#include "tests/unit/check.h"
#include "tests/unit/world.h"
#include "unlock/session.h"
/* After ours: the serial number is no option of a card in this process. */
#include "tests/vcard/priv.h"

static struct {
	struct vcard *a, *b; /* other keys, one serial number */
	uint8_t fpr[2][FPR_LEN];
	struct readers *r;
	struct double_ask person;
	struct session *s;
} w;

static void begin(struct vcard *first, struct vcard *second)
{
	struct session_options o = {.poll_ms = 1};

	o.readers = w.r = double_vcard_readers();
	double_vcard_put(w.r, 0, "one", first);
	double_vcard_put(w.r, 1, "two", second);
	o.ask = double_ask_init(&w.person);
	CHECK(session_new(&o, &w.s) == OK);
}

static void end(void)
{
	w.s = session_free(w.s);
}

/* The card with this key is open. */
static bool takes(size_t which)
{
	const uint8_t(*wanted)[FPR_LEN] = (const uint8_t(*)[FPR_LEN])w.fpr;
	const struct card_info *info = NULL;

	if (session_wait_card(w.s, wanted + which, 1) == OK)
		info = session_card(w.s);
	return info && memcmp(info->key[CARD_KEY_DEC].fpr, w.fpr[which], FPR_LEN) == 0;
}

static void the_enrolled_one_is_found_behind_the_other(void)
{
	begin(w.b, w.a);
	CHECK(takes(0));
	const struct card_info *info = session_card(w.s);
	CHECK(info && strstr(info->ident, ":00000000"));
	end();
	begin(w.a, w.b);
	CHECK(takes(1));
	end();
}

static void one_that_was_used_is_not_the_other(void)
{
	begin(w.a, NULL);
	CHECK(takes(0));
	session_drop_card(w.s);
	double_vcard_put(w.r, 1, "two", w.b);
	CHECK(takes(1));
	end();
}

/* The PIN of one would cost the other a try, and nobody typed it for that one. */
static void the_pin_of_one_is_never_sent_to_the_other(void)
{
	const unsigned before = vcard_verify_count(w.b);

	begin(w.a, w.b);
	double_ask_answer(&w.person, ASK_USER_PIN, "123456");
	CHECK(takes(0) && session_verify_pin(w.s, NULL) == OK);
	CHECK(takes(1) && !session_pin_ready(w.s));
	double_ask_answer(&w.person, ASK_USER_PIN, NULL);
	CHECK(session_verify_pin(w.s, NULL) == ERR_CANCELLED);
	CHECK(vcard_verify_count(w.b) == before && w.person.asked[ASK_USER_PIN] == 2);
	end();
}

/* And the same card is still known again. */
static void the_pin_is_sent_again_to_its_own_card(void)
{
	begin(w.a, w.b);
	double_ask_answer(&w.person, ASK_USER_PIN, "123456");
	CHECK(takes(0) && session_verify_pin(w.s, NULL) == OK);
	CHECK(takes(1));
	session_look_again(w.s);
	CHECK(takes(0) && session_pin_ready(w.s));
	CHECK(session_verify_pin(w.s, NULL) == OK && w.person.asked[ASK_USER_PIN] == 1);
	end();
}

static void what_failed_on_one_may_be_typed_for_the_other(void)
{
	static const uint8_t pin[] = "654321";
	const unsigned before[2] = {vcard_verify_count(w.a), vcard_verify_count(w.b)};

	obj_set(w.b, OBJ_PIN, pin, 6);
	begin(w.a, w.b);
	double_ask_answer(&w.person, ASK_USER_PIN, "654321");
	double_ask_answer(&w.person, ASK_USER_PIN, "123456");
	CHECK(takes(0) && session_verify_pin(w.s, NULL) == OK);
	double_ask_answer(&w.person, ASK_USER_PIN, "654321");
	CHECK(takes(1) && session_verify_pin(w.s, NULL) == OK);
	CHECK(!double_ask_said(&w.person, "not sent again"));
	CHECK(vcard_verify_count(w.a) == before[0] + 2);
	CHECK(vcard_verify_count(w.b) == before[1] + 1);
	end();
}

/* "Enrolled with another key": people are told to unenroll that way in. */
static void a_number_that_was_never_set_is_nobody_s(void)
{
	struct session_known known = {.keyslot = 3};
	static const uint8_t nobody[1][FPR_LEN] = {{9}};

	begin(w.a, NULL);
	CHECK(takes(0));
	world_card_ident(w.a, known.ident);
	session_set_known(w.s, &known, 1);
	CHECK(session_wait_card(w.s, nobody, 1) == ERR_WRONG_CARD);
	CHECK(double_ask_said(&w.person, "is not enrolled"));
	CHECK(!double_ask_said(&w.person, "unenroll"));
	end();
}

static void cards_are_made(void)
{
	static const uint8_t none[4] = {0};
	struct vcard **const card[] = {&w.a, &w.b};

	for (size_t i = 0; i < 2; i++) {
		*card[i] = world_card(CURVE_25519);
		obj_set(*card[i], OBJ_SERIAL, none, sizeof(none));
		world_card_fpr(*card[i], w.fpr[i]);
	}
	CHECK(memcmp(w.fpr[0], w.fpr[1], FPR_LEN) != 0);
}

static void cards_are_dropped(void)
{
	vcard_free(w.a);
	vcard_free(w.b);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"cards are made",                                cards_are_made   },
	        {"the enrolled one is found behind the other",
	         the_enrolled_one_is_found_behind_the_other                        },
	        {"one that was used is not the other",
	         one_that_was_used_is_not_the_other                                },
	        {"the PIN of one is never sent to the other",
	         the_pin_of_one_is_never_sent_to_the_other                         },
	        {"the PIN is sent again to its own card",
	         the_pin_is_sent_again_to_its_own_card                             },
	        {"what failed on one may be typed for the other",
	         what_failed_on_one_may_be_typed_for_the_other                     },
	        {"a number that was never set is nobody's",
	         a_number_that_was_never_set_is_nobody_s                           },
	        {"nothing is left behind",                        cards_are_dropped},
	};

	if (crypto_init() != OK)
		return 1;
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
