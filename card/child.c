/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Readers that a child process serves. */
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "card/child_pool.h"
#include "core/clock.h"

/* A first scan waits for a daemon that is being started; later ones look in passing. */
enum { FIRST_LOOK_MS = 500, LOOK_MS = 50 };
enum { HELD_MS = 1000, HELD_AGAIN_MS = 15000 };

static const struct child_limits usual = {
        .scan = 5000, .connect = 15000, .transmit = 10000, .close = 5000};

/* As bytes: a bool that is neither is undefined. */
static bool flag_ok(const bool *flag)
{
	uint8_t b;

	memcpy(&b, flag, sizeof(b));
	return b <= 1;
}

static bool list_ok(struct reader_list *l)
{
	if (l->n > READERS_MAX)
		return false;
	for (size_t i = 0; i < l->n; i++) {
		if (!flag_ok(&l->slot[i].card_present) || !flag_ok(&l->slot[i].in_use))
			return false;
		l->slot[i].name[READER_NAME_MAX - 1] = '\0';
	}
	return true;
}

/* What was given up may only have been slow, on a busy machine: whenever the service is
 * started anew it has twice as long, or it might never get there. */
static int scan_limit(const struct pool *p)
{
	return p->limit.scan << (p->moved < CHILD_SCAN_DOUBLED ? p->moved
	                                                       : CHILD_SCAN_DOUBLED);
}

static enum err begin_scan(struct pool *p)
{
	const int limit = scan_limit(p);
	struct exchange x = {
	        .q = {.op = CHILD_SCAN, .limit_ms = (uint32_t)limit},
	        .cap = sizeof(struct reader_list),
	};
	const enum err e = child_start(p);

	if (e != OK || p->scan_end > 0)
		return e;
	if (!child_ask(p, &x)) {
		child_service_hung(p);
		return ERR_NO_SERVICE;
	}
	p->scan_end = clock_ms() + limit;
	p->late = false;
	return OK;
}

/* Nobody waits long: a scan that is late is asked for its answer again next time. */
static enum err pool_scan(struct readers *r, struct reader_list *ret)
{
	struct pool *p = (struct pool *)(void *)r;
	struct reader_list list = {0};
	struct exchange x = {.in = (uint8_t *)&list, .cap = sizeof(list)};
	enum err e = begin_scan(p);

	p->silent = false;
	if (e != OK)
		return e;
	const int64_t look = clock_ms() + (p->late ? LOOK_MS : FIRST_LOOK_MS);
	p->late = true;
	const enum heard heard =
	        child_hear(p, &x, look < p->scan_end ? look : p->scan_end, &e);
	p->silent = heard == SILENCE;
	if (heard == SILENCE && clock_ms() < p->scan_end)
		return ERR_NO_SERVICE;
	if (heard == HEARD) {
		p->scan_end = 0;
		if (e != OK)
			return e == ERR_NO_SERVICE ? e : ERR_IO;
	}
	if (heard != HEARD || x.n != sizeof(list) || !list_ok(&list)) {
		child_service_hung(p);
		return ERR_NO_SERVICE;
	}
	for (size_t i = 0; i < list.n; i++)
		list.slot[i].generation ^= p->moved << 24;
	p->seen = list;
	*ret = list;
	return OK;
}

static bool pool_starting(const struct readers *r)
{
	const struct pool *p = (const struct pool *)(const void *)r;

	return p->silent;
}

static bool in_use(const struct pool *p, const char *name)
{
	for (size_t i = 0; i < p->seen.n; i++)
		if (strncmp(p->seen.slot[i].name, name, READER_NAME_MAX) == 0)
			return p->seen.slot[i].in_use;
	return false;
}

/* To connect to a card that has power already is a matter of moments, unless another
 * program is in a transaction: pcscd lets us wait for the end of that, without a limit.
 * So it is not tried again at every look. */
static enum err connect_beside(struct pool *p, struct exchange *x, const char *name)
{
	const int limit = p->limit.connect < HELD_MS ? p->limit.connect : HELD_MS;
	/* Or the other program is our last child, which pcscd has not given up yet. */
	const bool ours = strncmp(p->hung, name, READER_NAME_MAX) == 0;

	if (strncmp(p->held, name, READER_NAME_MAX) == 0 && clock_ms() < p->held_until)
		return ours ? ERR_CARD_MUTE : ERR_BUSY;
	const enum err e = child_exchange(p, x, limit);
	if (e != ERR_CARD_MUTE)
		return e;
	memset(p->held, 0, sizeof(p->held));
	memcpy(p->held, name, strnlen(name, sizeof(p->held) - 1));
	p->held_until = clock_ms() + HELD_AGAIN_MS;
	return ours ? ERR_CARD_MUTE : ERR_BUSY;
}

static enum err pool_connect(struct readers *r, const char *name, struct transport **ret)
{
	struct pool *p = (struct pool *)(void *)r;
	struct child_card c = {0};
	struct exchange x = {
	        .q = {.op = CHILD_CONNECT},
	        .out = { (const uint8_t *)name, strnlen(name, READER_NAME_MAX)},
	        .in = (uint8_t *)&c,
	        .cap = sizeof(c),
	};
	enum err e = child_start(p);

	if (e == OK)
		e = in_use(p, name) ? connect_beside(p, &x, name)
		                    : child_exchange(p, &x, p->limit.connect);
	if (e == ERR_CARD_LOST || e == ERR_CARD_RESET)
		return ERR_IO;
	if (e != OK)
		return e;
	p->hung[0] = '\0';
	return child_card_open(p, name, &x, &c, ret);
}

static void pool_close(struct readers *r)
{
	struct pool *p = (struct pool *)(void *)r;

	/* It resets what is still connected, and ends; one that scans holds no card that
	 * matters.  One that still talks, or closes its end and stays, is no child of
	 * ours. */
	if (p->pid > 0 && p->scan_end == 0 && shutdown(p->fd, SHUT_WR) == 0)
		(void)child_readable(p, clock_ms() +
		                                p->limit.close); /* it ends in any case */
	child_stop(p);
	free(p);
}

static enum err make(readers_opener *open, const void *how,
                     const struct child_limits *limits, struct pool **ret)
{
	static const struct readers_ops ops = {
	        .name = "child",
	        .scan = pool_scan,
	        .connect = pool_connect,
	        .starting = pool_starting,
	        .close = pool_close,
	};
	struct pool *p = calloc(1, sizeof(*p));

	if (!p)
		return ERR_NOMEM;
	p->base.ops = &ops;
	p->open = open;
	p->how = how;
	p->limit = limits ? *limits : usual;
	*ret = p;
	return OK;
}

enum err readers_open_child(readers_opener *open, const void *how,
                            const struct child_limits *limits, struct readers **ret)
{
	struct pool *p = NULL;

	enum err e = make(open, how, limits, &p);
	if (e != OK)
		return e;
	/* It looks for readers while the caller does other things. */
	e = begin_scan(p);
	if (e != OK && e != ERR_NO_SERVICE) {
		pool_close(&p->base);
		return e;
	}
	*ret = &p->base;
	return OK;
}

enum err readers_open_child_later(readers_opener *open, const void *how,
                                  struct readers **ret)
{
	struct pool *p = NULL;

	const enum err e = make(open, how, NULL, &p);
	if (e == OK)
		*ret = &p->base;
	return e;
}
