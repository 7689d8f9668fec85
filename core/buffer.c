/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Public bytes that grow while they are written. */
#include "core/buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { FIRST = 1024 };

static bool make_room(struct buffer *b, size_t n)
{
	size_t cap = b->cap > 0 ? b->cap : FIRST;

	if (b->failed || n > BUFFER_MAX - b->n)
		return false;
	while (cap - b->n < n)
		cap *= 2;
	if (cap == b->cap)
		return true;
	uint8_t *p = realloc(b->p, cap);
	if (!p)
		return false;
	b->p = p;
	b->cap = cap;
	return true;
}

void buffer_add(struct buffer *b, const void *p, size_t n)
{
	if (n == 0)
		return;
	if (!make_room(b, n)) {
		b->failed = true;
		return;
	}
	memcpy(b->p + b->n, p, n);
	b->n += n;
}

void buffer_text(struct buffer *b, const char *text)
{
	buffer_add(b, text, strlen(text));
}

void buffer_format(struct buffer *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	const int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	/* The end that vsnprintf writes is room, not text. */
	if (n < 0 || !make_room(b, (size_t)n + 1)) {
		b->failed = true;
		return;
	}
	va_start(ap, fmt);
	(void)vsnprintf((char *)b->p + b->n, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->n += (size_t)n;
}

enum err buffer_ok(const struct buffer *b)
{
	return b->failed ? ERR_NOMEM : OK;
}

void buffer_free(struct buffer *b)
{
	free(b->p);
	*b = (struct buffer){0};
}
