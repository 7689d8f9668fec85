/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private-key operations for tests, by libgcrypt. */
#include "tests/unit/softkey.h"

#include <gcrypt.h>

#include "openpgp/packet.h"

static size_t mpi_of(gcry_sexp_t from, const char *name, uint8_t *out, size_t cap)
{
	gcry_sexp_t token = gcry_sexp_find_token(from, name, 0);
	size_t n = 0;
	const char *data = token == NULL ? NULL : gcry_sexp_nth_data(token, 1, &n);

	if (data == NULL || n > cap)
		n = 0;
	if (n > 0)
		memcpy(out, data, n);
	gcry_sexp_release(token);
	return n;
}

bool softkey_rsa(struct softkey *k)
{
	return softkey_rsa_bits(2048, k);
}

bool softkey_rsa_bits(unsigned int bits, struct softkey *k)
{
	uint8_t n[520], e[8];
	gcry_sexp_t spec = NULL, pair = NULL;

	if (gcry_sexp_build(&spec, NULL, "(genkey (rsa (nbits %d)(transient-key)))",
	                    (int)bits) == 0)
		(void)gcry_pk_genkey(&pair, spec);
	gcry_sexp_release(spec);
	k->sexp = gcry_sexp_find_token(pair, "private-key", 0);
	const struct bytes nb = {n, mpi_of(k->sexp, "n", n, sizeof(n))};
	const struct bytes eb = {e, mpi_of(k->sexp, "e", e, sizeof(e))};
	gcry_sexp_release(pair);
	return pubkey_make_rsa(SOFTKEY_CREATED, nb, eb, &k->pub) == OK;
}

static gcry_sexp_t generate_ec(const struct curve *c)
{
	gcry_sexp_t spec = NULL, pair = NULL;

	const char *parms = "(genkey (ecc (curve %s)(flags nocomp transient-key)))";

	if (c->id == CURVE_25519)
		parms = "(genkey (ecc (curve %s)(flags djb-tweak comp transient-key)))";
	if (c->id == CURVE_ED25519)
		parms = "(genkey (ecc (curve %s)(flags eddsa transient-key)))";
	if (gcry_sexp_build(&spec, NULL, parms, c->name) == 0)
		(void)gcry_pk_genkey(&pair, spec);
	gcry_sexp_release(spec);
	return pair;
}

bool softkey_ecdh(enum curve_id id, uint8_t kdf_hash, uint8_t kdf_cipher,
                  struct softkey *k)
{
	const struct curve *c = curve_by_id(id);
	gcry_sexp_t pair = generate_ec(c);
	uint8_t q[160];

	k->sexp = gcry_sexp_find_token(pair, "private-key", 0);
	struct bytes point = {q, mpi_of(k->sexp, "q", q, sizeof(q))};
	gcry_sexp_release(pair);
	if (point.n == c->point_len + 1) {
		point.p++;
		point.n--;
	}
	return pubkey_make_ecdh(SOFTKEY_CREATED, c, c->oid, point, kdf_hash, kdf_cipher,
	                        &k->pub) == OK;
}

bool softkey_signer(enum curve_id id, struct softkey *k)
{
	const struct curve *c = curve_by_id(id);
	gcry_sexp_t pair = generate_ec(c);
	uint8_t body[256], q[160] = {0x40};
	struct writer b = {.p = body, .cap = sizeof(body)};

	k->sexp = gcry_sexp_find_token(pair, "private-key", 0);
	gcry_sexp_release(pair);
	const size_t skip = id == CURVE_ED25519 ? 1 : 0;
	const size_t n = mpi_of(k->sexp, "q", q + skip, sizeof(q) - skip);
	put_be(&b, 1, 4);
	put_be(&b, 4, SOFTKEY_CREATED);
	put_be(&b, 1, id == CURVE_ED25519 ? PGP_EDDSA : PGP_ECDSA);
	put_be(&b, 1, (uint32_t)c->oid.n);
	put_bytes(&b, c->oid.p, c->oid.n);
	put_mpi(&b, (struct bytes){q, n + skip});
	return pubkey_parse(writer_bytes(&b), &k->pub) == OK;
}

void softkey_free(struct softkey *k)
{
	gcry_sexp_release(k->sexp);
	k->sexp = NULL;
}

struct key_parts softkey_parts(const struct softkey *k)
{
	return (struct key_parts){
	        .alg = k->pub.curve ? k->pub.alg : PGP_RSA,
	        .n = k->pub.n,
	        .e = k->pub.e,
	        .curve = k->pub.curve,
	        .point = k->pub.point,
	};
}

static bool from_sexp(gcry_sexp_t plain, bool ecdh, const struct curve *c,
                      struct secret **ret)
{
	size_t n = 0;
	gcry_sexp_t token = gcry_sexp_find_token(plain, "value", 0);
	const char *data = gcry_sexp_nth_data(token != NULL ? token : plain,
	                                      token != NULL ? 1 : 0, &n);
	struct bytes b = {(const uint8_t *)data, n};

	if (ecdh && n > c->field_len) { /* 04 || x || y, or 40 || x */
		b.p++;
		b.n = c->field_len;
	}
	const bool ok = data != NULL && secret_copy(b, ret) == OK;
	gcry_sexp_release(token);
	return ok;
}

bool softkey_decipher(const struct softkey *k, const struct pkesk *p, struct secret **ret)
{
	gcry_sexp_t enc = NULL, plain = NULL;
	gcry_error_t r;

	if (p->alg == PGP_RSA) {
		r = gcry_sexp_build(&enc, NULL, "(enc-val (flags pkcs1)(rsa (a %b)))",
		                    (int)p->rsa.n, p->rsa.p);
	} else {
		uint8_t point[160] = {0x40};
		const size_t skip = k->pub.curve->id == CURVE_25519 ? 1 : 0;

		memcpy(point + skip, p->point.p, p->point.n);
		r = gcry_sexp_build(&enc, NULL, "(enc-val (ecdh (e %b)))",
		                    (int)(p->point.n + skip), point);
	}
	if (r == 0)
		r = gcry_pk_decrypt(&plain, enc, k->sexp);
	gcry_sexp_release(enc);
	const bool ok = r == 0 && from_sexp(plain, p->alg == PGP_ECDH, k->pub.curve, ret);
	gcry_sexp_release(plain);
	return ok;
}

enum err softkey_session(const struct softkey *k, const struct pkesk *p, bool by_fpr,
                         struct secret **ret)
{
	AUTO_SECRET *plain = NULL;

	if (!pkesk_may_be_for(p, &k->pub) || !softkey_decipher(k, p, &plain))
		return ERR_CRYPTO;
	if (p->alg == PGP_RSA)
		return pkesk_session_rsa(p, plain, ret);
	return by_fpr ? pkesk_session_ecdh_fpr(p, k->pub.curve, k->pub.fpr, plain, ret)
	              : pkesk_session_ecdh(p, &k->pub, plain, ret);
}

/* --- certificates --- */

struct maker {
	gcry_sexp_t sk;
	struct pubkey primary;
	struct writer w;
};

static void add_key(struct hash *h, const struct pubkey *k)
{
	const uint8_t head[3] = {0x99, (uint8_t)(k->body_len >> 8), (uint8_t)k->body_len};

	hash_add(h, (struct bytes){head, 3});
	hash_add(h, (struct bytes){k->body, k->body_len});
}

static bool put_signature(struct maker *m, uint8_t type, const struct pubkey *about,
                          struct bytes uid, int flags, uint32_t lifetime)
{
	uint8_t body[512], sub[64], digest[32], num[80];
	struct writer b = {.p = body, .cap = sizeof(body)},
	              s = {.p = sub, .cap = sizeof(sub)};
	gcry_sexp_t data = NULL, sig = NULL;
	struct hash *h = NULL;

	put_be(&s, 2, 0x0502);
	put_be(&s, 4, SOFTKEY_CREATED + 10);
	if (flags >= 0) {
		put_be(&s, 2, 0x021b);
		put_be(&s, 1, (uint32_t)flags);
	}
	if (lifetime != 0) {
		put_be(&s, 2, 0x0509);
		put_be(&s, 4, lifetime);
	}
	put_be(&b, 1, 4);
	put_be(&b, 1, type);
	put_be(&b, 2, PGP_ECDSA << 8 | HASH_SHA256);
	put_be(&b, 2, (uint32_t)s.n);
	put_bytes(&b, sub, s.n);
	if (hash_new(HASH_SHA256, &h) != OK)
		return false;
	add_key(h, &m->primary);
	if (about != NULL)
		add_key(h, about);
	if (uid.n > 0) {
		const uint8_t head[5] = {0xb4, 0, 0, 0, (uint8_t)uid.n};
		hash_add(h, (struct bytes){head, 5});
		hash_add(h, uid);
	}
	const uint8_t tail[6] = {4, 0xff, 0, 0, 0, (uint8_t)b.n};
	hash_add(h, (struct bytes){body, b.n});
	hash_add(h, (struct bytes){tail, 6});
	if (hash_end(h, digest, 32) != OK)
		return false;
	put_be(&b, 2, 0); /* nothing unhashed */
	put_bytes(&b, digest, 2);
	if (gcry_sexp_build(&data, NULL, "(data (flags raw)(value %b))", 32, digest) ==
	            0 &&
	    gcry_pk_sign(&sig, data, m->sk) == 0) {
		put_mpi(&b, (struct bytes){num, mpi_of(sig, "r", num, sizeof(num))});
		put_mpi(&b, (struct bytes){num, mpi_of(sig, "s", num, sizeof(num))});
	}
	const bool ok = sig != NULL;
	gcry_sexp_release(data);
	gcry_sexp_release(sig);
	put_packet_header(&m->w, PACKET_SIGNATURE, b.n);
	put_bytes(&m->w, body, b.n);
	return ok;
}

static void put_key(struct maker *m, enum packet_tag tag, const struct pubkey *k)
{
	put_packet_header(&m->w, tag, k->body_len);
	put_bytes(&m->w, k->body, k->body_len);
}

static bool make_primary(struct maker *m)
{
	struct softkey k = {0};
	const bool ok = softkey_signer(CURVE_P256, &k);

	m->sk = k.sexp;
	pubkey_copy(&m->primary, &k.pub);
	return ok;
}

bool softkey_cert(const struct softkey *k, uint8_t flags, uint32_t lifetime, bool revoke,
                  struct softcert *ret)
{
	static const uint8_t name[] = "test";
	const struct bytes uid = {name, sizeof(name) - 1};
	struct maker m = {
	        .w = {.p = ret->data, .cap = sizeof(ret->data)}
        };
	bool ok = make_primary(&m);

	put_key(&m, PACKET_PUBLIC_KEY, &m.primary);
	ret->primary_n = m.w.n;
	put_packet_header(&m.w, PACKET_USER_ID, uid.n);
	put_bytes(&m.w, uid.p, uid.n);
	ok = ok && put_signature(&m, 0x13, NULL, uid, 3, 0);
	ret->uid_n = m.w.n;
	put_key(&m, PACKET_PUBLIC_SUBKEY, &k->pub);
	ok = ok && put_signature(&m, 0x18, &k->pub, (struct bytes){0}, flags, lifetime);
	if (revoke)
		ok = ok && put_signature(&m, 0x28, &k->pub, (struct bytes){0}, -1, 0);
	gcry_sexp_release(m.sk);
	ret->n = m.w.n;
	return ok && writer_ok(&m.w);
}
