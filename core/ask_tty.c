/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Questions on the terminal: raw while one stands, put back on every way out. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "core/ask_line.h"
#include "core/ask_words.h"

struct tty {
	struct ask base;
	int fd, sig_fd, epoll_fd;
	struct secret *key; /* where a typed byte arrives */
	bool stands;        /* a question does */
	bool unfinished;    /* keys were typed and dropped, and no Enter after them */
	bool stale;         /* the next Enter ends such a line: it is no answer */
	enum ask_kind kind;
	size_t min;
	char prompt[WORDS_MAX];
	struct line line;
	struct termios before;
	sigset_t mask_before;
};

static struct tty *of(struct ask *a)
{
	return (struct tty *)(void *)a;
}

static void put(const struct tty *t, const void *text, size_t n)
{
	words_put(t->fd, text, n);
}

static void put_text(const struct tty *t, const char *text)
{
	words_put(t->fd, text, strlen(text));
}

static void put_times(const struct tty *t, const char *text, size_t times)
{
	while (times-- > 0)
		put_text(t, text);
}

static void draw(const struct tty *t)
{
	put_text(t, t->prompt);
	if (t->kind == ASK_CONFIRM)
		put(t, secret_view(t->line.text).p, secret_len(t->line.text));
	else
		put_times(t, "*", line_chars(&t->line));
}

static void clear_line(const struct tty *t)
{
	put_text(t, "\r\033[K");
}

/* A sentence in place of the prompt, the prompt below it. */
static void say(const struct tty *t, const char *text)
{
	clear_line(t);
	words_put_line(t->fd, text);
	draw(t);
}

/* Everything catchable that ends or stops a process, but what the caller blocked itself.
 */
static void signals_of(const struct tty *t, sigset_t *ret)
{
	static const int all[] = {SIGINT,  SIGTERM, SIGHUP,  SIGQUIT, SIGTSTP, SIGTTIN,
	                          SIGTTOU, SIGCONT, SIGALRM, SIGUSR1, SIGUSR2, SIGVTALRM,
	                          SIGPROF, SIGXCPU, SIGXFSZ, SIGPOLL, SIGPWR};

	(void)sigemptyset(ret);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (sigismember(&t->mask_before, all[i]) == 0)
			(void)sigaddset(ret, all[i]);
}

static enum err make_raw(struct tty *t)
{
	struct termios raw;

	if (tcgetattr(t->fd, &t->before) != 0)
		return err_from_errno(errno);
	raw = t->before;
	raw.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON);
	raw.c_lflag |= ISIG;
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	return tcsetattr(t->fd, TCSANOW, &raw) == 0 ? OK : err_from_errno(errno);
}

/* Signals blocked and readable, then the terminal raw. */
static enum err enter(struct tty *t)
{
	sigset_t set;

	if (sigprocmask(SIG_BLOCK, NULL, &t->mask_before) != 0)
		return ERR_BUG;
	signals_of(t, &set);
	if (signalfd(t->sig_fd, &set, 0) < 0)
		return err_from_errno(errno);
	if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
		return ERR_BUG;
	const enum err e = make_raw(t);
	if (e != OK)
		(void)sigprocmask(SIG_SETMASK, &t->mask_before, NULL); /* a valid mask */
	return e;
}

/* The other way round: a signal that waits finds the terminal as it was. */
static void leave(struct tty *t)
{
	(void)tcsetattr(t->fd, TCSANOW, &t->before);           /* it may be gone */
	(void)sigprocmask(SIG_SETMASK, &t->mask_before, NULL); /* a valid mask */
}

static void finish(struct tty *t)
{
	leave(t);
	line_end(&t->line);
	t->stands = false;
	t->stale = false;
}

/* 1: a byte lies in t->key; 0: none yet; -1: the terminal is gone. */
static int next_key(struct tty *t)
{
	for (;;) {
		const ssize_t n = read(t->fd, secret_buf(t->key), 1);

		if (n == 1)
			return 1;
		if (n == 0)
			return -1;
		if (errno != EINTR)
			return errno == EAGAIN ? 0 : -1;
	}
}

/* What was typed before was not meant for this question. */
static void drop_typed(struct tty *t)
{
	while (next_key(t) == 1) {
		const uint8_t key = secret_buf(t->key)[0];

		t->unfinished = key != '\n' && key != '\r';
	}
	secret_buf(t->key)[0] = 0;
}

static void tty_withdraw(struct ask *a)
{
	struct tty *t = of(a);

	if (!t->stands)
		return;
	if (secret_len(t->line.text) > 0)
		t->unfinished = true;
	drop_typed(t);
	clear_line(t);
	finish(t);
}

static enum err tty_begin(struct ask *a, const struct ask_question *q)
{
	struct tty *t = of(a);

	tty_withdraw(a);
	enum err e = line_start(&t->line, q->max);
	if (e == OK)
		e = enter(t);
	if (e != OK) {
		line_end(&t->line);
		return e;
	}
	t->stands = true;
	t->kind = q->kind;
	t->min = q->min;
	if (ask_is_pin(q->kind)) {
		drop_typed(t);
		t->stale = t->unfinished;
	}
	words_prompt(q, t->prompt, sizeof(t->prompt));
	clear_line(t);
	if (q->hint)
		words_put_line(t->fd, q->hint);
	if (words_warning(q))
		words_put_line(t->fd, words_warning(q));
	draw(t);
	return OK;
}

static int tty_fd(const struct ask *a)
{
	return ((const struct tty *)(const void *)a)->epoll_fd;
}

/*
 * Let the signal do what it does without us.  Who comes back (stopped and continued, or
 * the signal is handled or ignored) finds the question again.
 */
static enum err pass_signals(struct tty *t)
{
	struct signalfd_siginfo info;

	while (read(t->sig_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		put_text(t, "\n");
		leave(t);
		(void)raise((int)info.ssi_signo); /* a signal that came can be raised */
		const enum err e = enter(t);
		if (e != OK)
			return e;
		clear_line(t);
		draw(t);
	}
	return OK;
}

static enum err on_enter(struct tty *t, struct secret **ret_answer)
{
	char text[64];

	t->unfinished = false;
	if (t->stale) {
		t->stale = false;
		(void)line_key(&t->line, 0x15); /* ^U */
		say(t,
		    "That line was begun before the question for the PIN, so nothing was "
		    "sent. Type the PIN now.");
		return ERR_TIMEOUT;
	}
	if (secret_len(t->line.text) < t->min) {
		(void)line_key(&t->line, 0x15); /* ^U */
		(void)snprintf(text, sizeof(text), "At least %zu character%s.", t->min,
		               t->min == 1 ? "" : "s");
		say(t, text);
		return ERR_TIMEOUT;
	}
	*ret_answer = t->line.text;
	t->line.text = NULL;
	return OK;
}

static enum err on_key(struct tty *t, uint8_t key, struct secret **ret_answer)
{
	const size_t chars = line_chars(&t->line);
	const size_t len = secret_len(t->line.text);

	const enum line_event event = line_key(&t->line, key);
	/* A confirmation shows every byte, also the later ones of a character. */
	if (t->kind == ASK_CONFIRM && secret_len(t->line.text) == len + 1)
		put(t, secret_view(t->line.text).p + len, 1);
	switch (event) {
	case LINE_NOTHING:
		break;
	case LINE_ADDED:
		if (t->kind != ASK_CONFIRM)
			put_text(t, "*");
		break;
	case LINE_REMOVED:
	case LINE_CLEARED:
		put_times(t, "\b \b", chars - line_chars(&t->line));
		break;
	case LINE_FULL:
		put_text(t, "\a");
		break;
	case LINE_ENTER:
		return on_enter(t, ret_answer);
	case LINE_EOF:
		t->unfinished = false;
		return ERR_CANCELLED;
	}
	return ERR_TIMEOUT;
}

static enum err tty_step(struct ask *a, struct secret **ret_answer)
{
	struct tty *t = of(a);

	if (!t->stands)
		return ERR_BUG;
	enum err e = pass_signals(t);
	if (e != OK) {
		finish(t);
		return e;
	}
	do {
		const int got = next_key(t);

		if (got == 0)
			return ERR_TIMEOUT;
		e = got < 0 ? ERR_CANCELLED
		            : on_key(t, secret_buf(t->key)[0], ret_answer);
		secret_buf(t->key)[0] = 0;
	} while (e == ERR_TIMEOUT);
	put_text(t, "\n");
	finish(t);
	return e;
}

static void tty_note(struct ask *a, const char *text)
{
	const struct tty *t = of(a);

	if (t->stands)
		say(t, text);
	else
		words_put_line(t->fd, text);
}

static bool tty_interactive(const struct ask *a, enum ask_kind kind)
{
	(void)a;
	(void)kind;
	return true;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		(void)close(fd); /* nothing is buffered */
}

static void tty_close(struct ask *a)
{
	struct tty *t = of(a);

	tty_withdraw(a);
	close_fd(t->epoll_fd);
	close_fd(t->sig_fd);
	close_fd(t->fd);
	t->key = secret_free(t->key);
	free(t);
}

/* Our own open file: O_NONBLOCK does not reach the shell. */
static int open_terminal(const char *path)
{
	const int fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0 && !isatty(fd)) {
		(void)close(fd); /* nothing was written */
		return -1;
	}
	return fd;
}

static bool watch(const struct tty *t, int fd)
{
	struct epoll_event ev = {.events = EPOLLIN};

	return epoll_ctl(t->epoll_fd, EPOLL_CTL_ADD, fd, &ev) == 0;
}

enum err ask_open_tty(struct ask **ret)
{
	static const struct ask_ops ops = {
	        .name = "tty",
	        .begin = tty_begin,
	        .fd = tty_fd,
	        .step = tty_step,
	        .withdraw = tty_withdraw,
	        .note = tty_note,
	        .interactive = tty_interactive,
	        .close = tty_close,
	};
	sigset_t none = {0};
	struct tty *t = calloc(1, sizeof(*t));

	if (!t)
		return ERR_NOMEM;
	t->base.ops = &ops;
	t->fd = open_terminal("/dev/tty");
	/* At boot there is no controlling terminal, but the console on standard input.  A
	 * job without any terminal has nobody to ask, and must not wait for one. */
	if (t->fd < 0 && isatty(STDIN_FILENO))
		t->fd = open_terminal("/dev/console");
	t->sig_fd = signalfd(-1, &none, SFD_NONBLOCK | SFD_CLOEXEC);
	t->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	enum err e = secret_new(1, &t->key);
	if (e == OK && t->fd < 0)
		e = ERR_NOT_FOUND;
	if (e == OK && (t->sig_fd < 0 || t->epoll_fd < 0 || !watch(t, t->fd) ||
	                !watch(t, t->sig_fd)))
		e = ERR_IO;
	if (e != OK) {
		tty_close(&t->base);
		return e;
	}
	*ret = &t->base;
	return OK;
}
