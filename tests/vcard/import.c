// SPDX-License-Identifier: GPL-2.0-or-later
/* Private keys brought to the virtual card (PUT DATA 3FFF, extended header list 4D). */
#include "tests/vcard/priv.h"

#include <gcrypt.h>
#include <string.h>

struct part {
	const uint8_t *p;
	size_t n;
};

static bool import_rsa(struct vcard *v, unsigned slot, const struct part part[7])
{
	gcry_mpi_t m[3] = {0}, n = gcry_mpi_new(0), d = gcry_mpi_new(0),
	           u = gcry_mpi_new(0);
	gcry_mpi_t p1 = gcry_mpi_new(0), q1 = gcry_mpi_new(0), phi = gcry_mpi_new(0);
	gcry_sexp_t key = NULL;
	bool ok = true;
	for (unsigned i = 0; i < 3; i++)
		ok = ok && part[i].n > 0 &&
		     gcry_mpi_scan(&m[i], GCRYMPI_FMT_USG, part[i].p, part[i].n, NULL) ==
		             0;
	if (ok && gcry_mpi_cmp(m[1], m[2]) > 0)
		gcry_mpi_swap(m[1], m[2]); /* libgcrypt wants p < q */
	if (ok) {
		gcry_mpi_mul(n, m[1], m[2]);
		gcry_mpi_sub_ui(p1, m[1], 1);
		gcry_mpi_sub_ui(q1, m[2], 1);
		gcry_mpi_mul(phi, p1, q1);
		ok = gcry_mpi_invm(d, m[0], phi) != 0 &&
		     gcry_mpi_invm(u, m[1], m[2]) != 0 &&
		     gcry_mpi_get_nbits(n) == algo_of(v, slot)->bits;
	}
	ok = ok &&
	     gcry_sexp_build(
	             &key, NULL,
	             "(key-data(private-key(rsa(n %m)(e %m)(d %m)(p %m)(q %m)(u %m))))",
	             n, m[0], d, m[1], m[2], u) == 0 &&
	     keys_keep(v, slot, key, 2);
	for (unsigned i = 0; i < 3; i++)
		gcry_mpi_release(m[i]);
	gcry_mpi_release(n);
	gcry_mpi_release(d);
	gcry_mpi_release(u);
	gcry_mpi_release(p1);
	gcry_mpi_release(q1);
	gcry_mpi_release(phi);
	gcry_sexp_release(key);
	return ok;
}

static bool import_x25519(struct vcard *v, unsigned slot, const struct part *d)
{
	uint8_t raw[32] = {0}; /* GnuPG sends the number, most significant byte first */
	for (size_t i = 0; i < d->n && i < sizeof(raw); i++)
		raw[i] = d->p[d->n - 1 - i];
	bool ok = d->n > 0 && d->n <= sizeof(raw) && keys_keep_x25519(v, slot, raw, 2);
	explicit_bzero(raw, sizeof(raw));
	return ok;
}

/* The number as wide as the curve: GnuPG leaves leading zeros out. */
static bool widen(const struct algo *g, const struct part *d, struct buf *out)
{
	const size_t width = (g->bits + 7) / 8;
	if (d->n == 0 || d->n > width)
		return false;
	for (size_t i = d->n; i < width; i++)
		buf_byte(out, 0);
	buf_put(out, d->p, d->n);
	return true;
}

static bool import_ec(struct vcard *v, unsigned slot, const struct part *part)
{
	static const char *const half_form[] = {
	        "(private-key(ecc(curve %s)(d %b)))",
	        "(private-key(ecc(curve %s)(flags eddsa)(d %b)))"};
	static const char *const form[] = {
	        "(key-data(private-key(ecc(curve %s)(q %M)(d %b))))",
	        "(key-data(private-key(ecc(curve %s)(flags eddsa)(q %M)(d %b))))"};
	const struct algo *g = algo_of(v, slot);
	const bool ed = g->kind == ED25519;
	gcry_sexp_t half = NULL, key = NULL;
	gcry_ctx_t ctx = NULL;
	gcry_mpi_t q = NULL;
	struct buf d = {0};
	bool ok = widen(g, part, &d) &&
	          gcry_sexp_build(&half, NULL, half_form[ed], g->curve, (int)d.n, d.p) ==
	                  0 &&
	          gcry_mpi_ec_new(&ctx, half, NULL) == 0;
	if (ok)
		q = gcry_mpi_ec_get_mpi(ed ? "q@eddsa" : "q", ctx, 1);
	ok = q != NULL &&
	     gcry_sexp_build(&key, NULL, form[ed], g->curve, q, (int)d.n, d.p) == 0 &&
	     keys_keep(v, slot, key, 2);
	gcry_mpi_release(q);
	gcry_ctx_release(ctx);
	gcry_sexp_release(half);
	gcry_sexp_release(key);
	buf_free(&d);
	return ok;
}

static bool import_one(struct vcard *v, unsigned slot, const struct part part[7])
{
	const struct algo *g = algo_of(v, slot);
	if (g->kind == X25519)
		return import_x25519(v, slot, &part[1]);
	if (g->kind != RSA)
		return import_ec(v, slot, &part[1]);
	const bool crt_and_n = v->prof->rsa_format == 3;
	if (crt_and_n && (part[3].n == 0 || part[6].n != g->bits / 8))
		return false;
	return import_rsa(v, slot, part);
}

uint16_t keys_import(struct vcard *v, const uint8_t *p, size_t n)
{
	const uint8_t *in = NULL, *lens = NULL, *vals = NULL;
	size_t in_n = 0, lens_n = 0, vals_n = 0, len = 0;
	struct part part[7] = {0};
	unsigned slot = 0, tag = 0;
	if (!v->ok83)
		return 0x6982;
	if (!tlv_find(p, n, 0x4D, &in, &in_n) || in_n < 2 || !keys_slot(in[0], &slot) ||
	    !tlv_find(in, in_n, 0x7F48, &lens, &lens_n) ||
	    !tlv_find(in, in_n, 0x5F48, &vals, &vals_n) || algo_of(v, slot) == NULL)
		return 0x6A80;
	if (in[1] == 3 && in_n > 4 && in[4] == 0x81)
		return 0x6A80; /* the attestation key stays as it is */
	while (lens_n > 0 && tlv_head(&lens, &lens_n, &tag, &len) && len <= vals_n) {
		if (tag >= 0x91 && tag <= 0x97)
			part[tag - 0x91] = (struct part){vals, len};
		vals += len;
		vals_n -= len;
	}
	if (!import_one(v, slot, part))
		return 0x6A80;
	if (slot == 0)
		obj_set(v, 0x93, "\0\0\0", 3);
	return store_save(v) ? 0x9000 : 0x6581;
}
