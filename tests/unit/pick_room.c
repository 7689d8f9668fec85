/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A room with readers and two cards; see pick_room.h. */
#include "tests/unit/pick_room.h"

#include "tests/unit/check.h"

struct room room_new(const struct pick_wish *wish)
{
	struct room m = {
	        .r = double_vcard_readers(),
	        .a = vcard_new("default", NULL),
	        .b = vcard_new("gnuk-like", NULL),
	};

	CHECK(m.a && m.b && pick_new(m.r, wish, &m.p) == OK);
	return m;
}

void room_end(struct room *m)
{
	m->c = card_close(m->c);
	m->p = pick_free(m->p);
	m->r = readers_close(m->r);
	vcard_free(m->a);
	vcard_free(m->b);
}

enum err look(struct room *m)
{
	return pick_step(m->p, &m->s, &m->c);
}
