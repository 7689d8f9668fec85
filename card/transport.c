/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "card/transport.h"

struct transport *transport_close(struct transport *t)
{
	if (t)
		t->ops->close(t);
	return NULL;
}

struct readers *readers_close(struct readers *r)
{
	if (r)
		r->ops->close(r);
	return NULL;
}
