/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Readers that live in a child process: what hangs there is given up, what breaks there
 * breaks nothing here. */
#ifndef CARD_CHILD_H
#define CARD_CHILD_H

#include "card/transport.h"

/* Opens the readers that the child serves; called in the child, without any secret. */
typedef enum err readers_opener(const void *how, struct readers **ret);

/* A service that hung has twice as long for its scans when it is started anew: so often.
 */
enum { CHILD_SCAN_DOUBLED = 3 };

/* How long each request may take, in milliseconds; 0: the default. */
struct child_limits {
	int scan, connect, transmit, close;
};

/*
 * A child process runs `open` and serves what comes of it over a socketpair.  PC/SC knows
 * no time limit and a driver's code parses what a hostile device sends: here both are
 * bounded.  Past its limit a request fails (scan: ERR_NO_SERVICE; connect, transmit and
 * alive: ERR_CARD_MUTE), the child is killed and reaped, its connections are
 * ERR_CARD_LOST, and the next scan starts another one.  A child whose parent died resets
 * the cards and ends.  close waits until the cards are reset.  Of the child's errors only
 * those of readers and cards (transport.h) come through, others as ERR_IO: none of them
 * ends the program.  Where no child can be started there is ERR_NO_SERVICE.  how outlives
 * the readers;
 * limits may be NULL.
 */
enum err readers_open_child(readers_opener *open, const void *how,
                            const struct child_limits *limits, struct readers **ret);
/* The same, but the child is started by the first scan: where no card is expected. */
enum err readers_open_child_later(readers_opener *open, const void *how,
                                  struct readers **ret);

#endif
