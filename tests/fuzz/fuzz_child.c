/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hostile reader child.  No process is forked and no time passes: the kernel's part is
 * played here.  A step of the input: what the parent does (bits 0 to 2 and 3 to 5 of a
 * byte), then what the child says to it (see `speak`).
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "card/child_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PID = 0x3ffffff, NOTHING = -1, CARDS = 4, DEATH_MS = 1000 };
enum { LOOK_MS = 500, SCAN_MS = 5000, CONNECT_MS = 15000, SEND_MS = 10000, END_MS = 700 };
enum { SETTLE_MS = SCAN_MS << CHILD_SCAN_DOUBLED };
enum { SCAN, CONNECT, TRANSMIT, ALIVE, PAD, CLOSE, WAIT, CHILD_ENDS };

static struct {
	int fd; /* the child's end; NOTHING */
	bool runs, immortal, undead;
	int64_t now;
} child;

static void check(bool ok)
{
	if (!ok)
		__builtin_trap();
}

/* --- the kernel; the linker puts these in its place (Makefile: --wrap) --- */

/* NOLINTBEGIN(bugprone-reserved-identifier) */
int __real_socketpair(int domain, int type, int protocol, int pair[2]);
int __real_poll(struct pollfd *p, nfds_t n, int ms);
int __wrap_socketpair(int domain, int type, int protocol, int pair[2]);
int __wrap_poll(struct pollfd *p, nfds_t n, int ms);
int __wrap_clock_gettime(clockid_t id, struct timespec *ret);
pid_t __wrap_fork(void);
pid_t __wrap_waitpid(pid_t pid, int *status, int options);
int __wrap_kill(pid_t pid, int sig);

int __wrap_socketpair(int domain, int type, int protocol, int pair[2])
{
	if (__real_socketpair(domain, type, protocol, pair) != 0)
		abort();
	if (child.fd != NOTHING)
		(void)close(child.fd);
	child.fd = dup(pair[1]);
	return 0;
}

pid_t __wrap_fork(void)
{
	check(!child.runs || child.undead);
	child.runs = true;
	return PID;
}

pid_t __wrap_waitpid(pid_t pid, int *status, int options)
{
	check(pid == PID && !status && (options & WNOHANG)); /* never for ever */
	if (child.runs)
		return 0;
	errno = ECHILD;
	return -1;
}

int __wrap_kill(pid_t pid, int sig)
{
	check(pid == PID && sig == SIGKILL && child.runs); /* nobody else's number */
	child.undead |= child.immortal;
	child.runs = child.immortal;
	return 0;
}

int __wrap_poll(struct pollfd *p, nfds_t n, int ms)
{
	check(ms >= 0);
	const int ready = n > 0 ? __real_poll(p, n, 0) : 0;

	if (ready == 0)
		child.now += ms;
	return ready;
}

int __wrap_clock_gettime(clockid_t id, struct timespec *ret)
{
	check(id == CLOCK_MONOTONIC);
	*ret = (struct timespec){child.now / 1000, child.now % 1000 * 1000000};
	return 0;
}
/* NOLINTEND(bugprone-reserved-identifier) */

/* --- what the child hears and says --- */

static void listen_to_parent(void)
{
	static uint8_t heard[sizeof(struct child_request) + CHILD_CMD_MAX + 1];
	struct child_request q;
	ssize_t n;

	while (child.fd != NOTHING &&
	       (n = recv(child.fd, heard, sizeof(heard), MSG_DONTWAIT)) > 0) {
		check((size_t)n >= sizeof(q) && (size_t)n < sizeof(heard));
		memcpy(&q, heard, sizeof(q));
		check(q.op <= CHILD_CLOSE && (size_t)n == sizeof(q) + q.len &&
		      q.cap <= CHILD_ANSWER_MAX);
	}
}

enum { MUTE = 0x80, HONEST = 0x40, RAW = 0x20, AT_END = 0x10 };

/* Flags; error, extended, t0, the length it claims (2, unless HONEST); how long it is
 * (2); how much of that follows (1): at its end or its beginning, the rest is zero. */
static bool speak(struct bytes *in)
{
	static uint8_t said[sizeof(struct child_reply) + 65536];
	uint32_t flags, e, extended, t0, claim = 0, n, part;
	struct child_reply r = {0};
	struct bytes text;

	if (bytes_take_be(in, 1, &flags) != OK)
		return false;
	if (flags & MUTE)
		return true;
	if (bytes_take_be(in, 1, &e) != OK || bytes_take_be(in, 1, &extended) != OK ||
	    bytes_take_be(in, 1, &t0) != OK ||
	    (!(flags & HONEST) && bytes_take_be(in, 2, &claim) != OK) ||
	    bytes_take_be(in, 2, &n) != OK || bytes_take_be(in, 1, &part) != OK)
		return false;
	if (bytes_take(in, part < n ? part : n, &text) != OK)
		return false;
	r = (struct child_reply){
	        .e = e, .extended = (uint8_t)extended, .t0 = (uint8_t)t0};
	r.len = flags & HONEST ? n : claim;
	const size_t head = flags & RAW ? 0 : sizeof(r);
	memset(said, 0, head + n);
	memcpy(said, &r, head);
	memcpy(said + head + (flags & AT_END ? n - text.n : 0), text.p, text.n);
	if (child.fd != NOTHING)
		(void)!send(child.fd, said, head + n, MSG_DONTWAIT | MSG_NOSIGNAL);
	return true;
}

static void child_ends(void)
{
	if (child.fd != NOTHING)
		(void)close(child.fd);
	child.fd = NOTHING;
	child.runs = false;
}

/* --- the parent --- */

struct parent {
	struct readers *r;
	struct transport *card[CARDS];
};

static void check_err(enum err e)
{
	check(e != ERR_NOMEM && e != ERR_BUG &&
	      e < ERR_COUNT_); /* these end the program */
}

static void scan(struct parent *p)
{
	struct reader_list list = {.n = 99};

	const enum err e = p->r->ops->scan(p->r, &list);
	check(e == OK || e == ERR_NO_SERVICE || e == ERR_IO);
	check((e == OK) == (list.n <= READERS_MAX));
	for (size_t i = 0; e == OK && i < list.n; i++) {
		uint8_t flag;

		memcpy(&flag, &list.slot[i].card_present, 1);
		check(flag <= 1 && memchr(list.slot[i].name, 0, READER_NAME_MAX));
	}
}

static void connect_one(struct parent *p, unsigned i)
{
	struct transport *t = NULL;

	if (p->card[i])
		return;
	const enum err e = p->r->ops->connect(p->r, "reader", &t);
	check_err(e);
	check((e == OK) == (t != NULL));
	check(e != ERR_CARD_LOST && e != ERR_CARD_RESET);
	check(!t || (t->atr_len <= ATR_MAX && t->extended <= EXTENDED_UNKNOWN));
	p->card[i] = t;
}

static void transmit(struct transport *t, unsigned how)
{
	static const uint8_t cmd[CHILD_CMD_MAX];
	static const size_t caps[] = {2, 258, 4096, CHILD_ANSWER_MAX};
	const size_t cap = caps[how % 4];
	uint8_t *resp = malloc(cap);
	size_t n = SIZE_MAX;

	if (!resp)
		abort();
	const enum err e = t->ops->transmit(
	        t, (struct bytes){cmd, how % 2 ? sizeof(cmd) : 5}, resp, cap, &n);
	check_err(e);
	check(e == OK ? n >= 2 && n <= cap : n == SIZE_MAX);
	free(resp);
}

static void type_on_pad(struct transport *t)
{
	static const uint8_t template[PAD_TEMPLATE] = {0, 0x20, 0, 0x82, 6, 127};
	uint16_t sw;

	if (t->ops->verify_on_pad)
		check_err(t->ops->verify_on_pad(
		        t, (struct bytes){template, sizeof(template)}, &sw));
}

/* How long that may take: a scan that is under way, the answer, the child's death. */
static int64_t act(struct parent *p, unsigned what, unsigned which)
{
	struct transport **t = &p->card[which % CARDS];

	switch (what) {
	case SCAN:
		scan(p);
		return LOOK_MS + DEATH_MS;
	case CONNECT:
		connect_one(p, which % CARDS);
		return SETTLE_MS + CONNECT_MS + DEATH_MS;
	case WAIT:
		child.now += which * 1000L;
		return which * 1000L;
	case CHILD_ENDS:
		child_ends();
		return 0;
	default:
		break;
	}
	if (!*t)
		return 0;
	if (what == TRANSMIT)
		transmit(*t, which);
	else if (what == ALIVE)
		check_err((*t)->ops->alive(*t));
	else if (what == PAD)
		type_on_pad(*t);
	else
		*t = transport_close(*t);
	return SETTLE_MS + SEND_MS + DEATH_MS;
}

/* Never called: nothing is forked. */
static enum err open_nothing(const void *how, struct readers **ret)
{
	(void)how;
	(void)ret;
	abort();
}

static void talk(struct parent *p, struct bytes in)
{
	uint32_t what;

	while (bytes_take_be(&in, 1, &what) == OK && speak(&in)) {
		const int64_t before = child.now;

		check(act(p, what & 7, what >> 3 & 7) >= child.now - before);
		listen_to_parent();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct child_limits limits = {SCAN_MS, CONNECT_MS, SEND_MS, END_MS};
	struct parent p = {0};

	child.fd = NOTHING;
	child.now = 1000;
	child.runs = child.undead = false;
	child.immortal = size % 16 == 0;
	if (readers_open_child(open_nothing, NULL, &limits, &p.r) != OK)
		abort();
	talk(&p, (struct bytes){data, size});
	for (size_t i = 0; i < CARDS; i++)
		p.card[i] = transport_close(p.card[i]);
	p.r = readers_close(p.r);
	check(child.undead || !child.runs); /* nobody stays behind */
	child_ends();
	return 0;
}
