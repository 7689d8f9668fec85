/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Passes everything on but one command. */
#include "tests/unit/double_fault.h"

#include <stdlib.h>

struct fault {
	struct transport base;
	struct transport *inner;
	unsigned left;
	enum err e;
	bool after;
};

static enum err transmit(struct transport *t, struct bytes cmd, uint8_t *resp, size_t cap,
                         size_t *ret_len)
{
	struct fault *f = (struct fault *)t;
	size_t n;

	const bool now = f->left > 0 && --f->left == 0;
	if (now && !f->after)
		return f->e;
	enum err e = f->inner->ops->transmit(f->inner, cmd, resp, cap, &n);
	if (now)
		return f->e;
	if (e == OK)
		*ret_len = n;
	return e;
}

static enum err alive(struct transport *t)
{
	struct fault *f = (struct fault *)t;

	return f->inner->ops->alive(f->inner);
}

static void drop(struct transport *t)
{
	struct fault *f = (struct fault *)t;

	transport_close(f->inner);
	free(f);
}

static const struct transport_ops ops = {
        .name = "fault", .transmit = transmit, .alive = alive, .close = drop};

struct transport *double_fault(struct transport *inner, unsigned nth, enum err e,
                               bool after)
{
	struct fault *f = calloc(1, sizeof(*f));
	if (!f)
		abort();
	f->base = *inner;
	f->base.ops = &ops;
	f->inner = inner;
	f->left = nth;
	f->e = e;
	f->after = after;
	return &f->base;
}
