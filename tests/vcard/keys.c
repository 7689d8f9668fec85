// SPDX-License-Identifier: GPL-2.0-or-later
/* Keys of the virtual card: attributes, generation, import and use. */
#include "tests/vcard/priv.h"

#include <gcrypt.h>
#include <string.h>

enum kind { RSA, WEIER, ED25519, X25519 };

struct algo {
	const char *oid; /* NULL: RSA */
	size_t oid_n;
	const char *curve;
	enum kind kind;
	unsigned bits;
};

static const struct algo algos[] = {
        {NULL,                                       0,  NULL,              RSA,     2048},
        {NULL,                                       0,  NULL,              RSA,     3072},
        {NULL,                                       0,  NULL,              RSA,     4096},
        {"\x2A\x86\x48\xCE\x3D\x03\x01\x07",         8,  "NIST P-256",      WEIER,   256 },
        {"\x2B\x81\x04\x00\x22",                     5,  "NIST P-384",      WEIER,   384 },
        {"\x2B\x81\x04\x00\x23",                     5,  "NIST P-521",      WEIER,   521 },
        {"\x2B\x24\x03\x03\x02\x08\x01\x01\x07",     9,  "brainpoolP256r1", WEIER,   256 },
        {"\x2B\x24\x03\x03\x02\x08\x01\x01\x0B",     9,  "brainpoolP384r1", WEIER,   384 },
        {"\x2B\x24\x03\x03\x02\x08\x01\x01\x0D",     9,  "brainpoolP512r1", WEIER,   512 },
        {"\x2B\x06\x01\x04\x01\xDA\x47\x0F\x01",     9,  "Ed25519",         ED25519, 256 },
        {"\x2B\x06\x01\x04\x01\x97\x55\x01\x05\x01", 10, "Curve25519",      X25519,  256 },
};

enum { N_ALGOS = sizeof(algos) / sizeof(algos[0]), SLOT_DEC = 1 };

static bool fits(const struct algo *g, unsigned slot)
{
	return g->kind == RSA || g->kind == WEIER ||
	       (g->kind == X25519) == (slot == SLOT_DEC);
}

static size_t attr_of(const struct algo *g, unsigned slot, uint8_t out[16])
{
	if (g->kind == RSA) {
		const uint8_t a[6] = {1, (uint8_t)(g->bits >> 8), (uint8_t)g->bits, 0, 32,
		                      0};
		memcpy(out, a, sizeof(a));
		return sizeof(a);
	}
	out[0] = g->kind == ED25519 ? 0x16 : slot == SLOT_DEC ? 0x12 : 0x13;
	memcpy(out + 1, g->oid, g->oid_n);
	return 1 + g->oid_n;
}

static const struct algo *find(unsigned slot, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < N_ALGOS; i++) {
		const struct algo *g = &algos[i];
		uint8_t want[16];
		size_t len = attr_of(g, slot, want);
		if (!fits(g, slot))
			continue;
		if (g->kind == RSA && n >= 5 && memcmp(p, want, 3) == 0)
			return g;
		if (g->kind != RSA && n >= len && n <= len + 1 &&
		    memcmp(p, want, len) == 0)
			return g;
	}
	return NULL;
}

static const struct algo *algo_of(const struct vcard *v, unsigned slot)
{
	const struct buf *a = obj_get(v, 0xC1 + slot);
	return find(slot, a->p, a->n);
}

bool keys_attr_known(unsigned slot, const uint8_t *p, size_t n)
{
	return find(slot, p, n) != NULL;
}

void keys_default_attrs(struct vcard *v)
{
	uint8_t a[16];
	for (unsigned slot = 0; slot < N_KEYS; slot++) {
		size_t n = attr_of(&algos[0], slot, a);
		obj_set(v, 0xC1 + slot, a, n);
	}
}

void keys_list_attrs(struct vcard *v, struct buf *out)
{
	(void)v; /* every profile knows the same ones */
	uint8_t a[16];
	for (unsigned slot = 0; slot < N_KEYS; slot++) {
		for (size_t i = 0; i < N_ALGOS; i++) {
			if (fits(&algos[i], slot))
				buf_tlv(out, 0xC1 + slot, a, attr_of(&algos[i], slot, a));
		}
	}
}

void keys_forget(struct vcard *v, unsigned slot)
{
	obj_set(v, OBJ_SECRET + slot, NULL, 0);
	obj_set(v, OBJ_PUBLIC + slot, NULL, 0);
	obj_set_byte(v, OBJ_ORIGIN + slot, 0);
}

/* --- s-expressions --- */

/* The unsigned number NAME, left-padded to WIDTH; 0: as long as it is. */
static bool put_number(gcry_sexp_t s, const char *name, size_t width, struct buf *out)
{
	gcry_sexp_t part = gcry_sexp_find_token(s, name, 0);
	size_t n = 0;
	const char *p = part != NULL ? gcry_sexp_nth_data(part, 1, &n) : NULL;
	bool ok = p != NULL;
	while (ok && n > 1 && *p == 0 && n > width) {
		p++;
		n--;
	}
	ok = ok && (width == 0 || n <= width);
	for (size_t i = n; ok && i < width; i++)
		buf_byte(out, 0);
	if (ok)
		buf_put(out, p, n);
	gcry_sexp_release(part);
	return ok;
}

static bool put_public(const struct algo *g, gcry_sexp_t s, struct buf *out)
{
	struct buf b = {0};
	bool ok = false;
	if (g->kind == RSA) {
		ok = put_number(s, "n", g->bits / 8, &b);
		buf_tlv(out, 0x81, b.p, b.n);
		buf_clear(&b);
		ok = ok && put_number(s, "e", 4, &b);
		while (b.n > 3 && b.p[0] == 0) { /* 65537 in three bytes */
			memmove(b.p, b.p + 1, b.n - 1);
			b.n--;
		}
		buf_tlv(out, 0x82, b.p, b.n);
	} else {
		ok = put_number(s, "q", 0, &b);
		size_t skip = g->kind == ED25519 && b.n == 33 ? 1 : 0;
		ok = ok && b.n > skip;
		buf_tlv(out, 0x86, b.p + skip, b.n - skip);
	}
	buf_free(&b);
	return ok;
}

static bool keep(struct vcard *v, unsigned slot, gcry_sexp_t key, unsigned origin)
{
	const struct algo *g = algo_of(v, slot);
	struct buf pub = {0};
	uint8_t sec[8192];
	gcry_sexp_t priv = gcry_sexp_find_token(key, "private-key", 0);
	size_t n = priv != NULL
	                   ? gcry_sexp_sprint(priv, GCRYSEXP_FMT_CANON, sec, sizeof(sec))
	                   : 0;
	bool ok = n > 0 && put_public(g, priv, &pub);
	if (ok) {
		obj_set(v, OBJ_SECRET + slot, sec, n);
		obj_set(v, OBJ_PUBLIC + slot, pub.p, pub.n);
		obj_set_byte(v, OBJ_ORIGIN + slot, origin);
	}
	explicit_bzero(sec, sizeof(sec));
	gcry_sexp_release(priv);
	buf_free(&pub);
	return ok;
}

static bool keep_x25519(struct vcard *v, unsigned slot, const uint8_t d[32],
                        unsigned origin)
{
	uint8_t q[32];
	struct buf pub = {0};
	if (gcry_ecc_mul_point(GCRY_ECC_CURVE25519, q, d, NULL) != 0)
		return false;
	buf_tlv(&pub, 0x86, q, sizeof(q));
	obj_set(v, OBJ_SECRET + slot, d, 32);
	obj_set(v, OBJ_PUBLIC + slot, pub.p, pub.n);
	obj_set_byte(v, OBJ_ORIGIN + slot, origin);
	buf_free(&pub);
	return true;
}

static void clamp(uint8_t d[32])
{
	d[0] &= 0xF8;
	d[31] = (uint8_t)((d[31] & 0x7F) | 0x40);
}

/* --- generation --- */

static bool generate(struct vcard *v, unsigned slot)
{
	const struct algo *g = algo_of(v, slot);
	gcry_sexp_t ask = NULL, key = NULL;
	gcry_error_t e = 0;
	if (g == NULL)
		return false;
	if (g->kind == X25519) {
		uint8_t d[32];
		gcry_randomize(d, sizeof(d), GCRY_STRONG_RANDOM);
		clamp(d);
		return keep_x25519(v, slot, d, 1);
	}
	if (g->kind == RSA)
		e = gcry_sexp_build(&ask, NULL,
		                    "(genkey(rsa(nbits %u)(flags transient-key)))",
		                    g->bits);
	else
		e = gcry_sexp_build(&ask, NULL,
		                    g->kind == ED25519
		                            ? "(genkey(ecc(curve %s)(flags eddsa)))"
		                            : "(genkey(ecc(curve %s)(flags nocomp)))",
		                    g->curve);
	if (e == 0)
		e = gcry_pk_genkey(&key, ask);
	if (e != 0)
		(void)fprintf(stderr, "bootlatch-vcard: genkey: %s\n", gcry_strerror(e));
	bool ok = e == 0 && keep(v, slot, key, 1);
	gcry_sexp_release(ask);
	gcry_sexp_release(key);
	return ok;
}

static bool slot_of(uint8_t crt, unsigned *ret_slot)
{
	static const uint8_t crts[N_KEYS] = {0xB6, 0xB8, 0xA4};
	for (unsigned i = 0; i < N_KEYS; i++) {
		if (crts[i] == crt) {
			*ret_slot = i;
			return true;
		}
	}
	return false;
}

uint16_t keys_generate(struct vcard *v, const struct apdu *a)
{
	unsigned slot = 0;
	if ((a->p1 != 0x80 && a->p1 != 0x81) || a->p2 != 0)
		return 0x6B00;
	if (a->lc < 2 || !slot_of(a->data[0], &slot))
		return 0x6A80;
	if (a->p1 == 0x80) {
		if (!v->ok83)
			return 0x6982;
		if (!generate(v, slot))
			return 0x6F00;
		if (slot == 0)
			obj_set(v, 0x93, "\0\0\0", 3);
		if (!store_save(v))
			return 0x6581;
	}
	const struct buf *pub = obj_get(v, OBJ_PUBLIC + slot);
	if (pub->n == 0)
		return 0x6A88;
	buf_tlv(&v->out, 0x7F49, pub->p, pub->n);
	return 0x9000;
}

/* --- import --- */

struct part {
	const uint8_t *p;
	size_t n;
};

static bool import_rsa(struct vcard *v, unsigned slot, const struct part part[3])
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
	     keep(v, slot, key, 2);
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

static bool import_ec(struct vcard *v, unsigned slot, const struct part *d)
{
	const struct algo *g = algo_of(v, slot);
	if (g->kind == X25519) { /* GnuPG sends the number, most significant byte first */
		uint8_t raw[32] = {0};
		for (size_t i = 0; i < d->n && i < sizeof(raw); i++)
			raw[i] = d->p[d->n - 1 - i];
		return d->n > 0 && d->n <= sizeof(raw) && keep_x25519(v, slot, raw, 2);
	}
	bool ed = g->kind == ED25519;
	gcry_sexp_t half = NULL, key = NULL;
	gcry_ctx_t ctx = NULL;
	gcry_mpi_t q = NULL;
	bool ok = gcry_sexp_build(&half, NULL,
	                          ed ? "(private-key(ecc(curve %s)(flags eddsa)(d %b)))"
	                             : "(private-key(ecc(curve %s)(d %b)))",
	                          g->curve, (int)d->n, d->p) == 0 &&
	          gcry_mpi_ec_new(&ctx, half, NULL) == 0;
	if (ok)
		q = gcry_mpi_ec_get_mpi(ed ? "q@eddsa" : "q", ctx, 1);
	ok = q != NULL &&
	     gcry_sexp_build(&key, NULL,
	                     ed ? "(key-data(private-key(ecc(curve %s)(flags eddsa)(q "
	                          "%M)(d %b))))"
	                        : "(key-data(private-key(ecc(curve %s)(q %M)(d %b))))",
	                     g->curve, q, (int)d->n, d->p) == 0 &&
	     keep(v, slot, key, 2);
	gcry_mpi_release(q);
	gcry_ctx_release(ctx);
	gcry_sexp_release(half);
	gcry_sexp_release(key);
	return ok;
}

uint16_t keys_import(struct vcard *v, const uint8_t *p, size_t n)
{
	const uint8_t *in = NULL, *lens = NULL, *vals = NULL;
	size_t in_n = 0, lens_n = 0, vals_n = 0, len = 0;
	struct part part[3] = {0};
	unsigned slot = 0, tag = 0;
	if (!v->ok83)
		return 0x6982;
	if (!tlv_find(p, n, 0x4D, &in, &in_n) || in_n < 2 || !slot_of(in[0], &slot) ||
	    !tlv_find(in, in_n, 0x7F48, &lens, &lens_n) ||
	    !tlv_find(in, in_n, 0x5F48, &vals, &vals_n) || algo_of(v, slot) == NULL)
		return 0x6A80;
	while (lens_n > 0 && tlv_head(&lens, &lens_n, &tag, &len) && len <= vals_n) {
		if (tag >= 0x91 && tag <= 0x93)
			part[tag - 0x91] = (struct part){vals, len};
		vals += len;
		vals_n -= len;
	}
	bool rsa = algo_of(v, slot)->kind == RSA;
	if (rsa ? !import_rsa(v, slot, part) : !import_ec(v, slot, &part[1]))
		return 0x6A80;
	if (slot == 0)
		obj_set(v, 0x93, "\0\0\0", 3);
	return store_save(v) ? 0x9000 : 0x6581;
}

/* --- use --- */

static gcry_sexp_t secret_of(const struct vcard *v, unsigned slot)
{
	const struct buf *b = obj_get(v, OBJ_SECRET + slot);
	gcry_sexp_t s = NULL;
	return gcry_sexp_new(&s, b->p, b->n, 0) == 0 ? s : NULL;
}

static gcry_error_t build_input(const struct algo *g, gcry_sexp_t *ret, const uint8_t *p,
                                size_t n)
{
	if (g->kind == ED25519)
		return gcry_sexp_build(ret, NULL,
		                       "(data(flags eddsa)(hash-algo sha512)(value %b))",
		                       (int)n, p);
	struct buf b = {0};
	size_t width = (g->bits + 7) / 8;
	if (g->kind == RSA) {
		buf_put(&b, "\0\1", 2);
		while (b.n + 1 + n < width)
			buf_byte(&b, 0xFF);
		buf_byte(&b, 0);
	} else if (n > width) {
		n = width;
	}
	buf_byte(&b, 0);
	b.n--; /* never NULL */
	buf_put(&b, p, n);
	gcry_mpi_t m = NULL;
	gcry_error_t e = gcry_mpi_scan(&m, GCRYMPI_FMT_USG, b.p, b.n, NULL);
	if (e == 0)
		e = gcry_sexp_build(ret, NULL, "(data(flags raw)(value %m))", m);
	gcry_mpi_release(m);
	buf_free(&b);
	return e;
}

uint16_t keys_sign(struct vcard *v, unsigned slot, const uint8_t *p, size_t n)
{
	const struct algo *g = algo_of(v, slot);
	if (!(slot == 0 ? v->ok81 : v->ok82))
		return 0x6982;
	if (g == NULL || obj_get(v, OBJ_SECRET + slot)->n == 0)
		return v->prof->sw_no_key;
	if (n == 0 || (g->kind == RSA && n > g->bits / 20))
		return 0x6700;
	gcry_sexp_t key = secret_of(v, slot), data = NULL, sig = NULL;
	size_t width = (g->bits + 7) / 8;
	bool ok = build_input(g, &data, p, n) == 0 && gcry_pk_sign(&sig, data, key) == 0;
	if (g->kind == RSA)
		ok = ok && put_number(sig, "s", width, &v->out);
	else
		ok = ok && put_number(sig, "r", width, &v->out) &&
		     put_number(sig, "s", width, &v->out);
	gcry_sexp_release(key);
	gcry_sexp_release(data);
	gcry_sexp_release(sig);
	if (!ok)
		return 0x6A80;
	if (slot == 0) {
		const uint8_t *c = obj_get(v, 0x93)->p;
		unsigned k = ((unsigned)c[0] << 16 | (unsigned)c[1] << 8 | c[2]) + 1;
		const uint8_t more[3] = {(uint8_t)(k >> 16), (uint8_t)(k >> 8),
		                         (uint8_t)k};
		obj_set(v, 0x93, more, sizeof(more));
		if (obj_byte(v, 0xC4) == 0)
			v->ok81 = false;
		if (!store_save(v))
			return 0x6581;
	}
	return 0x9000;
}

static bool raw_decrypt(struct vcard *v, const char *format, const uint8_t *p, size_t n,
                        size_t width, struct buf *out)
{
	gcry_sexp_t key = secret_of(v, SLOT_DEC), in = NULL, plain = NULL;
	bool ok = gcry_sexp_build(&in, NULL, format, (int)n, p) == 0 &&
	          gcry_pk_decrypt(&plain, in, key) == 0 &&
	          put_number(plain, "value", width, out);
	gcry_sexp_release(key);
	gcry_sexp_release(in);
	gcry_sexp_release(plain);
	return ok;
}

static uint16_t decipher_rsa(struct vcard *v, const struct algo *g, const uint8_t *p,
                             size_t n)
{
	size_t width = g->bits / 8;
	if (n != width + 1)
		return v->prof->sw_length;
	if (p[0] != 0)
		return 0x6A80;
	struct buf b = {0};
	bool ok = raw_decrypt(v, "(enc-val(flags raw)(rsa(a %b)))", p + 1, width, width,
	                      &b);
	size_t at = 2;
	ok = ok && b.n == width && b.p[0] == 0 && b.p[1] == 2;
	while (ok && at < width && b.p[at] != 0)
		at++;
	ok = ok && at >= 10 && at + 1 < width;
	if (ok)
		buf_put(&v->out, b.p + at + 1, width - at - 1);
	buf_free(&b);
	return ok ? 0x9000 : v->prof->sw_garbage;
}

static uint16_t decipher_ec(struct vcard *v, const struct algo *g, const uint8_t *p,
                            size_t n)
{
	const uint8_t *x = NULL, *y = NULL, *point = NULL;
	size_t x_n = 0, y_n = 0, point_n = 0, width = (g->bits + 7) / 8;
	if (!tlv_find(p, n, 0xA6, &x, &x_n) || !tlv_find(x, x_n, 0x7F49, &y, &y_n) ||
	    !tlv_find(y, y_n, 0x86, &point, &point_n))
		return 0x6A80;
	if (g->kind == X25519) {
		uint8_t shared[32];
		if (point_n != 32)
			return v->prof->sw_length;
		if (gcry_ecc_mul_point(GCRY_ECC_CURVE25519, shared,
		                       obj_get(v, OBJ_SECRET + SLOT_DEC)->p, point) != 0)
			return v->prof->sw_garbage;
		buf_put(&v->out, shared, sizeof(shared));
		explicit_bzero(shared, sizeof(shared));
		return 0x9000;
	}
	if (point_n != 1 + 2 * width || point[0] != 4)
		return v->prof->sw_length;
	struct buf b = {0};
	bool ok = raw_decrypt(v, "(enc-val(ecdh(e %b)))", point, point_n, 0, &b) &&
	          b.n == 1 + 2 * width;
	if (ok && v->prof->full_point)
		buf_put(&v->out, b.p, b.n);
	else if (ok)
		buf_put(&v->out, b.p + 1, width);
	buf_free(&b);
	return ok ? 0x9000 : v->prof->sw_garbage;
}

uint16_t keys_decipher(struct vcard *v, const uint8_t *p, size_t n)
{
	const struct algo *g = algo_of(v, SLOT_DEC);
	if (!v->ok82)
		return 0x6982;
	if (g == NULL || obj_get(v, OBJ_SECRET + SLOT_DEC)->n == 0)
		return v->prof->sw_no_key;
	if (n == 0)
		return v->prof->sw_length;
	return g->kind == RSA ? decipher_rsa(v, g, p, n) : decipher_ec(v, g, p, n);
}
