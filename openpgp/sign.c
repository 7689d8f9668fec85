/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signature packets, from the hash to the numbers that a card gave. */
#include "openpgp/sign.h"
#include "openpgp/packet.h"

enum {
	SUB_CREATED = 2,
	SUB_KEY_LIFETIME = 9,
	SUB_CIPHERS = 11,
	SUB_ISSUER = 16,
	SUB_HASHES = 21,
	SUB_COMPRESSION = 22,
	SUB_FLAGS = 27,
	SUB_FEATURES = 30,
	SUB_ISSUER_FPR = 33
};
enum { SIG_VERSION = 4, KEY_VERSION = 4 };

static void put_subpacket(struct writer *w, uint32_t type, size_t body_len)
{
	put_be(w, 1, (uint32_t)(1 + body_len));
	put_be(w, 1, type);
}

/* Without these gpg encrypts to the key with Triple DES, which we do not read. */
static void put_preferences(struct writer *w)
{
	put_subpacket(w, SUB_CIPHERS, 3);
	put_be(w, 3, CIPHER_AES256 << 16 | CIPHER_AES192 << 8 | CIPHER_AES128);
	put_subpacket(w, SUB_HASHES, 3);
	put_be(w, 3, HASH_SHA512 << 16 | HASH_SHA384 << 8 | HASH_SHA256);
	put_subpacket(w, SUB_COMPRESSION, 2);
	put_be(w, 2, 0x0201); /* zlib, zip */
	put_subpacket(w, SUB_FEATURES, 1);
	put_be(w, 1, 1); /* SEIPD version 1 */
}

/* key: that the signature is about; NULL: a document. */
static enum err put_hashed(struct writer *w, const struct pubkey *by, enum sig_type type,
                           const struct sig_claims *claims, const struct pubkey *key)
{
	put_subpacket(w, SUB_ISSUER_FPR, 1 + sizeof(by->fpr));
	put_be(w, 1, KEY_VERSION);
	put_bytes(w, by->fpr, sizeof(by->fpr));
	put_subpacket(w, SUB_CREATED, 4);
	put_be(w, 4, claims->created);
	if (claims->expires != 0) {
		if (!key || claims->expires <= claims->created ||
		    claims->expires <= key->created)
			return ERR_USAGE;
		put_subpacket(w, SUB_KEY_LIFETIME, 4);
		put_be(w, 4, claims->expires - key->created);
	}
	if (claims->flags != 0) {
		put_subpacket(w, SUB_FLAGS, 1);
		put_be(w, 1, claims->flags);
	}
	if (type >= SIG_CERT_FIRST && type <= SIG_CERT_LAST)
		put_preferences(w);
	return OK;
}

enum err sig_draft(const struct pubkey *key, enum sig_type type,
                   const struct sig_claims *claims, const struct sig_subject *about,
                   struct sig_draft *ret)
{
	struct sig_draft d = {.hash = signature_hash(key)};
	uint8_t hashed[SIG_HEAD_MAX];
	struct writer w = {.p = d.head, .cap = sizeof(d.head)};
	struct writer h = {.p = hashed, .cap = sizeof(hashed)};

	/* a subkey that signs would have to sign the primary key first */
	if (d.hash == HASH_NONE || (type == SIG_SUBKEY_BINDING &&
	                            (claims->flags & (FLAG_SIGN | FLAG_CERTIFY)) != 0))
		return ERR_UNSUPPORTED;
	if (claims->created < key->created)
		return ERR_USAGE;
	enum err e = put_hashed(&h, key, type, claims,
	                        about->subkey ? about->subkey : about->primary);
	if (e != OK)
		return e;
	put_be(&w, 1, SIG_VERSION);
	put_be(&w, 1, (uint32_t)type);
	put_be(&w, 1, (uint32_t)key->alg);
	put_be(&w, 1, (uint32_t)d.hash);
	put_be(&w, 2, (uint32_t)h.n);
	put_bytes(&w, hashed, h.n);
	if (!writer_ok(&w) || !writer_ok(&h))
		return ERR_BUG;
	d.head_len = w.n;
	e = signature_digest(about, writer_bytes(&w), d.hash, d.digest);
	if (e == OK)
		*ret = d;
	return e;
}

/* Of RSA one number, else two halves. */
static enum err split(const struct pubkey *key, struct bytes raw, struct bytes *a,
                      struct bytes *b)
{
	if (key->curve == NULL) {
		*a = raw;
		return OK;
	}
	if (raw.n == 0 || raw.n % 2 != 0)
		return ERR_SIGNATURE;

	const size_t half = raw.n / 2;

	enum err e = bytes_take(&raw, half, a);
	return e == OK ? bytes_take(&raw, half, b) : e;
}

enum err sig_finish(const struct sig_draft *d, const struct pubkey *key, struct bytes raw,
                    struct writer *w)
{
	uint8_t body[SIG_PACKET_MAX];
	struct writer out = {.p = body, .cap = sizeof(body)};
	const struct bytes digest = {d->digest, hash_len(d->hash)};
	struct bytes a = {0}, b = {0};

	enum err e = split(key, raw, &a, &b);
	if (e == OK)
		e = signature_check(key, d->hash, digest, without_zeros(a),
		                    without_zeros(b));
	if (e != OK)
		return e;
	put_bytes(&out, d->head, d->head_len);
	put_be(&out, 2, 2 + sizeof(key->keyid)); /* unhashed: for old verifiers */
	put_subpacket(&out, SUB_ISSUER, sizeof(key->keyid));
	put_bytes(&out, key->keyid, sizeof(key->keyid));
	put_bytes(&out, d->digest, 2); /* its left 16 bits */
	put_mpi(&out, a);
	if (key->curve != NULL)
		put_mpi(&out, b);
	if (!writer_ok(&out))
		return ERR_BUG;
	put_packet(w, PACKET_SIGNATURE, writer_bytes(&out));
	return writer_ok(w) ? OK : ERR_BUG;
}
