/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bounds-checked windows: `struct bytes` to read untrusted bytes, `struct writer` to
 * write. */
#ifndef CORE_BYTES_H
#define CORE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "core/err.h"

/* A read-only window.  The only way untrusted bytes are ever walked. */
struct bytes {
	const uint8_t *p;
	size_t n;
};

/* Cut n bytes off the front of *in.  *in and *ret change only on success. */
static inline enum err bytes_take(struct bytes *in, size_t n, struct bytes *ret)
{
	if (n > in->n)
		return ERR_FORMAT;
	*ret = (struct bytes){in->p, n};
	in->p += n;
	in->n -= n;
	return OK;
}

/* The next width (1 to 4) bytes as a big-endian number. */
static inline enum err bytes_take_be(struct bytes *in, size_t width, uint32_t *ret)
{
	struct bytes w;
	uint32_t v = 0;

	if (width == 0 || width > 4)
		return ERR_BUG;
	enum err e = bytes_take(in, width, &w);
	if (e != OK)
		return e;
	for (size_t i = 0; i < width; i++)
		v = v << 8 | w.p[i];
	*ret = v;
	return OK;
}

/* Not for secrets: the time it takes depends on where they differ. */
static inline bool bytes_equal(struct bytes a, struct bytes b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* The bytes of a string, without its end. */
static inline struct bytes bytes_of(const char *text)
{
	return (struct bytes){(const uint8_t *)text, strlen(text)};
}

static inline bool bytes_begin(struct bytes b, const char *with)
{
	return b.n >= strlen(with) && memcmp(b.p, with, strlen(with)) == 0;
}

/*
 * Appends into memory of the caller (plain or a secret's); never past cap.
 * Overflow sticks: write on, then ask writer_ok() once at the end.
 */
struct writer {
	uint8_t *p;
	size_t cap;
	size_t n;
	bool overflow;
};

static inline void put_bytes(struct writer *w, const void *p, size_t n)
{
	if (w->overflow || n > w->cap - w->n) {
		w->overflow = true;
		return;
	}
	if (n > 0)
		memcpy(w->p + w->n, p, n);
	w->n += n;
}

static inline void put_be(struct writer *w, size_t width, uint32_t v)
{
	for (size_t i = width; i > 0; i--) {
		const uint8_t b = (uint8_t)(i > 4 ? 0U : v >> (8 * (i - 1)) & 0xff);
		put_bytes(w, &b, 1);
	}
}

static inline void put_string(struct writer *w, const char *text)
{
	put_bytes(w, text, strlen(text));
}

static inline bool writer_ok(const struct writer *w)
{
	return !w->overflow;
}

static inline struct bytes writer_bytes(const struct writer *w)
{
	return (struct bytes){w->p, w->n};
}

#endif
