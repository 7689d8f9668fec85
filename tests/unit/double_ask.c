/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/double_ask.h"

#include <string.h>

static struct double_ask *of(struct ask *a)
{
	return (struct double_ask *)a;
}

static const struct double_ask *of_const(const struct ask *a)
{
	return (const struct double_ask *)a;
}

static bool has_answer(const struct double_ask *d)
{
	return d->next < d->n && d->answer[d->next].kind == d->kind;
}

static enum err begin(struct ask *a, const struct ask_question *q)
{
	struct double_ask *d = of(a);

	if (d->nobody[q->kind])
		return ERR_UNSUPPORTED;
	if (d->standing)
		return ERR_BUG;
	d->standing = true;
	d->kind = q->kind;
	d->asked[q->kind]++;
	d->last_asked_again += q->again;
	return OK;
}

static int its_fd(const struct ask *a)
{
	const struct double_ask *d = (const struct double_ask *)(const void *)a;

	return d->fd > 0 ? d->fd : -1;
}

static enum err step(struct ask *a, struct secret **ret_answer)
{
	struct double_ask *d = of(a);

	if (!d->standing)
		return ERR_BUG;
	if (!has_answer(d) && d->patience > 0) {
		d->patience--;
		if (d->tick)
			d->tick(d->ctx, d->patience);
		return ERR_TIMEOUT;
	}
	d->standing = false;
	if (!has_answer(d))
		return ERR_CANCELLED;
	const char *text = d->answer[d->next++].text;

	if (!text)
		return ERR_CANCELLED;
	return secret_copy((struct bytes){(const uint8_t *)text, strlen(text)},
	                   ret_answer);
}

static void withdraw(struct ask *a)
{
	of(a)->standing = false;
}

static void note(struct ask *a, const char *text)
{
	struct double_ask *d = of(a);
	const size_t used = strlen(d->said), n = strlen(text);

	if (n + 2 > sizeof(d->said) - used)
		return;
	memcpy(d->said + used, text, n);
	memcpy(d->said + used + n, "\n", 2);
}

static bool interactive(const struct ask *a, enum ask_kind kind)
{
	return !of_const(a)->nobody[kind];
}

static void close_it(struct ask *a)
{
	of(a)->closed = true;
}

struct ask *double_ask_init(struct double_ask *d)
{
	static const struct ask_ops ops = {"double", begin, its_fd,      step,
	                                   withdraw, note,  interactive, close_it};

	*d = (struct double_ask){.base.ops = &ops};
	return &d->base;
}

void double_ask_answer(struct double_ask *d, enum ask_kind kind, const char *text)
{
	if (d->n < DOUBLE_ASK_ANSWERS) {
		d->answer[d->n].kind = kind;
		d->answer[d->n++].text = text;
	}
}

bool double_ask_said(const struct double_ask *d, const char *part)
{
	return strstr(d->said, part) != NULL;
}
