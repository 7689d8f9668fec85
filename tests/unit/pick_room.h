/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests of pick: readers, two cards and the pick among them. */
#ifndef TESTS_PICK_ROOM_H
#define TESTS_PICK_ROOM_H

#include "card/pick.h"
#include "tests/unit/double_vcard.h"

struct room {
	struct readers *r;
	struct vcard *a, *b; /* in no reader yet */
	struct pick *p;
	struct pick_status s; /* of the last look */
	struct card *c;
};

struct room room_new(const struct pick_wish *wish);
void room_end(struct room *m);
enum err look(struct room *m);

#endif
