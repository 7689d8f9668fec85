/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory for secrets: locked, fenced, not dumped, not inherited, wiped. */
#include "core/secret.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/*
 * guard | head ... data | guard
 * The data ends at the upper guard, so one byte too far faults at once.
 */
struct secret {
	uint8_t *map;
	size_t map_len;
	uint8_t *data;
	size_t cap;
	size_t len;
};

enum { DEAD_STACK = 32 * 1024 };

/* Libraries leave copies of secrets in stack frames that are gone: overwrite them. */
static __attribute__((noinline)) void wipe_dead_stack(void)
{
	uint8_t dead[DEAD_STACK];

	explicit_bzero(dead, sizeof(dead));
}

static size_t round_up(size_t n, size_t unit)
{
	return (n + unit - 1) / unit * unit;
}

enum err secret_new(size_t cap, struct secret **ret)
{
	if (cap == 0 || cap > SECRET_MAX)
		return ERR_BUG;

	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	const size_t body = round_up(sizeof(struct secret) + cap, page);
	const size_t map_len = body + 2 * page;

	uint8_t *map = mmap(NULL, map_len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED)
		return ERR_NOMEM;

	if (mprotect(map + page, body, PROT_READ | PROT_WRITE) != 0 ||
	    mlock(map + page, body) != 0 ||
	    madvise(map + page, body, MADV_DONTDUMP) != 0 ||
	    madvise(map + page, body, MADV_DONTFORK) != 0) {
		(void)munmap(map, map_len); /* holds nothing yet */
		return ERR_NOMEM;
	}

	struct secret *s = (struct secret *)(void *)(map + page);
	*s = (struct secret){
	        .map = map,
	        .map_len = map_len,
	        .data = map + page + body - cap,
	        .cap = cap,
	};
	*ret = s;
	return OK;
}

enum err secret_copy(struct bytes from, struct secret **ret)
{
	struct secret *s = NULL;
	const enum err e = secret_new(from.n > 0 ? from.n : 1, &s);

	if (e != OK)
		return e;
	if (from.n > 0)
		memcpy(s->data, from.p, from.n);
	s->len = from.n;
	*ret = s;
	return OK;
}

struct secret *secret_free(struct secret *s)
{
	if (!s)
		return NULL;
	explicit_bzero(s->data, s->cap);
	(void)munmap(s->map, s->map_len); /* cannot fail for a whole mapping */
	wipe_dead_stack();
	return NULL;
}

uint8_t *secret_buf(struct secret *s)
{
	return s->data;
}

struct bytes secret_view(const struct secret *s)
{
	return (struct bytes){s->data, s->len};
}

size_t secret_cap(const struct secret *s)
{
	return s->cap;
}

size_t secret_len(const struct secret *s)
{
	return s->len;
}

enum err secret_set_len(struct secret *s, size_t len)
{
	if (len > s->cap)
		return ERR_BUG;
	explicit_bzero(s->data + len, s->cap - len);
	s->len = len;
	return OK;
}

bool mem_equal_ct(const void *a, const void *b, size_t n)
{
	const volatile uint8_t *x = a;
	const volatile uint8_t *y = b;
	unsigned int diff = 0;

	for (size_t i = 0; i < n; i++)
		diff |= (unsigned int)x[i] ^ y[i];
	return diff == 0;
}

bool secret_equal(const struct secret *a, const struct secret *b)
{
	return a->len == b->len && mem_equal_ct(a->data, b->data, a->len);
}
