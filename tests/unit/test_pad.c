/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A PIN typed on the reader's own pad: who is asked what, what the reader is told, and no
 * try spent that nobody wanted. */
#include <fcntl.h>
#include <unistd.h>

#include "card/part10.h"
#include "crypto/crypto.h"
#include "tests/unit/check.h"
#include "tests/unit/double_ask.h"
#include "tests/unit/double_pcsc.h"
#include "tests/unit/double_vcard.h"
#include "unlock/session.h"

#define READER "Pad"

static struct {
	struct readers *readers;
	struct double_ask person;
	struct vcard *card;
	struct session *s;
} w;

static void begin(const char *profile, const char *typed)
{
	struct session_options o = {.poll_ms = 1};

	w.card = vcard_new(profile, NULL);
	w.readers = double_vcard_readers();
	double_vcard_put(w.readers, 0, READER, w.card);
	double_vcard_pad(w.readers, typed);
	o.readers = w.readers;
	o.ask = double_ask_init(&w.person);
	CHECK(session_new(&o, &w.s) == OK);
	CHECK(session_wait_card(w.s, NULL, 0) == OK);
}

static void end(void)
{
	w.s = session_free(w.s);
	vcard_free(w.card);
}

static int tries(void)
{
	return session_card(w.s)->tries_user;
}

static void the_pin_is_typed_on_the_pad_and_asked_for_nowhere_else(void)
{
	begin("default", "123456");
	CHECK(card_has_pad(session_card_handle(w.s)));
	CHECK(session_verify_pin(w.s, "disk") == OK && session_pin_ready(w.s));
	CHECK(vcard_verify_count(w.card) == 1 && w.person.asked[ASK_USER_PIN] == 0);
	CHECK(double_ask_said(&w.person, "on the reader's pad (3 tries left), to unlock "
	                                 "disk"));
	end();
}

static void nothing_typed_or_too_little_spends_no_try(void)
{
	begin("default", NULL);
	session_set_prompt(w.s, "disk", true);
	CHECK(session_verify_pin(w.s, NULL) == ERR_CANCELLED);
	CHECK(session_wants_other_way(w.s));
	CHECK(double_ask_said(&w.person, "No try was spent"));
	double_vcard_pad(w.readers, "12345");
	CHECK(vcard_verify_count(w.card) == 0 && tries() == 3);
	end();
	begin("default", "12345");
	w.person.nobody[ASK_USER_PIN] = true; /* else the question comes again */
	CHECK(session_verify_pin(w.s, NULL) == ERR_PIN_LENGTH);
	CHECK(vcard_verify_count(w.card) == 0 && tries() == 3);
	end();
}

static void a_wrong_pin_is_counted_and_the_last_try_needs_a_yes(void)
{
	begin("default", "654321");
	w.person.nobody[ASK_USER_PIN] = true; /* one try a call */
	CHECK(session_verify_pin(w.s, NULL) == ERR_PIN_WRONG && tries() == 2);
	CHECK(session_verify_pin(w.s, NULL) == ERR_PIN_WRONG && tries() == 1);
	CHECK(double_ask_said(&w.person, "one try left"));
	CHECK(vcard_verify_count(w.card) == 2);
	double_ask_answer(&w.person, ASK_CONFIRM, "no");
	CHECK(session_verify_pin(w.s, NULL) == ERR_PIN_LAST_TRY && tries() == 1);
	double_ask_answer(&w.person, ASK_CONFIRM, NULL); /* ^D */
	CHECK(session_verify_pin(w.s, NULL) == ERR_PIN_LAST_TRY && tries() == 1);
	w.person.nobody[ASK_CONFIRM] = true;
	CHECK(session_verify_pin(w.s, NULL) == ERR_PIN_LAST_TRY && tries() == 1);
	CHECK(vcard_verify_count(w.card) == 2 && w.person.asked[ASK_CONFIRM] == 2);
	w.person.nobody[ASK_CONFIRM] = false;
	double_ask_answer(&w.person, ASK_CONFIRM, "yes");
	CHECK(session_verify_pin(w.s, NULL) == ERR_PIN_BLOCKED && tries() == 0);
	CHECK(vcard_verify_count(w.card) == 3);
	CHECK(session_verify_pin(w.s, NULL) == ERR_PIN_BLOCKED);
	CHECK(vcard_verify_count(w.card) == 3);
	end();
}

static void a_card_with_a_kdf_is_not_for_pads(void)
{
	begin("kdf-single", "123456");
	CHECK(!card_has_pad(session_card_handle(w.s)));
	CHECK(card_verify_on_pad(session_card_handle(w.s), false) == ERR_UNSUPPORTED);
	double_ask_answer(&w.person, ASK_USER_PIN, "123456");
	CHECK(session_verify_pin(w.s, NULL) == OK);
	CHECK(w.person.asked[ASK_USER_PIN] == 1);
	end();
}

static void a_descriptor_goes_before_the_pad(void)
{
	struct session_options o = {.poll_ms = 1, .pin_by_fd = true};
	int fd[2];

	CHECK(pipe2(fd, O_CLOEXEC) == 0 && write(fd[1], "123456\n", 7) == 7);
	(void)close(fd[1]);
	w.card = vcard_new("default", NULL);
	w.readers = double_vcard_readers();
	double_vcard_put(w.readers, 0, READER, w.card);
	double_vcard_pad(w.readers, "654321");
	o.readers = w.readers;
	CHECK(ask_open_fds(fd[0], -1, NULL, &o.ask) == OK);
	CHECK(session_new(&o, &w.s) == OK && session_wait_card(w.s, NULL, 0) == OK);
	CHECK(session_verify_pin(w.s, NULL) == OK && tries() == 3);
	CHECK(vcard_verify_count(w.card) == 1);
	end();
}

/* --- what pcscd's reader is told --- */

#define FEATURES  "\x06\4\x42\x33\0\x06\x12\4\x42\x33\0\x12"
#define EXTENDED  "\x0a\4\0\0\1\0"
#define IDS(v, p) "\x0b\2" v "\x0c\2" p

static enum err with_reader(struct said features, struct said properties, bool *ret_pad,
                            struct readers **ret_r, struct transport **ret_t)
{
	*ret_r = fake_open();
	fake.features = features;
	fake.properties = properties;
	const enum err e = fake_connect(*ret_r, ret_t);
	*ret_pad = e == OK && (*ret_t)->ops->verify_on_pad != NULL;
	return e;
}

static void qemus_false_pad_is_none(void)
{
	static const struct {
		const char *what;
		struct said features, properties;
		bool pad;
	} rows[] = {
	        {"a pad",       SAYS(FEATURES),  SAYS(EXTENDED IDS("\x2f\x0b", "\x01\x02")),
	         true},
	        {"a pad, by whom is not told",             SAYS(FEATURES), SAYS(EXTENDED),   true              },
	        {"nothing more is told",             SAYS(FEATURES),       SAYS(""),         true      },
	        {"QEMU",             SAYS(FEATURES),                       SAYS(EXTENDED IDS("\xe6\x08",                         "\x33\x44")),
	         false},
	        {"another Gemalto",         SAYS(FEATURES),
	         SAYS(EXTENDED IDS("\xe6\x08",                                    "\x37\x34")),                                        true},
	        {"no pad", SAYS("\x12\4\x42\x33\0\x12"),            SAYS(EXTENDED),     false},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct transport *t = NULL;
		struct readers *r;
		bool pad;

		CHECK_ROW(with_reader(rows[i].features, rows[i].properties, &pad, &r,
		                      &t) == OK,
		          rows[i].what);
		CHECK_ROW(pad == rows[i].pad, rows[i].what);
		fake_close(t, r);
	}
}

static void the_reader_gets_the_structure_of_part_10(void)
{
	static const uint8_t want[] = {60, 60, 0x82, 0, 0, 15, 6, 2, 0xff, 0x09, 4,    0,
	                               0,  0,  0,    5, 0, 0,  0, 0, 0x20, 0,    0x82, 0};
	static const uint8_t template[PAD_TEMPLATE] = {0, 0x20, 0, 0x82, 6, 127};
	uint8_t got[PART10_VERIFY_MAX];
	struct writer out = {got, sizeof(got), 0, false};

	CHECK(part10_verify((struct bytes){template, sizeof(template)}, &out) == OK);
	CHECK(bytes_equal(writer_bytes(&out), (struct bytes){want, sizeof(want)}));
	CHECK(part10_verify((struct bytes){template, 5}, &out) == ERR_BUG);
}

static void what_the_reader_answers_is_understood(void)
{
	static const uint8_t template[PAD_TEMPLATE] = {0, 0x20, 0, 0x82, 6, 127};
	static const struct {
		const char *what;
		LONG rv;
		struct said answer;
		enum err want;
		uint16_t sw;
	} rows[] = {
	        {"taken",           SCARD_S_SUCCESS,        SAYS("\x90\0"),      OK,             0x9000},
	        {"cancelled",       SCARD_S_SUCCESS,        SAYS("\x64\x01"),    OK,             0x6401},
	        {"nothing",         SCARD_S_SUCCESS,        SAYS(""),            ERR_IO,         0     },
	        {"a byte",          SCARD_S_SUCCESS,        SAYS("\x90"),        ERR_IO,         0     },
	        {"more than fits",  SCARD_S_SUCCESS,        {"\x90\0", 2, 4000}, ERR_IO,         0     },
	        {"reset meanwhile", SCARD_W_RESET_CARD,     SAYS(""),            ERR_CARD_RESET, 0     },
	        {"pulled",          SCARD_W_REMOVED_CARD,   SAYS(""),            ERR_CARD_LOST,  0     },
	        {"refused",         SCARD_E_NOT_TRANSACTED, SAYS(""),            ERR_IO,         0     },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct transport *t = NULL;
		struct readers *r;
		uint16_t sw = 0;
		bool pad;

		CHECK(with_reader(SAID(FEATURES), SAID(EXTENDED), &pad, &r, &t) == OK &&
		      pad);
		fake.pad = rows[i].answer;
		fake.rv[CONTROL][fake.calls[CONTROL] < FAKE_TURNS ? fake.calls[CONTROL]
		                                                  : 0] = rows[i].rv;
		CHECK_ROW(t->ops->verify_on_pad(t, (struct bytes){template, 6}, &sw) ==
		                  rows[i].want,
		          rows[i].what);
		CHECK_ROW(sw == rows[i].sw, rows[i].what);
		fake_close(t, r);
	}
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"the PIN is typed on the pad and asked for nowhere else",
	         the_pin_is_typed_on_the_pad_and_asked_for_nowhere_else                                     },
	        {"nothing typed, or too little, spends no try",
	         nothing_typed_or_too_little_spends_no_try                                                  },
	        {"a wrong PIN is counted and the last try needs a yes",
	         a_wrong_pin_is_counted_and_the_last_try_needs_a_yes                                        },
	        {"a card with a KDF is not for pads",                      a_card_with_a_kdf_is_not_for_pads},
	        {"a descriptor goes before the pad",                       a_descriptor_goes_before_the_pad },
	        {"QEMU's false pad is none",                               qemus_false_pad_is_none          },
	        {"the reader gets the structure of part 10",
	         the_reader_gets_the_structure_of_part_10                                                   },
	        {"what the reader answers is understood",
	         what_the_reader_answers_is_understood	                                              },
	};
	if (crypto_init() != OK)
		return 1;
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
