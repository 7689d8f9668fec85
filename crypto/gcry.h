/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside crypto/ only: numbers of libgcrypt that stay in its secure memory. */
#ifndef CRYPTO_GCRY_H
#define CRYPTO_GCRY_H

#include <gcrypt.h>

#include "crypto/crypto.h"

enum { RSA_MIN_BITS = 2048, RSA_MAX_BITS = 8192 };

enum err gcry_err(gcry_error_t g); /* OK, ERR_NOMEM or ERR_CRYPTO */

/* A big-endian number in secure memory; from may be empty: 0. */
enum err num_new(struct bytes from, gcry_mpi_t *ret);
/* Write a number that fits, left padded, to out; no copy stays in plain memory. */
enum err num_put(gcry_mpi_t num, uint8_t *out, size_t out_len);

/* Bytes of n and a plausible key, else ERR_UNSUPPORTED or ERR_CRYPTO. */
enum err rsa_check(struct bytes n, struct bytes e, size_t *ret_len);

static inline void num_free_(gcry_mpi_t *m)
{
	gcry_mpi_release(*m);
	*m = NULL;
}
static inline void sexp_free_(gcry_sexp_t *s)
{
	gcry_sexp_release(*s);
	*s = NULL;
}
static inline void point_free_(gcry_mpi_point_t *p)
{
	gcry_mpi_point_release(*p);
	*p = NULL;
}
static inline void ctx_free_(gcry_ctx_t *c)
{
	gcry_ctx_release(*c);
	*c = NULL;
}

#define AUTO_NUM   __attribute__((cleanup(num_free_))) gcry_mpi_t
#define AUTO_SEXP  __attribute__((cleanup(sexp_free_))) gcry_sexp_t
#define AUTO_POINT __attribute__((cleanup(point_free_))) gcry_mpi_point_t
#define AUTO_CTX   __attribute__((cleanup(ctx_free_))) gcry_ctx_t

#endif
