/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signatures: their subpackets, and whether they verify. */
#include "openpgp/signature.h"
#include "openpgp/packet.h"

enum subpacket {
	SUB_CREATED = 2,
	SUB_LIFETIME = 3,
	SUB_KEY_LIFETIME = 9,
	SUB_ISSUER = 16,
	SUB_FLAGS = 27,
	SUB_EMBEDDED = 32,
	SUB_ISSUER_FPR = 33,
};
enum { CLOCK_SLACK = 24 * 60 * 60 };

/* Those that do not change what a self-signature means to us. */
static bool is_harmless(uint32_t type)
{
	switch (type) {
	case 4:  /* exportable */
	case 5:  /* trust */
	case 7:  /* revocable */
	case 11: /* preferences ... */
	case 12: /* revocation key */
	case 21:
	case 22:
	case 23:
	case 24:
	case 25: /* primary user id */
	case 26:
	case 28: /* signer's user id */
	case 29: /* reason for revocation */
	case 30: /* features */
	case SUB_EMBEDDED:
	case 34:
	case 35:
		return true;
	default:
		return false;
	}
}

static enum err see_issuer(struct bytes id, struct signature *s)
{
	if (id.n < sizeof(s->issuer))
		return ERR_FORMAT;
	s->has_issuer = true;
	memcpy(s->issuer, id.p + id.n - sizeof(s->issuer), sizeof(s->issuer));
	return OK;
}

static enum err see_subpacket(struct bytes sub, bool hashed, struct signature *s)
{
	uint32_t head, skipped;

	enum err e = bytes_take_be(&sub, 1, &head);
	if (e != OK)
		return e;

	const uint32_t type = head & 0x7f;

	if (type == SUB_ISSUER)
		return see_issuer(sub, s);
	if (type == SUB_ISSUER_FPR) {
		e = bytes_take_be(&sub, 1, &skipped); /* key version */
		return e == OK ? see_issuer(sub, s) : e;
	}
	if (type == SUB_EMBEDDED) /* it is a signature, and speaks for itself */
		s->embedded = sub;
	if (!hashed)
		return OK;
	switch (type) {
	case SUB_CREATED:
		s->has_created = true;
		return bytes_take_be(&sub, 4, &s->created);
	case SUB_LIFETIME:
		return bytes_take_be(&sub, 4, &s->lifetime);
	case SUB_KEY_LIFETIME:
		return bytes_take_be(&sub, 4, &s->key_lifetime);
	case SUB_FLAGS:
		s->has_flags = true;
		s->flags = sub.n > 0 ? sub.p[0] : 0;
		return OK;
	default:
		if ((head & 0x80) != 0 && !is_harmless(type))
			s->critical_unknown = true;
		return OK;
	}
}

static enum err take_subpacket(struct bytes *in, struct bytes *ret)
{
	uint32_t first, more;

	enum err e = bytes_take_be(in, 1, &first);
	if (e != OK)
		return e;
	if (first == 255) {
		e = bytes_take_be(in, 4, &first);
	} else if (first >= 192) {
		e = bytes_take_be(in, 1, &more);
		if (e == OK)
			first = ((first - 192) << 8) + more + 192;
	}
	return e == OK ? bytes_take(in, first, ret) : e;
}

static enum err take_area(struct bytes *in, bool hashed, struct signature *s)
{
	struct bytes area = {0}, sub;
	uint32_t len;

	enum err e = bytes_take_be(in, 2, &len);
	if (e == OK)
		e = bytes_take(in, len, &area);
	while (e == OK && area.n > 0) {
		e = take_subpacket(&area, &sub);
		if (e == OK)
			e = see_subpacket(sub, hashed, s);
	}
	return e;
}

enum err signature_parse(struct bytes body, struct signature *ret, unsigned int *ret_type)
{
	struct signature s = {0};
	const struct bytes whole = body;
	uint32_t version, type, pk_alg, hash_alg, left16;

	enum err e = bytes_take_be(&body, 1, &version);
	if (e == OK && (version == 2 || version == 3))
		e = bytes_take_be(&body, 1, &type); /* the length of what is hashed */
	if (e == OK)
		e = bytes_take_be(&body, 1, &type);
	if (e != OK)
		return e;
	if (version != 4) {
		*ret_type = type;
		return ERR_UNSUPPORTED;
	}
	s.type = type;
	e = bytes_take_be(&body, 1, &pk_alg);
	if (e == OK)
		e = bytes_take_be(&body, 1, &hash_alg);
	if (e == OK)
		e = take_area(&body, true, &s);
	s.signed_part = (struct bytes){whole.p, whole.n - body.n};
	if (e == OK)
		e = take_area(&body, false, &s);
	if (e == OK)
		e = bytes_take_be(&body, 2, &left16);
	if (e != OK)
		return e;
	s.pk_alg = (uint8_t)pk_alg;
	s.hash_alg = (uint8_t)hash_alg;
	s.numbers = body;
	*ret = s;
	*ret_type = type;
	return OK;
}

static void add_key(struct hash *h, const struct pubkey *k)
{
	const uint8_t head[3] = {0x99, (uint8_t)(k->body_len >> 8), (uint8_t)k->body_len};

	hash_add(h, (struct bytes){head, sizeof(head)});
	hash_add(h, (struct bytes){k->body, k->body_len});
}

/* A head of head_len bytes (a tag; version and 0xff) and a length of four. */
static void add_length(struct hash *h, size_t head_len, uint32_t head, size_t len)
{
	uint8_t buf[8];
	struct writer w = {.p = buf, .cap = sizeof(buf)};

	put_be(&w, head_len, head);
	put_be(&w, 4, (uint32_t)len);
	hash_add(h, writer_bytes(&w));
}

enum err signature_digest(const struct sig_subject *about, struct bytes signed_part,
                          enum hash_alg alg, uint8_t digest[static HASH_MAX_LEN])
{
	struct hash *h = NULL;

	enum err e = hash_new(alg, &h);
	if (e != OK)
		return e;
	hash_add(h, about->document);
	if (about->primary != NULL)
		add_key(h, about->primary);
	if (about->subkey != NULL)
		add_key(h, about->subkey);
	if (about->uid_tag != 0) {
		add_length(h, 1, about->uid_tag == PACKET_USER_ID ? 0xb4 : 0xd1,
		           about->uid.n);
		hash_add(h, about->uid);
	}
	hash_add(h, signed_part);
	add_length(h, 2, 0x04ff, signed_part.n);
	return hash_end(h, digest, hash_len(alg));
}

static bool is_rsa(const struct pubkey *k)
{
	return k->alg == PGP_RSA || k->alg == PGP_RSA_SIGN;
}

enum hash_alg signature_hash(const struct pubkey *key)
{
	if (is_rsa(key))
		return HASH_SHA256;
	if (key->alg == PGP_ECDSA || key->alg == PGP_EDDSA)
		return key->curve->sign_hash;
	return HASH_NONE;
}

/* SHA-1 collisions are for sale, and ECDSA wants a hash as long as its curve. */
static bool hash_will_do(const struct pubkey *by, enum hash_alg alg)
{
	const enum hash_alg least =
	        by->alg == PGP_ECDSA ? signature_hash(by) : HASH_SHA256;

	return hash_len(alg) >= hash_len(least);
}

enum err signature_check(const struct pubkey *by, enum hash_alg alg, struct bytes digest,
                         struct bytes a, struct bytes b)
{
	return is_rsa(by) ? rsa_verify(by->n, by->e, alg, digest, a)
	                  : ec_verify(by->curve, by->point, digest, a, b);
}

enum err signature_verify(const struct signature *s, const struct pubkey *by,
                          const struct sig_subject *about)
{
	const enum hash_alg alg = (enum hash_alg)s->hash_alg;
	const bool rsa = is_rsa(by);
	uint8_t digest[HASH_MAX_LEN];
	struct bytes in = s->numbers, a, b = {0};

	if (signature_hash(by) == HASH_NONE || !hash_will_do(by, alg))
		return ERR_UNSUPPORTED;
	if (s->pk_alg != (uint8_t)by->alg && !(rsa && s->pk_alg == PGP_RSA))
		return ERR_UNSUPPORTED;
	enum err e = signature_digest(about, s->signed_part, alg, digest);
	if (e != OK)
		return e;
	e = take_mpi(&in, &a);
	if (e == OK && !rsa)
		e = take_mpi(&in, &b);
	if (e != OK || in.n != 0)
		return ERR_SIGNATURE;
	return signature_check(by, alg, (struct bytes){digest, hash_len(alg)}, a, b);
}

bool signature_in_force(const struct signature *s, uint32_t now)
{
	if (s->critical_unknown || !s->has_created)
		return false;
	if ((uint64_t)s->created > (uint64_t)now + CLOCK_SLACK)
		return false;
	return s->lifetime == 0 || (uint64_t)s->created + s->lifetime > now;
}
