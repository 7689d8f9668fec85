/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A card that is connected in the reader child. */
#include <stdlib.h>

#include "card/child_pool.h"
#include "core/clock.h"
#include "core/log.h"

struct far {
	struct transport base;
	struct pool *pool;
	uint32_t child, card;
	char name[READER_NAME_MAX];
};

static struct far *far_of(struct transport *t)
{
	return (struct far *)(void *)t;
}

static void take_news(struct far *f, const struct exchange *x)
{
	f->base.extended = (enum extended)x->r.extended;
	f->base.t0 = x->r.t0 != 0;
}

static enum err far_exchange(struct far *f, enum child_op op, struct exchange *x,
                             int limit_ms)
{
	struct pool *p = f->pool;

	if (p->pid <= 0 || p->child != f->child)
		return ERR_CARD_LOST;
	x->q.op = op;
	x->q.card = f->card;
	const enum err e = child_exchange(p, x, limit_ms);
	take_news(f, x);
	if (e == ERR_CARD_MUTE)
		memcpy(p->hung, f->name, sizeof(p->hung));
	return e == ERR_NO_SERVICE ? ERR_CARD_LOST : e;
}

static int answer_limit(const struct far *f)
{
	const int limit =
	        f->base.limit_ms > 0 ? f->base.limit_ms : f->pool->limit.transmit;
	const int64_t left = f->base.until_ms - clock_ms();

	if (f->base.until_ms == 0 || left >= limit)
		return limit;
	return left > 0 ? (int)left : 0;
}

static enum err far_transmit(struct transport *t, struct bytes cmd, uint8_t *resp,
                             size_t cap, size_t *ret_len)
{
	struct far *f = far_of(t);
	struct exchange x = {.out = cmd, .in = resp, .cap = cap};

	if (cmd.n > CHILD_CMD_MAX)
		return ERR_BUG;
	if (x.cap > CHILD_ANSWER_MAX)
		x.cap = CHILD_ANSWER_MAX;
	const enum err e = far_exchange(f, CHILD_TRANSMIT, &x, answer_limit(f));
	if (e == OK && x.n < 2)
		return ERR_IO;
	if (e == OK)
		*ret_len = x.n;
	return e;
}

static enum err far_pad(struct transport *t, struct bytes template, uint16_t *ret_sw)
{
	uint8_t sw[2] = {0};
	struct far *f = far_of(t);
	struct exchange x = {.out = template, .in = sw, .cap = sizeof(sw)};
	enum err e = far_exchange(f, CHILD_PAD, &x, answer_limit(f));

	if (e == OK && x.n != sizeof(sw))
		e = ERR_IO;
	if (e == OK)
		*ret_sw = (uint16_t)(sw[0] << 8 | sw[1]);
	return e;
}

static enum err far_alive(struct transport *t)
{
	struct far *f = far_of(t);
	struct exchange x = {0};

	return far_exchange(f, CHILD_ALIVE, &x, f->pool->limit.scan);
}

static void far_close(struct transport *t)
{
	struct far *f = far_of(t);
	struct exchange x = {0};

	/* Past the limit the child is killed, and the card is left as it is. */
	if (far_exchange(f, CHILD_CLOSE, &x, f->pool->limit.close) != OK)
		log_line(LOG_DEBUG, "reader child: a card was not closed in order");
	free(f);
}

static const struct transport_ops plain_ops = {
        .name = "child",
        .transmit = far_transmit,
        .alive = far_alive,
        .close = far_close,
};
static const struct transport_ops pad_ops = {
        .name = "child",
        .transmit = far_transmit,
        .verify_on_pad = far_pad,
        .alive = far_alive,
        .close = far_close,
};

enum err child_card_open(struct pool *p, const char *name, const struct exchange *x,
                         const struct child_card *c, struct transport **ret)
{
	const bool sound =
	        x->n == sizeof(*c) && c->card < CHILD_CARDS && c->atr_len <= ATR_MAX;
	struct far *f = sound ? calloc(1, sizeof(*f)) : NULL;

	if (!f) {
		child_stop(p); /* and with it the connection that was just made */
		return sound ? ERR_NOMEM : ERR_IO;
	}
	f->pool = p;
	f->child = p->child;
	f->card = c->card;
	memcpy(f->name, name, strnlen(name, sizeof(f->name) - 1)); /* calloc ends it */
	f->base.ops = c->pad ? &pad_ops : &plain_ops;
	f->base.reader = f->name;
	f->base.atr_len = c->atr_len;
	memcpy(f->base.atr, c->atr, sizeof(f->base.atr));
	take_news(f, x);
	*ret = &f->base;
	return OK;
}
