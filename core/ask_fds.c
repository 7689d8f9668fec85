/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Answers from descriptors, a line each, read byte by byte so that the rest stays for
 * others. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/ask_words.h"

enum { LINE_CAP = 8192 };

/* A descriptor and the line that it has given so far. */
struct source {
	int fd; /* the caller's; -1: none */
	bool ended;
	struct secret *line; /* survives a withdraw; NULL until a question needs it */
};

struct fds {
	struct ask base;
	struct source pin;
	struct source passphrase;
	struct ask *next;    /* owned; may be NULL */
	struct source *from; /* of the question that stands; NULL: none, or next's */
	bool with_next;
	enum ask_kind kind;
	size_t min, max;
	enum ask_bytes bytes;
};

static struct fds *of(struct ask *a)
{
	return (struct fds *)(void *)a;
}

static const struct fds *of_const(const struct ask *a)
{
	return (const struct fds *)(const void *)a;
}

/* The source of a kind; -1 in it: none. */
static int fd_of_kind(const struct fds *f, enum ask_kind kind)
{
	if (ask_is_pin(kind))
		return f->pin.fd;
	return kind == ASK_CONFIRM ? -1 : f->passphrase.fd;
}

static void fds_withdraw(struct ask *a)
{
	struct fds *f = of(a);

	if (f->with_next)
		f->next->ops->withdraw(f->next);
	f->with_next = false;
	f->from = NULL;
}

static enum err fds_begin(struct ask *a, const struct ask_question *q)
{
	struct fds *f = of(a);

	fds_withdraw(a);
	if (fd_of_kind(f, q->kind) < 0) {
		if (!f->next)
			return ERR_UNSUPPORTED;
		const enum err e = f->next->ops->begin(f->next, q);
		f->with_next = e == OK;
		return e;
	}
	struct source *s = ask_is_pin(q->kind) ? &f->pin : &f->passphrase;
	if (!s->line && !s->ended) {
		const enum err e = secret_new(LINE_CAP, &s->line);
		if (e != OK)
			return e;
	}
	f->from = s;
	f->kind = q->kind;
	f->min = q->min;
	f->max = q->max;
	f->bytes = q->bytes;
	return OK;
}

static int fds_fd(const struct ask *a)
{
	const struct fds *f = of_const(a);

	if (f->with_next)
		return f->next->ops->fd(f->next);
	return f->from ? f->from->fd : -1;
}

static void source_end(struct source *s)
{
	s->ended = true;
	s->line = secret_free(s->line);
}

/* OK: s->line is whole. */
static enum err source_read(struct source *s)
{
	bool more = true;

	if (s->ended)
		return ERR_CANCELLED;
	while (more) {
		struct pollfd p = {.fd = s->fd, .events = POLLIN};
		const size_t n = secret_len(s->line);

		if (poll(&p, 1, 0) <= 0)
			return ERR_TIMEOUT;
		if (n == LINE_CAP || secret_set_len(s->line, n + 1) != OK) {
			source_end(s); /* where a line begins is no longer known */
			return ERR_USAGE;
		}
		uint8_t *b = secret_buf(s->line) + n;
		const ssize_t got = read(s->fd, b, 1);
		const int why = errno;
		if (got == 1 && *b != '\n')
			continue;
		enum err e = secret_set_len(s->line, n);
		if (e != OK)
			return e;
		if (got == 1)
			return OK;
		if (got < 0 && (why == EINTR || why == EAGAIN))
			return ERR_TIMEOUT;
		/* The end ends a last line without newline too. */
		s->ended = true;
		more = false;
		if (got < 0 || n == 0) {
			source_end(s);
			return ERR_CANCELLED;
		}
	}
	return OK;
}

/* Control characters are what a terminal takes for orders (ask_line.c).  All of it is
 * looked at: which byte it is stays unknown. */
static bool is_allowed(enum ask_bytes which, struct bytes b)
{
	const uint8_t least = which == ASK_TYPED ? 0x20 : which == ASK_NO_NUL ? 1 : 0;
	bool all = true;

	for (size_t i = 0; i < b.n; i++)
		all = all & (b.p[i] >= least) & (which != ASK_TYPED || b.p[i] != 0x7f);
	return all;
}

/* The line, as an answer. */
static enum err answer_of(const struct fds *f, struct bytes line, struct secret **ret)
{
	const bool pin = ask_is_pin(f->kind);

	if (pin && line.n > 0 && line.p[line.n - 1] == '\r')
		line.n--;
	if (pin && !is_allowed(f->bytes, line))
		return ERR_PIN_BYTES;
	if (line.n < f->min || line.n > f->max)
		return pin ? ERR_PIN_LENGTH : ERR_USAGE;
	return secret_copy(line, ret);
}

static enum err fds_step(struct ask *a, struct secret **ret_answer)
{
	struct fds *f = of(a);
	struct source *s = f->from;

	if (f->with_next) {
		const enum err e = f->next->ops->step(f->next, ret_answer);
		f->with_next = e == ERR_TIMEOUT;
		return e;
	}
	if (!s)
		return ERR_BUG;
	enum err e = source_read(s);
	if (e == ERR_TIMEOUT)
		return e;
	f->from = NULL;
	if (e == ERR_USAGE) /* too long for any question */
		return ask_is_pin(f->kind) ? ERR_PIN_LENGTH : ERR_USAGE;
	if (e != OK)
		return e;
	e = answer_of(f, secret_view(s->line), ret_answer);
	s->line = secret_free(s->line);
	return e;
}

static void fds_note(struct ask *a, const char *text)
{
	struct fds *f = of(a);
	char line[WORDS_MAX];

	if (f->next) {
		f->next->ops->note(f->next, text);
		return;
	}
	words_clean(text, line, sizeof(line));
	(void)fprintf(stderr, "%s\n", line);
}

static bool fds_interactive(const struct ask *a, enum ask_kind kind)
{
	const struct fds *f = of_const(a);

	return fd_of_kind(f, kind) < 0 && f->next &&
	       f->next->ops->interactive(f->next, kind);
}

static void fds_close(struct ask *a)
{
	struct fds *f = of(a);

	fds_withdraw(a);
	f->pin.line = secret_free(f->pin.line);
	f->passphrase.line = secret_free(f->passphrase.line);
	f->next = ask_close(f->next);
	free(f);
}

enum err ask_open_fds(int pin_fd, int passphrase_fd, struct ask *next, struct ask **ret)
{
	static const struct ask_ops ops = {
	        .name = "fds",
	        .begin = fds_begin,
	        .fd = fds_fd,
	        .step = fds_step,
	        .withdraw = fds_withdraw,
	        .note = fds_note,
	        .interactive = fds_interactive,
	        .close = fds_close,
	};
	struct fds *f = calloc(1, sizeof(*f));

	if (!f)
		return ERR_NOMEM;
	f->base.ops = &ops;
	f->pin.fd = pin_fd;
	f->passphrase.fd = passphrase_fd;
	f->next = next;
	*ret = &f->base;
	return OK;
}
