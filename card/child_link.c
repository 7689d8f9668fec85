/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parent's link to its reader child: its life, and requests with a time limit. */
#include "card/child_pool.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/bury.h"
#include "core/clock.h"
#include "core/log.h"

enum { MS_PER_S = 1000 };

/* --- the child's life --- */

enum err child_start(struct pool *p)
{
	int pair[2];

	if (p->pid > 0)
		return OK;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		return err_from_errno(errno);
	const pid_t pid = fork();
	if (pid == 0) {
		(void)close(pair[0]); /* or its parent's end would never be heard of */
		child_serve(pair[1], p->open, p->how);
	}
	(void)close(pair[1]); /* the child has it */
	if (pid < 0) {
		(void)close(pair[0]);  /* nothing was sent */
		return ERR_NO_SERVICE; /* no card then; there are other ways in */
	}
	p->pid = pid;
	p->fd = pair[0];
	p->child++;
	p->scan_end = 0;
	return OK;
}

/* It hangs, talks nonsense, or has said its last word. */
void child_stop(struct pool *p)
{
	if (p->pid <= 0)
		return;
	log_line(LOG_DEBUG, "reader child: stopped");
	(void)close(p->fd); /* nothing more is said */
	if (!bury(p->pid))
		log_line(LOG_DEBUG, "reader child: does not die");
	p->pid = 0; /* what still does not die is reaped after us */
}

/* --- one request --- */

bool child_ask(const struct pool *p, struct exchange *x)
{
	union {
		const uint8_t *from;
		void *to;
	} out = {.from = x->out.p}; /* struct iovec knows no const */
	struct iovec part[2] = {
	        {&x->q,  sizeof(x->q)},
                {out.to, x->out.n    }
        };
	const struct msghdr m = {.msg_iov = part, .msg_iovlen = 2};

	x->q.len = (uint32_t)x->out.n;
	x->q.cap = (uint32_t)x->cap;
	/* There is room, unless it does not listen. */
	return sendmsg(p->fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT) ==
	       (ssize_t)(sizeof(x->q) + x->out.n);
}

bool child_readable(const struct pool *p, int64_t until)
{
	struct pollfd fd = {.fd = p->fd, .events = POLLIN};
	int ready;

	do {
		const int64_t left = until - clock_ms();

		ready = poll(&fd, 1, left > 0 ? (int)left : 0);
	} while (ready < 0 && errno == EINTR);
	return ready != 0; /* an error shows when it is read */
}

/* Only what readers and cards can end with: its memory and its bugs are not ours. */
static enum err as_reader(uint32_t e)
{
	switch (e) {
	case OK:
	case ERR_NO_SERVICE:
	case ERR_NO_READER:
	case ERR_NO_CARD:
	case ERR_BUSY:
	case ERR_CARD_RESET:
	case ERR_CARD_LOST:
	case ERR_CARD_MUTE:
	case ERR_CARD_STATE:
	case ERR_UNSUPPORTED:
		return (enum err)e;
	default:
		return ERR_IO;
	}
}

/* The child is not trusted either: a reply is what was asked for, or it is nothing. */
enum heard child_hear(const struct pool *p, struct exchange *x, int64_t until,
                      enum err *ret_e)
{
	struct iovec part[2] = {
	        {&x->r, sizeof(x->r)},
                {x->in, x->cap      }
        };
	struct msghdr m = {.msg_iov = part, .msg_iovlen = 2};

	if (!child_readable(p, until))
		return SILENCE;
	const ssize_t n = recvmsg(p->fd, &m, MSG_DONTWAIT);
	if (n < (ssize_t)sizeof(x->r) || (m.msg_flags & MSG_TRUNC) ||
	    x->r.extended > EXTENDED_UNKNOWN || x->r.t0 > 1 || x->r.len > x->cap ||
	    (size_t)n != sizeof(x->r) + x->r.len) {
		x->r = (struct child_reply){0};
		return GONE;
	}
	x->n = x->r.len;
	*ret_e = as_reader(x->r.e);
	return HEARD;
}

void child_service_hung(struct pool *p)
{
	child_stop(p);
	p->moved++;
}

/* A scan that nobody waited for comes first. */
static enum err settle_scan(struct pool *p)
{
	struct reader_list list;
	struct exchange x = {.in = (uint8_t *)&list, .cap = sizeof(list)};
	enum err e = OK;

	if (p->pid <= 0 || p->scan_end == 0)
		return OK;
	if (child_hear(p, &x, p->scan_end, &e) != HEARD) {
		child_service_hung(p);
		return ERR_NO_SERVICE;
	}
	p->scan_end = 0; /* what it found is out of date: the next scan says */
	return OK;
}

enum err child_exchange(struct pool *p, struct exchange *x, int limit_ms)
{
	enum err e = settle_scan(p);

	if (e != OK)
		return e;
	x->q.limit_ms = (uint32_t)limit_ms;
	if (!child_ask(p, x)) {
		child_stop(p);
		return ERR_CARD_LOST;
	}
	switch (child_hear(p, x, clock_ms() + limit_ms, &e)) {
	case HEARD:
		return e;
	case SILENCE:
		child_stop(p);
		return ERR_CARD_MUTE;
	case GONE:
		break;
	}
	child_stop(p);
	return ERR_CARD_LOST;
}
