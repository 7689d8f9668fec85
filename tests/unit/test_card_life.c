/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The steps that change a card, with a person who answers and a card that fails at every
 * command in turn: what it is left with, and that the same step again finishes it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/card_work.h"
#include "openpgp/cert_write.h"
#include "tests/unit/check.h"
#include "tests/unit/double_ask.h"
#include "tests/unit/double_vcard.h"
#include "tests/unit/world.h"

#define READER "One 00 00"
#define ADMIN  "12345678"

enum { ALL = 7, COMMANDS_MAX = 120 };

/* The program's clock: the Makefile has time() wrapped. */
static time_t clock_says;
time_t __real_time(time_t *t); // NOLINT: the linker's names
time_t __wrap_time(time_t *t); // NOLINT
time_t __wrap_time(time_t *t)  // NOLINT
{
	return clock_says ? clock_says : __real_time(t);
}

static struct {
	struct cli c;
	struct double_ask person;
	struct vcard *v;
	struct session *s;
	struct card_work w;
	unsigned verifies; /* before */
} x;

/* One command of the program, with x.v in the reader; its answers come next. */
static enum err begin(void)
{
	struct session_options o = {.poll_ms = 1, .wait_ms = 0};

	x.c = (struct cli){.pin_fd = -1, .where = {.config_dir = "/nonexistent"}};
	x.w = (struct card_work){0};
	o.readers = double_vcard_readers();
	double_vcard_put(o.readers, 0, READER, x.v);
	o.ask = double_ask_init(&x.person);
	CHECK(session_new(&o, &x.s) == OK);
	x.c.hears = o.ask;
	x.verifies = vcard_verify_count(x.v);
	return work_begin(&x.c, x.s, &x.w);
}

static void end(void)
{
	work_end(&x.w);
	x.s = session_free(x.s);
}

static void answer(const char *text)
{
	double_ask_answer(&x.person, ASK_USER_PIN, text);
}

static unsigned sent(void)
{
	return vcard_verify_count(x.v) - x.verifies;
}

static struct card *open_card(void)
{
	struct card *c = NULL;

	CHECK(card_open(double_vcard_transport(x.v, READER), &c) == OK);
	return c;
}

/* As the card itself tells it, in a session of its own. */
static enum slot_state slot(enum card_key k, uint8_t fpr[static FPR_LEN])
{
	enum slot_state state = SLOT_UNKNOWN;
	struct card *c = open_card();

	CHECK(slot_look(c, k, &state, NULL) == OK);
	memcpy(fpr, card_info(c)->key[k].fpr, FPR_LEN);
	c = card_close(c);
	return state;
}

static bool all_whole(void)
{
	uint8_t fpr[FPR_LEN];

	for (enum card_key k = CARD_KEY_SIG; k < CARD_KEYS; k++)
		if (slot(k, fpr) != SLOT_WHOLE)
			return false;
	return true;
}

static int tries(enum card_pw which)
{
	struct card *c = open_card();
	const int n = card_tries(card_info(c), which);

	c = card_close(c);
	return n;
}

static enum err generate(unsigned slots, bool force)
{
	const struct generate_wish wish = {
	        .slots = slots, .algorithm = "cv25519", .force = force};

	return work_generate(&x.w, &wish);
}

static enum err generate_all(void)
{
	CHECK(begin() == OK);
	answer(ADMIN);
	const enum err e = generate(ALL, false);
	end();
	return e;
}

/* --- keys --- */

static void three_keys_are_made_with_one_admin_pin(void)
{
	x.v = vcard_new("default", NULL);
	CHECK(begin() == OK);
	answer(ADMIN);
	CHECK(generate(ALL, false) == OK);
	CHECK(sent() == 1 && all_whole());
	CHECK(x.w.factory[CARD_PW_ADMIN]);
	CHECK(double_ask_said(&x.person, "change it with bootlatch card passwd --admin"));
	end();
	vcard_free(x.v);
}

static void keys_that_are_there_stay(void)
{
	uint8_t before[FPR_LEN], after[FPR_LEN];

	x.v = vcard_new("default", NULL);
	CHECK(begin() == OK);
	answer(ADMIN);
	CHECK(generate(1U << CARD_KEY_DEC, false) == OK);
	end();
	CHECK(slot(CARD_KEY_DEC, before) == SLOT_WHOLE);
	CHECK(slot(CARD_KEY_SIG, after) == SLOT_EMPTY);
	CHECK(generate_all() == OK);
	CHECK(all_whole() && slot(CARD_KEY_DEC, after) == SLOT_WHOLE);
	CHECK(memcmp(before, after, FPR_LEN) == 0);
	CHECK(begin() == OK);
	CHECK(generate(ALL, false) == ERR_REFUSED && sent() == 0);
	CHECK(strstr(x.c.why, "all three keys already") != NULL);
	end();
	vcard_free(x.v);
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

	x.v = vcard_new("default", NULL);
	CHECK(generate_all() == OK);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *what = rows[i].typed ? rows[i].typed : "(nothing)";

		CHECK(slot(CARD_KEY_SIG, before) == SLOT_WHOLE);
		CHECK(begin() == OK);
		x.person.nobody[ASK_CONFIRM] = rows[i].nobody;
		double_ask_answer(&x.person, ASK_CONFIRM,
		                  rows[i].want == OK ? x.w.ident : rows[i].typed);
		answer(ADMIN);
		CHECK_ROW(generate(ALL, true) == rows[i].want, what);
		CHECK_ROW(sent() == (rows[i].want == OK), what);
		CHECK(double_ask_said(&x.person, "which Heads"));
		end();
		CHECK(all_whole() && slot(CARD_KEY_SIG, after) == SLOT_WHOLE);
		CHECK_ROW((memcmp(before, after, FPR_LEN) != 0) == (rows[i].want == OK),
		          what);
	}
	vcard_free(x.v);
}

static void a_clock_that_cannot_be_right_makes_no_key(void)
{
	static const time_t rows[] = {1, 1704067199, 3900000000, 9000000000};

	x.v = vcard_new("default", NULL);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CHECK(begin() == OK);
		clock_says = rows[i];
		CHECK(generate(ALL, false) == ERR_REFUSED && sent() == 0);
		CHECK(strstr(x.c.why, "cannot be") != NULL);
		clock_says = 0;
		end();
	}
	clock_says = 1893456000; /* 2030 */
	CHECK(generate_all() == OK);
	clock_says = 1861920000; /* 2029 */
	CHECK(begin() == OK);
	CHECK(generate(ALL, true) == ERR_REFUSED && sent() == 0);
	CHECK(strstr(x.c.why, "2030-01-01") != NULL);
	end();
	clock_says = 0;
	vcard_free(x.v);
}

static const char *const faults[] = {"drop",    "lose",    "garbage", "sw=6982",
                                     "sw=6983", "sw=6985", "sw=6600", "sw=6A80",
                                     "sw=6581", "short"};
enum { FAULTS = sizeof(faults) / sizeof(faults[0]) };

static void set_fault(unsigned at, const char *action)
{
	char spec[64];

	(void)snprintf(spec, sizeof(spec), "at=%u:%s", at, action);
	CHECK(vcard_fault(x.v, spec));
}

/* A forced run too: what was replaced is another key, or it is the old one. */
static void whatever_fails_the_same_again_finishes_the_keys(void)
{
	for (size_t a = 0; a < FAULTS; a++)
		for (unsigned at = 1; at < COMMANDS_MAX; at++) {
			char what[64];

			(void)snprintf(what, sizeof(what), "%s at %u", faults[a], at);
			x.v = vcard_new("default", NULL);
			set_fault(at, faults[a]);
			const unsigned before = vcard_apdu_count(x.v);
			enum err e = begin();
			answer(ADMIN);
			if (e == OK)
				e = generate(ALL, false);
			CHECK_ROW(sent() <= 1, what);
			CHECK_ROW(e == OK || *x.c.why || e == ERR_CARD_LOST ||
			                  e == ERR_PIN_WRONG || *err_text(e),
			          what);
			const bool met = vcard_apdu_count(x.v) - before >= at;
			end();
			CHECK(vcard_fault(x.v, ""));
			if (e == OK)
				CHECK_ROW(all_whole(), what);
			else
				e = generate_all();
			CHECK_ROW(e == OK || e == ERR_REFUSED, what);
			CHECK_ROW(all_whole(), what);
			CHECK_ROW(tries(CARD_PW_ADMIN) == 3, what);
			vcard_free(x.v);
			if (!met)
				break;
		}
}

static void a_key_without_fingerprint_gets_it_and_is_no_other(void)
{
	static const uint8_t none[FPR_LEN];
	uint8_t before[FPR_LEN], after[FPR_LEN];

	x.v = vcard_new("default", NULL);
	CHECK(generate_all() == OK);
	CHECK(slot(CARD_KEY_DEC, before) == SLOT_WHOLE);
	world_card_put(x.v, 0xc8, none, sizeof(none));
	CHECK(slot(CARD_KEY_DEC, after) == SLOT_NO_FPR);
	CHECK(generate_all() == OK);
	CHECK(double_ask_said(&x.person, "as an interruption leaves it"));
	CHECK(slot(CARD_KEY_DEC, after) == SLOT_WHOLE);
	CHECK(memcmp(before, after, FPR_LEN) == 0);
	vcard_free(x.v);
}

/* --- PINs --- */

static void wrong_admin_pins_are_counted_and_never_sent_again(void)
{
	x.v = vcard_new("default", NULL);
	CHECK(begin() == OK);
	answer("11111111");
	answer("11111111"); /* the same: not sent */
	answer("22222222");
	answer("11111111"); /* and not after another one */
	answer(NULL);
	CHECK(work_admin(&x.w) == ERR_CANCELLED);
	CHECK(sent() == 2 && tries(CARD_PW_ADMIN) == 1);
	CHECK(double_ask_said(&x.person, "2 tries of it left"));
	CHECK(double_ask_said(&x.person, "was refused before"));
	end();
	vcard_free(x.v);
}

static void last_one(const char *first, const char *second, unsigned want_sent,
                     enum err want)
{
	x.v = vcard_new("default", NULL);
	CHECK(begin() == OK);
	answer("11111111");
	answer("22222222");
	answer(NULL);
	CHECK(work_admin(&x.w) == ERR_CANCELLED);
	end();
	CHECK(begin() == OK);
	answer(first);
	answer(second);
	answer(NULL);
	CHECK_ROW(work_admin(&x.w) == want, second);
	CHECK_ROW(sent() == want_sent, second);
	CHECK(double_ask_said(&x.person, "only a reset"));
	end();
	CHECK_ROW(tries(CARD_PW_ADMIN) == (want == OK                ? 3
	                                   : want == ERR_PIN_BLOCKED ? 0
	                                                             : 1),
	          second);
	vcard_free(x.v);
}

static void the_last_try_is_typed_twice(void)
{
	last_one(ADMIN, ADMIN, 1, OK);
	last_one(ADMIN, "12345679", 0, ERR_CANCELLED);
	last_one("33333333", "33333333", 1, ERR_PIN_BLOCKED);
}

static void an_admin_pin_that_was_right_is_asked_for_once(void)
{
	x.v = vcard_new("default", NULL);
	CHECK(begin() == OK);
	answer(ADMIN);
	CHECK(work_admin(&x.w) == OK && work_admin(&x.w) == OK && sent() == 1);
	CHECK(work_again(&x.w) == OK && !card_admin_holds(work_card(&x.w)));
	CHECK(work_admin(&x.w) == OK && sent() == 2);
	CHECK(x.person.asked[ASK_USER_PIN] == 1);
	end();
	vcard_free(x.v);
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

		x.v = vcard_new("default", NULL);
		CHECK(begin() == OK);
		for (size_t k = 0; k < 8 && rows[i].answers[k]; k++)
			answer(last = rows[i].answers[k]);
		CHECK_ROW(work_passwd(&x.w, CARD_PW_USER) == rows[i].want, rows[i].what);
		if (rows[i].says)
			CHECK_ROW(double_ask_said(&x.person, rows[i].says), rows[i].what);
		end();
		CHECK(begin() == OK);
		answer(rows[i].want == OK ? last : "123456");
		AUTO_SECRET *pin = NULL;
		CHECK_ROW(work_user(&x.w, &pin) == OK, rows[i].what);
		end();
		vcard_free(x.v);
	}
}

static void a_reader_with_a_pad_is_not_typed_around(void)
{
	struct session_options o = {.poll_ms = 1, .wait_ms = 0};

	x.v = vcard_new("default", NULL);
	x.c = (struct cli){.pin_fd = -1};
	o.readers = double_vcard_readers();
	double_vcard_put(o.readers, 0, READER, x.v);
	double_vcard_pad(o.readers, ADMIN);
	o.ask = double_ask_init(&x.person);
	CHECK(session_new(&o, &x.s) == OK);
	x.c.hears = o.ask;
	CHECK(work_begin(&x.c, x.s, &x.w) == OK);
	CHECK(work_passwd(&x.w, CARD_PW_USER) == ERR_UNSUPPORTED);
	CHECK(strstr(x.c.why, "pad of its own") != NULL);
	CHECK(x.person.asked[ASK_USER_PIN] == 0);
	x.c.why[0] = '\0';
	CHECK(work_admin(&x.w) == OK); /* which is typed there */
	CHECK(x.person.asked[ASK_USER_PIN] == 0);
	CHECK(double_ask_said(&x.person, "on the reader's pad (3 tries left)"));
	end();
	vcard_free(x.v);
}

/* Of the user PIN: the old one or the new one, and no try is lost for good. */
static void whatever_fails_the_pin_is_the_old_one_or_the_new(void)
{
	for (size_t a = 0; a < FAULTS; a++)
		for (unsigned at = 1; at < COMMANDS_MAX; at++) {
			char what[64];

			(void)snprintf(what, sizeof(what), "%s at %u", faults[a], at);
			x.v = vcard_new("default", NULL);
			set_fault(at, faults[a]);
			const unsigned before = vcard_apdu_count(x.v);
			enum err e = begin();
			answer("123456");
			answer("246810");
			answer("246810");
			if (e == OK)
				e = work_passwd(&x.w, CARD_PW_USER);
			CHECK_ROW(sent() <= 1, what);
			const bool met = vcard_apdu_count(x.v) - before >= at;
			end();
			CHECK(vcard_fault(x.v, ""));
			AUTO_SECRET *old = NULL, *fresh = NULL;
			CHECK(secret_copy(bytes_of("123456"), &old) == OK);
			CHECK(secret_copy(bytes_of("246810"), &fresh) == OK);
			struct card *c = open_card();
			const bool is_old = card_verify_user(c, old, true) == OK;
			const bool is_new = card_verify_user(c, fresh, true) == OK;
			CHECK_ROW(is_old != is_new, what);
			CHECK_ROW(e != OK || is_new, what);
			c = card_close(c);
			vcard_free(x.v);
			if (!met)
				break;
		}
}

/* --- certificates --- */

static void a_certificate_is_signed_by_the_card(void)
{
	const struct cert_wish wish = {.uid = "Zo\xc3\xab <zoe@example.org>"};
	struct pubkey found[4];
	uint8_t *cert = NULL;
	size_t n = 0, n_found = 0;

	x.v = vcard_new("default", NULL);
	CHECK(generate_all() == OK);
	CHECK(begin() == OK);
	answer("123456");
	CHECK(work_cert(&x.w, &wish, &cert, &n) == OK);
	/* One PIN for each of three signatures: this card wants it so. */
	CHECK(sent() == 3 && x.person.asked[ASK_USER_PIN] == 1);
	CHECK(cert_signing_keys((struct bytes){cert, n}, (uint32_t)time(NULL) + 1, found,
	                        4, &n_found, NULL) == OK);
	CHECK(n_found == 1 &&
	      memcmp(found[0].fpr, work_info(&x.w)->key[CARD_KEY_SIG].fpr, FPR_LEN) == 0);
	free(cert);
	end();
	vcard_free(x.v);
}

static void what_cannot_be_certified_is_said(void)
{
	static const struct {
		unsigned slots;
		const char *uid, *says;
		enum err want;
		unsigned sent;
	} rows[] = {
	        {0,   NULL,   "bootlatch card generate",    ERR_CARD_STATE, 0},
	        {2,   NULL,   "no signature key",           ERR_CARD_STATE, 0},
	        {ALL, "",     "user id cannot be used",     ERR_USAGE,      0},
	        {ALL, "a\nb", "user id cannot be used",     ERR_USAGE,      0},
	        {1,   "A",    "without decryption key",     OK,             1},
	        {3,   "A",    "without authentication key", OK,             2},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct cert_wish wish = {.uid = rows[i].uid};
		uint8_t *cert = NULL;
		size_t n = 0;

		x.v = vcard_new("default", NULL);
		if (rows[i].slots) {
			CHECK(begin() == OK);
			answer(ADMIN);
			CHECK(generate(rows[i].slots, false) == OK);
			end();
		}
		CHECK(begin() == OK);
		answer("123456");
		CHECK_ROW(work_cert(&x.w, &wish, &cert, &n) == rows[i].want,
		          rows[i].says);
		CHECK_ROW(sent() == rows[i].sent, rows[i].says);
		CHECK_ROW(strstr(x.c.why, rows[i].says) != NULL ||
		                  double_ask_said(&x.person, rows[i].says),
		          rows[i].says);
		free(cert);
		end();
		vcard_free(x.v);
	}
}

static void whatever_fails_there_is_a_certificate_or_none(void)
{
	for (size_t a = 0; a < FAULTS; a++)
		for (unsigned at = 1; at < COMMANDS_MAX; at++) {
			const struct cert_wish wish = {.uid = "A"};
			uint8_t *cert = NULL;
			size_t n = 0;
			char what[64];

			(void)snprintf(what, sizeof(what), "%s at %u", faults[a], at);
			x.v = vcard_new("default", NULL);
			CHECK(generate_all() == OK);
			set_fault(at, faults[a]);
			const unsigned before = vcard_apdu_count(x.v);
			enum err e = begin();
			answer("123456");
			if (e == OK)
				e = work_cert(&x.w, &wish, &cert, &n);
			CHECK_ROW((e == OK) == (cert != NULL), what);
			const bool met = vcard_apdu_count(x.v) - before >= at;
			free(cert);
			end();
			CHECK(vcard_fault(x.v, ""));
			CHECK_ROW(all_whole() && tries(CARD_PW_USER) >= 2, what);
			vcard_free(x.v);
			if (!met)
				break;
		}
}

/* --- words --- */

static void ends_of_certificates_are_understood(void)
{
	enum { NOW = 1800000000 /* 2027-01-15 08:00 */ };
	static const struct {
		const char *word;
		enum err want;
		uint32_t end;
	} rows[] = {
	        {"never",      OK,        0                },
	        {"1d",         OK,        NOW + 86400      },
	        {"2w",         OK,        NOW + 14 * 86400 },
	        {"1y",         OK,        NOW + 365 * 86400},
	        {"2y",         OK,        NOW + 731 * 86400},
	        {"13m",        OK,        NOW + 396 * 86400},
	        {"2027-01-15", OK,        1800057599       },
	        {"2028-02-29", OK,        1835481599       },
	        {"2027-01-14", ERR_USAGE, 0                },
	        {"2027-02-29", ERR_USAGE, 0                },
	        {"2027-2-1",   ERR_USAGE, 0                },
	        {"2200-01-01", ERR_USAGE, 0                },
	        {"99y",        ERR_USAGE, 0                },
	        {"0d",         ERR_USAGE, 0                },
	        {"-1d",        ERR_USAGE, 0                },
	        {"1",          ERR_USAGE, 0                },
	        {"1dd",        ERR_USAGE, 0                },
	        {"d",          ERR_USAGE, 0                },
	        {"",           ERR_USAGE, 0                },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint32_t end_ = 0;

		CHECK_ROW(wish_end(rows[i].word, NOW, &end_) == rows[i].want,
		          rows[i].word);
		CHECK_ROW(end_ == rows[i].end, rows[i].word);
	}
}

static void slots_and_algorithms_are_understood(void)
{
	struct card_key_attr a;
	struct cli c = {0};

	CHECK(card_take_slots(&c, "sig,dec,aut") == OK && c.card_wish.slots == ALL);
	CHECK(card_take_slots(&c, "aut") == OK && c.card_wish.slots == 4);
	CHECK(card_take_slots(&c, "sig,") == ERR_USAGE &&
	      card_take_slots(&c, "") == ERR_USAGE);
	CHECK(card_take_slots(&c, "att") == ERR_USAGE &&
	      card_take_slots(&c, "sigdec") == ERR_USAGE);
	CHECK(card_take_algorithm(&c, "nonesuch") == ERR_USAGE);
	CHECK(wish_attr("RSA3072", CARD_KEY_AUT, &a) == OK && a.rsa_bits == 3072);
	CHECK(wish_attr("cv25519", CARD_KEY_SIG, &a) == OK && a.type == CARD_KEY_EDDSA);
	CHECK(wish_attr("cv25519", CARD_KEY_DEC, &a) == OK && a.type == CARD_KEY_ECDH);
	CHECK(wish_attr("nistp384", CARD_KEY_AUT, &a) == OK && a.type == CARD_KEY_ECDSA);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"three keys are made with one Admin PIN",
	         three_keys_are_made_with_one_admin_pin                                                },
	        {"keys that are there stay",                           keys_that_are_there_stay        },
	        {"keys are replaced only when the number is typed",
	         keys_are_replaced_only_when_the_number_is_typed                                       },
	        {"a clock that cannot be right makes no key",
	         a_clock_that_cannot_be_right_makes_no_key                                             },
	        {"whatever fails, the same again finishes the keys",
	         whatever_fails_the_same_again_finishes_the_keys                                       },
	        {"a key without fingerprint gets it, and is no other",
	         a_key_without_fingerprint_gets_it_and_is_no_other                                     },
	        {"wrong Admin PINs are counted and never sent again",
	         wrong_admin_pins_are_counted_and_never_sent_again                                     },
	        {"the last try is typed twice",                        the_last_try_is_typed_twice     },
	        {"an Admin PIN that was right is asked for once",
	         an_admin_pin_that_was_right_is_asked_for_once                                         },
	        {"new PINs have rules",                                new_pins_have_rules             },
	        {"a reader with a pad is not typed around",
	         a_reader_with_a_pad_is_not_typed_around                                               },
	        {"whatever fails, the PIN is the old one or the new",
	         whatever_fails_the_pin_is_the_old_one_or_the_new                                      },
	        {"a certificate is signed by the card",
	         a_certificate_is_signed_by_the_card                                                   },
	        {"what cannot be certified is said",                   what_cannot_be_certified_is_said},
	        {"whatever fails, there is a certificate or none",
	         whatever_fails_there_is_a_certificate_or_none                                         },
	        {"ends of certificates are understood",
	         ends_of_certificates_are_understood                                                   },
	        {"slots and algorithms are understood",
	         slots_and_algorithms_are_understood                                                   },
	};
	if (crypto_init() != OK)
		return 1;
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
