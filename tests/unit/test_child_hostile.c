/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The reader child as an enemy: it holds the parent up in nothing, ends nothing of it,
 * and no command stays behind. */
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "card/child_wire.h"
#include "tests/unit/check.h"

/* Where the child's end lies (card/child_serve.c). */
enum { CHILD_FD = 3, ENOUGH = 100 };

/* --- readers that run in the child --- */

static void say(size_t times)
{
	const struct child_reply r = {.e = OK};

	while (times-- > 0)
		if (send(CHILD_FD, &r, sizeof(r), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
			return;
}

static void hang(void)
{
	for (;;)
		(void)pause();
}

/* The far end of a frame as large as libccid's for one command. */
static __attribute__((noinline)) void leave_on_the_stack(struct bytes cmd)
{
	uint8_t frame[80 * 1024];
	volatile uint8_t *p = frame;

	for (size_t i = 0; i < cmd.n; i++)
		p[i] = cmd.p[i];
}

static __attribute__((noinline, no_sanitize("address"))) bool on_the_stack(uint8_t what)
{
	const volatile uint8_t *top = __builtin_frame_address(0);
	size_t run = 0;

	for (size_t i = 100 * 1024; i > 1024; i--) {
		run = top[-(ptrdiff_t)i] == what ? run + 1 : 0;
		if (run == 64)
			return true;
	}
	return false;
}

static enum err bad_transmit(struct transport *t, struct bytes cmd, uint8_t *resp,
                             size_t cap, size_t *ret_len)
{
	if (cap < 2)
		return ERR_BUG;
	if (strcmp(t->reader, "hangs") == 0)
		hang();
	if (strcmp(t->reader, "forgets nothing") == 0 && cmd.n == 64)
		leave_on_the_stack(cmd);
	memcpy(resp, on_the_stack(0xa7) ? "\x6f\x01" : "\x90\x00", 2);
	*ret_len = 2;
	return strcmp(t->reader, "means no error of ours") == 0 ? ERR_BUG : OK;
}

static enum err bad_alive(struct transport *t)
{
	if (strcmp(t->reader, "answers before it is asked") == 0) {
		say(SIZE_MAX);
		hang();
	}
	if (strcmp(t->reader, "dies later") == 0) {
		say(1);
		_exit(3);
	}
	if (strcmp(t->reader, "clings") == 0) {
		say(4);
		hang();
	}
	return strcmp(t->reader, "means no error of ours") == 0 ? ERR_NOMEM : OK;
}

/* One reply of its own, and the end. */
static void reply_and_die(const void *p, uint32_t n)
{
	uint8_t out[sizeof(struct child_reply) + 256];
	const struct child_reply r = {.e = OK, .len = n};

	memcpy(out, &r, sizeof(r));
	memcpy(out + sizeof(r), p, n);
	(void)send(CHILD_FD, out, sizeof(r) + n, MSG_NOSIGNAL);
	_exit(3);
}

static enum err bad_pad(struct transport *t, struct bytes template, uint16_t *ret_sw)
{
	(void)t;
	(void)template;
	(void)ret_sw;
	reply_and_die("\x90", 1);
	return OK;
}

static void connect_with_nonsense(const char *how)
{
	struct child_card c = {.card = 0, .atr_len = 3};

	if (strcmp(how, "has too long an ATR") == 0)
		c.atr_len = ATR_MAX + 1;
	else if (strcmp(how, "is a card too many") == 0)
		c.card = CHILD_CARDS;
	else if (strcmp(how, "is half a card") != 0)
		return;
	reply_and_die(&c, strcmp(how, "is half a card") == 0 ? 5 : sizeof(c));
}

static void bad_close(struct transport *t)
{
	free(t);
}

static enum err bad_connect(struct readers *r, const char *name, struct transport **ret)
{
	static char kept[READER_NAME_MAX];
	static const struct transport_ops plain = {"bad", bad_transmit, NULL, bad_alive,
	                                           bad_close};
	static const struct transport_ops padded = {"bad", bad_transmit, bad_pad,
	                                            bad_alive, bad_close};
	(void)r;
	connect_with_nonsense(name);
	if (strcmp(name, "wants no memory") == 0)
		return ERR_NOMEM;
	struct transport *t = calloc(1, sizeof(*t));
	if (!t)
		return ERR_NOMEM;
	memcpy(kept, name, strlen(name) + 1);
	const bool pad = strcmp(name, "has half a pad") == 0;
	*t = (struct transport){.ops = pad ? &padded : &plain, .reader = kept};
	*ret = t;
	return OK;
}

static enum err bad_scan(struct readers *r, struct reader_list *ret)
{
	const uint8_t neither = 0x41;

	(void)r;
	*ret = (struct reader_list){.n = 1, .slot[0].name = "present as never before"};
	memcpy(&ret->slot[0].card_present, &neither, 1);
	return OK;
}

static enum err no_scan(struct readers *r, struct reader_list *ret)
{
	(void)r;
	(void)ret;
	return ERR_BUG;
}

static void bad_drop(struct readers *r)
{
	free(r);
}

static enum err open_bad(const void *how, struct readers **ret)
{
	static const struct readers_ops scans = {.name = "bad",
	                                         .scan = bad_scan,
	                                         .connect = bad_connect,
	                                         .close = bad_drop};
	static const struct readers_ops scans_not = {.name = "bad",
	                                             .scan = no_scan,
	                                             .connect = bad_connect,
	                                             .close = bad_drop};
	struct readers *r = calloc(1, sizeof(*r));

	if (!r)
		return ERR_NOMEM;
	r->ops = how ? &scans_not : &scans;
	*ret = r;
	return OK;
}

/* --- the parent --- */

static struct readers *open_child(const void *how)
{
	static const struct child_limits patient = {20000, 20000, 20000, 20000};
	struct readers *r = NULL;

	CHECK(readers_open_child(open_bad, how, &patient, &r) == OK);
	return r;
}

static struct transport *connect_to(struct readers *r, const char *name)
{
	struct transport *t = NULL;

	CHECK(r->ops->connect(r, name, &t) == OK);
	return t;
}

static enum err send_some(struct transport *t, size_t n)
{
	static uint8_t cmd[CHILD_CMD_MAX];
	uint8_t resp[2] = {0};
	size_t got = 0;

	memset(cmd, 0xa7, sizeof(cmd));
	const enum err e =
	        t->ops->transmit(t, (struct bytes){cmd, n}, resp, sizeof(resp), &got);
	return e == OK && resp[0] != 0x90 ? ERR_FORMAT : e;
}

/* A child that answers all and reads nothing fills the socket. */
static void is_not_held_up_by_one_that_does_not_listen(void)
{
	struct readers *r = open_child(NULL);
	struct transport *t = connect_to(r, "answers before it is asked");
	enum err e = t->ops->alive(t);

	(void)alarm(20);
	for (int i = 0; i < ENOUGH && e != ERR_CARD_LOST; i++)
		e = send_some(t, CHILD_CMD_MAX);
	CHECK(e == ERR_CARD_LOST);
	(void)alarm(0);
	t = transport_close(t);
	r = readers_close(r);
}

static void does_not_wait_for_one_that_clings(void)
{
	struct readers *r = open_child(NULL);
	struct transport *t = connect_to(r, "clings");

	(void)alarm(10);
	CHECK(t->ops->alive(t) == OK);
	t = transport_close(t);
	r = readers_close(r);
	(void)alarm(0);
	CHECK(waitpid(-1, NULL, WNOHANG) < 0);
}

/* ERR_NOMEM and ERR_BUG end the program, with the question for the passphrase. */
static void lets_no_error_through_that_is_the_parents_own(void)
{
	struct readers *r = open_child(NULL);
	struct transport *t = connect_to(r, "means no error of ours"), *none = NULL;
	struct reader_list list = {0};

	CHECK(send_some(t, 4) == ERR_IO);
	CHECK(t->ops->alive(t) == ERR_IO);
	t = transport_close(t);
	CHECK(r->ops->connect(r, "wants no memory", &none) == ERR_IO && !none);
	r = readers_close(r);
	r = open_child("scans not");
	CHECK(r->ops->scan(r, &list) == ERR_IO);
	r = readers_close(r);
}

static void believes_no_card_that_cannot_be(void)
{
	static const char *const rows[] = {"has too long an ATR", "is a card too many",
	                                   "is half a card"};
	struct readers *r = open_child(NULL);
	struct transport *none = NULL;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CHECK_ROW(r->ops->connect(r, rows[i], &none) == ERR_IO && !none, rows[i]);
		CHECK_ROW(waitpid(-1, NULL, WNOHANG) < 0, rows[i]);
	}
	struct transport *t = connect_to(r, "any");
	CHECK(t->ops->alive(t) == OK);
	t = transport_close(t);
	r = readers_close(r);
}

static void believes_no_status_word_that_is_half(void)
{
	const uint8_t template[PAD_TEMPLATE] = {0, 0x20, 0, 0x82, 6, 127};
	struct readers *r = open_child(NULL);
	struct transport *t = connect_to(r, "has half a pad");
	uint16_t sw = 7;

	CHECK(t->ops->verify_on_pad(t, (struct bytes){template, sizeof(template)}, &sw) ==
	      ERR_IO);
	CHECK(sw == 7);
	t = transport_close(t);
	r = readers_close(r);
}

static void believes_no_flag_that_is_neither(void)
{
	struct readers *r = open_child(NULL);
	struct reader_list list = {.n = 99};

	CHECK(r->ops->scan(r, &list) == ERR_NO_SERVICE && list.n == 99);
	r = readers_close(r);
}

static void leaves_no_command_on_the_childs_stack(void)
{
	struct readers *r = open_child(NULL);
	struct transport *t = connect_to(r, "forgets nothing");

	CHECK(send_some(t, 64) == ERR_FORMAT); /* control: it is found at once */
	CHECK(send_some(t, 4) == OK);
	t = transport_close(t);
	r = readers_close(r);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"is not held up by one that does not listen",
	         is_not_held_up_by_one_that_does_not_listen                                         },
	        {"does not wait for one that clings",              does_not_wait_for_one_that_clings},
	        {"lets no error through that is the parent's own",
	         lets_no_error_through_that_is_the_parents_own                                      },
	        {"believes no flag that is neither",               believes_no_flag_that_is_neither },
	        {"believes no card that cannot be",                believes_no_card_that_cannot_be  },
	        {"believes no status word that is half",
	         believes_no_status_word_that_is_half                                               },
	        {"leaves no command on the child's stack",
	         leaves_no_command_on_the_childs_stack                                              },
	};

	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
