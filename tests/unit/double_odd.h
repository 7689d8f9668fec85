/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Readers for the reader child that misbehave as their names say (double_odd.c), and the
 * parent's first steps. */
#ifndef TESTS_DOUBLE_ODD_H
#define TESTS_DOUBLE_ODD_H

#include "card/child.h"

/* Where the child's end of the link lies (card/child_serve.c). */
enum { CHILD_END = 3 };

/* One reader in the list, "echoes"; any name can be connected to. */
enum err open_odd(const void *how, struct readers **ret);
enum err open_slow(const void *how, struct readers **ret);    /* 0.9 s for a scan */
enum err open_hanging(const void *how, struct readers **ret); /* in its scan */
enum err open_lying(const void *how, struct readers **ret);   /* a list that cannot be */
enum err open_held(const void *how, struct readers **ret);    /* others have the cards */
enum err open_fails(const void *how, struct readers **ret);

extern const struct child_limits hasty, patient;

struct readers *open_child(readers_opener *open, const struct child_limits *limits);
struct transport *connect_to(struct readers *r, const char *name);
bool no_child_left(void);

#endif
