/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One job done in a child process, with a time limit. */
#include "core/aside.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/bury.h"
#include "core/clock.h"
#include "core/log.h"

enum { GRACE_S = 5, MANY_FDS = 4096, FAREWELL_MS = 500 };

struct asked {
	aside_job *job;
	const void *how;
	size_t cap;
	int limit_ms;
};

/* --- the child --- */

/* The parent's terminal, pipes and signals are none of its business. */
static void leave_home(int fd)
{
	const struct sigaction usual = {.sa_handler = SIG_DFL};
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		(void)sigaction(sig, &usual, NULL); /* some cannot be set: fine */
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)setsid(); /* ^C is the parent's */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	const int mine = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (null < 0 || mine < 0)
		_exit(1);
	for (int std = 0; std <= 2; std++)
		if (dup2(null, std) != std)
			_exit(1);
	if (dup2(mine, 3) != 3)
		_exit(1);
	if (close_range(4, ~0U, 0) != 0) /* before Linux 5.9 */
		for (int other = 4; other < MANY_FDS; other++)
			(void)close(other); /* most are not open */
	/* What libraries keep in plain memory stays out of swap, where that is allowed.
	 */
	(void)mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT);
}

static enum err receive(int fd, struct secret **ret)
{
	AUTO_SECRET *in = NULL;
	ssize_t n;

	enum err e = secret_new(ASIDE_MAX, &in);
	if (e != OK)
		return e;
	do
		n = recv(fd, secret_buf(in), ASIDE_MAX, 0);
	while (n < 0 && errno == EINTR);
	if (n < 1) /* the parent is gone */
		return ERR_IO;
	/* Its first byte is there so that none is no message. */
	return secret_copy((struct bytes){secret_buf(in) + 1, (size_t)n - 1}, ret);
}

static bool say(struct secret *line, enum err e, size_t n)
{
	*secret_buf(line) = (uint8_t)e;
	return send(3, secret_buf(line), 1 + n, MSG_NOSIGNAL) == (ssize_t)(1 + n);
}

enum err aside_exchange(struct bytes found, int limit_ms, struct secret **ret_more)
{
	AUTO_SECRET *line = NULL;

	enum err e = found.n < ASIDE_MAX ? secret_new(1 + found.n, &line) : ERR_BUG;
	if (e != OK)
		return e;
	memcpy(secret_buf(line) + 1, found.p, found.n);
	/* The parent, or a person, takes her time.  Should it die, the end of its socket
	 * says so, and what the job holds can be put away. */
	(void)alarm(0);
	(void)prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0);
	e = say(line, OK, found.n) ? receive(3, ret_more) : ERR_IO;
	(void)alarm((unsigned)(limit_ms / 1000) + GRACE_S);
	if (e == OK)
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	return e;
}

static __attribute__((noreturn)) void child(int fd, const struct asked *a)
{
	AUTO_SECRET *in = NULL, *out = NULL;

	leave_home(fd);
	(void)alarm((unsigned)(a->limit_ms / 1000) + GRACE_S);
	enum err e = receive(3, &in);
	if (e == OK)
		e = secret_new(1 + a->cap, &out);
	if (e != OK)
		_exit(1);
	struct writer w = {secret_buf(out) + 1, a->cap, 0, false};
	e = a->job(a->how, in, &w);
	if (e == OK && !writer_ok(&w))
		e = ERR_BUG;
	const bool sent = say(out, e, e == OK ? w.n : 0);
	out = secret_free(out);
	in = secret_free(in);
	_exit(sent ? 0 : 1);
}

/* --- the parent --- */

static void end_child(pid_t pid)
{
	if (!bury(pid))
		log_line(LOG_DEBUG, "a child does not die: left behind");
}

static bool tell(int fd, const struct secret *in)
{
	static const uint8_t begin = 0;
	const struct bytes b = in ? secret_view(in) : (struct bytes){&begin, 0};
	union {
		const uint8_t *from;
		void *to;
	} first = {.from = &begin},
	  rest = {.from = b.p}; /* struct iovec knows no const */
	struct iovec part[2] = {
	        {first.to, 1  },
                {rest.to,  b.n}
        };
	const struct msghdr m = {.msg_iov = part, .msg_iovlen = 2};

	return sendmsg(fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)(1 + b.n);
}

static bool readable(int fd, int64_t until)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	int ready;

	do {
		const int64_t left = until - clock_ms();

		ready = poll(&p, 1, left > INT_MAX ? INT_MAX : left > 0 ? (int)left : 0);
	} while (ready < 0 && errno == EINTR);
	return ready > 0;
}

/* Neither is the child trusted. */
static enum err answer_of(int fd, size_t cap, struct secret **ret)
{
	AUTO_SECRET *got = NULL;

	enum err e = secret_new(1 + cap, &got);
	if (e != OK)
		return e;
	const ssize_t n = recv(fd, secret_buf(got), 1 + cap, MSG_DONTWAIT | MSG_TRUNC);
	if (n < 1 || (size_t)n > 1 + cap)
		return ERR_IO;
	const uint8_t said = *secret_buf(got);
	if (said >= ERR_COUNT_ || said == ERR_NOMEM || said == ERR_BUG)
		return ERR_IO;
	if (said != OK)
		return (enum err)said;
	return secret_copy((struct bytes){secret_buf(got) + 1, (size_t)n - 1}, ret);
}

struct aside {
	pid_t pid;
	int fd;
	size_t cap;
	int64_t until; /* ms */
	bool waits;    /* to be told more */
};

struct aside *aside_drop(struct aside *a)
{
	if (!a)
		return NULL;
	/* One that waits has something to put away. */
	if (a->waits && shutdown(a->fd, SHUT_WR) == 0)
		(void)readable(a->fd, clock_ms() + FAREWELL_MS);
	(void)close(a->fd); /* nothing more is said */
	end_child(a->pid);
	free(a);
	return NULL;
}

/* The child's end is closed here: it has it. */
static enum err begin(const struct asked *how, const struct secret *in, int pair[2],
                      struct aside *a)
{
	a->pid = fork();
	if (a->pid == 0)
		child(pair[1], how);
	(void)close(pair[1]);
	a->fd = pair[0];
	a->cap = how->cap;
	a->until = clock_ms() + how->limit_ms;
	if (a->pid > 0 && tell(a->fd, in))
		return OK;
	(void)close(a->fd); /* nothing is said */
	if (a->pid > 0)
		end_child(a->pid);
	return ERR_IO;
}

enum err aside_start(aside_job *job, const void *how, const struct secret *in, size_t cap,
                     int limit_ms, struct aside **ret)
{
	const struct asked asked = {job, how, cap, limit_ms};
	int pair[2];

	if (cap >= ASIDE_MAX || (in && secret_len(in) >= ASIDE_MAX))
		return ERR_BUG;
	struct aside *a = calloc(1, sizeof(*a));
	if (!a)
		return ERR_NOMEM;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
		free(a);
		return ERR_IO;
	}
	const enum err e = begin(&asked, in, pair, a);
	if (e != OK) {
		free(a);
		return e;
	}
	*ret = a;
	return OK;
}

int aside_fd(const struct aside *a)
{
	return a->fd;
}

bool aside_done(const struct aside *a)
{
	return clock_ms() >= a->until || readable(a->fd, 0);
}

enum err aside_hear(struct aside *a, struct secret **ret)
{
	const enum err e =
	        readable(a->fd, a->until) ? answer_of(a->fd, a->cap, ret) : ERR_TIMEOUT;

	a->until = INT64_MAX;
	a->waits = e == OK;
	if (e != OK)
		(void)aside_drop(a);
	return e;
}

enum err aside_finish(struct aside *a, struct secret **ret)
{
	const enum err e = aside_hear(a, ret);

	if (e != OK)
		return e;
	a->waits = false; /* it is over */
	(void)aside_drop(a);
	return OK;
}

enum err aside_tell(struct aside *a, const struct secret *more, int limit_ms)
{
	if (more && secret_len(more) >= ASIDE_MAX)
		return ERR_BUG;
	a->until = clock_ms() + limit_ms;
	a->waits = false;
	return tell(a->fd, more) ? OK : ERR_IO;
}

enum err aside_run(aside_job *job, const void *how, const struct secret *in, size_t cap,
                   int limit_ms, struct secret **ret)
{
	struct aside *a = NULL;

	const enum err e = aside_start(job, how, in, cap, limit_ms, &a);
	return e == OK ? aside_finish(a, ret) : e;
}
