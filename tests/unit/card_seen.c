/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See card_seen.h. */
#include "tests/unit/card_seen.h"

#include "tests/unit/check.h"

struct card_facts card_seen(struct vcard *v)
{
	static struct card_facts list[READERS_MAX];
	struct readers *r = double_vcard_readers();
	struct look_end end;
	size_t n = 0;

	double_vcard_put(r, 0, READER, v);
	CHECK(card_look(r, &(struct look_wish){0}, list, &n, &end) == OK && n == 1);
	r = readers_close(r);
	return list[0];
}
