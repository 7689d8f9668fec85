/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One question, several ways to answer it: whichever is first. */
#include "core/ask_boot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "core/ask_fifo.h"
#include "core/ask_plymouth.h"
#include "core/ask_words.h"

enum by { BY_NONE, BY_PLYMOUTH, BY_TTY };

struct boot {
	struct ask base;
	struct ask_boot_ways ways;
	int epoll_fd;
	int console_fd; /* -1: there is none */
	struct plymouth *plymouth;
	struct ask *tty;
	struct fifo *fifo;
	enum by by;     /* who draws the question that stands, or drew the last one */
	bool with_fifo; /* the pipe may answer it too */
	bool stands;
	struct ask_question q; /* with the two strings below */
	char about[WORDS_MAX], hint[WORDS_MAX];
};

static struct boot *of(struct ask *a)
{
	return (struct boot *)(void *)a;
}

static const struct boot *of_const(const struct ask *a)
{
	return (const struct boot *)(const void *)a;
}

/* --- what is polled: the ways at which a question stands, and the terminal also while
 * none does: a key there may end a wait --- */

static bool watch(const struct boot *b, int fd)
{
	struct epoll_event ev = {.events = EPOLLIN};

	return epoll_ctl(b->epoll_fd, EPOLL_CTL_ADD, fd, &ev) == 0 || errno == EEXIST;
}

static void unwatch(const struct boot *b, int fd)
{
	struct epoll_event ev = {0};

	(void)epoll_ctl(b->epoll_fd, EPOLL_CTL_DEL, fd, &ev); /* was not: fine */
}

static void leave_plymouth(struct boot *b)
{
	unwatch(b, plymouth_fd(b->plymouth));
	b->by = BY_NONE;
}

static void lose_plymouth(struct boot *b)
{
	leave_plymouth(b);
	b->plymouth = plymouth_free(b->plymouth);
}

static void leave_tty(struct boot *b)
{
	unwatch(b, b->tty->ops->fd(b->tty));
	b->by = BY_NONE;
}

static void leave_fifo(struct boot *b)
{
	if (b->with_fifo)
		unwatch(b, fifo_fd(b->fifo));
	b->with_fifo = false;
}

/* The terminal's descriptor is itself one to wait on: it tells a hang-up from keys. */
static bool tty_is_gone(const struct boot *b)
{
	struct epoll_event ev[2];
	const int n = epoll_wait(b->tty->ops->fd(b->tty), ev, 2, 0);

	for (int i = 0; i < n; i++)
		if (ev[i].events & (EPOLLHUP | EPOLLERR))
			return true;
	return false;
}

/* --- a question --- */

static void remember(struct boot *b, const struct ask_question *q)
{
	b->q = *q;
	if (q->about) {
		words_clean(q->about, b->about, sizeof(b->about));
		b->q.about = b->about;
	}
	if (q->hint) {
		words_clean(q->hint, b->hint, sizeof(b->hint));
		b->q.hint = b->hint;
	}
}

static enum err begin_on_tty(struct boot *b)
{
	if (!b->tty)
		return ERR_UNSUPPORTED;
	const enum err e = b->tty->ops->begin(b->tty, &b->q);
	if (e != OK && tty_is_gone(b)) {
		b->tty = ask_close(b->tty);
		return ERR_UNSUPPORTED;
	}
	if (e != OK)
		return e;
	b->by = BY_TTY;
	return watch(b, b->tty->ops->fd(b->tty)) ? OK : ERR_IO;
}

static enum err begin_on_screen(struct boot *b)
{
	/* It may have been started, or started anew, since the last question. */
	if (!b->plymouth && plymouth_open(b->ways.plymouth, &b->plymouth) == ERR_NOMEM)
		return ERR_NOMEM;
	if (b->plymouth) {
		if (plymouth_begin(b->plymouth, &b->q) == OK &&
		    watch(b, plymouth_fd(b->plymouth))) {
			if (b->tty) /* the splash has its keys */
				unwatch(b, b->tty->ops->fd(b->tty));
			b->by = BY_PLYMOUTH;
			return OK;
		}
		lose_plymouth(b);
	}
	return begin_on_tty(b);
}

static void begin_at_fifo(struct boot *b)
{
	/* Nobody confirms words that he does not see. */
	if (!b->fifo || b->q.kind == ASK_CONFIRM)
		return;
	if (fifo_begin(b->fifo, ask_is_pin(b->q.kind)) == OK)
		b->with_fifo = watch(b, fifo_fd(b->fifo));
	else
		b->fifo = fifo_free(b->fifo);
}

static void boot_withdraw(struct ask *a)
{
	struct boot *b = of(a);

	if (!b->stands)
		return;
	if (b->by == BY_PLYMOUTH)
		unwatch(b, plymouth_fd(b->plymouth));
	if (b->by == BY_TTY)
		b->tty->ops->withdraw(b->tty);
	leave_fifo(b);
	b->stands = false;
}

static enum err boot_begin(struct ask *a, const struct ask_question *q)
{
	struct boot *b = of(a);

	boot_withdraw(a);
	remember(b, q);
	b->by = BY_NONE;
	const enum err e = begin_on_screen(b);
	begin_at_fifo(b);
	if (e != OK && !b->with_fifo)
		return e;
	b->stands = true;
	return OK;
}

static int boot_fd(const struct ask *a)
{
	return of_const(a)->epoll_fd;
}

static void boot_note(struct ask *a, const char *text)
{
	const struct boot *b = of(a);

	if (b->plymouth)
		plymouth_note(b->plymouth, text);
	/* While plymouth has the terminal its modes are left alone. */
	if (b->tty && (!b->plymouth || b->by == BY_TTY))
		b->tty->ops->note(b->tty, text);
	else if (b->console_fd >= 0)
		words_put_line(b->console_fd, text);
}

/* ERR_TIMEOUT: the question stands on, here or elsewhere. */
static enum err step_on_screen(struct boot *b, struct secret **ret)
{
	enum err e = ERR_TIMEOUT;

	if (b->by == BY_PLYMOUTH) {
		e = plymouth_step(b->plymouth, ret);
		if (e == ERR_UNSUPPORTED)
			leave_plymouth(b);
		else if (e == ERR_NOT_FOUND)
			lose_plymouth(b);
		else
			return e;
		e = begin_on_tty(b);
		return e == OK || e == ERR_UNSUPPORTED ? ERR_TIMEOUT : e;
	}
	if (b->by == BY_TTY) {
		e = b->tty->ops->step(b->tty, ret);
		if (e != OK && e != ERR_TIMEOUT && tty_is_gone(b)) {
			leave_tty(b);
			b->tty = ask_close(b->tty);
			e = ERR_TIMEOUT;
		}
	}
	return e;
}

/* A line came through the pipe. */
static enum err take_line(struct boot *b, struct secret *line, struct secret **ret)
{
	const bool pin = ask_is_pin(b->q.kind);
	struct bytes text = secret_view(line);
	char why[WORDS_MAX];

	if (pin && text.n > 0 && (b->q.again || b->q.tries_left == 1)) {
		boot_note(&b->base, words_pipe_last_try);
		if (b->q.min > 0)
			return ERR_TIMEOUT;
		text.n = 0;
	}
	if (pin && text.n > 0 && text.p[text.n - 1] == '\r')
		text.n--;
	if (text.n < b->q.min || text.n > b->q.max) {
		words_length(b->q.min, b->q.max, why, sizeof(why));
		boot_note(&b->base, why);
		return ERR_TIMEOUT;
	}
	return secret_copy(text, ret);
}

static enum err step_at_fifo(struct boot *b, struct secret **ret)
{
	AUTO_SECRET *line = NULL;
	char why[WORDS_MAX];

	const enum err e = fifo_step(b->fifo, &line);
	switch (e) {
	case OK:
		return take_line(b, line, ret);
	case ERR_TIMEOUT:
		return e;
	case ERR_CANCELLED:
		boot_note(&b->base, ask_is_pin(b->q.kind) ? words_pipe_begun_before
		                                          : words_not_for_this);
		return ERR_TIMEOUT;
	case ERR_FORMAT:
		words_length(b->q.min, b->q.max, why, sizeof(why));
		boot_note(&b->base, why);
		return ERR_TIMEOUT;
	default: /* somebody removed the pipe */
		leave_fifo(b);
		b->fifo = fifo_free(b->fifo);
		return ERR_TIMEOUT;
	}
}

static enum err boot_step(struct ask *a, struct secret **ret_answer)
{
	struct boot *b = of(a);

	if (!b->stands)
		return ERR_BUG;
	enum err e = step_on_screen(b, ret_answer);
	if (e == ERR_TIMEOUT && b->with_fifo)
		e = step_at_fifo(b, ret_answer);
	if (e == ERR_TIMEOUT && b->by == BY_NONE && !b->with_fifo)
		e = ERR_CANCELLED;
	if (e != ERR_TIMEOUT)
		boot_withdraw(a);
	return e;
}

static bool boot_interactive(const struct ask *a, enum ask_kind kind)
{
	const struct boot *b = of_const(a);

	return b->plymouth || b->tty || (b->fifo && kind != ASK_CONFIRM);
}

static void boot_close(struct ask *a)
{
	struct boot *b = of(a);

	boot_withdraw(a);
	b->plymouth = plymouth_free(b->plymouth);
	b->tty = ask_close(b->tty);
	b->fifo = fifo_free(b->fifo);
	if (b->console_fd >= 0)
		(void)close(b->console_fd); /* nothing is buffered */
	if (b->epoll_fd >= 0)
		(void)close(b->epoll_fd); /* holds nothing */
	free(b);
}

/* What is not there, or not as it should be, is left out. */
static enum err open_ways(struct boot *b)
{
	const enum err e[] = {
	        plymouth_open(b->ways.plymouth, &b->plymouth),
	        ask_open_tty(&b->tty),
	        fifo_open(b->ways.fifo, &b->fifo),
	};

	for (size_t i = 0; i < sizeof(e) / sizeof(e[0]); i++)
		if (e[i] == ERR_NOMEM)
			return ERR_NOMEM;
	if (b->tty && !b->plymouth && !watch(b, b->tty->ops->fd(b->tty)))
		return ERR_IO;
	return b->plymouth || b->tty || b->fifo ? OK : ERR_NOT_FOUND;
}

enum err ask_open_boot_ways(const struct ask_boot_ways *w, struct ask **ret)
{
	static const struct ask_ops ops = {
	        .name = "boot",
	        .begin = boot_begin,
	        .fd = boot_fd,
	        .step = boot_step,
	        .withdraw = boot_withdraw,
	        .note = boot_note,
	        .interactive = boot_interactive,
	        .close = boot_close,
	};
	struct boot *b = calloc(1, sizeof(*b));

	if (!b)
		return ERR_NOMEM;
	b->base.ops = &ops;
	b->ways = *w;
	b->console_fd = open(w->console, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	b->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	const enum err e = b->epoll_fd < 0 ? ERR_IO : open_ways(b);
	if (e != OK) {
		boot_close(&b->base);
		return e;
	}
	*ret = &b->base;
	return OK;
}

enum err ask_open_boot(struct ask **ret)
{
	static const struct ask_boot_ways ways = {
	        .plymouth = "/org/freedesktop/plymouthd",
	        .fifo = "/lib/cryptsetup/passfifo",
	        .console = "/dev/console",
	};

	return ask_open_boot_ways(&ways, ret);
}
