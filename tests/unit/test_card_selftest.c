/* SPDX-License-Identifier: GPL-2.0-or-later */
/* card selftest against virtual cards: which cases fail when the card does, and how many
 * PINs it all costs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/card_cases.h"
#include "tests/unit/card_seen.h"
#include "tests/unit/check.h"

static struct selftest t;
static struct cli options;
static char *told;
static size_t told_len;

static void begin(void)
{
	t = (struct selftest){.c = &options};
	t.to = open_memstream(&told, &told_len);
	CHECK(t.to != NULL);
}

static void end(void)
{
	CHECK(fclose(t.to) == 0);
	free(told);
}

/* How the case whose name begins so ended; CASE_SKIP + 1: there is none. */
static int outcome(const char *what)
{
	for (size_t i = 0; i < t.n; i++)
		if (strncmp(t.cases[i].what, what, strlen(what)) == 0)
			return (int)t.cases[i].outcome;
	return CASE_SKIP + 1;
}

static enum err reading(struct vcard *v, const char *fault)
{
	const struct card_facts f = card_seen(v);

	CHECK(vcard_fault(v, fault));
	return read_cases(&t, &f, double_vcard_transport(v, READER));
}

static void every_profile_passes_the_reading_cases_without_a_pin(void)
{
	static const char *const profiles[] = {
	        "default",         "outer-tags",     "gnuk",     "smartpgp-like",
	        "pico-like",       "canokey-like",   "le-6c",    "v2.0",
	        "yubikey5",        "yubikey5-2",     "yubikey4", "nitrokey3",
	        "zeitcontrol-2.1", "zeitcontrol-3.4"};

	for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++) {
		struct vcard *v = vcard_new(profiles[i], NULL);

		begin();
		CHECK_ROW(reading(v, "") == OK, profiles[i]);
		CHECK_ROW(t.count[CASE_FAIL] == 0, profiles[i]);
		CHECK_ROW(t.count[CASE_OK] > 8, profiles[i]);
		CHECK_ROW(vcard_verify_count(v) == 0, profiles[i]);
		CHECK_ROW(!t.has_dec, profiles[i]);
		end();
		vcard_free(v);
	}
}

static void a_card_that_answers_otherwise_fails_its_case(void)
{
	/* Counted from SELECT: short 6E (two), long 6E, then the objects. */
	static const struct {
		const char *fault, *what;
	} rows[] = {
	        {"at=1:sw=6A82",  "SELECT"               },
	        {"at=2:garbage",  "6E is read in short"  },
	        {"at=2:sw=9000",  "6E is read in short"  },
	        {"at=4:short",    "6E in extended length"},
	        {"at=4:sw=6F00",  "6E in extended length"},
	        {"at=5:garbage",  "4F"                   },
	        {"at=13:garbage", "C5"                   },
	        {"at=14:garbage", "CD"                   },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct vcard *v = world_card(CURVE_25519);
		const struct card_facts f = card_seen(v);

		begin();
		CHECK(vcard_fault(v, rows[i].fault));
		const enum err e = read_cases(&t, &f, double_vcard_transport(v, READER));
		CHECK_ROW(e == OK, rows[i].fault);
		CHECK_ROW(outcome(rows[i].what) == CASE_FAIL, rows[i].fault);
		end();
		vcard_free(v);
	}
}

static void a_connection_that_ends_is_said_and_ends_it(void)
{
	struct vcard *v = vcard_new("default", NULL);

	begin();
	CHECK(reading(v, "at=6:drop") == ERR_CARD_LOST);
	CHECK(t.count[CASE_FAIL] == 1 && t.cases[t.n - 1].outcome == CASE_FAIL);
	CHECK(strstr(t.cases[t.n - 1].why, "went away") != NULL);
	end();
	vcard_free(v);
}

static void a_key_without_its_fingerprint_fails(void)
{
	static const uint8_t wrong[FPR_LEN] = {1, 2, 3};
	struct vcard *v = world_card(CURVE_25519);

	begin();
	CHECK(reading(v, "") == OK && t.has_dec && t.count[CASE_FAIL] == 0);
	end();
	world_card_put(v, 0xc8, wrong, sizeof(wrong));
	begin();
	CHECK(reading(v, "") == OK && !t.has_dec);
	CHECK(outcome("decryption key: has") == CASE_FAIL);
	end();
	vcard_free(v);
}

/* --- with the PIN --- */

static struct {
	struct double_ask person;
	struct vcard *v;
	struct session *s;
	struct card_facts f;
	unsigned verifies; /* before */
} w;

static void pin_begin(const char *profile_fault)
{
	struct session_options o = {.poll_ms = 1, .wait_ms = 0};

	w.v = world_card(CURVE_25519);
	begin();
	w.f = card_seen(w.v);
	CHECK(read_cases(&t, &w.f, double_vcard_transport(w.v, READER)) == OK);
	o.readers = double_vcard_readers();
	double_vcard_put(o.readers, 0, READER, w.v);
	o.ask = double_ask_init(&w.person);
	CHECK(session_new(&o, &w.s) == OK);
	CHECK(vcard_fault(w.v, profile_fault));
	w.verifies = vcard_verify_count(w.v);
}

static unsigned sent(void)
{
	return vcard_verify_count(w.v) - w.verifies;
}

static void pin_end(void)
{
	w.s = session_free(w.s);
	end();
	vcard_free(w.v);
}

static void the_right_pin_is_sent_once_and_all_is_well(void)
{
	pin_begin("");
	double_ask_answer(&w.person, ASK_USER_PIN, "123456");
	CHECK(pin_cases(&t, &w.f, w.s, false) == OK);
	CHECK(sent() == 1 && t.count[CASE_FAIL] == 0);
	CHECK(outcome("without a PIN") == CASE_OK && outcome("deciphers") == CASE_OK);
	CHECK(outcome("a reset takes") == CASE_OK);
	CHECK(outcome("a wrong PIN") > CASE_SKIP && outcome("signs") > CASE_SKIP);
	pin_end();
}

static void on_request_a_wrong_one_goes_before_it(void)
{
	pin_begin("");
	double_ask_answer(&w.person, ASK_USER_PIN, "123456");
	CHECK(pin_cases(&t, &w.f, w.s, true) == OK);
	CHECK(sent() == 2 && t.count[CASE_FAIL] == 0);
	CHECK(outcome("signs") == CASE_SKIP); /* it has no such key */
	CHECK(outcome("a wrong PIN") == CASE_OK && outcome("it costs one") == CASE_OK);
	CHECK(outcome("the right PIN costs") == CASE_OK);
	CHECK(card_seen(w.v).info.tries_user == 3);
	pin_end();
}

static void spend(unsigned n)
{
	AUTO_SECRET *bad = NULL;
	struct card *c = NULL;

	CHECK(secret_copy((struct bytes){(const uint8_t *)"000000", 6}, &bad) == OK);
	for (unsigned i = 0; i < n; i++) {
		CHECK(card_open(double_vcard_transport(w.v, READER), &c) == OK);
		CHECK(card_verify_user(c, bad, false) == ERR_PIN_WRONG);
		c = card_close(c);
	}
	w.verifies += n;
}

static void a_wrong_one_is_not_sent_with_two_tries_left(void)
{
	pin_begin("");
	spend(1);
	double_ask_answer(&w.person, ASK_USER_PIN, "123456");
	CHECK(pin_cases(&t, &w.f, w.s, true) == OK);
	CHECK(outcome("a wrong PIN") == CASE_SKIP && sent() == 1);
	CHECK(outcome("deciphers") == CASE_OK);
	pin_end();
}

static void the_last_try_is_left_alone(void)
{
	pin_begin("");
	spend(2);
	CHECK(pin_cases(&t, &w.f, w.s, true) == OK);
	CHECK(sent() == 0 && w.person.asked[ASK_USER_PIN] == 0);
	CHECK(outcome("deciphers") == CASE_SKIP);
	pin_end();
}

static void where_nobody_can_be_asked_no_pin_is_sent(void)
{
	pin_begin("");
	w.person.nobody[ASK_USER_PIN] = true;
	CHECK(pin_cases(&t, &w.f, w.s, true) == OK);
	CHECK(sent() == 0 && outcome("deciphers") == CASE_SKIP);
	pin_end();
}

static void faults_of_the_card_are_told_and_cost_no_second_pin(void)
{
	static const struct {
		const char *fault, *what;
		enum err want;
		unsigned most;
	} rows[] = {
	        {"decipher@1:garbage", "without a PIN", OK,              1},
	        {"decipher@2:sw=6F00", "deciphers",     OK,              1},
	        {"decipher@2:sw=6600", "deciphers",     OK,              1},
	        {"decipher@2:garbage", "deciphers",     OK,              1},
	        {"decipher@3:garbage", "a reset takes", OK,              1},
	        {"decipher@2:drop",    "deciphers",     ERR_CARD_LOST,   1},
	        {"verify:drop",        "the PIN is",    ERR_PIN_UNKNOWN, 1},
	        {"verify:sw=6F00",     "the PIN is",    ERR_CARD_STATE,  1},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		pin_begin(rows[i].fault);
		double_ask_answer(&w.person, ASK_USER_PIN, "123456");
		CHECK_ROW(pin_cases(&t, &w.f, w.s, false) == rows[i].want, rows[i].fault);
		CHECK_ROW(outcome(rows[i].what) == CASE_FAIL, rows[i].fault);
		CHECK_ROW(sent() <= rows[i].most, rows[i].fault);
		pin_end();
	}
}

static void a_wrong_pin_that_was_typed_is_no_fault_of_the_card(void)
{
	pin_begin("");
	double_ask_answer(&w.person, ASK_USER_PIN, "654321");
	CHECK(pin_cases(&t, &w.f, w.s, false) == ERR_CANCELLED);
	CHECK(sent() == 1 && t.count[CASE_FAIL] == 0);
	CHECK(outcome("the PIN is") == CASE_SKIP);
	pin_end();
}

#define CASE(name)                                                                       \
	{                                                                                \
#name, name                                                              \
	}

int main(void)
{
	static const struct check_case cases[] = {
	        CASE(every_profile_passes_the_reading_cases_without_a_pin),
	        CASE(a_card_that_answers_otherwise_fails_its_case),
	        CASE(a_connection_that_ends_is_said_and_ends_it),
	        CASE(a_key_without_its_fingerprint_fails),
	        CASE(the_right_pin_is_sent_once_and_all_is_well),
	        CASE(on_request_a_wrong_one_goes_before_it),
	        CASE(a_wrong_one_is_not_sent_with_two_tries_left),
	        CASE(the_last_try_is_left_alone),
	        CASE(where_nobody_can_be_asked_no_pin_is_sent),
	        CASE(faults_of_the_card_are_told_and_cost_no_second_pin),
	        CASE(a_wrong_pin_that_was_typed_is_no_fault_of_the_card),
	};

	if (crypto_init() != OK)
		return 1;
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
