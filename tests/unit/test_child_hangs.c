/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What hangs, lies or dies in the reader child is given up, and the next child works. */
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "card/pick.h"
#include "tests/unit/check.h"
#include "tests/unit/double_odd.h"

/* What hangs is given up, and the next scan works with another child. */
static void gives_up_a_card_that_hangs(void)
{
	struct readers *r = open_child(open_odd, &hasty);
	struct transport *t = connect_to(r, "hangs in transmit");
	struct transport *other = connect_to(r, "echoes"), *none = NULL;
	struct reader_list list;
	uint8_t resp[16] = {0};
	size_t n = 0;

	CHECK(t->ops->transmit(t, (struct bytes){resp, 4}, resp, sizeof(resp), &n) ==
	      ERR_CARD_MUTE);
	CHECK(no_child_left());
	CHECK(other->ops->alive(other) == ERR_CARD_LOST);
	CHECK(t->ops->alive(t) == ERR_CARD_LOST);
	CHECK(r->ops->scan(r, &list) == OK);
	CHECK(list.slot[0].generation == 7); /* the card was not moved by that */
	CHECK(other->ops->alive(other) == ERR_CARD_LOST);
	t = transport_close(t);
	other = transport_close(other);
	CHECK(r->ops->connect(r, "hangs in connect", &none) == ERR_CARD_MUTE && !none);
	t = connect_to(r, "hangs in alive");
	CHECK(t->ops->alive(t) == ERR_CARD_MUTE);
	t = transport_close(t);
	t = connect_to(r, "hangs in close");
	t = transport_close(t);
	CHECK(no_child_left());
	r = readers_close(r);
}

/* pcscd makes us wait for the end of another program's transaction. */
static void a_card_that_another_program_holds_is_busy(void)
{
	struct readers *r = open_child(open_held, &hasty);
	struct reader_list list = {0};
	struct transport *t = NULL;

	CHECK(r->ops->scan(r, &list) == OK && list.slot[0].in_use);
	CHECK(r->ops->connect(r, "hangs in connect", &t) == ERR_BUSY && !t);
	CHECK(no_child_left());
	CHECK(r->ops->scan(r, &list) == OK);
	/* Not tried again at once: the child is not given up for that. */
	CHECK(r->ops->connect(r, "hangs in connect", &t) == ERR_BUSY && !t);
	CHECK(!no_child_left());
	t = connect_to(r, "echoes"); /* in use, and nobody is in a transaction */
	t = transport_close(t);
	r = readers_close(r);
}

static void no_answer_is_waited_for_beyond_the_end(void)
{
	struct readers *r = open_child(open_odd, &patient);
	struct transport *t = connect_to(r, "hangs in transmit");
	uint8_t resp[16] = {0};
	size_t n = 0;

	t->until_ms = 1; /* long ago */
	CHECK(t->ops->transmit(t, (struct bytes){resp, 4}, resp, sizeof(resp), &n) ==
	      ERR_CARD_MUTE);
	t = transport_close(t);
	r = readers_close(r);
}

static void waits_as_long_as_a_touch_needs(void)
{
	struct readers *r =
	        open_child(open_odd, &(struct child_limits){20000, 20000, 20000, 20000});
	struct transport *t = connect_to(r, "hangs in transmit");
	uint8_t resp[16] = {0};
	size_t n = 0;

	t->limit_ms = 200; /* shorter than the pool's: so it is this one that counts */
	CHECK(t->ops->transmit(t, (struct bytes){resp, 4}, resp, sizeof(resp), &n) ==
	      ERR_CARD_MUTE);
	t = transport_close(t);
	r = readers_close(r);
}

static void survives_a_child_that_dies(void)
{
	struct readers *r = open_child(open_odd, &patient);
	struct transport *t = connect_to(r, "dies in transmit");
	struct reader_list list;
	uint8_t resp[16] = {0};
	size_t n = 0;

	CHECK(t->ops->transmit(t, (struct bytes){resp, 4}, resp, sizeof(resp), &n) ==
	      ERR_CARD_LOST);
	CHECK(no_child_left());
	t = transport_close(t);
	CHECK(r->ops->scan(r, &list) == OK);
	CHECK(r->ops->connect(r, "dies in connect", &t) == ERR_IO && !t);
	CHECK(no_child_left());
	CHECK(r->ops->scan(r, &list) == OK);
	r = readers_close(r);
}

/* Nobody noticed until the next scan. */
static void a_scan_finds_a_dead_child(void)
{
	struct readers *r = open_child(open_odd, &patient);
	struct transport *t = connect_to(r, "dies later");
	struct reader_list list = {0};
	siginfo_t dead;

	CHECK(t->ops->alive(t) == OK);
	CHECK(waitid(P_ALL, 0, &dead, WEXITED | WNOWAIT) == 0);
	CHECK(r->ops->scan(r, &list) == ERR_NO_SERVICE && no_child_left());
	CHECK(r->ops->scan(r, &list) == OK && list.n == 1);
	CHECK(list.slot[0].generation !=
	      7); /* what was in the readers may have been moved */
	CHECK(t->ops->alive(t) == ERR_CARD_LOST);
	t = transport_close(t);
	r = readers_close(r);
}

static void a_slow_daemon_holds_nobody_up(void)
{
	struct readers *r = open_child(open_slow, &patient);
	struct reader_list list = {0};
	enum err e = OK;
	int looks = 0;

	do {
		e = r->ops->scan(r, &list);
		CHECK(e == OK || e == ERR_NO_SERVICE);
	} while (e != OK && ++looks < 200);
	CHECK(looks > 0 && list.n == 1);
	/* A scan under way does not get into the way of a request. */
	CHECK(r->ops->scan(r, &list) == ERR_NO_SERVICE);
	struct transport *t = connect_to(r, "echoes");
	t = transport_close(t);
	r = readers_close(r);
}

static void a_daemon_that_hangs_is_no_service(void)
{
	struct readers *r = open_child(open_hanging, &hasty);
	struct transport *none = NULL;
	struct reader_list list = {0};

	CHECK(r->ops->scan(r, &list) == ERR_NO_SERVICE);
	CHECK(no_child_left());
	CHECK(r->ops->scan(r, &list) == ERR_NO_SERVICE);
	r = readers_close(r);
	CHECK(no_child_left());
	r = open_child(open_hanging, &(struct child_limits){800, 300, 300, 300});
	CHECK(r->ops->scan(r, &list) == ERR_NO_SERVICE); /* still under way */
	CHECK(pick_why_scan(r, ERR_NO_SERVICE) == PICK_STARTING);
	CHECK(r->ops->connect(r, "echoes", &none) == ERR_NO_SERVICE && !none);
	r = readers_close(r);
}

/* It needs 900 ms: too long for the first child, and not for all that come after it. */
static void who_was_only_slow_gets_there(void)
{
	struct readers *r =
	        open_child(open_slow, &(struct child_limits){600, 20000, 20000, 20000});
	struct reader_list list = {0};
	enum err e = ERR_NO_SERVICE;

	for (int looks = 0; e == ERR_NO_SERVICE && looks < 200; looks++)
		e = r->ops->scan(r, &list);
	CHECK(e == OK && list.n == 1);
	r = readers_close(r);
}

static void believes_no_list_that_cannot_be(void)
{
	struct readers *r = open_child(open_lying, &patient);
	struct reader_list list = {.n = 99};

	CHECK(r->ops->scan(r, &list) == ERR_NO_SERVICE && list.n == 99);
	CHECK(pick_why_scan(r, ERR_NO_SERVICE) == PICK_NO_SERVICE); /* it has answered */
	r = readers_close(r);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"gives up a card that hangs",                gives_up_a_card_that_hangs       },
	        {"waits as long as a touch needs",            waits_as_long_as_a_touch_needs   },
	        {"a card that another program holds is busy",
	         a_card_that_another_program_holds_is_busy                                     },
	        {"who was only slow gets there",              who_was_only_slow_gets_there     },
	        {"no answer is waited for beyond the end",
	         no_answer_is_waited_for_beyond_the_end                                        },
	        {"survives a child that dies",                survives_a_child_that_dies       },
	        {"a scan finds a dead child",                 a_scan_finds_a_dead_child        },
	        {"a slow daemon holds nobody up",             a_slow_daemon_holds_nobody_up    },
	        {"a daemon that hangs is no service",         a_daemon_that_hangs_is_no_service},
	        {"believes no list that cannot be",           believes_no_list_that_cannot_be  },
	};

	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
