/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Secrets that are looked for in a worker's memory, and who makes and uses them.
 *
 * A helper makes the secrets and leaves them masked in shared memory; the worker, forked
 * from a parent that never saw them, unmasks them into struct secret, works, and stops;
 * the parent then reads all of the worker's writable memory. */
#ifndef TESTS_NEEDLES_H
#define TESTS_NEEDLES_H

#include <stdbool.h>

#include "core/bytes.h"
#include "core/secret.h"

enum { NEEDLE_MAX = 80, NEEDLE_PIECE = 8 }; /* bytes */
enum { BODY, SESSION, PLAIN, KEK, PIN, PIN_HASH, NEEDLES };

/* Call once, before all others. */
bool needles_begin(void);
/* Zeroed memory that parent, helper and worker see; NULL: there is none. */
void *needles_share(size_t n);

/* The helper leaves a secret, the first NEEDLE_MAX bytes of it; the worker takes it. */
void needle_post(int which, struct bytes b);
struct secret *needle_fetch(int which);

/*
 * How many pieces of what `help` posted are found in a worker that stopped after `work`.
 * after: a helper that posts more before the search, or NULL; say: print where.
 */
size_t needles_after(const char *what, bool (*help)(void), bool (*work)(void),
                     bool (*after)(void), bool say);

#endif
