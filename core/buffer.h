/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Public bytes that grow while they are written.  Never for secrets: growing copies. */
#ifndef CORE_BUFFER_H
#define CORE_BUFFER_H

#include "core/bytes.h"

enum { BUFFER_MAX = 256 * 1024 * 1024 };

/* Starts as {0}.  What could not be had sticks, as in struct writer: write on, then ask
 * buffer_ok() once at the end. */
struct buffer {
	uint8_t *p;
	size_t n, cap;
	bool failed;
};

void buffer_add(struct buffer *b, const void *p, size_t n);
void buffer_text(struct buffer *b, const char *text);
__attribute__((format(printf, 2, 3))) void buffer_format(struct buffer *b,
                                                         const char *fmt, ...);
/* OK or ERR_NOMEM (also past BUFFER_MAX). */
enum err buffer_ok(const struct buffer *b);
void buffer_free(struct buffer *b); /* {0} again */

static inline struct bytes buffer_bytes(const struct buffer *b)
{
	return (struct bytes){b->p, b->n};
}

#define AUTO_BUFFER __attribute__((cleanup(buffer_free))) struct buffer

#endif
