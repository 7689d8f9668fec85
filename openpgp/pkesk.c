/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Session keys in PKESK packets: out of what a card deciphered, and into a packet for a
 * key. */
#include "openpgp/pkesk.h"
#include "openpgp/ecdh.h"
#include "openpgp/packet.h"
#include "openpgp/reveal.h"

enum { CHECKSUM = 2, SESSION_MAX = 1 + 32, WRAPPED_MIN = 24, RSA_MAX = 1024 };

static enum err take_ecdh(struct bytes *in, struct pkesk *p)
{
	uint32_t len;

	enum err e = take_mpi(in, &p->point);
	if (e == OK)
		e = bytes_take_be(in, 1, &len);
	if (e == OK)
		e = bytes_take(in, len, &p->wrapped);
	if (e != OK)
		return e;
	if (p->point.n == 33 && p->point.p[0] == 0x40) {
		p->point.p++;
		p->point.n--;
	} else if (p->point.n < 3 || p->point.n % 2 == 0 || p->point.p[0] != 4) {
		return ERR_FORMAT;
	}
	return p->wrapped.n < WRAPPED_MIN || p->wrapped.n % 8 != 0 ? ERR_FORMAT : OK;
}

enum err pkesk_parse(struct bytes body, struct pkesk *ret)
{
	struct pkesk p = {0};
	struct bytes keyid;
	uint32_t version, alg;

	enum err e = bytes_take_be(&body, 1, &version);
	if (e != OK)
		return e;
	if (version != 3)
		return ERR_UNSUPPORTED;
	e = bytes_take(&body, sizeof(p.keyid), &keyid);
	if (e == OK)
		e = bytes_take_be(&body, 1, &alg);
	if (e != OK)
		return e;
	memcpy(p.keyid, keyid.p, keyid.n);
	switch (alg) {
	case PGP_RSA:
	case PGP_RSA_ENC:
		p.alg = PGP_RSA;
		e = take_mpi(&body, &p.rsa);
		if (e == OK && (p.rsa.n == 0 || p.rsa.n > RSA_MAX))
			e = ERR_FORMAT;
		break;
	case PGP_ECDH:
		p.alg = PGP_ECDH;
		e = take_ecdh(&body, &p);
		break;
	default:
		return ERR_UNSUPPORTED;
	}
	if (e == OK && body.n != 0)
		e = ERR_FORMAT;
	if (e == OK)
		*ret = p;
	return e;
}

bool pkesk_may_be_for(const struct pkesk *p, const struct pubkey *key)
{
	static const uint8_t hidden[sizeof(p->keyid)];

	if (memcmp(p->keyid, hidden, sizeof(hidden)) != 0 &&
	    memcmp(p->keyid, key->keyid, sizeof(hidden)) != 0)
		return false;
	if (p->alg == PGP_ECDH)
		return key->alg == PGP_ECDH && key->curve != NULL &&
		       p->point.n == key->curve->point_len;
	return (key->alg == PGP_RSA || key->alg == PGP_RSA_ENC) && p->rsa.n <= key->n.n;
}

bool pkesk_names(const struct pkesk *p, const uint8_t fpr[static PGP_FPR_LEN])
{
	return memcmp(p->keyid, fpr + PGP_FPR_LEN - sizeof(p->keyid), sizeof(p->keyid)) ==
	       0;
}

/* All ones when a == b, when a < b; else 0.  Both below 2^31. */
static uint32_t ct_equal(uint32_t a, uint32_t b)
{
	const uint32_t d = a ^ b;

	return ((d | (0 - d)) >> 31) - 1;
}

static uint32_t ct_less(uint32_t a, uint32_t b)
{
	return 0 - ((a - b) >> 31);
}

/*
 * len of the m.n bytes are algorithm byte || key || checksum; len is itself secret, and
 * bad is not zero when the padding already was wrong.  No branch depends on any of it
 * before what was found is revealed: nothing, or how long the key is.
 */
static enum err take_session(struct bytes m, uint32_t len, uint32_t bad,
                             struct secret **ret)
{
	static const struct {
		uint32_t alg, key_len;
	} kinds[] = {
	        {CIPHER_AES128, 16},
                {CIPHER_AES192, 24},
                {CIPHER_AES256, 32}
        };
	uint32_t found_len = 0;

	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		const size_t key_len = kinds[k].key_len;
		uint32_t sum = 0;

		if (m.n < 1 + key_len + CHECKSUM)
			continue;
		for (size_t i = 1; i <= key_len; i++)
			sum += m.p[i];

		const uint32_t told = (uint32_t)m.p[1 + key_len] << 8 | m.p[2 + key_len];
		const uint32_t is = ct_equal(len, (uint32_t)(1 + key_len + CHECKSUM)) &
		                    ct_equal(m.p[0], kinds[k].alg) &
		                    ct_equal(sum & 0xffff, told);

		found_len |= is & (uint32_t)(1 + key_len);
	}
	found_len = reveal(found_len & ct_equal(bad, 0));
	if (found_len == 0)
		return ERR_CRYPTO;
	return secret_copy((struct bytes){m.p, found_len}, ret);
}

enum err pkesk_session_rsa(const struct pkesk *p, const struct secret *deciphered,
                           struct secret **ret)
{
	const struct bytes m = secret_view(deciphered);

	if (p->alg != PGP_RSA || m.n > RSA_MAX)
		return ERR_CRYPTO;
	return take_session(m, (uint32_t)m.n, 0, ret);
}

/* The padding: its length in every one of its bytes, 1 to all of them. */
static enum err unpad(struct bytes m, struct secret **ret)
{
	const uint32_t n = (uint32_t)m.n;

	if (n == 0)
		return ERR_CRYPTO;

	const uint32_t pad = m.p[n - 1];
	uint32_t bad = ct_equal(pad, 0) | ct_less(n, pad);

	for (uint32_t i = 0; i < n; i++) /* the byte with i bytes after it */
		bad |= ct_less(i, pad) & (m.p[n - 1 - i] ^ pad);
	/* a pad longer than n wraps to a length that no kind has */
	return take_session(m, (n - pad) & 0x7fffffff, bad, ret);
}

static enum err try_kdf(const struct pkesk *p, const struct ecdh_kdf *kdf,
                        const uint8_t fpr[static PGP_FPR_LEN],
                        const struct secret *shared, struct secret **ret)
{
	AUTO_SECRET *kek = NULL, *padded = NULL;

	enum err e = ecdh_kek(kdf, fpr, shared, &kek);
	if (e == OK)
		e = aes_unwrap(kek, p->wrapped, &padded);
	if (e == OK)
		e = unpad(secret_view(padded), ret);
	return e;
}

enum err pkesk_session_ecdh(const struct pkesk *p, const struct pubkey *key,
                            const struct secret *shared, struct secret **ret)
{
	if (p->alg != PGP_ECDH || key->alg != PGP_ECDH)
		return ERR_CRYPTO;

	const struct ecdh_kdf kdf = {key->oid, key->kdf_hash, key->kdf_cipher};

	return try_kdf(p, &kdf, key->fpr, shared, ret);
}

enum err pkesk_session_ecdh_fpr(const struct pkesk *p, const struct curve *c,
                                const uint8_t fpr[static PGP_FPR_LEN],
                                const struct secret *shared, struct secret **ret)
{
	struct ecdh_kdf kdf;

	if (p->alg != PGP_ECDH || c == NULL)
		return ERR_CRYPTO;
	for (size_t i = 0; ecdh_kdf_nth(c, i, &kdf); i++) {
		enum err e = try_kdf(p, &kdf, fpr, shared, ret);
		if (e != ERR_CRYPTO)
			return e;
	}
	return ERR_CRYPTO;
}

static enum err put_rsa(struct writer *w, const struct pubkey *key,
                        const struct secret *m)
{
	uint8_t out[RSA_MAX];
	size_t len;

	enum err e = rsa_encrypt(key->n, key->e, m, out, sizeof(out), &len);
	if (e == OK)
		put_mpi(w, (struct bytes){out, len});
	return e;
}

static enum err put_ecdh(struct writer *w, const struct pubkey *key,
                         const struct secret *m)
{
	const struct ecdh_kdf kdf = {key->oid, key->kdf_hash, key->kdf_cipher};
	uint8_t point[1 + 256], wrapped[ECDH_WRAPPED];
	const size_t skip = key->curve->id == CURVE_25519 ? 1 : 0;
	AUTO_SECRET *shared = NULL, *kek = NULL;

	if (key->curve->point_len > sizeof(point) - 1)
		return ERR_BUG;
	point[0] = 0x40;
	enum err e = ecdh_send(key->curve, key->point, point + skip, &shared);
	if (e == OK)
		e = ecdh_kek(&kdf, key->fpr, shared, &kek);
	if (e == OK)
		e = ecdh_wrap(kek, m, wrapped);
	if (e != OK)
		return e;
	put_mpi(w, (struct bytes){point, skip + key->curve->point_len});
	put_be(w, 1, sizeof(wrapped));
	put_bytes(w, wrapped, sizeof(wrapped));
	return OK;
}

/* algorithm byte || key || checksum */
static enum err with_checksum(const struct secret *session, struct secret **ret)
{
	const struct bytes s = secret_view(session);
	AUTO_SECRET *m = NULL;
	uint32_t sum = 0;

	if (s.n < 2 || s.n > SESSION_MAX)
		return ERR_BUG;
	enum err e = secret_new(s.n + CHECKSUM, &m);
	if (e != OK)
		return e;
	for (size_t i = 1; i < s.n; i++)
		sum += s.p[i];

	struct writer w = {.p = secret_buf(m), .cap = secret_cap(m)};

	put_bytes(&w, s.p, s.n);
	put_be(&w, CHECKSUM, sum & 0xffff);
	e = writer_ok(&w) ? secret_set_len(m, w.n) : ERR_BUG;
	if (e != OK)
		return e;
	*ret = m;
	m = NULL;
	return OK;
}

enum err pkesk_put(struct writer *w, const struct pubkey *key,
                   const struct secret *session)
{
	uint8_t body[PKESK_PACKET_MAX];
	struct writer b = {.p = body, .cap = sizeof(body)};
	AUTO_SECRET *m = NULL;

	enum err e = with_checksum(session, &m);
	if (e != OK)
		return e;
	put_be(&b, 1, 3);
	put_bytes(&b, key->keyid, sizeof(key->keyid));
	put_be(&b, 1, (uint32_t)key->alg);
	if (key->alg == PGP_RSA || key->alg == PGP_RSA_ENC)
		e = put_rsa(&b, key, m);
	else if (key->alg == PGP_ECDH)
		e = put_ecdh(&b, key, m);
	else
		e = ERR_UNSUPPORTED;
	if (e != OK)
		return e;
	put_packet(w, PACKET_PKESK, writer_bytes(&b));
	return writer_ok(w) && writer_ok(&b) ? OK : ERR_BUG;
}
