/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Readers that do what the reader's name says; they run in the reader child. */
#include "tests/unit/double_odd.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "card/child_wire.h"
#include "tests/unit/check.h"

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
	if (strcmp(t->reader, "dies later") == 0) {
		const struct child_reply r = {.e = OK};

		(void)send(CHILD_END, &r, sizeof(r), MSG_NOSIGNAL);
		_exit(3);
	}
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
	if (strcmp(name, "dies in connect") == 0)
		_exit(3);
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

static enum err held_scan(struct readers *r, struct reader_list *ret)
{
	(void)r;
	*ret = (struct reader_list){.n = 2};
	memcpy(ret->slot[0].name, "hangs in connect", 17);
	memcpy(ret->slot[1].name, "echoes", 7);
	ret->slot[0].in_use = ret->slot[1].in_use = true;
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

#define OPENER(opener, looks)                                                            \
	enum err opener(const void *how, struct readers **ret)                           \
	{                                                                                \
		static const struct readers_ops ops = {.name = "odd",                    \
		                                       .scan = (looks),                  \
		                                       .connect = odd_connect,           \
		                                       .close = odd_drop};               \
		return how == NULL ? open_with(&ops, ret) : ERR_BUG;                     \
	}
OPENER(open_odd, odd_scan)
OPENER(open_slow, slow_scan)
OPENER(open_hanging, hanging_scan)
OPENER(open_lying, lying_scan)
OPENER(open_held, held_scan)

enum err open_fails(const void *how, struct readers **ret)
{
	CHECK(how == NULL);
	(void)ret;
	return ERR_NO_SERVICE;
}

/* --- for the tests --- */

const struct child_limits hasty = {
        .scan = 300, .connect = 300, .transmit = 300, .close = 300};
const struct child_limits patient = {
        .scan = 20000, .connect = 20000, .transmit = 20000, .close = 20000};

struct readers *open_child(readers_opener *open, const struct child_limits *limits)
{
	struct readers *r = NULL;

	CHECK(readers_open_child(open, NULL, limits, &r) == OK);
	return r;
}

struct transport *connect_to(struct readers *r, const char *name)
{
	struct transport *t = NULL;

	CHECK(r->ops->connect(r, name, &t) == OK);
	return t;
}

bool no_child_left(void)
{
	return waitpid(-1, NULL, WNOHANG) < 0;
}
