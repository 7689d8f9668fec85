/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The session: who would answer, which card is taken, what is said of the others and how
 * often. */
#include "unlock/session.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/crypto.h"
#include "tests/unit/check.h"
#include "tests/unit/double_ask.h"
#include "tests/unit/double_vcard.h"
/* After ours: a card that says less than any make of it. */
#include "tests/vcard/priv.h"

#define READER "Virtual reader 00 00"

static const uint8_t other_key[1][FPR_LEN] = {
        {1, 2, 3}
};

static struct {
	struct readers *readers;
	struct double_ask person;
	struct vcard *card;
	struct session *s;
} w;

static enum err begin(const char *serial, int wait_ms)
{
	struct session_options o = {.wait_ms = wait_ms, .poll_ms = 1, .serial = serial};

	w.card = vcard_new("default", NULL);
	w.readers = double_vcard_readers();
	o.readers = w.readers;
	o.ask = double_ask_init(&w.person);
	w.s = NULL;
	return session_new(&o, &w.s);
}

static void end(void)
{
	w.s = session_free(w.s);
	vcard_free(w.card);
	CHECK(w.person.closed);
}

static unsigned times_said(const char *part)
{
	unsigned n = 0;

	for (const char *p = strstr(w.person.said, part); p; p = strstr(p + 1, part))
		n++;
	return n;
}

static void a_card_is_opened_and_kept_until_it_goes(void)
{
	enum pick_why why = PICK_WHYS_;

	CHECK(begin(NULL, 0) == OK);
	CHECK(session_look(w.s, &why) == ERR_NO_READER && why == PICK_NO_READER);
	double_vcard_put(w.readers, 0, READER, w.card);
	CHECK(session_look(w.s, &why) == OK && why == PICK_FOUND);
	CHECK(session_card(w.s) != NULL && session_card_handle(w.s) != NULL);
	CHECK(session_look(w.s, &why) == OK);
	CHECK(double_vcard_connects(w.readers) == 1);
	session_drop_card(w.s);
	CHECK(session_card(w.s) == NULL);
	/* It was handed out: not again until it is put in anew. */
	CHECK(session_look(w.s, &why) != OK && why == PICK_USED);
	session_look_again(w.s);
	CHECK(session_look(w.s, &why) == OK);
	end();
}

static void a_foreign_card_is_told_once(void)
{
	enum pick_why why = PICK_WHYS_;

	CHECK(begin(NULL, 0) == OK);
	double_vcard_put(w.readers, 0, READER, w.card);
	CHECK(session_want(w.s, other_key, 1) == OK);
	for (int i = 0; i < 3; i++)
		CHECK(session_look(w.s, &why) == ERR_WRONG_CARD &&
		      why == PICK_NOT_WANTED);
	CHECK(times_said("is not enrolled") == 1);
	CHECK(double_vcard_connects(w.readers) == 1);
	/* Any card will do from now on. */
	CHECK(session_want(w.s, NULL, 0) == OK);
	CHECK(session_look(w.s, &why) == OK);
	/* And when it will not do any more it is let go. */
	CHECK(session_want(w.s, other_key, 1) == OK && session_card(w.s) == NULL);
	end();
}

static void an_enrolled_card_with_another_key_is_no_stranger(void)
{
	struct session_known known[2] = {
	        {.ident = "0005:12345678", .keyslot = 3},
                {.keyslot = 7                       }
        };
	enum pick_why why = PICK_WHYS_;

	CHECK(begin(NULL, 0) == OK);
	double_vcard_put(w.readers, 0, READER, w.card);
	CHECK(session_look(w.s, &why) == OK);
	memcpy(known[1].ident, session_card(w.s)->ident, CARD_IDENT_LEN);
	session_set_known(w.s, known, 2);
	CHECK(session_want(w.s, other_key, 1) == OK);
	CHECK(session_look(w.s, &why) == ERR_WRONG_CARD);
	CHECK(times_said("with another decryption key than it has now") == 1);
	CHECK(times_said("bootlatch unenroll --keyslot 7") == 1);
	CHECK(times_said("is not enrolled") == 0);
	end();
}

/* It is no stranger, and nobody is sent to find another one before she knows why. */
static void a_card_that_does_not_tell_its_keys_is_told_once(void)
{
	enum pick_why why = PICK_WHYS_;

	CHECK(begin(NULL, 0) == OK);
	struct profile mute = *w.card->prof;
	mute.missing = 0xc5;
	w.card->prof = &mute;
	double_vcard_put(w.readers, 0, READER, w.card);
	CHECK(session_want(w.s, other_key, 1) == OK);
	for (int i = 0; i < 3; i++) {
		CHECK(session_look(w.s, &why) == ERR_UNSUPPORTED &&
		      why == PICK_NO_FINGERPRINTS && session_why_needs_words(why));
		session_tell_why(w.s, why);
	}
	CHECK(times_said("object C5") == 1 && times_said("is not enrolled") == 0);
	end();
}

static void a_busy_card_is_told_once_with_the_way_out(void)
{
	enum pick_why why = PICK_WHYS_;

	CHECK(begin(NULL, 0) == OK);
	double_vcard_put(w.readers, 0, READER, w.card);
	double_vcard_connect_err(w.readers, 0, ERR_BUSY);
	for (int i = 0; i < 3; i++) {
		CHECK(session_look(w.s, &why) == ERR_BUSY && why == PICK_BUSY);
		session_tell_why(w.s, why);
	}
	CHECK(times_said("gpgconf --kill scdaemon") == 1);
	end();
}

static void what_stands_in_the_way_is_told_when_waiting_ends(void)
{
	CHECK(begin(NULL, 0) == OK);
	double_vcard_put(w.readers, 0, READER, w.card);
	double_vcard_connect_err(w.readers, 0, ERR_CARD_STATE);
	CHECK(session_wait_card(w.s, NULL, 0) == ERR_CARD_STATE);
	CHECK(times_said("does not answer") == 1);
	double_vcard_connect_err(w.readers, 0, ERR_FORMAT);
	CHECK(session_wait_card(w.s, NULL, 0) == ERR_CARD_STATE);
	CHECK(times_said("is not understood (malformed data)") == 1);
	CHECK(times_said("cannot be read") == 0);
	end();
}

static void waiting_ends_and_says_what_for_once(void)
{
	CHECK(begin(NULL, 20) == OK);
	CHECK(session_wait_card(w.s, NULL, 0) == ERR_NO_READER);
	CHECK(times_said("\n") == 1);
	double_vcard_put(w.readers, 0, READER, NULL);
	CHECK(session_wait_card(w.s, NULL, 0) == ERR_NO_CARD);
	double_vcard_put(w.readers, 0, READER, w.card);
	CHECK(session_wait_card(w.s, NULL, 0) == OK);
	CHECK(session_wait_card(w.s, NULL, 0) == OK);
	CHECK(double_vcard_connects(w.readers) == 1);
	CHECK(session_wait_card(w.s, other_key, 1) == ERR_WRONG_CARD);
	CHECK(times_said("is not enrolled") == 1);
	end();
}

/* It may only be slow; what it says in the end is what the caller tells. */
static void a_service_that_is_not_there_yet_is_not_told_of(void)
{
	CHECK(begin(NULL, 20) == OK);
	double_vcard_scan_err(w.readers, ERR_NO_SERVICE);
	CHECK(session_wait_card(w.s, NULL, 0) == ERR_NO_SERVICE);
	CHECK(times_said("\n") == 0);
	double_vcard_scan_err(w.readers, OK);
	CHECK(session_wait_card(w.s, NULL, 0) == ERR_NO_READER);
	CHECK(times_said("\n") == 1);
	end();
}

static void a_serial_that_is_none_is_wrong_usage(void)
{
	CHECK(begin("not a serial", 0) == ERR_USAGE);
	CHECK(w.s == NULL);
	end();
	CHECK(begin("FFFF:00000000", 0) == OK);
	double_vcard_put(w.readers, 0, READER, w.card);
	CHECK(session_wait_card(w.s, NULL, 0) == ERR_WRONG_CARD);
	end();
}

static void without_readers_there_is_no_card(void)
{
	enum pick_why why = PICK_WHYS_;
	struct session_options o = {.ask = double_ask_init(&w.person)};

	CHECK(session_new(&o, &w.s) == OK);
	CHECK(session_look(w.s, &why) == ERR_NO_SERVICE && why == PICK_NO_SERVICE);
	CHECK(session_want(w.s, NULL, 0) == OK);
	CHECK(session_wait_card(w.s, NULL, 0) == ERR_NO_SERVICE);
	w.s = session_free(w.s);
	CHECK(session_free(NULL) == NULL);
}

static void it_knows_who_would_answer(void)
{
	struct session_options o = {.pin_by_fd = true, .ask = double_ask_init(&w.person)};

	CHECK(session_new(&o, &w.s) == OK);
	CHECK(session_answer(w.s, ASK_USER_PIN) == ANSWER_PERSON);
	for (int i = 0; i < DOUBLE_ASK_KINDS; i++)
		w.person.nobody[i] = true;
	CHECK(session_answer(w.s, ASK_USER_PIN) == ANSWER_FD);
	CHECK(session_answer(w.s, ASK_PASSPHRASE) == ANSWER_NONE);
	CHECK(session_answer(w.s, ASK_CARD_OR_PASSPHRASE) == ANSWER_NONE);
	CHECK(session_answer(w.s, ASK_CONFIRM) == ANSWER_NONE);
	session_set_wants_other_way(w.s);
	CHECK(session_wants_other_way(w.s) && !session_wants_other_way(w.s));
	session_set_prompt(w.s, "disk", true);
	CHECK(strcmp(session_disk(w.s), "disk") == 0 && session_other_way(w.s));
	CHECK(!session_has_input(w.s) && !session_pause(w.s, true));
	w.s = session_free(w.s);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"a card is opened and kept until it goes",
	         a_card_is_opened_and_kept_until_it_goes                                             },
	        {"a foreign card is told once",                      a_foreign_card_is_told_once     },
	        {"an enrolled card with another key is no stranger",
	         an_enrolled_card_with_another_key_is_no_stranger                                    },
	        {"a card that does not tell its keys is told once",
	         a_card_that_does_not_tell_its_keys_is_told_once                                     },
	        {"a busy card is told once with the way out",
	         a_busy_card_is_told_once_with_the_way_out                                           },
	        {"what stands in the way is told when waiting ends",
	         what_stands_in_the_way_is_told_when_waiting_ends                                    },
	        {"waiting ends and says what for once",
	         waiting_ends_and_says_what_for_once                                                 },
	        {"a service that is not there yet is not told of",
	         a_service_that_is_not_there_yet_is_not_told_of                                      },
	        {"a serial that is none is wrong usage",
	         a_serial_that_is_none_is_wrong_usage                                                },
	        {"without readers there is no card",                 without_readers_there_is_no_card},
	        {"it knows who would answer",                        it_knows_who_would_answer       },
	};

	if (crypto_init() != OK)
		return 1;
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
