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

/* Version to point; the caller adds what comes after it. */
static enum err put_ec(struct writer *w, uint32_t created, enum pgp_alg alg,
                       const struct curve *c, struct bytes oid, struct bytes point)
{
	uint8_t mpi[1 + 256];
	struct writer m = {.p = mpi, .cap = sizeof(mpi)};

	if (c == NULL || point.n != c->point_len)
		return ERR_FORMAT;
	if (is_native(c))
		put_be(&m, 1, POINT_PREFIX);
	put_bytes(&m, point.p, point.n);
	put_key_head(w, created, alg);
	put_be(w, 1, (uint32_t)oid.n);
	put_bytes(w, oid.p, oid.n);
	put_mpi(w, writer_bytes(&m));
	return writer_ok(w) && writer_ok(&m) ? OK : ERR_UNSUPPORTED;
}

enum err pubkey_make_ecdh(uint32_t created, const struct curve *c, struct bytes oid,
                          struct bytes point, uint8_t kdf_hash, uint8_t kdf_cipher,
                          struct pubkey *ret)
{
	uint8_t body[PGP_KEY_MAX];
	struct writer w = {.p = body, .cap = sizeof(body)};

	const enum err e = put_ec(&w, created, PGP_ECDH, c, oid, point);
	if (e != OK)
		return e;
	put_be(&w, 2, 0x0301);
	put_be(&w, 1, kdf_hash);
	put_be(&w, 1, kdf_cipher);
	return writer_ok(&w) ? pubkey_parse(writer_bytes(&w), ret) : ERR_UNSUPPORTED;
}

enum err pubkey_make_signer(uint32_t created, enum pgp_alg alg, const struct curve *c,
                            struct bytes oid, struct bytes point, struct pubkey *ret)
{
	uint8_t body[PGP_KEY_MAX];
	struct writer w = {.p = body, .cap = sizeof(body)};

	if (alg != PGP_ECDSA && alg != PGP_EDDSA)
		return ERR_UNSUPPORTED;
	const enum err e = put_ec(&w, created, alg, c, oid, point);
	return e == OK ? pubkey_parse(writer_bytes(&w), ret) : e;
}

/* The i-th spelling of a key; ERR_NOT_FOUND past the last one. */
static enum err spelling(const struct key_parts *p, uint32_t created, size_t i,
                         struct pubkey *ret)
{
	static const enum pgp_alg rsa[] = {PGP_RSA, PGP_RSA_ENC, PGP_RSA_SIGN};
	struct ecdh_kdf kdf;

	if (p->alg == PGP_RSA)
		return i < sizeof(rsa) / sizeof(rsa[0])
		               ? make_rsa(created, rsa[i], p->n, p->e, ret)
		               : ERR_NOT_FOUND;
	if (p->curve == NULL)
		return ERR_UNSUPPORTED;
	if (p->alg == PGP_ECDH)
		return ecdh_kdf_nth(p->curve, i, &kdf)
		               ? pubkey_make_ecdh(created, p->curve, kdf.oid, p->point,
		                                  kdf.hash, kdf.cipher, ret)
		               : ERR_NOT_FOUND;
	if (i > 1 || (i == 1 && p->curve->oid_new.n == 0))
		return ERR_NOT_FOUND;
	return pubkey_make_signer(created, p->alg, p->curve,
	                          i == 0 ? p->curve->oid : p->curve->oid_new, p->point,
	                          ret);
}

enum err pubkey_match(const struct key_parts *parts, uint32_t created,
                      const uint8_t fpr[static PGP_FPR_LEN], struct pubkey *ret)
{
	struct pubkey k;

	for (size_t i = 0;; i++) {
		const enum err e = spelling(parts, created, i, &k);

		if (e == ERR_NOT_FOUND)
			return ERR_CRYPTO;
		if (e != OK)
			return e;
		if (memcmp(k.fpr, fpr, PGP_FPR_LEN) == 0) {
			pubkey_copy(ret, &k);
			return OK;
		}
	}
}

static bool is_rsa(enum pgp_alg a)
{
	return a == PGP_RSA || a == PGP_RSA_ENC || a == PGP_RSA_SIGN;
}

bool pubkey_has_parts(const struct pubkey *k, const struct key_parts *parts)
{
	if (is_rsa(k->alg))
		return parts->alg == PGP_RSA && bytes_equal(k->n, parts->n) &&
		       bytes_equal(k->e, parts->e);
	return k->alg == parts->alg && k->curve == parts->curve &&
	       bytes_equal(k->point, parts->point);
}
