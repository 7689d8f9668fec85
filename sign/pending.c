/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of what is pending: read, added to, cut down, always whole. */
#include "sign/pending.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/file.h"

#define NAME       "pending"
#define ASKED_NAME "asked"
#define LOCK_NAME  "lock"
#define HEAD       "bootlatch pending 1\n"

enum { FOLDER_MODE = 0700, FILE_MODE = 0600, LOCK_LOOK_MS = 20 };

static const char no_when[] = "1970-01-01T00:00:00.000000000Z";

/* --- one line --- */

static bool is_word(struct bytes b)
{
	for (size_t i = 0; i < b.n; i++) {
		const uint8_t c = b.p[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-')
			return false;
	}
	return b.n > 0 && b.n < PENDING_BY_MAX;
}

static bool is_shown(uint8_t c)
{
	return c >= 0x20 && c <= 0x7e;
}

static bool is_printable(struct bytes b)
{
	for (size_t i = 0; i < b.n; i++)
		if (!is_shown(b.p[i]))
			return false;
	return b.n > 0 && b.n < PENDING_WHAT_MAX && b.p[0] != ' ';
}

static bool is_when(struct bytes b)
{
	static const char shape[] = "0000-00-00T00:00:00.000000000Z";

	for (size_t i = 0; i < b.n && i < sizeof(shape) - 1; i++)
		if (shape[i] == '0' ? b.p[i] < '0' || b.p[i] > '9'
		                    : b.p[i] != (uint8_t)shape[i])
			return false;
	return b.n == sizeof(shape) - 1;
}

static void copy(char *out, struct bytes b)
{
	memcpy(out, b.p, b.n);
	out[b.n] = '\0';
}

static void now_text(char out[static PENDING_WHEN_MAX])
{
	struct timespec t = {0};
	struct tm tm = {0};
	char front[32] = "", all[48];

	(void)clock_gettime(CLOCK_REALTIME, &t); /* cannot fail for this clock */
	if (gmtime_r(&t.tv_sec, &tm))
		(void)strftime(front, sizeof(front), "%Y-%m-%dT%H:%M:%S", &tm);
	(void)snprintf(all, sizeof(all), "%s.%09ldZ", front, t.tv_nsec);
	copy(out, is_when(bytes_of(all)) ? bytes_of(all) : bytes_of(no_when));
}

static bool same_line(const struct pending_line *a, const struct pending_line *b)
{
	return strcmp(a->when, b->when) == 0 && strcmp(a->by, b->by) == 0 &&
	       strcmp(a->what, b->what) == 0;
}

static void drop(struct pending *p, size_t i)
{
	p->n--;
	memmove(&p->line[i], &p->line[i + 1], (p->n - i) * sizeof(p->line[0]));
}

static struct pending_line *append(struct pending *p)
{
	if (p->n == PENDING_MAX) {
		drop(p, 0);
		copy(p->line[0].by, bytes_of("bootlatch"));
		copy(p->line[0].what, bytes_of("earlier changes"));
	}
	p->line[p->n] = (struct pending_line){0};
	return &p->line[p->n++];
}

static void line_write(struct buffer *out, const struct pending_line *l)
{
	buffer_format(out, "%s %s %s\n", l->when, l->by, l->what);
}

/* --- the file --- */

/* Cuts off *in what stands before `end`, and that. */
static enum err take_to(struct bytes *in, uint8_t end, struct bytes *ret)
{
	const uint8_t *at = in->n > 0 ? memchr(in->p, end, in->n) : NULL;
	struct bytes unused;

	if (!at)
		return ERR_FORMAT;
	enum err e = bytes_take(in, (size_t)(at - in->p), ret);
	if (e == OK)
		e = bytes_take(in, 1, &unused);
	return e;
}

enum err pending_parse(struct bytes in, struct pending *ret)
{
	struct pending p = {0};
	struct bytes line, when, by, head;

	if (bytes_take(&in, strlen(HEAD), &head) != OK ||
	    !bytes_equal(head, bytes_of(HEAD)))
		return ERR_FORMAT;
	while (in.n > 0) {
		enum err e = take_to(&in, '\n', &line);
		if (e == OK)
			e = take_to(&line, ' ', &when);
		if (e == OK)
			e = take_to(&line, ' ', &by);
		if (e != OK || !is_when(when) || !is_word(by) || !is_printable(line) ||
		    p.n == PENDING_MAX)
			return ERR_FORMAT;
		struct pending_line *l = append(&p);
		copy(l->when, when);
		copy(l->by, by);
		copy(l->what, line);
	}
	if (p.n == 0)
		return ERR_FORMAT;
	*ret = p;
	return OK;
}

static enum err read_at(int dir, struct pending *ret)
{
	struct pending p = {0};
	uint8_t *text = NULL;
	size_t n = 0;

	enum err e = file_read(dir, NAME, PENDING_FILE_MAX, &text, &n);
	if (e == OK)
		e = pending_parse((struct bytes){text, n}, &p);
	free(text);
	if (e == ERR_FORMAT) {
		p.n = 0;
		struct pending_line *l = append(&p);
		copy(l->when, bytes_of(no_when));
		copy(l->by, bytes_of("bootlatch"));
		copy(l->what, bytes_of("what was noted cannot be read any more"));
	}
	if (e != OK && e != ERR_FORMAT && e != ERR_NOT_FOUND)
		return e;
	*ret = p;
	return OK;
}

void pending_write(const struct pending *p, struct buffer *out)
{
	buffer_text(out, HEAD);
	for (size_t i = 0; i < p->n; i++)
		line_write(out, &p->line[i]);
}

static enum err write_at(int dir, const struct pending *p)
{
	AUTO_BUFFER out = {0};

	pending_write(p, &out);
	const enum err e = buffer_ok(&out);
	return e == OK ? file_publish(dir, NAME, buffer_bytes(&out), FILE_MODE) : e;
}

/* -1: not locked, which loses a line of another one's at worst; a hook cannot wait on. */
static int lock(int dir)
{
	const int64_t end = clock_ms() + PENDING_LOCK_MS;
	const int fd =
	        openat(dir, LOCK_NAME,
	               O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);

	while (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0) {
		const struct timespec pause = {.tv_nsec = LOCK_LOOK_MS * 1000000L};

		if (errno != EWOULDBLOCK || clock_ms() >= end) {
			(void)close(fd); /* not written to */
			return -1;
		}
		(void)nanosleep(&pause, NULL);
	}
	return fd;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		(void)close(fd); /* not written to; lets go of the lock */
}

enum err pending_record(const char *folder, const char *by, const char *what)
{
	struct pending p = {0};
	char clean[PENDING_WHAT_MAX] = "";
	int dir = -1;

	if (!is_word(bytes_of(by)))
		return ERR_USAGE;
	what += strspn(what, " ");
	for (size_t i = 0; what[i] != '\0' && i + 1 < sizeof(clean); i++)
		if (is_shown((uint8_t)what[i]))
			clean[i] = what[i];
		else
			clean[i] = '?';
	enum err e = dir_make_path(folder, FOLDER_MODE, &dir);
	if (e != OK)
		return e;
	const int locked = lock(dir);
	if (locked >= 0)
		(void)file_sweep(dir, NAME); /* only wastes room when it fails */
	e = read_at(dir, &p);
	for (size_t i = 0; e == OK && i < p.n; i++)
		if (strcmp(p.line[i].by, by) == 0 && strcmp(p.line[i].what, clean) == 0)
			drop(&p, i--);
	if (e == OK) {
		struct pending_line *l = append(&p);
		now_text(l->when);
		copy(l->by, bytes_of(by));
		copy(l->what, *clean ? bytes_of(clean) : bytes_of("changed"));
		e = write_at(dir, &p);
	}
	close_fd(locked);
	close_fd(dir);
	return e;
}

/* A folder that is not there holds nothing. */
static enum err open_folder(const char *folder, int *ret)
{
	*ret = -1;
	const enum err e = dir_open(folder, ret);
	return e == ERR_NOT_FOUND ? OK : e;
}

enum err pending_read(const char *folder, struct pending *ret)
{
	struct pending p = {0};
	int dir = -1;

	enum err e = open_folder(folder, &dir);
	if (e == OK && dir >= 0)
		e = read_at(dir, &p);
	close_fd(dir);
	if (e == OK)
		*ret = p;
	return e;
}

enum err pending_clear(const char *folder, const struct pending *before)
{
	struct pending p = {0};
	size_t had = 0;
	int dir = -1;

	enum err e = open_folder(folder, &dir);
	if (e != OK || dir < 0)
		return e;
	const int locked = lock(dir);
	e = read_at(dir, &p);
	had = p.n;
	for (size_t k = 0; e == OK && k < before->n; k++)
		for (size_t i = 0; i < p.n; i++)
			if (same_line(&p.line[i], &before->line[k]))
				drop(&p, i--);
	if (e == OK && p.n == 0 && had > 0)
		e = file_remove(dir, NAME);
	else if (e == OK && p.n < had)
		e = write_at(dir, &p);
	close_fd(locked);
	close_fd(dir);
	return e;
}

/* --- asked for --- */

static void asked_text(const struct pending *p, struct buffer *out)
{
	if (p->n > 0)
		line_write(out, &p->line[p->n - 1]);
}

bool pending_was_asked(const char *folder, const struct pending *p)
{
	AUTO_BUFFER want = {0};
	uint8_t *text = NULL;
	size_t n = 0;
	bool asked = false;
	int dir = -1;

	asked_text(p, &want);
	if (dir_open(folder, &dir) == OK &&
	    file_read(dir, ASKED_NAME, PENDING_FILE_MAX, &text, &n) == OK)
		asked = buffer_ok(&want) == OK &&
		        bytes_equal((struct bytes){text, n}, buffer_bytes(&want));
	free(text);
	close_fd(dir);
	return asked;
}

enum err pending_set_asked(const char *folder, const struct pending *p)
{
	AUTO_BUFFER out = {0};
	int dir = -1;

	asked_text(p, &out);
	enum err e = buffer_ok(&out);
	if (e == OK)
		e = dir_make_path(folder, FOLDER_MODE, &dir);
	if (e == OK)
		e = file_publish(dir, ASKED_NAME, buffer_bytes(&out), FILE_MODE);
	close_fd(dir);
	return e;
}

/* --- told --- */

void pending_words(const struct pending *p, size_t max, char *out, size_t cap)
{
	size_t told = 0, n = 0;

	out[0] = '\0';
	for (size_t i = p->n; i > 0 && told < max; i--, told++) {
		const struct pending_line *l = &p->line[i - 1];
		char one[PENDING_BY_MAX + PENDING_WHAT_MAX + 8];

		const int len = snprintf(one, sizeof(one), "%s%s: %s",
		                         told > 0 ? "; " : "", l->by, l->what);
		if (len < 0 || (size_t)len >= cap - n)
			break;
		memcpy(out + n, one, (size_t)len + 1);
		n += (size_t)len;
	}
	if (told < p->n)
		(void)snprintf(out + n, cap - n, "%s%zu more", told > 0 ? "; and " : "",
		               p->n - told);
}
