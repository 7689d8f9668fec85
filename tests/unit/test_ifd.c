/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Driving an IFD handler: devices come and go, cards answer, lie, break and hang. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "card/child.h"
#include "card/ifd.h"
#include "tests/unit/check.h"
#include "tests/unit/fake_ifd.h"

/* What is plugged in. */
static struct ifd_device plugged[READERS_MAX + 1];
static size_t n_plugged;

static enum err list(const struct ifd_driver *drv, struct ifd_device *ret, size_t cap,
                     size_t *ret_n)
{
	(void)drv;
	const size_t n = n_plugged < cap ? n_plugged : cap;

	memcpy(ret, plugged, n * sizeof(*ret));
	*ret_n = n;
	return OK;
}

static enum err no_list(const struct ifd_driver *drv, struct ifd_device *ret, size_t cap,
                        size_t *ret_n)
{
	(void)drv;
	(void)ret;
	(void)cap;
	(void)ret_n;
	return ERR_NO_SERVICE;
}

static struct ifd_driver fake = {.list = list};

static void unplug_all(void)
{
	n_plugged = 0;
}

static void plug(const char *name, uint32_t channel)
{
	static uint32_t count;
	struct ifd_device *d = &plugged[n_plugged++];

	*d = (struct ifd_device){.channel = channel, .plugged = ++count};
	(void)snprintf(d->name, sizeof(d->name), "%s", name);
}

static struct readers *open_fake(void)
{
	struct readers *r = NULL;

	CHECK(readers_open_ifd(&fake, &r) == OK);
	return r;
}

static struct reader_list scan(struct readers *r)
{
	struct reader_list l = {0};

	CHECK(r->ops->scan(r, &l) == OK);
	return l;
}

static struct transport *connect_to(struct readers *r, const char *name)
{
	struct transport *t = NULL;

	CHECK(r->ops->connect(r, name, &t) == OK);
	return t;
}

static void talks_to_a_card(void)
{
	uint8_t cmd[300], resp[400];
	size_t n = 0;

	unplug_all();
	plug("one", FAKE_GOOD);
	plug("old", FAKE_T0);
	memcpy(plugged[1].path, "", 1);
	struct readers *r = open_fake();
	struct reader_list l = scan(r);
	CHECK(l.n == 2 && l.slot[0].card_present && l.slot[1].card_present);
	CHECK(strcmp(l.slot[0].name, "one") == 0);
	struct transport *t = connect_to(r, "one");
	CHECK(!t->t0 && t->extended == EXTENDED_UNKNOWN && t->atr_len == 21 &&
	      t->atr[0] == 0x3b);
	memset(cmd, 0x5a, sizeof(cmd));
	CHECK(t->ops->transmit(t, (struct bytes){cmd, 300}, resp, sizeof(resp), &n) ==
	      OK);
	CHECK(n == 303 && memcmp(resp, cmd, 300) == 0 && resp[300] == 1);
	CHECK(t->ops->alive(t) == OK);
	t = transport_close(t);
	t = connect_to(r, "old");
	CHECK(t->t0 && t->extended == EXTENDED_NO && t->atr_len == 2);
	CHECK(t->ops->transmit(t, (struct bytes){cmd, 5}, resp, sizeof(resp), &n) == OK);
	CHECK(n == 8 && resp[5] == 0);
	t = transport_close(t);
	r = readers_close(r);
}

static void opens_by_name_what_has_one(void)
{
	unplug_all();
	plug("named", FAKE_NO_READER);
	memcpy(plugged[0].path, "good", 5);
	struct readers *r = open_fake();
	CHECK(scan(r).n == 1);
	struct transport *t = connect_to(r, "named");
	t = transport_close(t);
	r = readers_close(r);
}

static void lists_only_what_opens(void)
{
	struct transport *none = NULL;

	unplug_all();
	plug("a keyboard", FAKE_NO_READER);
	plug("empty", FAKE_EMPTY);
	plug("mute", FAKE_MUTE);
	plug("long", FAKE_LONG_ATR);
	struct readers *r = open_fake();
	struct reader_list l = scan(r);
	CHECK(l.n == 3 && strcmp(l.slot[0].name, "empty") == 0);
	CHECK(!l.slot[0].card_present && l.slot[1].card_present);
	CHECK(r->ops->connect(r, "a keyboard", &none) == ERR_NO_READER);
	CHECK(r->ops->connect(r, "not there", &none) == ERR_NO_READER);
	CHECK(r->ops->connect(r, "empty", &none) == ERR_NO_CARD);
	CHECK(r->ops->connect(r, "mute", &none) == ERR_CARD_STATE);
	CHECK(r->ops->connect(r, "long", &none) == ERR_CARD_STATE && !none);
	r = readers_close(r);
}

static void tells_what_went_wrong(void)
{
	static const struct {
		const char *name;
		uint32_t how;
		enum err e, alive;
	} rows[] = {
	        {"too long",  FAKE_TOO_LONG,  ERR_IO,        OK           },
	        {"too short", FAKE_TOO_SHORT, ERR_IO,        OK           },
	        {"pulled",    FAKE_PULLED,    ERR_CARD_LOST, ERR_CARD_LOST},
	        {"broken",    FAKE_BROKEN,    ERR_IO,        OK           },
	        {"late",      FAKE_LATE,      ERR_CARD_MUTE, OK           },
	        {"gone",      FAKE_GONE,      ERR_CARD_LOST, OK           },
	};
	uint8_t buf[64] = {0};
	size_t n = 7;

	unplug_all();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		plug(rows[i].name, rows[i].how);
	struct readers *r = open_fake();
	(void)scan(r);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct transport *t = connect_to(r, rows[i].name);

		CHECK_ROW(t->ops->transmit(t, (struct bytes){buf, 4}, buf, sizeof(buf),
		                           &n) == rows[i].e,
		          rows[i].name);
		CHECK_ROW(n == 7, rows[i].name);
		CHECK_ROW(t->ops->alive(t) == rows[i].alive, rows[i].name);
		t = transport_close(t);
	}
	r = readers_close(r);
}

/* An ATR that breaks off promises no T=1. */
static void talks_t0_where_nothing_else_is_told(void)
{
	unplug_all();
	plug("half", FAKE_HALF_ATR);
	struct readers *r = open_fake();
	(void)scan(r);
	struct transport *t = connect_to(r, "half");
	CHECK(t->t0 && t->atr_len == 1 && t->extended == EXTENDED_NO);
	t = transport_close(t);
	r = readers_close(r);
}

static void a_reader_that_sticks_is_let_go(void)
{
	unplug_all();
	plug("sticky", FAKE_STICKS);
	struct readers *r = open_fake();
	(void)scan(r);
	struct transport *t = connect_to(r, "sticky");
	t = transport_close(t); /* it does not power down */
	unplug_all();
	CHECK(scan(r).n == 0); /* nor close */
	plug("sticky", FAKE_STICKS);
	CHECK(scan(r).n == 1);
	t = connect_to(r, "sticky");
	CHECK(t->ops->alive(t) == OK);
	t = transport_close(t);
	r = readers_close(r);
}

/* The fake's card comes and goes with every question; no command is sent meanwhile. */
static void a_card_once_gone_stays_gone(void)
{
	uint8_t buf[64] = {0};
	size_t n = 0;

	unplug_all();
	plug("moving", FAKE_COMES_AND_GOES);
	struct readers *r = open_fake();
	(void)scan(r);
	struct transport *t = connect_to(r, "moving");
	CHECK(t->ops->alive(t) == ERR_CARD_LOST && t->ops->alive(t) == ERR_CARD_LOST);
	CHECK(t->ops->transmit(t, (struct bytes){buf, 4}, buf, sizeof(buf), &n) ==
	      ERR_CARD_LOST);
	t = transport_close(t);
	r = readers_close(r);
}

static void notices_what_comes_and_goes(void)
{
	uint8_t buf[64] = {0};
	size_t n = 0;

	unplug_all();
	plug("moving", FAKE_COMES_AND_GOES);
	plug("one", FAKE_GOOD);
	struct readers *r = open_fake();
	const struct reader_list a = scan(r), b = scan(r);
	CHECK(a.slot[0].card_present != b.slot[0].card_present);
	CHECK(a.slot[0].generation != b.slot[0].generation);
	CHECK(a.slot[1].generation == b.slot[1].generation);
	struct transport *t = connect_to(r, "one");
	unplug_all();
	CHECK(scan(r).n == 0);
	CHECK(t->ops->alive(t) == ERR_CARD_LOST);
	CHECK(t->ops->transmit(t, (struct bytes){buf, 4}, buf, sizeof(buf), &n) ==
	      ERR_CARD_LOST);
	plug("one", FAKE_GOOD); /* another one in its place */
	const struct reader_list c = scan(r);
	CHECK(c.n == 1 && c.slot[0].generation != b.slot[1].generation);
	CHECK(t->ops->alive(t) == ERR_CARD_LOST);
	t = transport_close(t);
	t = connect_to(r, "one");
	CHECK(t->ops->alive(t) == OK);
	t = transport_close(t);
	r = readers_close(r);
}

static void takes_no_more_than_it_has_room_for(void)
{
	unplug_all();
	for (int i = 0; i <= READERS_MAX; i++)
		plug("same name", FAKE_GOOD);
	struct readers *r = open_fake();
	CHECK(scan(r).n == READERS_MAX);
	unplug_all();
	CHECK(scan(r).n == 0);
	r = readers_close(r);
}

static void refuses_what_is_no_handler(void)
{
	static const struct ifd_driver none = {.library = "/nonexistent/libnone.so",
	                                       .list = list};
	static const struct ifd_driver other = {.library = "libz.so.1", .list = list};
	struct ifd_driver blind = fake;
	struct reader_list l;
	struct readers *r = NULL;

	CHECK(readers_open_ifd(&none, &r) == ERR_NOT_FOUND && !r);
	CHECK(readers_open_ifd(&other, &r) == ERR_NOT_FOUND && !r);
	blind.list = no_list;
	CHECK(readers_open_ifd(&blind, &r) == OK);
	CHECK(r->ops->scan(r, &l) == ERR_NO_SERVICE);
	r = readers_close(r);
}

static enum err open_in_child(const void *how, struct readers **ret)
{
	return readers_open_ifd(how, ret);
}

static void a_handler_that_hangs_is_given_up(void)
{
	const struct child_limits hasty = {5000, 5000, 300, 300};
	struct readers *r = NULL;
	uint8_t buf[64] = {0};
	size_t n = 0;

	unplug_all();
	plug("stuck", FAKE_HANGS);
	CHECK(readers_open_child(open_in_child, &fake, &hasty, &r) == OK);
	CHECK(scan(r).n == 1);
	struct transport *t = connect_to(r, "stuck");
	CHECK(t->atr_len == 21);
	CHECK(t->ops->transmit(t, (struct bytes){buf, 4}, buf, sizeof(buf), &n) ==
	      ERR_CARD_MUTE);
	t = transport_close(t);
	CHECK(scan(r).n == 1);
	r = readers_close(r);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
	        {"talks to a card",                      talks_to_a_card                 },
	        {"opens by name what has one",           opens_by_name_what_has_one      },
	        {"lists only what opens",                lists_only_what_opens           },
	        {"tells what went wrong",                tells_what_went_wrong           },
	        {"notices what comes and goes",          notices_what_comes_and_goes     },
	        {"talks T=0 where nothing else is told",
	         talks_t0_where_nothing_else_is_told                                     },
	        {"a reader that sticks is let go",       a_reader_that_sticks_is_let_go  },
	        {"a card once gone stays gone",          a_card_once_gone_stays_gone     },
	        {"takes no more than it has room for",
	         takes_no_more_than_it_has_room_for                                      },
	        {"refuses what is no handler",           refuses_what_is_no_handler      },
	        {"a handler that hangs is given up",     a_handler_that_hangs_is_given_up},
	};

	(void)argc;
	char *end = strrchr(argv[0], '/'); /* the library lies beside this program */
	(void)snprintf(fake.library, sizeof(fake.library), "%.*sfake_ifd.so",
	               end ? (int)(end - argv[0]) + 1 : 0, argv[0]);
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
