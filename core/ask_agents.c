/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One question at a time, as a file beside a datagram socket; both go with the question.
 */
#include "core/ask_agents.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/ask_words.h"
#include "core/clock.h"
#include "core/file.h"

enum { NAME_CAP = 40, FILE_CAP = AGENTS_MESSAGE_MAX + 512 };

struct agents {
	struct ask base;
	int dir;
	char folder[64];
	char said[AGENTS_MESSAGE_MAX]; /* notes for the next question */
	bool too_much;                 /* some did not fit */
	/* of the question that stands */
	int socket; /* -1: none stands */
	char ask[NAME_CAP], sck[NAME_CAP];
	pid_t sweeper; /* removes both when we can no more; -1: none */
	enum ask_kind kind;
	size_t min, max;
	int64_t end; /* in clock_ms() */
};

static struct agents *of(struct ask *a)
{
	return (struct agents *)(void *)a;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd); /* nothing is buffered */
	*fd = -1;
}

/* --- the message --- */

/* A trailing backslash would join the next line of the file to this one. */
static void clean(const char *text, char *out, size_t cap)
{
	words_clean(text, out, cap);
	for (; *out != '\0'; out++)
		if (*out == '\\')
			*out = '?';
}

/* False: it does not fit, and nothing was added. */
static bool say(char *to, const char *text)
{
	const size_t n = strlen(to);
	/* Lines become one. */
	const char *between = n == 0 ? "" : strchr(".:?!", to[n - 1]) ? " " : "; ";

	text += strspn(text, " ");
	const size_t front = n + strlen(between);
	if (strlen(text) + front >= AGENTS_MESSAGE_MAX)
		return false;
	(void)snprintf(to + n, AGENTS_MESSAGE_MAX - n, "%s", between);
	clean(text, to + front, AGENTS_MESSAGE_MAX - front);
	return true;
}

static enum err message(const struct agents *a, const struct ask_question *q,
                        char out[static AGENTS_MESSAGE_MAX])
{
	char prompt[WORDS_MAX];

	memcpy(out, a->said, sizeof(a->said));
	words_prompt(q, prompt, sizeof(prompt));
	/* Agents put something of their own behind it. */
	for (size_t n = strlen(prompt); n > 0 && strchr(": ", prompt[n - 1]); n--)
		prompt[n - 1] = '\0';
	if (a->too_much || (q->hint && !say(out, q->hint)) || !say(out, prompt))
		return ERR_REFUSED;
	return OK;
}

/* --- the files --- */

/* A process that outlives us by these two files. */
static void sweep(const struct agents *a, pid_t parent)
{
	sigset_t ended;

	(void)sigemptyset(&ended); /* neither fails for this number */
	(void)sigaddset(&ended, SIGUSR1);
	/* What we have open others may wait for the end of. */
	if (dup2(a->dir, 0) != 0)
		_exit(1);
	(void)close_range(1, ~0U, 0);
	if (prctl(PR_SET_PDEATHSIG, SIGUSR1) == 0 && getppid() == parent)
		while (sigwaitinfo(&ended, NULL) < 0)
			;
	(void)unlinkat(0, a->ask, 0); /* nobody is left to be told */
	(void)unlinkat(0, a->sck, 0);
	_exit(0);
}

static enum err start_sweeper(struct agents *a)
{
	const pid_t parent = getpid();
	sigset_t all, before;

	(void)sigfillset(&all); /* what ends us both must not end it, from its start */
	(void)sigprocmask(SIG_SETMASK, &all, &before);
	a->sweeper = fork();
	if (a->sweeper == 0)
		sweep(a, parent);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	return a->sweeper < 0 ? ERR_NOMEM : OK;
}

static enum err bind_socket(struct agents *a)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	const int on = 1;

	const int n = snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/%s", a->folder,
	                       a->sck);
	if (n < 0 || (size_t)n >= sizeof(addr.sun_path))
		return ERR_USAGE;
	a->socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (a->socket < 0)
		return err_from_errno(errno);
	if (setsockopt(a->socket, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) != 0 ||
	    bind(a->socket, (const struct sockaddr *)&addr, sizeof(addr)) != 0 ||
	    fchmodat(a->dir, a->sck, 0600, 0) != 0)
		return err_from_errno(errno);
	return OK;
}

static enum err put_file(struct agents *a, const char *text)
{
	char content[FILE_CAP];

	const int n =
	        snprintf(content, sizeof(content),
	                 "[Ask]\nPID=%ld\nSocket=%s/%s\nAcceptCached=0\nEcho=%d\n"
	                 "NotAfter=%lld\nMessage=%s\n",
	                 (long)getpid(), a->folder, a->sck,
	                 a->kind == ASK_CONFIRM ? 1 : 0, (long long)a->end * 1000, text);
	if (n < 0 || (size_t)n >= sizeof(content))
		return ERR_REFUSED;
	return file_publish(a->dir, a->ask,
	                    (struct bytes){(const uint8_t *)content, (size_t)n}, 0600);
}

static enum err choose_names(struct agents *a)
{
	uint64_t r;

	if (getrandom(&r, sizeof(r), 0) != (ssize_t)sizeof(r))
		return ERR_IO;
	(void)snprintf(a->ask, sizeof(a->ask), "ask.%016llx", (unsigned long long)r);
	(void)snprintf(a->sck, sizeof(a->sck), "sck.%016llx", (unsigned long long)r);
	return OK;
}

/* --- the asker --- */

static void agents_withdraw(struct ask *base)
{
	struct agents *a = of(base);

	if (a->socket < 0)
		return;
	(void)unlinkat(a->dir, a->ask, 0); /* an agent sees that the socket is gone */
	(void)unlinkat(a->dir, a->sck, 0);
	close_fd(&a->socket);
	if (a->sweeper > 0)
		(void)kill(a->sweeper, SIGKILL); /* our own child, not waited for yet */
	while (a->sweeper > 0 && waitpid(a->sweeper, NULL, 0) < 0 && errno == EINTR)
		;
	a->sweeper = -1;
}

static enum err agents_begin(struct ask *base, const struct ask_question *q)
{
	struct agents *a = of(base);
	char text[AGENTS_MESSAGE_MAX];

	agents_withdraw(base);
	if (q->kind != ASK_USER_PIN && q->kind != ASK_CONFIRM)
		return ERR_UNSUPPORTED;
	if (q->kind == ASK_USER_PIN && (q->tries_left < 2 || q->again))
		return ERR_PIN_LAST_TRY;
	enum err e = message(a, q, text);
	a->said[0] = '\0';
	a->too_much = false;
	if (e != OK)
		return e;
	a->kind = q->kind;
	a->min = q->min;
	a->max = q->max;
	a->end = clock_ms() + AGENTS_WAIT_S * 1000LL;
	e = choose_names(a);
	if (e == OK)
		e = bind_socket(a);
	if (e == OK)
		e = start_sweeper(a);
	if (e == OK)
		e = put_file(a, text);
	if (e != OK)
		agents_withdraw(base);
	return e;
}

static int agents_fd(const struct ask *base)
{
	return ((const struct agents *)(const void *)base)->socket;
}

/* Straight into the secret, never elsewhere.  ERR_TIMEOUT: nothing there.  ERR_ACCESS:
 * not of root, or not whole. */
static enum err receive(const struct agents *a, struct secret *in)
{
	struct iovec to = {secret_buf(in), secret_cap(in)};
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(struct ucred))]; /* for no descriptors */
	} control = {.room = {0}};
	struct msghdr m = {.msg_iov = &to,
	                   .msg_iovlen = 1,
	                   .msg_control = &control,
	                   .msg_controllen = sizeof(control)};
	struct ucred who = {.uid = (uid_t)-1};

	const ssize_t n = recvmsg(a->socket, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? ERR_TIMEOUT
		                                         : err_from_errno(errno);
	const struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_CREDENTIALS &&
	    c->cmsg_len == CMSG_LEN(sizeof(who)))
		memcpy(&who, CMSG_DATA(c), sizeof(who));
	const enum err e = secret_set_len(in, (size_t)n);
	if (e != OK)
		return e;
	const bool trusted = who.uid == 0 || who.uid == geteuid();
	return !trusted || (m.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0 ? ERR_ACCESS
	                                                                 : OK;
}

/* '+' and the text, maybe with a NUL behind it; '-': the person gave up. */
static enum err take(const struct agents *a, struct bytes in, struct secret **ret)
{
	struct bytes kind, text;

	if (bytes_take(&in, 1, &kind) != OK)
		return ERR_TIMEOUT;
	if (kind.p[0] == '-')
		return ERR_CANCELLED;
	if (kind.p[0] != '+')
		return ERR_TIMEOUT;
	if (in.n > 0 && in.p[in.n - 1] == 0)
		in.n--;
	text = in;
	/* Several passwords, which nobody typed for one question. */
	if (text.n > 0 && memchr(text.p, 0, text.n))
		return ERR_TIMEOUT;
	if (text.n < a->min || text.n > a->max)
		return a->kind == ASK_USER_PIN ? ERR_PIN_LENGTH : ERR_USAGE;
	return secret_copy(text, ret);
}

static enum err agents_step(struct ask *base, struct secret **ret_answer)
{
	struct agents *a = of(base);
	AUTO_SECRET *in = NULL;

	if (a->socket < 0)
		return ERR_BUG;
	enum err e = clock_ms() >= a->end ? ERR_CANCELLED
	                                  : secret_new(1 + AGENTS_ANSWER_MAX, &in);
	if (e == OK)
		e = receive(a, in);
	if (e == OK)
		e = take(a, secret_view(in), ret_answer);
	else if (e == ERR_ACCESS)
		e = ERR_TIMEOUT; /* as if it had never come */
	if (e != ERR_TIMEOUT)
		agents_withdraw(base);
	return e;
}

static void agents_note(struct ask *base, const char *text)
{
	struct agents *a = of(base);
	char line[AGENTS_MESSAGE_MAX];

	words_clean(text, line, sizeof(line));
	(void)fprintf(stderr, "%s\n", line);
	if (!say(a->said, text))
		a->too_much = true;
}

static bool agents_interactive(const struct ask *base, enum ask_kind kind)
{
	(void)base;
	(void)kind;
	return false;
}

static void agents_close(struct ask *base)
{
	struct agents *a = of(base);

	agents_withdraw(base);
	close_fd(&a->dir);
	free(a);
}

enum err ask_open_agents(const char *folder, struct ask **ret)
{
	static const struct ask_ops ops = {
	        .name = "agents",
	        .begin = agents_begin,
	        .fd = agents_fd,
	        .step = agents_step,
	        .withdraw = agents_withdraw,
	        .note = agents_note,
	        .interactive = agents_interactive,
	        .close = agents_close,
	};
	struct agents *a = calloc(1, sizeof(*a));

	if (!a)
		return ERR_NOMEM;
	a->base.ops = &ops;
	a->socket = -1;
	a->sweeper = -1;
	a->dir = -1;
	enum err e = strlen(folder) < sizeof(a->folder) ? OK : ERR_USAGE;
	if (e == OK) {
		memcpy(a->folder, folder, strlen(folder) + 1);
		e = dir_open(folder, &a->dir);
	}
	if (e != OK) {
		free(a);
		return e;
	}
	*ret = &a->base;
	return OK;
}
