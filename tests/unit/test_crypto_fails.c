/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each call into libgcrypt and the kernel fails once: an error, and no output of an
 * operation that did not succeed. */
#include <dlfcn.h>
#include <errno.h>
#include <gcrypt.h>
#include <stdlib.h>
#include <sys/random.h>

#include "crypto/crypto.h"
#include "tests/unit/check.h"

/* --- what fails --- */

static struct {
	int left; /* calls until one fails; negative: none does */
	bool failed;
	bool too_old;                  /* libgcrypt */
	int interrupted, random_fails; /* getrandom, so many times */
	int random_calls;
} plan = {.left = -1};

static bool fails_now(void)
{
	if (plan.left < 0 || plan.left-- > 0)
		return false;
	plan.failed = true;
	return true;
}

static void find(const char *name, void *ret, size_t size)
{
	void *f = dlsym(RTLD_NEXT, name);

	memcpy(ret, &f, size);
}

/* A function of libgcrypt that can fail, in front of the real one. */
/* NOLINTBEGIN(bugprone-macro-parentheses,misc-misplaced-const): names and lists of
 * parameters */
#define FAILING(type, name, params, args, failure)                                       \
	type name params                                                                 \
	{                                                                                \
		__typeof__(&name) real;                                                  \
                                                                                         \
		find(#name, &real, sizeof(real));                                        \
		return fails_now() ? (failure) : real args;                              \
	}
#define NO_MEMORY gcry_error(GPG_ERR_ENOMEM)

FAILING(void *, gcry_malloc_secure, (size_t n), (n), NULL)
FAILING(gcry_error_t, gcry_mpi_scan,
        (gcry_mpi_t * m, enum gcry_mpi_format f, const void *p, size_t n, size_t *used),
        (m, f, p, n, used), NO_MEMORY)
FAILING(gcry_error_t, gcry_mpi_print,
        (enum gcry_mpi_format f, unsigned char *p, size_t n, size_t *used,
         const gcry_mpi_t m),
        (f, p, n, used, m), NO_MEMORY)
FAILING(gcry_error_t, gcry_cipher_open,
        (gcry_cipher_hd_t * hd, int algo, int mode, unsigned int flags),
        (hd, algo, mode, flags), NO_MEMORY)
FAILING(gcry_error_t, gcry_cipher_setkey, (gcry_cipher_hd_t hd, const void *p, size_t n),
        (hd, p, n), gcry_error(GPG_ERR_WEAK_KEY))
FAILING(gcry_error_t, gcry_cipher_setiv, (gcry_cipher_hd_t hd, const void *p, size_t n),
        (hd, p, n), gcry_error(GPG_ERR_INV_LENGTH))
FAILING(gcry_error_t, gcry_cipher_encrypt,
        (gcry_cipher_hd_t hd, void *out, size_t cap, const void *in, size_t n),
        (hd, out, cap, in, n), gcry_error(GPG_ERR_INTERNAL))
FAILING(gcry_error_t, gcry_cipher_decrypt,
        (gcry_cipher_hd_t hd, void *out, size_t cap, const void *in, size_t n),
        (hd, out, cap, in, n), gcry_error(GPG_ERR_INTERNAL))
FAILING(gcry_error_t, gcry_mpi_ec_new,
        (gcry_ctx_t * ctx, gcry_sexp_t key, const char *name), (ctx, key, name),
        NO_MEMORY)
FAILING(gcry_mpi_t, gcry_mpi_ec_get_mpi, (const char *name, gcry_ctx_t ctx, int copy),
        (name, ctx, copy), NULL)
FAILING(gcry_mpi_point_t, gcry_mpi_ec_get_point,
        (const char *name, gcry_ctx_t ctx, int copy), (name, ctx, copy), NULL)
FAILING(int, gcry_mpi_ec_get_affine,
        (gcry_mpi_t x, gcry_mpi_t y, gcry_mpi_point_t p, gcry_ctx_t ctx), (x, y, p, ctx),
        -1)
FAILING(gcry_error_t, gcry_md_open, (gcry_md_hd_t * h, int algo, unsigned int flags),
        (h, algo, flags), NO_MEMORY)

/* NOLINTEND(bugprone-macro-parentheses,misc-misplaced-const) */

const char *gcry_check_version(const char *wanted)
{
	const char *(*real)(const char *);

	find("gcry_check_version", &real, sizeof(real));
	return plan.too_old ? NULL : real(wanted);
}

/* A few bytes at a time, each of them 0x5a. */
ssize_t getrandom(void *p, size_t n, unsigned int flags)
{
	const size_t some = n < 7 ? n : 7;

	(void)flags;
	plan.random_calls++;
	if (plan.interrupted > 0) {
		plan.interrupted--;
		errno = EINTR;
		return -1;
	}
	if (plan.random_fails > 0) {
		plan.random_fails--;
		errno = ENOSYS;
		return -1;
	}
	memset(p, 0x5a, some);
	return (ssize_t)some;
}

/* --- what is done --- */

static struct secret *secret_fill(uint8_t what, size_t n)
{
	uint8_t raw[64];
	struct secret *s = NULL;

	memset(raw, what, sizeof(raw));
	CHECK(secret_copy((struct bytes){raw, n}, &s) == OK);
	return s;
}

static struct {
	struct secret *key, *text;
	uint8_t wrapped[40];
	uint8_t point[1 + 2 * 66]; /* of P-256, and the number on Curve25519 */
} w;

static enum err encrypt(void)
{
	const struct bytes in = secret_view(w.text);
	uint8_t out[64];

	return cfb_encrypt(CIPHER_AES256, w.key, in, out);
}

static enum err decrypt(void)
{
	const struct bytes in = secret_view(w.text);
	uint8_t out[64];

	return cfb_decrypt(CIPHER_AES256, w.key, in, out);
}

static enum err wrap(void)
{
	uint8_t out[40];

	return aes_wrap(w.key, w.text, out, sizeof(out));
}

static enum err unwrap(void)
{
	AUTO_SECRET *out = NULL;

	const enum err e =
	        aes_unwrap(w.key, (struct bytes){w.wrapped, sizeof(w.wrapped)}, &out);
	CHECK((e == OK) == (out != NULL));
	return e;
}

static enum err send_to(enum curve_id id, size_t n)
{
	uint8_t eph[1 + 2 * 66] = {0xee};
	AUTO_SECRET *shared = NULL;

	const enum err e =
	        ecdh_send(curve_by_id(id), (struct bytes){w.point, n}, eph, &shared);
	CHECK((e == OK) == (shared != NULL));
	CHECK((e == OK) == (eph[0] != 0xee));
	return e;
}

static enum err send_p256(void)
{
	return send_to(CURVE_P256, 65);
}

static enum err send_x25519(void)
{
	return send_to(CURVE_25519, 32);
}

static enum err check_point(void)
{
	return curve_check_point(curve_by_id(CURVE_P256), (struct bytes){w.point, 65});
}

static enum err hash(void)
{
	uint8_t out[32] = {0xee};

	return hash_all(HASH_SHA256, secret_view(w.text), out, sizeof(out));
}

/* The generator, which is on the curve. */
static void start_world(void)
{
	gcry_ctx_t ctx = NULL;
	size_t n = 0;

	w.key = secret_fill(0x11, 32);
	w.text = secret_fill(0x22, 32);
	CHECK(aes_wrap(w.key, w.text, w.wrapped, sizeof(w.wrapped)) == OK);
	CHECK(gcry_mpi_ec_new(&ctx, NULL, "NIST P-256") == 0);
	gcry_mpi_t g = gcry_mpi_ec_get_mpi("g", ctx, 1);
	CHECK(gcry_mpi_print(GCRYMPI_FMT_USG, w.point, 65, &n, g) == 0 && n == 65);
	gcry_mpi_release(g);
	gcry_ctx_release(ctx);
}

static void end_world(void)
{
	w.key = secret_free(w.key);
	w.text = secret_free(w.text);
}

static void each_call_that_fails_is_an_error(void)
{
	static const struct {
		const char *what;
		enum err (*run)(void);
		int least; /* calls that can fail */
	} rows[] = {
	        {"encrypt",     encrypt,     4 },
	        {"decrypt",     decrypt,     4 },
	        {"wrap",        wrap,        3 },
	        {"unwrap",      unwrap,      3 },
	        {"send P-256",  send_p256,   12},
	        {"send X25519", send_x25519, 8 },
	        {"a point",     check_point, 4 },
	        {"hash",        hash,        1 },
	};
	start_world();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int n = 0;

		for (;; n++) {
			plan.left = n;
			plan.failed = false;
			const enum err e = rows[i].run();
			plan.left = -1;
			CHECK_ROW((e != OK) == plan.failed, rows[i].what);
			CHECK_ROW(e == OK || e == ERR_NOMEM || e == ERR_CRYPTO,
			          rows[i].what);
			if (!plan.failed)
				break;
		}
		CHECK_ROW(n >= rows[i].least, rows[i].what);
	}
	end_world();
}

/* The first case: what is started once stays so. */
static void an_old_libgcrypt_is_refused(void)
{
	plan.too_old = true;
	CHECK(crypto_init() == ERR_UNSUPPORTED);
	plan.too_old = false;
	CHECK(crypto_init() == OK);
	plan.too_old = true; /* and is not asked again */
	CHECK(crypto_init() == OK);
	plan.too_old = false;
}

static void random_bytes_come_in_parts(void)
{
	uint8_t out[33] = {0}, want[33];

	memset(want, 0x5a, sizeof(want));
	plan.interrupted = 2;
	plan.random_calls = 0;
	CHECK(random_bytes(out, 32) == OK);
	CHECK(memcmp(out, want, 32) == 0 && out[32] == 0);
	CHECK(plan.random_calls == 7); /* two signals, four sevens and a four */
}

static void without_random_bytes_there_is_no_key(void)
{
	struct secret *key = NULL;
	uint8_t out[8];

	plan.random_fails = 1;
	CHECK(random_bytes(out, sizeof(out)) == ERR_IO);
	plan.random_fails = 1;
	CHECK(random_secret(32, &key) == ERR_IO && !key);
	start_world();
	plan.random_fails = 1;
	CHECK(send_p256() == ERR_IO);
	end_world();
}

/* The secret would be zero, whatever our number. */
static void a_point_of_small_order_is_refused(void)
{
	static const uint8_t zero[32];
	const uint8_t one[32] = {1};
	uint8_t eph[32];
	struct secret *shared = NULL;
	const struct curve *c = curve_by_id(CURVE_25519);

	CHECK(ecdh_send(c, (struct bytes){zero, 32}, eph, &shared) == ERR_CRYPTO);
	CHECK(ecdh_send(c, (struct bytes){one, 32}, eph, &shared) == ERR_CRYPTO);
	CHECK(ecdh_send(c, (struct bytes){one, 31}, eph, &shared) == ERR_CRYPTO);
	CHECK(!shared);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"an old libgcrypt is refused",          an_old_libgcrypt_is_refused      },
	        {"each call that fails is an error",     each_call_that_fails_is_an_error },
	        {"random bytes come in parts",           random_bytes_come_in_parts       },
	        {"without random bytes there is no key",
	         without_random_bytes_there_is_no_key                                     },
	        {"a point of small order is refused",    a_point_of_small_order_is_refused},
	};

	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
