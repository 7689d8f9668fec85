/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Public-key packets: parse them, make them, find the one that a card's fingerprint
 * names. */
#include <stddef.h>

#include "openpgp/ecdh.h"
#include "openpgp/packet.h"
#include "openpgp/pubkey.h"

enum { RSA_MIN_BYTES = 128, POINT_PREFIX = 0x40 };

static enum err fingerprint(struct pubkey *k)
{
	const uint8_t head[3] = {0x99, (uint8_t)(k->body_len >> 8), (uint8_t)k->body_len};
	struct hash *h = NULL;

	enum err e = hash_new(HASH_SHA1, &h);
	if (e != OK)
		return e;
	hash_add(h, (struct bytes){head, sizeof(head)});
	hash_add(h, (struct bytes){k->body, k->body_len});
	e = hash_end(h, k->fpr, sizeof(k->fpr));
	if (e == OK)
		memcpy(k->keyid, k->fpr + PGP_FPR_LEN - sizeof(k->keyid),
		       sizeof(k->keyid));
	return e;
}

static enum err take_rsa(struct bytes *in, struct pubkey *k)
{
	enum err e = take_mpi(in, &k->n);
	if (e == OK)
		e = take_mpi(in, &k->e);
	if (e != OK)
		return e;
	return k->n.n < RSA_MIN_BYTES || k->e.n == 0 ? ERR_FORMAT : OK;
}

static bool is_native(const struct curve *c)
{
	return c->id == CURVE_25519 || c->id == CURVE_ED25519;
}

static enum err take_kdf(struct bytes *in, struct pubkey *k)
{
	struct bytes kdf;
	uint32_t len;

	enum err e = bytes_take_be(in, 1, &len);
	if (e == OK)
		e = bytes_take(in, len, &kdf);
	if (e != OK)
		return e;
	if (kdf.n != 3 || kdf.p[0] != 1)
		return ERR_FORMAT;
	if (!ecdh_kdf_known(kdf.p[1], kdf.p[2]))
		return ERR_UNSUPPORTED;
	k->kdf_hash = kdf.p[1];
	k->kdf_cipher = kdf.p[2];
	return OK;
}

static enum err take_ec(struct bytes *in, struct pubkey *k)
{
	uint32_t len;

	enum err e = bytes_take_be(in, 1, &len);
	if (e == OK && (len == 0 || len == 0xff))
		e = ERR_FORMAT;
	if (e == OK)
		e = bytes_take(in, len, &k->oid);
	if (e == OK)
		e = take_mpi(in, &k->point);
	if (e != OK)
		return e;
	k->curve = curve_by_oid(k->oid);
	if (k->curve == NULL)
		return ERR_UNSUPPORTED;
	if ((k->alg == PGP_EDDSA) != (k->curve->id == CURVE_ED25519) ||
	    (k->alg == PGP_ECDSA && k->curve->id == CURVE_25519))
		return ERR_FORMAT;
	if (is_native(k->curve)) {
		if (k->point.n != k->curve->point_len + 1 ||
		    k->point.p[0] != POINT_PREFIX)
			return ERR_FORMAT;
		k->point.p++;
		k->point.n--;
	} else if (k->point.n != k->curve->point_len || k->point.p[0] != 4) {
		return ERR_FORMAT;
	}
	return k->alg == PGP_ECDH ? take_kdf(in, k) : OK;
}

enum err pubkey_parse(struct bytes body, struct pubkey *ret)
{
	struct pubkey k = {0};
	uint32_t version, alg;

	if (body.n > sizeof(k.body))
		return ERR_UNSUPPORTED;
	if (body.n > 0)
		memcpy(k.body, body.p, body.n);
	k.body_len = body.n;

	struct bytes in = {k.body, k.body_len};

	enum err e = bytes_take_be(&in, 1, &version);
	if (e != OK)
		return e;
	if (version != 4)
		return ERR_UNSUPPORTED;
	e = bytes_take_be(&in, 4, &k.created);
	if (e == OK)
		e = bytes_take_be(&in, 1, &alg);
	if (e != OK)
		return e;
	switch (alg) {
	case PGP_RSA:
	case PGP_RSA_ENC:
	case PGP_RSA_SIGN:
		k.alg = (enum pgp_alg)alg;
		e = take_rsa(&in, &k);
		break;
	case PGP_ECDH:
	case PGP_ECDSA:
	case PGP_EDDSA:
		k.alg = (enum pgp_alg)alg;
		e = take_ec(&in, &k);
		break;
	default:
		return ERR_UNSUPPORTED;
	}
	if (e == OK && in.n != 0)
		e = ERR_FORMAT;
	if (e == OK)
		e = fingerprint(&k);
	if (e == OK)
		pubkey_copy(ret, &k);
	return e;
}

static struct bytes moved(struct bytes b, const struct pubkey *from,
                          const struct pubkey *to)
{
	return b.p == NULL ? b : (struct bytes){to->body + (b.p - from->body), b.n};
}

void pubkey_copy(struct pubkey *to, const struct pubkey *from)
{
	if (to == from)
		return;
	*to = *from;
	to->n = moved(from->n, from, to);
	to->e = moved(from->e, from, to);
	to->oid = moved(from->oid, from, to);
	to->point = moved(from->point, from, to);
}

static void put_key_head(struct writer *w, uint32_t created, enum pgp_alg alg)
{
	put_be(w, 1, 4);
	put_be(w, 4, created);
	put_be(w, 1, (uint32_t)alg);
}

static enum err make_rsa(uint32_t created, enum pgp_alg alg, struct bytes n,
                         struct bytes e, struct pubkey *ret)
{
	uint8_t body[PGP_KEY_MAX];
	struct writer w = {.p = body, .cap = sizeof(body)};

	put_key_head(&w, created, alg);
	put_mpi(&w, n);
	put_mpi(&w, e);
	return writer_ok(&w) ? pubkey_parse(writer_bytes(&w), ret) : ERR_UNSUPPORTED;
}

enum err pubkey_make_rsa(uint32_t created, struct bytes n, struct bytes e,
                         struct pubkey *ret)
{
	return make_rsa(created, PGP_RSA, n, e, ret);
}

enum err pubkey_make_ecdh(uint32_t created, const struct curve *c, struct bytes oid,
                          struct bytes point, uint8_t kdf_hash, uint8_t kdf_cipher,
                          struct pubkey *ret)
{
	uint8_t body[PGP_KEY_MAX], mpi[1 + 256];
	struct writer w = {.p = body, .cap = sizeof(body)};
	struct writer m = {.p = mpi, .cap = sizeof(mpi)};

	if (c == NULL || point.n != c->point_len)
		return ERR_FORMAT;
	if (is_native(c))
		put_be(&m, 1, POINT_PREFIX);
	put_bytes(&m, point.p, point.n);
	put_key_head(&w, created, PGP_ECDH);
	put_be(&w, 1, (uint32_t)oid.n);
	put_bytes(&w, oid.p, oid.n);
	put_mpi(&w, writer_bytes(&m));
	put_be(&w, 2, 0x0301);
	put_be(&w, 1, kdf_hash);
	put_be(&w, 1, kdf_cipher);
	if (!writer_ok(&w) || !writer_ok(&m))
		return ERR_UNSUPPORTED;
	return pubkey_parse(writer_bytes(&w), ret);
}

static bool has_fpr(const struct pubkey *k, const uint8_t fpr[static PGP_FPR_LEN])
{
	return memcmp(k->fpr, fpr, PGP_FPR_LEN) == 0;
}

enum err pubkey_match_rsa(uint32_t created, struct bytes n, struct bytes e,
                          const uint8_t fpr[static PGP_FPR_LEN], struct pubkey *ret)
{
	static const enum pgp_alg algs[] = {PGP_RSA, PGP_RSA_ENC};
	struct pubkey k;

	for (size_t i = 0; i < sizeof(algs) / sizeof(algs[0]); i++) {
		enum err r = make_rsa(created, algs[i], n, e, &k);
		if (r != OK)
			return r;
		if (has_fpr(&k, fpr)) {
			pubkey_copy(ret, &k);
			return OK;
		}
	}
	return ERR_CRYPTO;
}

enum err pubkey_match_ecdh(uint32_t created, const struct curve *c, struct bytes point,
                           const uint8_t fpr[static PGP_FPR_LEN], struct pubkey *ret)
{
	struct ecdh_kdf kdf;
	struct pubkey k;

	if (c == NULL)
		return ERR_UNSUPPORTED;
	for (size_t i = 0; ecdh_kdf_nth(c, i, &kdf); i++) {
		enum err e = pubkey_make_ecdh(created, c, kdf.oid, point, kdf.hash,
		                              kdf.cipher, &k);
		if (e != OK)
			return e;
		if (has_fpr(&k, fpr)) {
			pubkey_copy(ret, &k);
			return OK;
		}
	}
	return ERR_CRYPTO;
}
