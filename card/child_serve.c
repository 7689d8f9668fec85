/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The reader child: answers one request after the other until its parent is gone. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "card/child_wire.h"
#include "core/log.h"
#include "core/secret.h"

enum {
	GRACE_S = 5,
	REPLY_SMALL = sizeof(struct reader_list),
	DRIVER_STACK = 256 * 1024, /* libccid has 64 KiB for a command in one frame */
	MANY_FDS = 4096,
};

struct child {
	int fd;
	struct readers *readers;
	enum err opened;
	struct transport *card[CHILD_CARDS];
	struct secret *cmd; /* the request's bytes: a VERIFY passes here */
};

/* Where debug lines go, for writing alone: a console is most often open for both, and
 * what is typed there is none of the child's business. */
static int only_to_write(int null)
{
	struct stat st;

	if (!log_wants(LOG_DEBUG))
		return null;
	const int flags = fcntl(2, F_GETFL);
	if (flags < 0 || fstat(2, &st) != 0)
		return null;
	/* In a file there is what was logged; opened again, one would write over it. */
	if ((flags & O_ACCMODE) == O_WRONLY || S_ISREG(st.st_mode))
		return 2;
	/* A serial line may keep who opens it waiting. */
	const int again =
	        open("/proc/self/fd/2", O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (again < 0 || fcntl(again, F_SETFL, 0) != 0)
		return null; /* a socket, or another user's terminal */
	return again;
}

/* The parent's terminal, pipes and signals are none of the child's business. */
static void leave_home(int *fd)
{
	const struct sigaction usual = {.sa_handler = SIG_DFL};
	const struct sigaction ignore = {.sa_handler = SIG_IGN};
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		(void)sigaction(sig, &usual, NULL); /* some cannot be set: fine */
	(void)sigaction(SIGPIPE, &ignore, NULL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)setsid(); /* ^C is the parent's: the child ends when the parent does */
	(void)prctl(PR_SET_NAME, "bootlatch-card", 0, 0, 0);
	const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	const int mine = fcntl(*fd, F_DUPFD_CLOEXEC, 3);
	if (null < 0 || mine < 0)
		_exit(1);
	if (dup2(null, 0) != 0 || dup2(null, 1) != 1 || dup2(only_to_write(null), 2) != 2)
		_exit(1);
	if (dup2(mine, 3) != 3)
		_exit(1);
	if (close_range(4, ~0U, 0) != 0) /* before Linux 5.9 */
		for (int other = 4; other < MANY_FDS; other++)
			(void)close(other); /* most are not open */
	*fd = 3;
}

/* A driver copies commands, and a PIN among them, to frames that nobody wipes. */
static __attribute__((noinline)) void wipe_below(void)
{
	uint8_t dead[DRIVER_STACK];

	explicit_bzero(dead, sizeof(dead));
}

static struct transport **slot_of(struct child *c, uint32_t card)
{
	return card < CHILD_CARDS && c->card[card] ? &c->card[card] : NULL;
}

static enum err serve_connect(struct child *c, struct bytes name, struct child_request *q,
                              struct child_card *ret)
{
	char text[READER_NAME_MAX] = {0};
	uint32_t i = 0;

	while (i < CHILD_CARDS && c->card[i])
		i++;
	if (i == CHILD_CARDS || name.n >= sizeof(text))
		return ERR_BUG;
	memcpy(text, name.p, name.n);
	const enum err e = c->readers->ops->connect(c->readers, text, &c->card[i]);
	if (e != OK)
		return e;
	const struct transport *t = c->card[i];
	q->card = i;
	*ret = (struct child_card){
	        .card = i,
	        .pad = t->ops->verify_on_pad != NULL,
	        .atr_len = (uint8_t)t->atr_len,
	};
	memcpy(ret->atr, t->atr, sizeof(ret->atr));
	return OK;
}

static enum err serve_pad(struct transport *t, struct bytes template, struct writer *out)
{
	uint16_t sw = 0;

	if (!t->ops->verify_on_pad)
		return ERR_UNSUPPORTED;
	const enum err e = t->ops->verify_on_pad(t, template, &sw);
	if (e == OK)
		put_be(out, 2, sw);
	return e;
}

/* Answers of cards go to `out`, which lies in a secret. */
static enum err serve_card(struct child *c, const struct child_request *q,
                           struct bytes cmd, struct writer *out)
{
	struct transport **t = slot_of(c, q->card);

	if (!t)
		return ERR_BUG;
	switch ((enum child_op)q->op) {
	case CHILD_TRANSMIT:
		return (*t)->ops->transmit(*t, cmd, out->p, out->cap, &out->n);
	case CHILD_PAD:
		return serve_pad(*t, cmd, out);
	case CHILD_ALIVE:
		return (*t)->ops->alive(*t);
	case CHILD_CLOSE:
		*t = transport_close(*t);
		return OK;
	case CHILD_SCAN:
	case CHILD_CONNECT:
		break;
	}
	return ERR_BUG;
}

static enum err serve(struct child *c, struct child_request *q, struct bytes cmd,
                      struct writer *out)
{
	struct reader_list list = {0};
	struct child_card card = {0};
	enum err e = c->opened;

	if (e != OK)
		return e;
	switch (q->op) {
	case CHILD_SCAN:
		e = c->readers->ops->scan(c->readers, &list);
		if (e == OK)
			put_bytes(out, &list, sizeof(list));
		break;
	case CHILD_CONNECT:
		e = serve_connect(c, cmd, q, &card);
		if (e == OK)
			put_bytes(out, &card, sizeof(card));
		break;
	default:
		e = serve_card(c, q, cmd, out);
		break;
	}
	return e == OK && !writer_ok(out) ? ERR_BUG : e;
}

static bool answer(const struct child *c, uint32_t card, enum err e, struct bytes bytes)
{
	const struct transport *t = card < CHILD_CARDS ? c->card[card] : NULL;
	struct child_reply r = {.e = e, .len = e == OK ? (uint32_t)bytes.n : 0};
	union {
		const uint8_t *from;
		void *to;
	} p = {.from = bytes.p}; /* struct iovec knows no const */
	struct iovec part[2] = {
	        {&r,   sizeof(r)},
                {p.to, r.len    }
        };
	const struct msghdr m = {.msg_iov = part, .msg_iovlen = 2};

	if (t) {
		r.extended = (uint8_t)t->extended;
		r.t0 = t->t0;
	}
	return sendmsg(c->fd, &m, MSG_NOSIGNAL) == (ssize_t)(sizeof(r) + r.len);
}

/* False: the parent is gone. */
static bool one_request(struct child *c)
{
	struct child_request q = {0};
	struct iovec part[2] = {
	        {&q,                 sizeof(q)         },
                {secret_buf(c->cmd), secret_cap(c->cmd)}
        };
	struct msghdr m = {.msg_iov = part, .msg_iovlen = 2};
	AUTO_SECRET *out = NULL;
	ssize_t n;

	do
		n = recvmsg(c->fd, &m, 0);
	while (n < 0 && errno == EINTR);
	if (n < (ssize_t)sizeof(q) || (size_t)n != sizeof(q) + q.len)
		return false;
	/* Even a parent that was killed leaves no child behind that hangs for ever. */
	(void)alarm(q.limit_ms / 1000 + GRACE_S);
	const size_t cap = q.cap < REPLY_SMALL ? REPLY_SMALL : q.cap;
	enum err e = cap > CHILD_ANSWER_MAX ? ERR_BUG : secret_new(cap, &out);
	struct writer w = {0};
	if (e == OK) {
		w = (struct writer){secret_buf(out), cap, 0, false};
		if (q.op == CHILD_TRANSMIT)
			w.cap = q.cap;
		e = serve(c, &q, (struct bytes){secret_buf(c->cmd), q.len}, &w);
	}
	explicit_bzero(secret_buf(c->cmd), q.len);
	if (q.op == CHILD_TRANSMIT || q.op == CHILD_PAD)
		wipe_below();
	const bool sent = answer(c, q.card, e, writer_bytes(&w));
	(void)alarm(0);
	return sent;
}

void child_serve(int fd, readers_opener *open, const void *how)
{
	struct child c = {.fd = fd};

	leave_home(&c.fd);
	c.opened = open(how, &c.readers);
	if (secret_new(CHILD_CMD_MAX, &c.cmd) != OK)
		_exit(1);
	while (one_request(&c))
		;
	(void)alarm(GRACE_S);
	for (size_t i = 0; i < CHILD_CARDS; i++)
		c.card[i] = transport_close(c.card[i]);
	c.readers = readers_close(c.readers);
	c.cmd = secret_free(c.cmd);
	_exit(0);
}
