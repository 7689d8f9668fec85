/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inflate, bounded, with zlib's own state in secrets too.  The only file that uses zlib.
 */
#define ZLIB_CONST
#include <zlib.h>

#include "openpgp/compress.h"

enum { ALG_NONE = 0, ALG_ZIP = 1, ALG_ZLIB = 2, POOL_SIZE = 8, WINDOW_BITS = 15 };

struct pool {
	struct secret *held[POOL_SIZE];
};

static voidpf pool_alloc(voidpf opaque, uInt items, uInt size)
{
	struct pool *pool = opaque;
	size_t n;

	if (__builtin_mul_overflow((size_t)items, (size_t)size, &n) || n == 0)
		return Z_NULL;
	for (size_t i = 0; i < POOL_SIZE; i++) {
		if (pool->held[i] == NULL) {
			if (secret_new(n, &pool->held[i]) != OK)
				return Z_NULL;
			return secret_buf(pool->held[i]);
		}
	}
	return Z_NULL;
}

static void pool_free(voidpf opaque, voidpf address)
{
	struct pool *pool = opaque;

	for (size_t i = 0; i < POOL_SIZE; i++) {
		if (pool->held[i] != NULL && secret_buf(pool->held[i]) == address)
			pool->held[i] = secret_free(pool->held[i]);
	}
}

static void pool_end(struct pool *pool)
{
	for (size_t i = 0; i < POOL_SIZE; i++)
		pool->held[i] = secret_free(pool->held[i]);
}

static enum err run(z_stream *z)
{
	const int r = inflate(z, Z_FINISH);

	if (r == Z_MEM_ERROR)
		return ERR_NOMEM;
	/* Z_BUF_ERROR: too large or cut short */
	return r == Z_STREAM_END && z->avail_in == 0 ? OK : ERR_FORMAT;
}

static enum err inflate_into(struct bytes in, int window_bits, struct secret *out)
{
	struct pool pool = {0};
	z_stream z = {.zalloc = pool_alloc, .zfree = pool_free, .opaque = &pool};

	if (in.n > UINT32_MAX || secret_cap(out) > UINT32_MAX)
		return ERR_FORMAT;
	z.next_in = in.p;
	z.avail_in = (uInt)in.n;
	z.next_out = secret_buf(out);
	z.avail_out = (uInt)secret_cap(out);
	if (inflateInit2(&z, window_bits) != Z_OK) {
		pool_end(&pool);
		return ERR_NOMEM;
	}
	enum err e = run(&z);
	if (e == OK)
		e = secret_set_len(out, secret_cap(out) - z.avail_out);
	(void)inflateEnd(&z);
	pool_end(&pool);
	return e;
}

enum err decompress(struct bytes body, size_t cap, struct secret **ret)
{
	AUTO_SECRET *out = NULL;
	uint32_t alg;

	enum err e = bytes_take_be(&body, 1, &alg);
	if (e != OK)
		return e;
	if (alg == ALG_NONE)
		return body.n <= cap ? secret_copy(body, ret) : ERR_FORMAT;
	if (alg != ALG_ZIP && alg != ALG_ZLIB)
		return ERR_UNSUPPORTED;
	e = secret_new(cap, &out);
	if (e == OK)
		e = inflate_into(body, alg == ALG_ZIP ? -WINDOW_BITS : WINDOW_BITS, out);
	if (e != OK)
		return e;
	*ret = out;
	out = NULL;
	return OK;
}
