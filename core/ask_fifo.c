/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A named pipe that is read line by line, whoever opens and closes its other end. */
#include "core/ask_fifo.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	LINE_CAP = 8192,
	DROP_MAX = 1024 * 1024, /* a pipe holds less, but its writer may go on */
};

struct fifo {
	char path[PATH_MAX];
	int fd, epoll_fd;
	bool made;           /* by us */
	bool pin;            /* the question that stands is for one */
	bool stale;          /* the line that is being written was begun before it */
	bool too_long;       /* the line that is being written */
	struct secret *line; /* what has come of it */
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd); /* only read */
	*fd = -1;
}

/* Ours alone: who may write there may answer for the person. */
static enum err open_pipe(const char *path, int *ret)
{
	struct stat st;
	const int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return errno == ELOOP ? ERR_REFUSED : err_from_errno(errno);
	if (fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode) && st.st_uid == geteuid() &&
	    (st.st_mode & 077) == 0) {
		*ret = fd;
		return OK;
	}
	(void)close(fd); /* nothing was read */
	return ERR_REFUSED;
}

/* A pipe whose writer is gone hangs up for ever: only a new descriptor waits for the
 * next.  It is opened before the old one is closed, so that no writer finds nobody. */
static enum err open_anew(struct fifo *f)
{
	struct epoll_event ev = {.events = EPOLLIN};
	int fd = -1;

	const enum err e = open_pipe(f->path, &fd);
	close_fd(&f->fd); /* epoll forgets it */
	if (e != OK)
		return e;
	f->fd = fd;
	return epoll_ctl(f->epoll_fd, EPOLL_CTL_ADD, fd, &ev) == 0 ? OK : ERR_IO;
}

enum err fifo_open(const char *path, struct fifo **ret)
{
	const size_t n = strlen(path);
	struct fifo *f = calloc(1, sizeof(*f));

	if (!f)
		return ERR_NOMEM;
	f->fd = -1;
	f->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	enum err e = secret_new(LINE_CAP, &f->line);
	if (e == OK && (f->epoll_fd < 0 || n >= sizeof(f->path)))
		e = ERR_IO;
	if (e == OK) {
		memcpy(f->path, path, n);
		f->made = mkfifo(path, 0600) == 0;
		if (!f->made && errno != EEXIST)
			e = err_from_errno(errno);
	}
	if (e == OK)
		e = open_anew(f);
	if (e != OK) {
		(void)fifo_free(f);
		return e;
	}
	*ret = f;
	return OK;
}

struct fifo *fifo_free(struct fifo *f)
{
	if (!f)
		return NULL;
	close_fd(&f->fd);
	close_fd(&f->epoll_fd);
	if (f->made)
		(void)unlink(f->path); /* gone already, or as good as */
	f->line = secret_free(f->line);
	free(f);
	return NULL;
}

int fifo_fd(const struct fifo *f)
{
	return f->epoll_fd;
}

/* --- lines --- */

enum got { GOT_NOTHING, GOT_BYTE, GOT_NEWLINE, GOT_END };

static void start_line(struct fifo *f)
{
	(void)!secret_set_len(f->line, 0); /* shrinking cannot fail */
	f->stale = false;
	f->too_long = false;
}

/* The next byte, appended to the line; one that does not fit makes it too long. */
static enum got next_byte(struct fifo *f)
{
	struct pollfd p = {.fd = f->fd, .events = POLLIN};
	size_t n = secret_len(f->line);

	/* Before its first writer a read would report an end. */
	if (f->fd < 0 || poll(&p, 1, 0) <= 0)
		return GOT_NOTHING;
	if (n == LINE_CAP) {
		f->too_long = true;
		n = 0;
	}
	(void)!secret_set_len(f->line, n);
	if (secret_set_len(f->line, n + 1) != OK)
		return GOT_NOTHING;
	uint8_t *b = secret_buf(f->line) + n;
	const ssize_t got = read(f->fd, b, 1);
	const int why = errno;
	const bool keep = got == 1 && *b != '\n';
	if (!keep)
		(void)!secret_set_len(f->line, n); /* shrinking cannot fail */
	if (got == 1)
		return keep ? GOT_BYTE : GOT_NEWLINE;
	return got < 0 && (why == EAGAIN || why == EINTR) ? GOT_NOTHING : GOT_END;
}

/* Is somebody at the other end?  To be called when nothing is left to read. */
static bool has_writer(struct fifo *f)
{
	if (f->fd < 0 || secret_set_len(f->line, 1) != OK)
		return false;
	const ssize_t got = read(f->fd, secret_buf(f->line), 1);
	(void)!secret_set_len(f->line, 0); /* shrinking cannot fail */
	return got != 0;
}

static enum err drop_written(struct fifo *f)
{
	for (size_t i = 0; i < DROP_MAX; i++) {
		const enum got g = next_byte(f);

		if (g == GOT_END) {
			start_line(f);
			return open_anew(f);
		}
		if (g == GOT_NOTHING)
			break;
	}
	start_line(f);
	f->stale = has_writer(f);
	return f->fd < 0 ? ERR_NOT_FOUND : OK;
}

enum err fifo_begin(struct fifo *f, bool pin)
{
	const bool was_pin = f->pin;

	f->pin = pin;
	if (pin)
		return drop_written(f);
	/* What was begun for a PIN that is no longer wanted is no passphrase either. */
	if (was_pin && secret_len(f->line) > 0)
		f->stale = true;
	return f->fd < 0 ? ERR_NOT_FOUND : OK;
}

/* A whole line lies in f->line. */
static enum err line_done(struct fifo *f, struct secret **ret_line)
{
	enum err e = f->stale      ? ERR_CANCELLED
	             : f->too_long ? ERR_FORMAT
	                           : secret_copy(secret_view(f->line), ret_line);

	start_line(f);
	return e;
}

enum err fifo_step(struct fifo *f, struct secret **ret_line)
{
	/* Bounded: who never stops writing must not keep the others waiting. */
	for (size_t i = 0; i < LINE_CAP; i++) {
		const enum got g = next_byte(f);

		if (g == GOT_NOTHING)
			return f->fd < 0 ? ERR_NOT_FOUND : ERR_TIMEOUT;
		if (g == GOT_NEWLINE)
			return line_done(f, ret_line);
		if (g != GOT_END)
			continue;
		const bool empty = secret_len(f->line) == 0 && !f->too_long;
		const enum err e = open_anew(f);
		if (e != OK)
			return e;
		/* Who opens it and writes nothing has not said anything. */
		if (!empty)
			return line_done(f, ret_line);
		start_line(f);
	}
	return ERR_TIMEOUT;
}
