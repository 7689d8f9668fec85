/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parent's side of a reader child, for the two files that share it. */
#ifndef CARD_CHILD_POOL_H
#define CARD_CHILD_POOL_H

#include <sys/types.h>

#include "card/child_wire.h"

struct pool {
	struct readers base;
	readers_opener *open;
	const void *how;
	struct child_limits limit;
	int fd;
	pid_t pid;        /* 0: no child runs */
	uint32_t child;   /* counts the children */
	uint32_t moved;   /* changes what scan calls generation, after a daemon hung */
	int64_t scan_end; /* a scan is under way until then; 0: none */
	bool late;        /* and somebody waited for it already */
	bool silent;      /* the last scan that failed did so for want of an answer */
	struct reader_list seen;    /* by the last scan */
	char held[READER_NAME_MAX]; /* in which another program holds a card */
	int64_t held_until;         /* when that may be over */
	char hung[READER_NAME_MAX]; /* in which a card of ours was given up */
};

/* One request and its reply. */
struct exchange {
	struct child_request q;
	struct bytes out;
	uint8_t *in;
	size_t cap, n;        /* of in; bytes received */
	struct child_reply r; /* as it came */
};

/* ERR_CARD_MUTE: no answer in limit_ms; ERR_CARD_LOST: the child broke; ERR_NO_SERVICE: a
 * scan that was under way hangs.  The child is stopped then.  Else what the child says.
 */
enum err child_exchange(struct pool *p, struct exchange *x, int limit_ms);
void child_stop(struct pool *p); /* killed and reaped, if it runs */

enum err child_start(struct pool *p); /* if none runs */
bool child_ask(const struct pool *p, struct exchange *x);
bool child_readable(const struct pool *p, int64_t until); /* or its end */
enum heard { HEARD, SILENCE, GONE };
enum heard child_hear(const struct pool *p, struct exchange *x, int64_t until,
                      enum err *ret_e);
void child_service_hung(struct pool *p); /* stopped, and every card counts as moved */

/* x: the reply to CHILD_CONNECT, with *c as its bytes. */
enum err child_card_open(struct pool *p, const char *name, const struct exchange *x,
                         const struct child_card *c, struct transport **ret);

#endif
