/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two ends of the seam that are the same for everyone. */
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
