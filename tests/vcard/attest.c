// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Attestation, as YubiKeys since 5.2 do it: a fourth key certifies that another one was
 * made on the card, in an X.509 certificate that lands in 7F21. Its own certificate is
 * the object FC. Both are made when they are first asked for.
 */
#include "tests/vcard/priv.h"

#include <gcrypt.h>
#include <string.h>

enum {
	INT = 0x02,
	BITS = 0x03,
	OCTETS = 0x04,
	OID = 0x06,
	UTF8 = 0x0C,
	SEQ = 0x30,
	SET = 0x31,
	HASH_N = 32,
	SERIAL_N = 8
};

#define YUBICO "\x2B\x06\x01\x04\x01\x82\xC4\x0A\x05" /* 1.3.6.1.4.1.41482.5 */

/* --- DER: IN becomes the content of an object behind OUT, and is empty again --- */

static void wrap(struct buf *out, unsigned tag, struct buf *in)
{
	buf_tlv(out, tag, in->p, in->n);
	buf_free(in);
}

static void put_oid(struct buf *out, const char *oid, size_t n)
{
	buf_tlv(out, OID, oid, n);
}

/* A positive number. */
static void put_number(struct buf *out, const uint8_t *p, size_t n)
{
	struct buf b = {0};
	for (; n > 1 && *p == 0; n--)
		p++;
	if (n > 0 && (*p & 0x80) != 0)
		buf_byte(&b, 0);
	buf_put(&b, p, n);
	wrap(out, INT, &b);
}

static void put_bits(struct buf *out, const void *p, size_t n)
{
	struct buf b = {0};
	buf_byte(&b, 0); /* none is unused */
	buf_put(&b, p, n);
	wrap(out, BITS, &b);
}

static void put_name(struct buf *out, const char *name)
{
	struct buf pair = {0}, set = {0}, all = {0};
	put_oid(&pair, "\x55\x04\x03", 3); /* common name */
	buf_tlv(&pair, UTF8, name, strlen(name));
	wrap(&set, SEQ, &pair);
	wrap(&all, SET, &set);
	wrap(out, SEQ, &all);
}

static void put_extension(struct buf *out, const char *oid, size_t oid_n, unsigned tag,
                          const void *p, size_t n)
{
	struct buf value = {0}, ext = {0};
	buf_tlv(&value, tag, p, n);
	put_oid(&ext, oid, oid_n);
	wrap(&ext, OCTETS, &value);
	wrap(out, SEQ, &ext);
}

static void put_sha256_rsa(struct buf *out)
{
	struct buf b = {0};
	put_oid(&b, "\x2A\x86\x48\x86\xF7\x0D\x01\x01\x0B", 9);
	buf_put(&b, "\x05\x00", 2);
	wrap(out, SEQ, &b);
}

/* --- parts of a certificate --- */

/* G: NULL for the attestation key, which is RSA. */
static void put_public(const struct vcard *v, unsigned slot, const struct algo *g,
                       struct buf *out)
{
	const struct buf *pub = obj_get(v, OBJ_PUBLIC + slot);
	const uint8_t *n = NULL, *e = NULL;
	size_t n_n = 0, e_n = 0;
	struct buf kind = {0}, key = {0}, numbers = {0};
	if (g == NULL || g->kind == RSA) {
		(void)tlv_find(pub->p, pub->n, 0x81, &n, &n_n); /* of our own making */
		(void)tlv_find(pub->p, pub->n, 0x82, &e, &e_n);
		put_oid(&kind, "\x2A\x86\x48\x86\xF7\x0D\x01\x01\x01", 9);
		buf_put(&kind, "\x05\x00", 2);
		put_number(&numbers, n, n_n);
		put_number(&numbers, e, e_n);
		struct buf both = {0};
		wrap(&both, SEQ, &numbers);
		n_n = both.n;
		put_bits(&key, both.p, n_n);
		buf_free(&both);
	} else {
		(void)tlv_find(pub->p, pub->n, 0x86, &n, &n_n);
		if (g->kind == WEIER) {
			put_oid(&kind, "\x2A\x86\x48\xCE\x3D\x02\x01", 7);
			put_oid(&kind, g->oid, g->oid_n);
		} else { /* RFC 8410 */
			put_oid(&kind,
			        g->kind == ED25519 ? "\x2B\x65\x70" : "\x2B\x65\x6E", 3);
		}
		put_bits(&key, n, n_n);
	}
	struct buf all = {0};
	wrap(&all, SEQ, &kind);
	buf_put(&all, key.p, key.n);
	buf_free(&key);
	wrap(out, SEQ, &all);
}

static void put_extensions(const struct vcard *v, unsigned slot, struct buf *out)
{
	struct buf list = {0}, seq = {0};
	const struct buf *print = obj_get(v, 0xC7 + slot), *uif = obj_get(v, 0xD6 + slot);
	if (slot == SLOT_ATT) { /* an authority: basic constraints with cA */
		put_extension(&list, "\x55\x1D\x13", 3, SEQ, "\x01\x01\xFF", 3);
	} else {
		put_extension(&list, YUBICO "\x02", 10, INT, "\x01",
		              1); /* made on the card */
		put_extension(&list, YUBICO "\x03", 10, OCTETS, v->prof->firmware, 3);
		put_extension(&list, YUBICO "\x04", 10, OCTETS, print->p, print->n);
		put_extension(&list, YUBICO "\x08", 10, OCTETS, uif->p, uif->n > 0);
	}
	wrap(&seq, SEQ, &list);
	wrap(out, 0xA3, &seq);
}

static bool put_signature(const struct vcard *v, const struct buf *tbs, struct buf *out)
{
	const struct buf *key = obj_get(v, OBJ_SECRET + SLOT_ATT);
	uint8_t hash[HASH_N];
	gcry_sexp_t s = NULL, data = NULL, sig = NULL;
	struct buf number = {0};
	gcry_md_hash_buffer(GCRY_MD_SHA256, hash, tbs->p, tbs->n);
	const bool ok =
	        gcry_sexp_new(&s, key->p, key->n, 0) == 0 &&
	        gcry_sexp_build(&data, NULL, "(data(flags pkcs1)(hash sha256 %b))",
	                        HASH_N, hash) == 0 &&
	        gcry_pk_sign(&sig, data, s) == 0 && keys_number(sig, "s", 256, &number);
	put_bits(out, number.p, number.n);
	buf_free(&number);
	gcry_sexp_release(s);
	gcry_sexp_release(data);
	gcry_sexp_release(sig);
	return ok;
}

/* Of the key in SLOT, signed by the attestation key. */
static bool certify(const struct vcard *v, unsigned slot, struct buf *out)
{
	static const char *const names[] = {"signature", "decryption", "authentication",
	                                    "attestation"};
	uint8_t serial[SERIAL_N];
	struct buf tbs = {0}, b = {0}, all = {0};
	gcry_create_nonce(serial, sizeof(serial));
	serial[0] = (uint8_t)((serial[0] & 0x7F) | 1);
	buf_put(&tbs, "\xA0\x03\x02\x01\x02", 5); /* version 3 */
	put_number(&tbs, serial, sizeof(serial));
	put_sha256_rsa(&tbs);
	put_name(&tbs, names[SLOT_ATT]);
	buf_tlv(&b, 0x17, "200101000000Z", 13);
	buf_tlv(&b, 0x17, "491231235959Z", 13);
	wrap(&tbs, SEQ, &b);
	put_name(&tbs, names[slot]);
	put_public(v, slot, slot == SLOT_ATT ? NULL : algo_of(v, slot), &tbs);
	put_extensions(v, slot, &tbs);
	wrap(&all, SEQ, &tbs);
	const struct buf signed_part = all;
	struct buf rest = {0};
	put_sha256_rsa(&rest);
	const bool ok = put_signature(v, &signed_part, &rest);
	buf_put(&all, rest.p, rest.n);
	buf_free(&rest);
	wrap(out, SEQ, &all);
	return ok;
}

/* --- the commands --- */

bool attest_ready(struct vcard *v)
{
	gcry_sexp_t ask = NULL, key = NULL;
	struct buf number = {0}, pub = {0}, cert = {0};
	char secret[4096];
	if (obj_get(v, OBJ_SECRET + SLOT_ATT)->n > 0)
		return true;
	bool ok = gcry_sexp_build(&ask, NULL,
	                          "(genkey(rsa(nbits 4:2048)(flags transient-key)))") ==
	                  0 &&
	          gcry_pk_genkey(&key, ask) == 0;
	const size_t n =
	        ok ? gcry_sexp_sprint(key, GCRYSEXP_FMT_CANON, secret, sizeof(secret))
	           : 0;
	ok = n > 0 && keys_number(key, "n", 256, &number);
	buf_tlv(&pub, 0x81, number.p, number.n);
	buf_clear(&number);
	ok = ok && keys_number(key, "e", 0, &number);
	buf_tlv(&pub, 0x82, number.p, number.n);
	if (ok) {
		obj_set(v, OBJ_SECRET + SLOT_ATT, secret, n);
		obj_set(v, OBJ_PUBLIC + SLOT_ATT, pub.p, pub.n);
		ok = certify(v, SLOT_ATT, &cert);
		obj_set(v, 0xFC, cert.p, cert.n);
		ok = store_save(v) && ok;
	}
	explicit_bzero(secret, sizeof(secret));
	gcry_sexp_release(ask);
	gcry_sexp_release(key);
	buf_free(&number);
	buf_free(&pub);
	buf_free(&cert);
	return ok;
}

uint16_t attest(struct vcard *v, const struct apdu *a)
{
	struct buf cert = {0};
	if (!v->prof->four_keys)
		return 0x6D00;
	if (a->p1 < 1 || a->p1 > N_KEYS || a->p2 != 0)
		return 0x6B00;
	const unsigned slot = a->p1 - 1U;
	if (!v->ok81)
		return 0x6982;
	if (obj_get(v, OBJ_SECRET + slot)->n == 0)
		return 0x6A88;
	if (obj_byte(v, OBJ_ORIGIN + slot) != 1)
		return 0x6985; /* brought from elsewhere */
	const uint16_t sw = touch_ask(v, SLOT_ATT);
	if (sw != 0x9000)
		return sw;
	const bool ok = attest_ready(v) && certify(v, slot, &cert);
	if (ok)
		obj_set(v, OBJ_CERT + N_KEYS - 1 - slot, cert.p, cert.n);
	buf_free(&cert);
	return ok && store_save(v) ? 0x9000 : 0x6F00;
}
