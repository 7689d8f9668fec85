/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The unlock loop in a world: a session of its own, and what it delivers. */
#include "tests/unit/check.h"
#include "tests/unit/world_impl.h"

#define READER "Virtual reader 00 00"

static enum err deliver(void *ctx, struct volume *v, int slot, const struct secret *pass)
{
	struct world_unlock *u = ctx;
	int opened = -1;

	u->delivered++;
	u->opens = luks_try(v->luks, slot, pass, &opened) == OK && opened == slot;
	return OK;
}

void world_unlock_load(struct world_unlock *u, const struct world *w)
{
	u->v = volume_free(u->v);
	u->v = world_load(w);
}

void world_unlock_begin(struct world_unlock *u, const struct world *w, struct vcard *card,
                        struct session_options o)
{
	u->readers = double_vcard_readers();
	double_vcard_put(u->readers, 0, READER, card);
	o.readers = u->readers;
	o.ask = double_ask_init(&u->person);
	u->goal = (struct unlock_goal){.name = "disk", .deliver = deliver, .ctx = u};
	u->delivered = 0;
	u->opens = false;
	u->result = (struct unlock_result){0};
	CHECK(session_new(&o, &u->s) == OK);
	world_unlock_load(u, w);
}

enum err world_unlock_go(struct world_unlock *u)
{
	return unlock_volume(u->s, u->v, &u->goal, &u->result);
}

void world_unlock_end(struct world_unlock *u)
{
	u->v = volume_free(u->v);
	u->s = session_free(u->s);
	CHECK(u->person.closed);
}

static void put_in_late(void *ctx, unsigned left)
{
	const struct world_unlock *u = ctx;

	if (left == 5)
		double_vcard_put(u->readers, 0, READER, u->late);
}

void world_unlock_card_late(struct world_unlock *u, struct vcard *card)
{
	u->late = card;
	u->person.patience = 10;
	u->person.tick = put_in_late;
	u->person.ctx = u;
}
