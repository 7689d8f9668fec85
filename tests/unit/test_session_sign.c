/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The PIN for a signature: the rules of every PIN, in the card's other mode, and words of
 * its own. */
#include <stdlib.h>
#include <string.h>

#include "crypto/crypto.h"
#include "tests/unit/check.h"
#include "tests/unit/double_ask.h"
#include "tests/unit/double_vcard.h"
#include "unlock/session.h"

#define READER "Virtual reader 00 00"

static struct {
	struct readers *readers;
	struct double_ask person;
	struct vcard *card;
	struct session *s;
} w;

static void begin_with(const char *pad, bool by_fd)
{
	struct session_options o = {.poll_ms = 1, .pin_by_fd = by_fd};

	w.card = vcard_new("default", NULL);
	w.readers = double_vcard_readers();
	double_vcard_put(w.readers, 0, READER, w.card);
	if (pad)
		double_vcard_pad(w.readers, pad);
	o.readers = w.readers;
	o.ask = double_ask_init(&w.person);
	CHECK(session_new(&o, &w.s) == OK);
	CHECK(session_wait_card(w.s, NULL, 0) == OK);
}

static void begin(void)
{
	begin_with(NULL, false);
}

static void end(void)
{
	w.s = session_free(w.s);
	vcard_free(w.card);
}

static void type(const char *pin)
{
	double_ask_answer(&w.person, ASK_USER_PIN, pin);
}

static bool signs(void)
{
	return card_signs(session_card_handle(w.s));
}

static void the_pin_is_asked_for_once_and_holds_for_signing_alone(void)
{
	begin();
	type("123456");
	CHECK(!signs() && session_verify_sign_pin(w.s, "/boot") == OK && signs());
	CHECK(session_verify_sign_pin(w.s, "/boot") == OK);
	CHECK(w.person.asked[ASK_USER_PIN] == 1 && vcard_verify_count(w.card) == 1);
	/* Deciphering wants the other mode: the PIN that was right is sent there too. */
	CHECK(session_verify_pin(w.s, "disk") == OK);
	CHECK(w.person.asked[ASK_USER_PIN] == 1 && vcard_verify_count(w.card) == 2);
	end();
}

static void a_wrong_pin_is_asked_for_again_and_never_sent_twice(void)
{
	begin();
	type("111111");
	type("111111");
	type("123456");
	CHECK(session_verify_sign_pin(w.s, "/boot") == OK && signs());
	CHECK(w.person.asked[ASK_USER_PIN] == 3 && vcard_verify_count(w.card) == 2);
	CHECK(double_ask_said(&w.person, "refused this PIN before"));
	end();
}

static void the_last_try_is_typed_twice(void)
{
	begin();
	type("111111");
	type("222222");
	type("123456"); /* the last one now */
	type("123457");
	type("123456");
	type("123456");
	CHECK(session_verify_sign_pin(w.s, "/boot") == OK);
	CHECK(w.person.last_asked_again == 2 && vcard_verify_count(w.card) == 3);
	CHECK(double_ask_said(&w.person, "The two PINs differ"));
	end();
}

static void a_blocked_pin_offers_no_passphrase(void)
{
	begin();
	type("111111");
	type("222222");
	type("333333");
	type("333333");
	CHECK(session_verify_sign_pin(w.s, "/boot") == ERR_PIN_BLOCKED && !signs());
	CHECK(double_ask_said(&w.person, "is blocked"));
	CHECK(double_ask_said(&w.person, "then sign again"));
	CHECK(!double_ask_said(&w.person, "passphrase"));
	CHECK(session_verify_sign_pin(w.s, "/boot") == ERR_PIN_BLOCKED);
	CHECK(vcard_verify_count(w.card) == 3);
	end();
}

static void a_descriptor_has_one_try(void)
{
	begin_with(NULL, true);
	w.person.nobody[ASK_USER_PIN] = true;
	CHECK(session_verify_sign_pin(w.s, "/boot") == ERR_USAGE);
	CHECK(double_ask_said(&w.person, "use --pin-fd"));
	CHECK(!double_ask_said(&w.person, "passphrase") &&
	      vcard_verify_count(w.card) == 0);
	end();
}

static void a_wrong_pin_for_signing_ends_what_held_before(void)
{
	begin();
	type("123456");
	CHECK(session_verify_pin(w.s, "disk") == OK && session_pin_ready(w.s));
	/* Another program spends a try: the good PIN is not sent unasked any more. */
	CHECK(vcard_fault(w.card, "verify:sw=63C2"));
	CHECK(session_verify_sign_pin(w.s, "/boot") != OK);
	CHECK(vcard_fault(w.card, ""));
	CHECK(!session_pin_ready(w.s) && !signs());
	end();
}

static void the_pad_is_used_for_signing_too(void)
{
	begin_with("123456", false);
	CHECK(session_verify_sign_pin(w.s, "/boot") == OK && signs());
	CHECK(double_ask_said(&w.person,
	                      "on the reader's pad (3 tries left), to sign /boot"));
	CHECK(w.person.asked[ASK_USER_PIN] == 0 && !session_pin_ready(w.s));
	end();
}

static void a_card_with_another_signing_key_is_told_as_such(void)
{
	static const uint8_t other[1][FPR_LEN] = {
	        {1, 2, 3}
        };

	begin();
	session_want_key(w.s, CARD_KEY_SIG);
	CHECK(session_wait_card(w.s, other, 1) == ERR_WRONG_CARD);
	CHECK(double_ask_said(&w.person, "another signing key"));
	CHECK(!double_ask_said(&w.person, "volume"));
	end();
}

static void a_touch_that_was_missed_is_the_persons_to_repeat(void)
{
	begin();
	double_ask_answer(&w.person, ASK_CONFIRM, "");
	CHECK(session_touch_again(w.s));
	double_ask_answer(&w.person, ASK_CONFIRM, NULL);
	CHECK(!session_touch_again(w.s));
	w.person.nobody[ASK_CONFIRM] = true;
	CHECK(!session_touch_again(w.s) && w.person.asked[ASK_CONFIRM] == 2);
	end();
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"the PIN is asked for once and holds for signing alone",
	         the_pin_is_asked_for_once_and_holds_for_signing_alone                                   },
	        {"a wrong PIN is asked for again and never sent twice",
	         a_wrong_pin_is_asked_for_again_and_never_sent_twice                                     },
	        {"the last try is typed twice",                           the_last_try_is_typed_twice    },
	        {"a blocked PIN offers no passphrase",
	         a_blocked_pin_offers_no_passphrase	                                              },
	        {"a descriptor has one try",                              a_descriptor_has_one_try       },
	        {"a wrong PIN for signing ends what held before",
	         a_wrong_pin_for_signing_ends_what_held_before                                           },
	        {"the pad is used for signing too",                       the_pad_is_used_for_signing_too},
	        {"a card with another signing key is told as such",
	         a_card_with_another_signing_key_is_told_as_such                                         },
	        {"a touch that was missed is the person's to repeat",
	         a_touch_that_was_missed_is_the_persons_to_repeat                                        },
	};

	if (crypto_init() != OK)
		return 1;
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
