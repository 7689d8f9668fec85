/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The only place where a secret may lie. */
#ifndef CORE_SECRET_H
#define CORE_SECRET_H

#include <stddef.h>
#include <stdint.h>

#include "core/bytes.h"
#include "core/err.h"

enum { SECRET_MAX = 8 * 1024 * 1024 };

/*
 * A secret owns its bytes: fixed capacity, locked in RAM, left out of core
 * dumps and forked children, fenced by guard pages, wiped before release.
 * It never grows, because growing copies.
 */
struct secret;

enum err secret_new(size_t cap, struct secret **ret);
enum err secret_copy(struct bytes from,
                     struct secret **ret);    /* from is not wiped; may be empty */
struct secret *secret_free(struct secret *s); /* NULL is fine; returns NULL */

uint8_t *secret_buf(struct secret *s);
struct bytes secret_view(const struct secret *s); /* the len bytes in use */
size_t secret_cap(const struct secret *s);
size_t secret_len(const struct secret *s);
enum err secret_set_len(struct secret *s, size_t len); /* wipes what it cuts */
bool secret_equal(const struct secret *a,
                  const struct secret *b);                 /* constant time in len */
bool mem_equal_ct(const void *a, const void *b, size_t n); /* constant time */

static inline void secret_cleanup_(struct secret **s)
{
	*s = secret_free(*s);
}

#define AUTO_SECRET __attribute__((cleanup(secret_cleanup_))) struct secret

#endif
