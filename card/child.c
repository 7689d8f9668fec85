/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parent's side of a reader child: requests with a time limit, and its end. */
#include "card/child.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "card/child_pool.h"
#include "core/log.h"

/* A first scan waits for a daemon that is being started; later ones look in passing. */
enum { FIRST_LOOK_MS = 500, LOOK_MS = 50, MS_PER_S = 1000 };

static const struct child_limits usual = {
        .scan = 5000, .connect = 15000, .transmit = 10000, .close = 5000};

static int64_t now_ms(void)
{
	struct timespec t = {0};

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail */
	return (int64_t)t.tv_sec * MS_PER_S + t.tv_nsec / 1000000;
}

/* --- the child's life --- */

static enum err start(struct pool *p)
{
	int pair[2];

	if (p->pid > 0)
		return OK;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		return err_from_errno(errno);
	const pid_t pid = fork();
	if (pid == 0)
		child_serve(pair[1], p->open, p->how);
	(void)close(pair[1]); /* the child has it */
	if (pid < 0) {
		(void)close(pair[0]); /* nothing was sent */
		return ERR_NOMEM;
	}
	p->pid = pid;
	p->fd = pair[0];
	p->child++;
	p->scan_end = 0;
	return OK;
}

static void reap(struct pool *p)
{
	while (waitpid(p->pid, NULL, 0) < 0 && errno == EINTR)
		;
	p->pid = 0;
}

/* It hangs or talks nonsense. */
void child_stop(struct pool *p)
{
	if (p->pid <= 0)
		return;
	log_line(LOG_DEBUG, "reader child: stopped");
	(void)kill(p->pid, SIGKILL); /* ours, not yet reaped */
	(void)close(p->fd);          /* nothing more is said */
	reap(p);
}

/* --- one request --- */

static bool ask(const struct pool *p, struct exchange *x)
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
	return sendmsg(p->fd, &m, MSG_NOSIGNAL) == (ssize_t)(sizeof(x->q) + x->out.n);
}

enum heard { HEARD, SILENCE, GONE };

/* The child is not trusted either: a reply is what was asked for, or it is nothing. */
static enum heard hear(const struct pool *p, struct exchange *x, int64_t until,
                       enum err *ret_e)
{

	struct iovec part[2] = {
	        {&x->r, sizeof(x->r)},
                {x->in, x->cap      }
        };
	struct msghdr m = {.msg_iov = part, .msg_iovlen = 2};
	struct pollfd fd = {.fd = p->fd, .events = POLLIN};
	int ready;

	do {
		const int64_t left = until - now_ms();

		ready = poll(&fd, 1, left > 0 ? (int)left : 0);
	} while (ready < 0 && errno == EINTR);
	if (ready == 0)
		return SILENCE;
	const ssize_t n = ready < 0 ? -1 : recvmsg(p->fd, &m, MSG_DONTWAIT);
	if (n < (ssize_t)sizeof(x->r) || (m.msg_flags & MSG_TRUNC) ||
	    x->r.e >= ERR_COUNT_ || x->r.extended > EXTENDED_UNKNOWN || x->r.t0 > 1 ||
	    x->r.len > x->cap || (size_t)n != sizeof(x->r) + x->r.len)
		return GONE;
	x->n = x->r.len;
	*ret_e = (enum err)x->r.e;
	return HEARD;
}

static void service_hung(struct pool *p)
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
	if (hear(p, &x, p->scan_end, &e) != HEARD) {
		service_hung(p);
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
	if (!ask(p, x)) {
		child_stop(p);
		return ERR_CARD_LOST;
	}
	switch (hear(p, x, now_ms() + limit_ms, &e)) {
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

/* --- readers --- */

static bool list_ok(struct reader_list *l)
{
	if (l->n > READERS_MAX)
		return false;
	for (size_t i = 0; i < l->n; i++)
		l->slot[i].name[READER_NAME_MAX - 1] = '\0';
	return true;
}

static enum err begin_scan(struct pool *p)
{
	struct exchange x = {
	        .q = {.op = CHILD_SCAN, .limit_ms = (uint32_t)p->limit.scan},
	        .cap = sizeof(struct reader_list),
	};
	const enum err e = start(p);

	if (e != OK || p->scan_end > 0)
		return e;
	if (!ask(p, &x)) {
		service_hung(p);
		return ERR_NO_SERVICE;
	}
	p->scan_end = now_ms() + p->limit.scan;
	p->late = false;
	return OK;
}

/* Nobody waits long: a scan that is late is asked for its answer again next time. */
static enum err pool_scan(struct readers *r, struct reader_list *ret)
{
	struct pool *p = (struct pool *)(void *)r;
	struct reader_list list = {0};
	struct exchange x = {.in = (uint8_t *)&list, .cap = sizeof(list)};
	enum err e = begin_scan(p);

	if (e != OK)
		return e;
	const int64_t look = now_ms() + (p->late ? LOOK_MS : FIRST_LOOK_MS);
	p->late = true;
	const enum heard heard = hear(p, &x, look < p->scan_end ? look : p->scan_end, &e);
	if (heard == SILENCE && now_ms() < p->scan_end)
		return ERR_NO_SERVICE;
	if (heard == HEARD) {
		p->scan_end = 0;
		if (e != OK)
			return e;
	}
	if (heard != HEARD || x.n != sizeof(list) || !list_ok(&list)) {
		service_hung(p);
		return ERR_NO_SERVICE;
	}
	for (size_t i = 0; i < list.n; i++)
		list.slot[i].generation ^= p->moved << 24;
	*ret = list;
	return OK;
}

static enum err pool_connect(struct readers *r, const char *name, struct transport **ret)
{
	struct pool *p = (struct pool *)(void *)r;
	struct child_card c = {0};
	struct exchange x = {
	        .q = {.op = CHILD_CONNECT},
	        .out = { (const uint8_t *)name, strnlen(name, READER_NAME_MAX)},
	        .in = (uint8_t *)&c,
	        .cap = sizeof(c),
	};
	enum err e = start(p);

	if (e == OK)
		e = child_exchange(p, &x, p->limit.connect);
	if (e == ERR_CARD_LOST)
		return ERR_IO;
	if (e != OK)
		return e;
	return child_card_open(p, name, &x, &c, ret);
}

static void pool_close(struct readers *r)
{
	struct pool *p = (struct pool *)(void *)r;
	struct pollfd fd = {.fd = p->fd, .events = POLLIN};

	/* It resets what is still connected, and ends; one that scans holds no card that
	 * matters. */
	if (p->pid > 0 && p->scan_end == 0 && shutdown(p->fd, SHUT_WR) == 0 &&
	    poll(&fd, 1, p->limit.close) == 1) {
		(void)close(p->fd); /* nothing more is said */
		reap(p);
	}
	child_stop(p);
	free(p);
}

enum err readers_open_child(readers_opener *open, const void *how,
                            const struct child_limits *limits, struct readers **ret)
{
	static const struct readers_ops ops = {
	        .name = "child",
	        .scan = pool_scan,
	        .connect = pool_connect,
	        .close = pool_close,
	};
	struct pool *p = calloc(1, sizeof(*p));

	if (!p)
		return ERR_NOMEM;
	p->base.ops = &ops;
	p->open = open;
	p->how = how;
	p->limit = limits ? *limits : usual;
	/* It looks for readers while the caller does other things. */
	const enum err e = begin_scan(p);
	if (e != OK && e != ERR_NO_SERVICE) {
		pool_close(&p->base);
		return e;
	}
	*ret = &p->base;
	return OK;
}
