/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The reader child: carries everything faithfully, and what hangs, lies or dies in it is
 * given up. */
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "card/child.h"
#include "tests/unit/check.h"

/* Readers that do what the reader's name says; they run in the child. */
static void hang(void)
{
	for (;;)
		(void)pause();
}

static enum err odd_transmit(struct transport *t, struct bytes cmd, uint8_t *resp,
                             size_t cap, size_t *ret_len)
{
	const char *how = t->reader;

	if (strcmp(how, "hangs in transmit") == 0)
		hang();
	if (strcmp(how, "dies in transmit") == 0)
		_exit(3);
	if (strcmp(how, "was reset") == 0) {
		t->t0 = false;
		t->extended = EXTENDED_NO;
		return ERR_CARD_RESET;
	}
	if (strcmp(how, "echoes") == 0 && cmd.n + 2 <= cap) {
		memcpy(resp, cmd.p, cmd.n);
		memcpy(resp + cmd.n, "\x90\x00", 2);
		*ret_len = cmd.n + 2;
		return OK;
	}
	if (strcmp(how, "says too little") == 0) {
		*ret_len = 1;
		return OK;
	}
	return ERR_IO;
}

static enum err odd_pad(struct transport *t, struct bytes template, uint16_t *ret_sw)
{
	(void)t;
	*ret_sw = template.n == 3 ? 0x63c2 : 0x6700;
	return OK;
}

static enum err odd_alive(struct transport *t)
{
	if (strcmp(t->reader, "hangs in alive") == 0)
		hang();
	return strcmp(t->reader, "was pulled") == 0 ? ERR_CARD_LOST : OK;
}

static void odd_close(struct transport *t)
{
	if (strcmp(t->reader, "hangs in close") == 0)
		hang();
	if (strncmp(t->reader, "/", 1) == 0 && truncate(t->reader, 0) != 0)
		_exit(4);
	free(t);
}

static const struct transport_ops plain = {"odd", odd_transmit, NULL, odd_alive,
                                           odd_close};
static const struct transport_ops padded = {"odd", odd_transmit, odd_pad, odd_alive,
                                            odd_close};

static enum err odd_connect(struct readers *r, const char *name, struct transport **ret)
{
	static char kept[READERS_MAX][READER_NAME_MAX];
	static size_t n;

	(void)r;
	if (strcmp(name, "hangs in connect") == 0)
		hang();
	if (strcmp(name, "is busy") == 0)
		return ERR_BUSY;
	struct transport *t = calloc(1, sizeof(*t));
	if (!t)
		return ERR_NOMEM;
	memcpy(kept[n % READERS_MAX], name, strlen(name) + 1);
	*t = (struct transport){
	        .ops = strcmp(name, "has a pad") == 0 ? &padded : &plain,
	        .reader = kept[n++ % READERS_MAX],
	        .extended = EXTENDED_YES,
	        .t0 = strcmp(name, "echoes") != 0,
	        .atr = {0x3b, 0x80, 0x01},
	        .atr_len = 3,
	};
	*ret = t;
	return OK;
}

static enum err odd_scan(struct readers *r, struct reader_list *ret)
{
	(void)r;
	*ret = (struct reader_list){.n = 1};
	memcpy(ret->slot[0].name, "echoes", 7);
	ret->slot[0].card_present = true;
	ret->slot[0].generation = 7;
	return OK;
}

static enum err slow_scan(struct readers *r, struct reader_list *ret)
{
	(void)usleep(900 * 1000);
	return odd_scan(r, ret);
}

static enum err hanging_scan(struct readers *r, struct reader_list *ret)
{
	hang();
	return odd_scan(r, ret);
}

static enum err lying_scan(struct readers *r, struct reader_list *ret)
{
	(void)r;
	memset(ret, 0x41, sizeof(*ret));
	return OK;
}

static void odd_drop(struct readers *r)
{
	free(r);
}

static enum err open_with(const struct readers_ops *ops, struct readers **ret)
{
	struct readers *r = calloc(1, sizeof(*r));

	if (!r)
		return ERR_NOMEM;
	r->ops = ops;
	*ret = r;
	return OK;
}

#define OPENER(name, scan)                                                               \
	static enum err name(const void *how, struct readers **ret)                      \
	{                                                                                \
		static const struct readers_ops ops = {"odd", scan, odd_connect,         \
		                                       odd_drop};                        \
		return how == NULL ? open_with(&ops, ret) : ERR_BUG;                     \
	}
OPENER(open_odd, odd_scan)
OPENER(open_slow, slow_scan)
OPENER(open_hanging, hanging_scan)
OPENER(open_lying, lying_scan)

static enum err open_fails(const void *how, struct readers **ret)
{
	CHECK(how == NULL);
	(void)ret;
	return ERR_NO_SERVICE;
}

static const struct child_limits hasty = {
        .scan = 300, .connect = 300, .transmit = 300, .close = 300};
static const struct child_limits patient = {
        .scan = 20000, .connect = 20000, .transmit = 20000, .close = 20000};

static struct readers *open_child(readers_opener *open, const struct child_limits *limits)
{
	struct readers *r = NULL;

	CHECK(readers_open_child(open, NULL, limits, &r) == OK);
	return r;
}

static struct transport *connect_to(struct readers *r, const char *name)
{
	struct transport *t = NULL;

	CHECK(r->ops->connect(r, name, &t) == OK);
	return t;
}

static bool no_child_left(void)
{
	return waitpid(-1, NULL, WNOHANG) < 0;
}

static void carries_a_list_and_an_answer(void)
{
	struct readers *r = open_child(open_odd, &patient);
	struct reader_list list = {0};
	uint8_t cmd[2200], resp[2300];
	size_t n = 0;

	CHECK(r->ops->scan(r, &list) == OK);
	CHECK(list.n == 1 && strcmp(list.slot[0].name, "echoes") == 0);
	CHECK(list.slot[0].card_present && list.slot[0].generation == 7);
	struct transport *t = connect_to(r, "echoes");
	CHECK(t->extended == EXTENDED_YES && !t->t0);
	CHECK(strcmp(t->reader, "echoes") == 0 && !t->ops->verify_on_pad);
	CHECK(t->atr_len == 3 && memcmp(t->atr, "\x3b\x80\x01", 3) == 0);
	for (size_t i = 0; i < sizeof(cmd); i++)
		cmd[i] = (uint8_t)(i * 7);
	CHECK(t->ops->transmit(t, (struct bytes){cmd, sizeof(cmd)}, resp, sizeof(resp),
	                       &n) == OK);
	CHECK(n == sizeof(cmd) + 2 && memcmp(resp, cmd, sizeof(cmd)) == 0);
	CHECK(t->ops->alive(t) == OK);
	t = transport_close(t);
	r = readers_close(r);
	CHECK(no_child_left());
}

static void never_writes_past_the_answer(void)
{
	struct readers *r = open_child(open_odd, &patient);
	struct transport *t = connect_to(r, "echoes");
	const uint8_t cmd[64] = {1};
	uint8_t resp[67];
	size_t n = 5;

	memset(resp, 0xee, sizeof(resp));
	CHECK(t->ops->transmit(t, (struct bytes){cmd, 64}, resp, 65, &n) == ERR_IO);
	CHECK(n == 5 && resp[0] == 0xee && resp[66] == 0xee);
	CHECK(t->ops->transmit(t, (struct bytes){cmd, 64}, resp, 66, &n) == OK);
	CHECK(n == 66 && resp[65] == 0x00 && resp[66] == 0xee);
	t = transport_close(t);
	r = readers_close(r);
}

static void carries_errors_and_the_pin_pad(void)
{
	struct readers *r = open_child(open_odd, &patient);
	struct transport *t = connect_to(r, "was reset"), *none = NULL;
	uint8_t resp[16];
	uint16_t sw = 0;
	size_t n = 0;

	CHECK(t->t0);
	CHECK(t->ops->transmit(t, (struct bytes){resp, 4}, resp, sizeof(resp), &n) ==
	      ERR_CARD_RESET);
	CHECK(!t->t0 &&
	      t->extended == EXTENDED_NO); /* another protocol since the reset */
	t = transport_close(t);
	CHECK(r->ops->connect(r, "is busy", &none) == ERR_BUSY && !none);
	t = connect_to(r, "was pulled");
	CHECK(t->ops->alive(t) == ERR_CARD_LOST);
	t = transport_close(t);
	t = connect_to(r, "has a pad");
	CHECK(t->ops->verify_on_pad);
	CHECK(t->ops->verify_on_pad(t, (struct bytes){resp, 3}, &sw) == OK &&
	      sw == 0x63c2);
	t = transport_close(t);
	t = connect_to(r, "says too little");
	CHECK(t->ops->transmit(t, (struct bytes){resp, 4}, resp, sizeof(resp), &n) ==
	      ERR_IO);
	t = transport_close(t);
	r = readers_close(r);
	r = open_child(open_fails, &patient);
	struct reader_list list;
	CHECK(r->ops->scan(r, &list) == ERR_NO_SERVICE);
	r = readers_close(r);
}

static void holds_several_cards_at_once(void)
{
	struct readers *r = open_child(open_odd, &patient);
	struct transport *t[READERS_MAX], *more = NULL;

	for (size_t i = 0; i < READERS_MAX; i++)
		t[i] = connect_to(r, "echoes");
	CHECK(r->ops->connect(r, "echoes", &more) == ERR_IO && !more);
	t[3] = transport_close(t[3]);
	t[3] = connect_to(r, "was pulled");
	CHECK(t[3]->ops->alive(t[3]) == ERR_CARD_LOST);
	CHECK(t[4]->ops->alive(t[4]) == OK);
	for (size_t i = 0; i < READERS_MAX; i++)
		t[i] = transport_close(t[i]);
	r = readers_close(r);
}

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
	CHECK(r->ops->connect(r, "echoes", &none) == ERR_NO_SERVICE && !none);
	r = readers_close(r);
}

static void believes_no_list_that_cannot_be(void)
{
	struct readers *r = open_child(open_lying, &patient);
	struct reader_list list = {.n = 99};

	CHECK(r->ops->scan(r, &list) == ERR_NO_SERVICE && list.n == 99);
	r = readers_close(r);
}

/* The parent is killed: the child closes its cards (here: empties a file) and ends. */
static void resets_the_card_when_its_parent_dies(void)
{
	char path[] = "/tmp/test_child.XXXXXX";
	const int fd = mkstemp(path);
	int status = 0;

	CHECK(fd >= 0 && write(fd, "held", 4) == 4);
	CHECK(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0);
	const pid_t parent = fork();
	if (parent == 0) {
		struct readers *r = NULL;
		struct transport *t = NULL;

		if (readers_open_child(open_odd, NULL, &patient, &r) != OK ||
		    r->ops->connect(r, path, &t) != OK)
			_exit(1);
		(void)kill(getpid(), SIGKILL);
	}
	CHECK(waitpid(parent, &status, 0) == parent && WIFSIGNALED(status));
	CHECK(waitpid(-1, &status, 0) > 0); /* the orphan ended by itself */
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	CHECK(lseek(fd, 0, SEEK_END) == 0);
	CHECK(close(fd) == 0 && unlink(path) == 0);
	CHECK(prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0) == 0);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"carries a list and an answer",         carries_a_list_and_an_answer     },
	        {"never writes past the answer",         never_writes_past_the_answer     },
	        {"carries errors and the PIN pad",       carries_errors_and_the_pin_pad   },
	        {"holds several cards at once",          holds_several_cards_at_once      },
	        {"gives up a card that hangs",           gives_up_a_card_that_hangs       },
	        {"waits as long as a touch needs",       waits_as_long_as_a_touch_needs   },
	        {"survives a child that dies",           survives_a_child_that_dies       },
	        {"a slow daemon holds nobody up",        a_slow_daemon_holds_nobody_up    },
	        {"a daemon that hangs is no service",    a_daemon_that_hangs_is_no_service},
	        {"believes no list that cannot be",      believes_no_list_that_cannot_be  },
	        {"resets the card when its parent dies",
	         resets_the_card_when_its_parent_dies                                     },
	};

	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
