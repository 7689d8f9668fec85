/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cpio archives walked as they stream by: nothing is extracted. */
#include "cli/cpio.h"
#include "core/clock.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum {
	CHUNK = 32 * 1024,
	FIRST_MAX = 64 * 1024,
	HEAD = 110,
	NAME_BYTES_MAX = 4096,
	FILE_SIZE_AT = 54, /* in the head: 8 hexadecimal digits each */
	NAME_SIZE_AT = 94,
	MAGIC = 6,
	ENTRIES_MAX = 1000 * 1000,
};

struct in {
	int fd;
	int64_t until_ms;
	uint64_t offset; /* of the next byte */
	size_t at, len;
	uint8_t buf[CHUNK], first[FIRST_MAX];
};

/* At least n bytes are in the buffer; ERR_NOT_FOUND: it ends before. */
static enum err fill(struct in *in, size_t n)
{
	if (in->len - in->at >= n)
		return OK;
	memmove(in->buf, in->buf + in->at, in->len - in->at);
	in->len -= in->at;
	in->at = 0;
	while (in->len < n) {
		struct pollfd p = {.fd = in->fd, .events = POLLIN};
		const int64_t left = in->until_ms - clock_ms();

		if (left <= 0 || poll(&p, 1, (int)(left < 60000 ? left : 60000)) == 0)
			return ERR_TIMEOUT;
		const ssize_t got =
		        read(in->fd, in->buf + in->len, sizeof(in->buf) - in->len);
		if (got < 0 && errno != EINTR)
			return err_from_errno(errno);
		if (got == 0)
			return ERR_NOT_FOUND;
		in->len += got > 0 ? (size_t)got : 0;
	}
	return OK;
}

/* The next bytes, at most n and at least one; ERR_FORMAT: it ends here. */
static enum err some(struct in *in, uint64_t n, struct bytes *ret)
{
	const enum err e = fill(in, 1);

	if (e != OK)
		return e == ERR_NOT_FOUND ? ERR_FORMAT : e;
	const size_t have = in->len - in->at, m = n < have ? (size_t)n : have;
	*ret = (struct bytes){in->buf + in->at, m};
	in->at += m;
	in->offset += m;
	return OK;
}

static enum err skip(struct in *in, uint64_t n)
{
	struct bytes b;

	while (n > 0) {
		const enum err e = some(in, n, &b);
		if (e != OK)
			return e;
		n -= b.n;
	}
	return OK;
}

/* Exactly n bytes, which the buffer can hold. */
static enum err exactly(struct in *in, size_t n, struct bytes *ret)
{
	const enum err e = fill(in, n);

	if (e != OK)
		return e == ERR_NOT_FOUND ? ERR_FORMAT : e;
	return some(in, n, ret);
}

static bool hex_at(struct bytes head, size_t at, uint32_t *ret)
{
	struct bytes skipped, digits;
	uint32_t v = 0;

	if (bytes_take(&head, at, &skipped) != OK || bytes_take(&head, 8, &digits) != OK)
		return false;
	for (size_t i = 0; i < digits.n; i++) {
		const uint8_t c = digits.p[i];
		const int d = c >= '0' && c <= '9'   ? c - '0'
		              : c >= 'a' && c <= 'f' ? c - 'a' + 10
		              : c >= 'A' && c <= 'F' ? c - 'A' + 10
		                                     : -1;
		if (d < 0)
			return false;
		v = v << 4 | (uint32_t)d;
	}
	*ret = v;
	return true;
}

static uint64_t padding(uint64_t n)
{
	return (4 - n % 4) % 4;
}

/* --- files --- */

static void drop_front(struct bytes *name, const char *front)
{
	const size_t n = strlen(front);
	struct bytes skipped;

	if (name->n >= n && memcmp(name->p, front, n) == 0)
		(void)!bytes_take(name, n, &skipped); /* there are as many */
}

static bool is_packed(struct bytes behind)
{
	static const char *const ends[] = {"", ".xz", ".zst", ".gz"};

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (bytes_equal(behind, bytes_of(ends[i])))
			return true;
	return false;
}

static bool is_meant(const struct cpio_want *w, struct bytes name)
{
	const struct bytes what = bytes_of(w->name);
	struct bytes rest = name, front = {NULL, 0};

	switch (w->match) {
	case CPIO_THIS:
		return bytes_equal(name, what);
	case CPIO_BASE:
		return name.n >= what.n &&
		       bytes_take(&rest, name.n - what.n, &front) == OK &&
		       bytes_equal(rest, what) &&
		       (front.n == 0 || front.p[front.n - 1] == '/');
	case CPIO_BELOW:
		return bytes_take(&rest, what.n, &front) == OK &&
		       bytes_equal(front, what) && rest.n > 1 && rest.p[0] == '/';
	case CPIO_PACKED:
		return bytes_take(&rest, what.n, &front) == OK &&
		       bytes_equal(front, what) && is_packed(rest);
	}
	return false;
}

/* The one whose body matters; all others that mean this entry have it by its name. */
static struct cpio_want *wanted(struct bytes name, struct cpio_want *want, size_t n)
{
	struct cpio_want *found = NULL;

	drop_front(&name, "./");
	drop_front(&name, "/");
	drop_front(&name, "usr/");
	for (size_t i = 0; i < n; i++) {
		if (!is_meant(&want[i], name))
			continue;
		if (want[i].match != CPIO_THIS)
			want[i].found = want[i].good = true;
		else if (!found)
			found = &want[i];
	}
	return found;
}

static enum err compare(struct in *in, uint32_t size, struct cpio_want *w)
{
	struct bytes left = w->content, part, b;

	w->good = size == left.n;
	while (size > 0) {
		const enum err e = some(in, size, &b);
		if (e != OK)
			return e;
		size -= (uint32_t)b.n;
		w->good = w->good && bytes_take(&left, b.n, &part) == OK &&
		          bytes_equal(part, b);
	}
	return OK;
}

static enum err judge(struct in *in, uint32_t size, struct cpio_want *w)
{
	struct writer first = {in->first, sizeof(in->first), 0, false};
	struct bytes b;

	while (size > 0) {
		const enum err e = some(in, size, &b);
		if (e != OK)
			return e;
		size -= (uint32_t)b.n;
		put_bytes(&first, b.p, b.n);
	}
	w->good = w->fits(w->ctx, (struct bytes){first.p, first.n});
	return OK;
}

static enum err body(struct in *in, uint32_t size, struct cpio_want *w)
{
	enum err e = OK;

	if (w)
		w->found = true;
	if (w && w->compare)
		e = compare(in, size, w);
	else if (w && w->fits)
		e = judge(in, size, w);
	else
		e = skip(in, size);
	if (e == OK && w && !w->compare && !w->fits)
		w->good = true;
	return e == OK ? skip(in, padding(size)) : e;
}

static enum err entry(struct in *in, struct cpio_want *want, size_t n)
{
	uint32_t size = 0, name_size = 0;
	struct bytes b;

	enum err e = exactly(in, HEAD, &b);
	if (e != OK)
		return e;
	if (!hex_at(b, FILE_SIZE_AT, &size) || !hex_at(b, NAME_SIZE_AT, &name_size) ||
	    name_size == 0 || name_size > NAME_BYTES_MAX)
		return ERR_FORMAT;
	e = exactly(in, name_size, &b);
	if (e != OK)
		return e;
	b.n--; /* the NUL at its end */
	struct cpio_want *w = wanted(b, want, n);
	e = skip(in, padding(HEAD + name_size));
	return e == OK ? body(in, size, w) : e;
}

/* Does an archive begin or go on here?  ERR_NOT_FOUND: no. */
static enum err is_entry(struct in *in)
{
	enum err e = fill(in, 1);

	/* Zeros fill up the room between two archives. */
	while (e == OK && in->buf[in->at] == 0) {
		e = skip(in, 1);
		if (e == OK)
			e = fill(in, 1);
	}
	if (e == OK)
		e = fill(in, MAGIC);
	if (e != OK)
		return e;
	return memcmp(in->buf + in->at, "070701", MAGIC) == 0 ||
	                       memcmp(in->buf + in->at, "070702", MAGIC) == 0
	               ? OK
	               : ERR_NOT_FOUND;
}

enum err cpio_scan(int fd, int64_t until_ms, struct cpio_want *want, size_t n,
                   uint64_t *ret_end)
{
	struct in *in = calloc(1, sizeof(*in));
	enum err e = OK;

	if (!in)
		return ERR_NOMEM;
	in->fd = fd;
	in->until_ms = until_ms;
	for (size_t i = 0; i < ENTRIES_MAX && e == OK; i++) {
		e = is_entry(in);
		if (e == OK)
			e = entry(in, want, n);
	}
	const uint64_t end = in->offset;
	free(in);
	if (e != ERR_NOT_FOUND)
		return e == OK ? ERR_FORMAT : e;
	*ret_end = end;
	return OK;
}
