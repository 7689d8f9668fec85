// SPDX-License-Identifier: GPL-2.0-or-later
/* Keys of the virtual card in use: signatures, decryption, MSE. */
#include "tests/vcard/priv.h"

#include <gcrypt.h>
#include <string.h>

static gcry_sexp_t secret_of(const struct vcard *v, unsigned slot)
{
	const struct buf *b = obj_get(v, OBJ_SECRET + slot);
	gcry_sexp_t s = NULL;
	return gcry_sexp_new(&s, b->p, b->n, 0) == 0 ? s : NULL;
}

static uint16_t sw_garbage(const struct vcard *v)
{
	return sw_or(v->prof->sw_garbage, 0x6A80);
}

static uint16_t sw_length(const struct vcard *v)
{
	return sw_or(v->prof->sw_length, 0x6700);
}

/* --- signatures --- */

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

static bool sign(struct vcard *v, const struct algo *g, unsigned slot, const uint8_t *p,
                 size_t n)
{
	gcry_sexp_t key = secret_of(v, slot), data = NULL, sig = NULL;
	size_t width = (g->bits + 7) / 8;
	bool ok = build_input(g, &data, p, n) == 0 && gcry_pk_sign(&sig, data, key) == 0;
	if (g->kind == RSA)
		ok = ok && keys_number(sig, "s", v->prof->sig_cut ? 0 : width, &v->out);
	else
		ok = ok && keys_number(sig, "r", width, &v->out) &&
		     keys_number(sig, "s", width, &v->out);
	gcry_sexp_release(key);
	gcry_sexp_release(data);
	gcry_sexp_release(sig);
	return ok;
}

/* Digital signature counter; PW1 for one signature is used up. */
static bool count_signature(struct vcard *v)
{
	const uint8_t *c = obj_get(v, 0x93)->p;
	unsigned k = ((unsigned)c[0] << 16 | (unsigned)c[1] << 8 | c[2]) + 1;
	const uint8_t more[3] = {(uint8_t)(k >> 16), (uint8_t)(k >> 8), (uint8_t)k};
	obj_set(v, 0x93, more, sizeof(more));
	if (obj_byte(v, 0xC4) == 0)
		v->ok81 = false;
	return store_save(v);
}

uint16_t use_sign(struct vcard *v, unsigned slot, const uint8_t *p, size_t n)
{
	if (slot != SLOT_SIG)
		slot = v->slot_aut;
	const struct algo *g = algo_of(v, slot);
	if (!(slot == SLOT_SIG ? v->ok81 : v->ok82))
		return 0x6982;
	if (g == NULL || obj_get(v, OBJ_SECRET + slot)->n == 0)
		return sw_or(v->prof->sw_no_key, 0x6A88);
	if (n == 0 || (g->kind == RSA && n > g->bits / 20))
		return 0x6700;
	if (g->kind == X25519)
		return 0x6985;
	uint16_t sw = touch_ask(v, slot);
	if (sw != 0x9000)
		return sw;
	if (!sign(v, g, slot, p, n))
		return 0x6A80;
	if (slot == SLOT_SIG && !count_signature(v))
		return 0x6581;
	return 0x9000;
}

/* --- decryption --- */

static bool raw_decrypt(struct vcard *v, const char *format, const uint8_t *p, size_t n,
                        size_t width, struct buf *out)
{
	gcry_sexp_t key = secret_of(v, v->slot_dec), in = NULL, plain = NULL;
	bool ok = gcry_sexp_build(&in, NULL, format, (int)n, p) == 0 &&
	          gcry_pk_decrypt(&plain, in, key) == 0 &&
	          keys_number(plain, "value", width, out);
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
		return sw_length(v);
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
	return ok ? 0x9000 : sw_garbage(v);
}

static uint16_t decipher_x25519(struct vcard *v, const uint8_t *point, size_t n)
{
	uint8_t shared[32];
	if (n != sizeof(shared))
		return sw_length(v);
	if (gcry_ecc_mul_point(GCRY_ECC_CURVE25519, shared,
	                       obj_get(v, OBJ_SECRET + v->slot_dec)->p, point) != 0)
		return sw_garbage(v);
	buf_put(&v->out, shared, sizeof(shared));
	explicit_bzero(shared, sizeof(shared));
	return 0x9000;
}

static uint16_t decipher_ec(struct vcard *v, const struct algo *g, const uint8_t *p,
                            size_t n)
{
	const uint8_t *x = NULL, *y = NULL, *point = NULL;
	size_t x_n = 0, y_n = 0, point_n = 0, width = (g->bits + 7) / 8;
	if (!tlv_find(p, n, 0xA6, &x, &x_n) || !tlv_find(x, x_n, 0x7F49, &y, &y_n) ||
	    !tlv_find(y, y_n, 0x86, &point, &point_n))
		return 0x6A80;
	if (g->kind == X25519)
		return decipher_x25519(v, point, point_n);
	if (point_n != 1 + 2 * width || point[0] != 4)
		return sw_length(v);
	struct buf b = {0};
	bool ok = raw_decrypt(v, "(enc-val(ecdh(e %b)))", point, point_n, 0, &b) &&
	          b.n == 1 + 2 * width;
	if (ok && v->prof->full_point)
		buf_put(&v->out, b.p, b.n);
	else if (ok)
		buf_put(&v->out, b.p + 1, width);
	buf_free(&b);
	return ok ? 0x9000 : sw_garbage(v);
}

/* AES in CBC with the key in D5; 7.2.11 and 7.2.12: an indicator 02 stands before it. */
static uint16_t aes(struct vcard *v, const uint8_t *p, size_t n, bool encrypt)
{
	const struct buf *key = obj_get(v, 0xD5);
	gcry_cipher_hd_t h = NULL;
	struct buf b = {0};
	if (key->n == 0)
		return sw_or(v->prof->sw_no_key, 0x6A88);
	if (n == 0 || n % 16 != 0)
		return sw_length(v);
	buf_put(&b, p, n);
	bool ok = gcry_cipher_open(&h,
	                           key->n == 16 ? GCRY_CIPHER_AES128 : GCRY_CIPHER_AES256,
	                           GCRY_CIPHER_MODE_CBC, 0) == 0 &&
	          gcry_cipher_setkey(h, key->p, key->n) == 0 &&
	          gcry_cipher_setiv(h, NULL, 0) == 0 &&
	          (encrypt ? gcry_cipher_encrypt(h, b.p, n, NULL, 0)
	                   : gcry_cipher_decrypt(h, b.p, n, NULL, 0)) == 0;
	if (ok && encrypt)
		buf_byte(&v->out, 2);
	if (ok)
		buf_put(&v->out, b.p, n);
	gcry_cipher_close(h);
	buf_free(&b);
	return ok ? 0x9000 : 0x6F00;
}

uint16_t use_encipher(struct vcard *v, const uint8_t *p, size_t n)
{
	if (!v->prof->aes)
		return 0x6B00;
	return v->ok82 ? aes(v, p, n, true) : 0x6982;
}

uint16_t use_decipher(struct vcard *v, const uint8_t *p, size_t n)
{
	const struct algo *g = algo_of(v, v->slot_dec);
	if (!v->ok82)
		return 0x6982;
	if (v->prof->aes && n > 0 && p[0] == 2)
		return aes(v, p + 1, n - 1, false);
	if (g == NULL || obj_get(v, OBJ_SECRET + v->slot_dec)->n == 0)
		return sw_or(v->prof->sw_no_key, 0x6A88);
	if (n == 0)
		return sw_length(v);
	if (g->kind == ED25519)
		return 0x6985;
	uint16_t sw = touch_ask(v, v->slot_dec);
	if (sw != 0x9000)
		return sw;
	return g->kind == RSA ? decipher_rsa(v, g, p, n) : decipher_ec(v, g, p, n);
}

/* 7.2.18: key reference 2 or 3 for PSO:DECIPHER (B8) or INTERNAL AUTHENTICATE (A4). */
uint16_t use_environment(struct vcard *v, const struct apdu *a)
{
	if (!v->prof->mse)
		return 0x6D00;
	if (a->p1 != 0x41 || (a->p2 != 0xA4 && a->p2 != 0xB8))
		return 0x6B00;
	if (a->lc != 3 || a->data[0] != 0x83 || a->data[1] != 1)
		return 0x6A80;
	unsigned ref = a->data[2];
	if (ref != 2 && ref != 3)
		return 0x6A88;
	if (a->p2 == 0xB8)
		v->slot_dec = ref - 1;
	else
		v->slot_aut = ref - 1;
	return 0x9000;
}
