// SPDX-License-Identifier: GPL-2.0-or-later
/* Keys of the virtual card: stored, generated, their public halves read. */
#include "tests/vcard/priv.h"

#include <gcrypt.h>
#include <string.h>

bool keys_slot(uint8_t crt, unsigned *ret_slot)
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

bool keys_any(const struct vcard *v)
{
	for (unsigned i = 0; i < N_KEYS; i++) {
		if (obj_get(v, OBJ_SECRET + i)->n > 0)
			return true;
	}
	return false;
}

void keys_forget(struct vcard *v, unsigned slot)
{
	obj_set(v, OBJ_SECRET + slot, NULL, 0);
	obj_set(v, OBJ_PUBLIC + slot, NULL, 0);
	obj_set_byte(v, OBJ_ORIGIN + slot, 0);
}

/* --- s-expressions --- */

bool keys_number(void *sexp, const char *name, size_t width, struct buf *out)
{
	gcry_sexp_t part = gcry_sexp_find_token(sexp, name, 0);
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

static bool put_public(const struct vcard *v, const struct algo *g, gcry_sexp_t s,
                       struct buf *out)
{
	struct buf b = {0};
	bool ok = false;
	if (g->kind == RSA) {
		ok = keys_number(s, "n", g->bits / 8, &b);
		buf_tlv(out, 0x81, b.p, b.n);
		buf_clear(&b);
		ok = ok && keys_number(s, "e", 4, &b);
		while (!v->prof->e_padded && b.n > 3 &&
		       b.p[0] == 0) { /* 65537 in three bytes */
			memmove(b.p, b.p + 1, b.n - 1);
			b.n--;
		}
		buf_tlv(out, 0x82, b.p, b.n);
	} else {
		ok = keys_number(s, "q", 0, &b);
		if (g->kind == ED25519 && b.n < 32) { /* libgcrypt drops zeros in front */
			buf_clear(&b);
			ok = keys_number(s, "q", 32, &b);
		}
		size_t skip = g->kind == ED25519 && b.n == 33 ? 1 : 0;
		ok = ok && b.n > skip;
		buf_tlv(out, 0x86, b.p + skip, b.n - skip);
	}
	buf_free(&b);
	return ok;
}

bool keys_keep(struct vcard *v, unsigned slot, void *key, unsigned origin)
{
	const struct algo *g = algo_of(v, slot);
	struct buf pub = {0};
	uint8_t sec[8192];
	gcry_sexp_t priv = gcry_sexp_find_token(key, "private-key", 0);
	size_t n = priv != NULL
	                   ? gcry_sexp_sprint(priv, GCRYSEXP_FMT_CANON, sec, sizeof(sec))
	                   : 0;
	bool ok = n > 0 && put_public(v, g, priv, &pub);
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

bool keys_keep_x25519(struct vcard *v, unsigned slot, const uint8_t d[32],
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

/* --- generation --- */

static void clamp(uint8_t d[32])
{
	d[0] &= 0xF8;
	d[31] = (uint8_t)((d[31] & 0x7F) | 0x40);
}

/* Debian's libgcrypt loses 128 KiB once when it makes an EC key: not ours to mend. */
void __lsan_disable(void) __attribute__((weak)); // NOLINT: LeakSanitizer's names
void __lsan_enable(void) __attribute__((weak));  // NOLINT

static gcry_error_t genkey(gcry_sexp_t *ret, gcry_sexp_t ask)
{
	if (__lsan_disable)
		__lsan_disable();
	const gcry_error_t e = gcry_pk_genkey(ret, ask);
	if (__lsan_enable)
		__lsan_enable();
	return e;
}

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
		return keys_keep_x25519(v, slot, d, 1);
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
		e = genkey(&key, ask);
	if (e != 0)
		(void)fprintf(stderr, "bootlatch-vcard: genkey: %s\n", gcry_strerror(e));
	bool ok = e == 0 && keys_keep(v, slot, key, 1);
	gcry_sexp_release(ask);
	gcry_sexp_release(key);
	return ok;
}

uint16_t keys_generate(struct vcard *v, const struct apdu *a)
{
	unsigned slot = 0;
	if ((a->p1 != 0x80 && a->p1 != 0x81) || a->p2 != 0)
		return 0x6B00;
	if (a->lc < 2 || !keys_slot(a->data[0], &slot))
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
