/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A PIN typed on the pad of a reader that we drive without pcscd, and what becomes of the
 * tries when the reader, the person or the child does not play along. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "card/card.h"
#include "card/child.h"
#include "card/ifd.h"
#include "crypto/crypto.h"
#include "tests/unit/check.h"
#include "tests/unit/double_vcard.h"
#include "tests/unit/fake_ifd.h"

/* --- the reader, at the seam --- */

/* One reader; its name is its channel's. */
static enum err list(const struct ifd_driver *d, struct ifd_device *ret, size_t cap,
                     size_t *ret_n)
{
	*ret_n = cap < 1 ? 0 : 1;
	if (cap < 1)
		return OK;
	*ret = (struct ifd_device){.name = "pad", .channel = d->channel, .plugged = 1};
	return OK;
}

static struct ifd_driver fake = {.list = list};

static enum err open_fake(const void *how, struct readers **ret)
{
	return readers_open_ifd(how, ret);
}

static struct transport *connect_to(struct readers *r, const char *name)
{
	struct reader_list l = {0};
	struct transport *t = NULL;

	CHECK(r->ops->scan(r, &l) == OK && l.n == 1);
	CHECK(r->ops->connect(r, name, &t) == OK);
	return t;
}

static struct transport *reader(enum fake_how how, struct readers **ret_r)
{
	fake.channel = how;
	CHECK(readers_open_ifd(&fake, ret_r) == OK);
	return connect_to(*ret_r, "pad");
}

static enum err type(struct transport *t, uint8_t mode, uint16_t *ret_sw)
{
	const uint8_t template[PAD_TEMPLATE] = {0, 0x20, 0, mode, 6, 127};

	return t->ops->verify_on_pad(t, (struct bytes){template, sizeof(template)},
	                             ret_sw);
}

static void a_pad_is_one_that_the_reader_has(void)
{
	static const struct {
		const char *what;
		enum fake_how how;
		bool pad;
		enum extended extended;
	} rows[] = {
	        {"it has one",               FAKE_PAD,          true,  EXTENDED_YES    },
	        {"and talks T=0",            FAKE_PAD_T0,       true,  EXTENDED_NO     },
	        {"it has none",              FAKE_PLAIN_READER, false, EXTENDED_YES    },
	        {"QEMU only says so",        FAKE_QEMU,         false, EXTENDED_YES    },
	        {"a list that is too long",  FAKE_FEATURES_LIE, false, EXTENDED_UNKNOWN},
	        {"it knows no control code", FAKE_GOOD,         false, EXTENDED_UNKNOWN},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct readers *r = NULL;
		struct transport *t = reader(rows[i].how, &r);

		CHECK_ROW((t->ops->verify_on_pad != NULL) == rows[i].pad, rows[i].what);
		CHECK_ROW(t->extended == rows[i].extended, rows[i].what);
		t = transport_close(t);
		r = readers_close(r);
	}
}

static void what_the_reader_answers_is_understood(void)
{
	static const struct {
		const char *what;
		enum fake_how how;
		enum err e;
		uint16_t sw;
	} rows[] = {
	        {"taken",              FAKE_PAD,              OK,            0x9000},
	        {"wrong",              FAKE_PAD_WRONG,        OK,            0x63c2},
	        {"cancelled",          FAKE_PAD_CANCELLED,    OK,            0x6401},
	        {"nobody typed",       FAKE_PAD_TIMEOUT,      OK,            0x6400},
	        {"no answer",          FAKE_PAD_SAYS_NOTHING, ERR_IO,        0     },
	        {"half a status word", FAKE_PAD_SAYS_LITTLE,  ERR_IO,        0     },
	        {"a length that lies", FAKE_PAD_CLAIMS_MUCH,  ERR_IO,        0     },
	        {"the reader fails",   FAKE_PAD_FAILS,        ERR_IO,        0     },
	        {"pulled meanwhile",   FAKE_PAD_PULLED,       ERR_CARD_LOST, 0     },
	        {"the card is mute",   FAKE_PAD_LATE,         ERR_CARD_MUTE, 0     },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct readers *r = NULL;
		struct transport *t = reader(rows[i].how, &r);
		uint16_t sw = 0;

		CHECK_ROW(type(t, 0x82, &sw) == rows[i].e, rows[i].what);
		CHECK_ROW(sw == rows[i].sw, rows[i].what);
		CHECK_ROW((t->ops->alive(t) == OK) == (rows[i].e != ERR_CARD_LOST),
		          rows[i].what);
		t = transport_close(t);
		r = readers_close(r);
	}
}

static void the_reader_is_told_which_pin(void)
{
	struct readers *r = NULL;
	struct transport *t = reader(FAKE_PAD_TELLS, &r);
	uint16_t sw = 0;

	CHECK(type(t, 0x81, &sw) == OK && sw == 0x0081);
	CHECK(type(t, 0x82, &sw) == OK && sw == 0x0082);
	CHECK(t->ops->verify_on_pad(t, (struct bytes){NULL, 0}, &sw) == ERR_BUG);
	CHECK(sw == 0x0082);
	t = transport_close(t);
	r = readers_close(r);
}

static void a_reader_that_is_gone_asks_nobody(void)
{
	struct readers *r = NULL;
	struct transport *t = reader(FAKE_PAD_PULLED, &r);
	uint16_t sw = 7;

	CHECK(type(t, 0x82, &sw) == ERR_CARD_LOST);
	CHECK(type(t, 0x82, &sw) == ERR_CARD_LOST && sw == 7);
	t = transport_close(t);
	r = readers_close(r);
}

/* --- the same in a child --- */

static const struct child_limits hasty = {20000, 20000, 300, 20000};

static void the_pad_works_through_the_child(void)
{
	static const struct {
		enum fake_how how;
		enum err e;
		uint16_t sw;
	} rows[] = {
	        {FAKE_PAD_TELLS,     OK,            0x0082},
                {FAKE_PAD_CANCELLED, OK,            0x6401},
	        {FAKE_PAD_TIMEOUT,   OK,            0x6400},
                {FAKE_PAD_DIES,      ERR_CARD_LOST, 0     },
	        {FAKE_PAD_HANGS,     ERR_CARD_MUTE, 0     },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct readers *r = NULL;
		uint16_t sw = 0;

		fake.channel = rows[i].how;
		CHECK(readers_open_child(open_fake, &fake, &hasty, &r) == OK);
		struct transport *t = connect_to(r, "pad");
		CHECK(type(t, 0x82, &sw) == rows[i].e && sw == rows[i].sw);
		t = transport_close(t);
		r = readers_close(r);
		CHECK(waitpid(-1, NULL, WNOHANG) < 0); /* reaped */
	}
}

/* --- the card behind it --- */

/* A virtual card's reader; what happens at its pad is `at_pad`. */
static enum at_pad { TYPED, SLOWLY, DIES, LOST } at_pad;
static enum err (*real_pad)(struct transport *t, struct bytes template, uint16_t *ret_sw);

static enum err odd_pad(struct transport *t, struct bytes template, uint16_t *ret_sw)
{
	if (at_pad == DIES)
		_exit(3);
	if (at_pad == LOST)
		return ERR_CARD_LOST;
	if (at_pad == SLOWLY)
		(void)usleep(900 * 1000); /* longer than hasty's limit for an answer */
	return real_pad(t, template, ret_sw);
}

static enum err (*real_connect)(struct readers *r, const char *name,
                                struct transport **ret);

static enum err odd_connect(struct readers *r, const char *name, struct transport **ret)
{
	static struct transport_ops ops;
	const enum err e = real_connect(r, name, ret);

	if (e != OK)
		return e;
	ops = *(*ret)->ops;
	real_pad = ops.verify_on_pad;
	ops.verify_on_pad = odd_pad;
	(*ret)->ops = &ops;
	return OK;
}

static enum err open_pad(const void *typed, struct readers **ret)
{
	static struct readers_ops ops;
	struct readers *r = double_vcard_readers();

	double_vcard_put(r, 0, "pad", vcard_new("default", NULL));
	double_vcard_pad(r, typed);
	ops = *r->ops;
	real_connect = ops.connect;
	ops.connect = odd_connect;
	r->ops = &ops;
	*ret = r;
	return OK;
}

static struct card *card_in_child(const char *typed, struct readers **ret_r)
{
	struct card *c = NULL;

	CHECK(readers_open_child(open_pad, typed, &hasty, ret_r) == OK);
	CHECK(card_open(connect_to(*ret_r, "pad"), &c) == OK && card_has_pad(c));
	return c;
}

static void each_pin_is_good_for_its_use(void)
{
	struct readers *r = NULL;

	at_pad = TYPED;
	struct card *c = card_in_child("123456", &r);
	CHECK(!card_signs(c));
	CHECK(card_verify_on_pad(c, false) == OK && !card_signs(c));
	CHECK(card_verify_sign_on_pad(c, false) == OK && card_signs(c));
	CHECK(card_info(c)->tries_user == 3);
	c = card_close(c);
	r = readers_close(r);
}

static void a_wrong_pin_costs_one_try_in_both_uses(void)
{
	struct readers *r = NULL;

	at_pad = TYPED;
	struct card *c = card_in_child("654321", &r);
	CHECK(card_verify_sign_on_pad(c, false) == ERR_PIN_WRONG && !card_signs(c));
	CHECK(card_info(c)->tries_user == 2);
	CHECK(card_verify_on_pad(c, false) == ERR_PIN_WRONG);
	CHECK(card_info(c)->tries_user == 1);
	CHECK(card_verify_sign_on_pad(c, false) == ERR_PIN_LAST_TRY);
	CHECK(card_info(c)->tries_user == 1);
	c = card_close(c);
	r = readers_close(r);
}

static void nothing_typed_costs_none(void)
{
	struct readers *r = NULL;

	at_pad = TYPED;
	struct card *c = card_in_child(NULL, &r);
	CHECK(card_verify_sign_on_pad(c, false) == ERR_TIMEOUT);
	CHECK(card_verify_on_pad(c, false) == ERR_TIMEOUT);
	CHECK(card_info(c)->tries_user == 3 && card_alive(c) == OK);
	c = card_close(c);
	r = readers_close(r);
}

/* hasty gives an answer 300 ms; somebody who types gets as long as the pad. */
static void a_person_may_take_longer_than_a_card(void)
{
	struct readers *r = NULL;

	at_pad = SLOWLY;
	struct card *c = card_in_child("123456", &r);
	CHECK(card_verify_on_pad(c, false) == OK);
	c = card_close(c);
	r = readers_close(r);
}

static void a_child_that_dies_meanwhile_may_have_spent_a_try(void)
{
	static const enum at_pad ways[] = {DIES, LOST};

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct readers *r = NULL;

		at_pad = ways[i];
		struct card *c = card_in_child("123456", &r);
		CHECK(card_verify_sign_on_pad(c, false) == ERR_PIN_UNKNOWN);
		CHECK(!card_signs(c) && card_info(c)->tries_user == 2);
		if (ways[i] == DIES) {
			CHECK(card_alive(c) == ERR_CARD_LOST);
			CHECK(card_verify_on_pad(c, false) == ERR_CARD_LOST);
		}
		c = card_close(c);
		r = readers_close(r);
		CHECK(waitpid(-1, NULL, WNOHANG) < 0);
	}
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
	        {"a pad is one that the reader has",                 a_pad_is_one_that_the_reader_has },
	        {"what the reader answers is understood",
	         what_the_reader_answers_is_understood                                                },
	        {"the reader is told which PIN",                     the_reader_is_told_which_pin     },
	        {"a reader that is gone asks nobody",                a_reader_that_is_gone_asks_nobody},
	        {"the pad works through the child",                  the_pad_works_through_the_child  },
	        {"each PIN is good for its use",                     each_pin_is_good_for_its_use     },
	        {"a wrong PIN costs one try in both uses",
	         a_wrong_pin_costs_one_try_in_both_uses                                               },
	        {"nothing typed costs none",                         nothing_typed_costs_none         },
	        {"a person may take longer than a card",
	         a_person_may_take_longer_than_a_card                                                 },
	        {"a child that dies meanwhile may have spent a try",
	         a_child_that_dies_meanwhile_may_have_spent_a_try                                     },
	};

	(void)argc;
	char *end = strrchr(argv[0], '/'); /* the library lies beside this program */
	(void)snprintf(fake.library, sizeof(fake.library), "%.*sfake_ifd.so",
	               end ? (int)(end - argv[0]) + 1 : 0, argv[0]);
	if (crypto_init() != OK)
		return 1;
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
