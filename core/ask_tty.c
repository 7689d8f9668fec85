/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Questions on the terminal, which is quiet from the first of them until the end. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/ask_line.h"
#include "core/ask_quiet.h"
#include "core/ask_words.h"

enum { COLUMNS = 80 }; /* of a terminal that does not tell */

struct tty {
	struct ask base;
	int fd, wake_fd, epoll_fd;
	struct secret *key; /* where a typed byte arrives */
	bool stands;        /* a question does */
	bool unfinished;    /* keys were typed and dropped, and no Enter after them */
	bool stale;         /* the next Enter ends such a line: it is no answer */
	enum ask_kind kind;
	size_t min;
	size_t shown; /* characters, of prompt and answer; 0: no prompt */
	char prompt[WORDS_MAX];
	struct line line;
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

/* The characters of a row; the terminal wraps what is longer. */
static size_t columns(const struct tty *t)
{
	struct winsize w = {0};

	return ioctl(t->fd, TIOCGWINSZ, &w) == 0 && w.ws_col > 0 ? w.ws_col : COLUMNS;
}

/* n characters were written behind those shown.  After the last column some terminals
 * have wrapped and some wait for one more: a blank makes them equal. */
static void shown_more(struct tty *t, size_t n)
{
	t->shown += n;
	if (n > 0 && t->shown % columns(t) == 0)
		put_text(t, " \r");
}

static void draw(struct tty *t)
{
	const struct bytes prompt = {(const uint8_t *)t->prompt, strlen(t->prompt)};

	put_text(t, t->prompt);
	if (t->kind == ASK_CONFIRM)
		put(t, secret_view(t->line.text).p, secret_len(t->line.text));
	else
		put_times(t, "*", line_chars(&t->line));
	t->shown = 0;
	shown_more(t, line_count(prompt) + line_chars(&t->line));
}

/* Whatever rows the prompt takes, or the row where the cursor is. */
static void clear_line(struct tty *t)
{
	put_text(t, "\r");
	put_times(t, "\033[A", t->shown / columns(t));
	put_text(t, "\033[J");
	t->shown = 0;
}

static void rub_out(struct tty *t, size_t n)
{
	const size_t row = columns(t);

	if (t->shown < n || t->shown / row != (t->shown - n) / row) {
		clear_line(t);
		draw(t);
		return;
	}
	put_times(t, "\b \b", n);
	t->shown -= n;
}

/* A sentence in place of the prompt, the prompt below it. */
static void say(struct tty *t, const char *text)
{
	clear_line(t);
	words_put_line(t->fd, text);
	draw(t);
}

static void finish(struct tty *t)
{
	quiet_set_prompt(false);
	line_end(&t->line);
	t->stands = false;
	t->stale = false;
	t->shown = 0;
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

		t->unfinished = !line_starts_anew(key);
	}
	secret_buf(t->key)[0] = 0;
}

static void tty_withdraw(struct ask *a)
{
	struct tty *t = of(a);

	if (!t->stands)
		return;
	if (secret_len(t->line.text) > 0 || t->line.cut)
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
		e = quiet_wait_foreground(t->fd);
	if (e == OK)
		e = quiet_begin(t->fd, t->wake_fd);
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
	quiet_set_prompt(true);
	draw(t);
	return OK;
}

static int tty_fd(const struct ask *a)
{
	return ((const struct tty *)(const void *)a)->epoll_fd;
}

/* Stopped and continued, the program finds the cursor anywhere: the question once more.
 */
static enum err draw_again(struct tty *t)
{
	uint64_t times;
	bool again = false;

	while (read(t->wake_fd, &times, sizeof(times)) == (ssize_t)sizeof(times)) {
		const enum err e = quiet_wait_foreground(t->fd);
		if (e != OK)
			return e;
		again = true;
	}
	if (!again)
		return OK;
	const enum err e = quiet_begin(t->fd, t->wake_fd);
	if (e != OK)
		return e;
	t->shown = 0;
	clear_line(t);
	draw(t);
	return OK;
}

static enum err on_enter(struct tty *t, struct secret **ret_answer)
{
	char text[WORDS_MAX];

	t->unfinished = false;
	if (t->stale) {
		t->stale = false;
		(void)line_key(&t->line, 0x15); /* ^U */
		say(t,
		    "That line was begun before the question for the PIN, so nothing was "
		    "sent. Type the PIN now.");
		return ERR_TIMEOUT;
	}
	if (t->line.cut || secret_len(t->line.text) < t->min) {
		if (t->line.cut)
			words_too_long(t->line.max, text, sizeof(text));
		else
			words_too_short(t->min, text, sizeof(text));
		(void)line_key(&t->line, 0x15); /* ^U */
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
		shown_more(t, 1);
		break;
	case LINE_REMOVED:
	case LINE_CLEARED:
		rub_out(t, chars - line_chars(&t->line));
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
	enum err e = draw_again(t);
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

/* Who is told something may answer at once: no key shows from here on. */
static void tty_note(struct ask *a, const char *text)
{
	struct tty *t = of(a);

	(void)!quiet_begin(t->fd, t->wake_fd); /* a note in the background is said too */
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
	quiet_end(t->fd);
	close_fd(t->epoll_fd);
	close_fd(t->wake_fd);
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
	struct tty *t = calloc(1, sizeof(*t));

	if (!t)
		return ERR_NOMEM;
	t->base.ops = &ops;
	t->fd = open_terminal("/dev/tty");
	/* At boot there is no controlling terminal, but the console on standard input.  A
	 * job without any terminal has nobody to ask, and must not wait for one. */
	if (t->fd < 0 && isatty(STDIN_FILENO))
		t->fd = open_terminal("/dev/console");
	t->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	t->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	enum err e = secret_new(1, &t->key);
	if (e == OK && t->fd < 0)
		e = ERR_NOT_FOUND;
	if (e == OK && (t->wake_fd < 0 || t->epoll_fd < 0 || !watch(t, t->fd) ||
	                !watch(t, t->wake_fd)))
		e = ERR_IO;
	if (e != OK) {
		tty_close(&t->base);
		return e;
	}
	*ret = &t->base;
	return OK;
}
