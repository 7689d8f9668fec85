/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libgcrypt's start, random bytes, and numbers that stay in secure memory. */
#include <errno.h>
#include <sys/random.h>

#include "crypto/gcry.h"

enum { SECURE_POOL = 64 * 1024 };

enum err crypto_init(void)
{
	if (gcry_control(GCRYCTL_INITIALIZATION_FINISHED_P))
		return OK;
	if (!gcry_check_version("1.9.0"))
		return ERR_UNSUPPORTED;
	/* The error below is told by us; the library shall not print. */
	(void)gcry_control(GCRYCTL_SUSPEND_SECMEM_WARN);
	if (gcry_control(GCRYCTL_INIT_SECMEM, SECURE_POOL, 0) != 0)
		return ERR_NOMEM;
	(void)gcry_control(GCRYCTL_RESUME_SECMEM_WARN);
	if (gcry_control(GCRYCTL_INITIALIZATION_FINISHED, 0) != 0)
		return ERR_CRYPTO;
	return OK;
}

enum err gcry_err(gcry_error_t g)
{
	if (g == 0)
		return OK;
	return gcry_err_code(g) == GPG_ERR_ENOMEM ? ERR_NOMEM : ERR_CRYPTO;
}

/* Straight from the kernel: no state of ours, no copy in a library. */
enum err random_bytes(uint8_t *out, size_t n)
{
	while (n > 0) {
		const ssize_t got = getrandom(out, n, 0);

		if (got < 0) {
			if (errno == EINTR)
				continue;
			return ERR_IO;
		}
		out += got;
		n -= (size_t)got;
	}
	return OK;
}

enum err random_secret(size_t n, struct secret **ret)
{
	struct secret *s = NULL;
	enum err e = secret_new(n, &s);

	if (e == OK)
		e = random_bytes(secret_buf(s), n);
	if (e == OK)
		e = secret_set_len(s, n);
	if (e != OK) {
		s = secret_free(s);
		return e;
	}
	*ret = s;
	return OK;
}

enum err num_new(struct bytes from, gcry_mpi_t *ret)
{
	gcry_mpi_t m = NULL;

	if (from.n == 0) {
		*ret = gcry_mpi_snew(8);
		return OK;
	}
	/* The number becomes secure because the buffer that it is read from is. */
	uint8_t *buf = gcry_malloc_secure(from.n);
	if (!buf)
		return ERR_NOMEM;
	memcpy(buf, from.p, from.n);
	const enum err e =
	        gcry_err(gcry_mpi_scan(&m, GCRYMPI_FMT_USG, buf, from.n, NULL));
	explicit_bzero(buf, from.n);
	gcry_free(buf);
	if (e != OK)
		return e;
	gcry_mpi_set_flag(m, GCRYMPI_FLAG_SECURE);
	*ret = m;
	return OK;
}

enum err num_put(gcry_mpi_t num, uint8_t *out, size_t out_len)
{
	size_t n = 0;

	if ((gcry_mpi_get_nbits(num) + 7) / 8 > out_len)
		return ERR_BUG;
	/* Printing copies the number to memory of its own kind. */
	gcry_mpi_set_flag(num, GCRYMPI_FLAG_SECURE);
	const enum err e =
	        gcry_err(gcry_mpi_print(GCRYMPI_FMT_USG, out, out_len, &n, num));
	if (e != OK)
		return e;
	memmove(out + (out_len - n), out, n);
	explicit_bzero(out, out_len - n);
	return OK;
}
