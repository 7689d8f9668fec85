/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every cryptographic primitive that we use.  The files beside this one are the only
 * files that include gcrypt.h. */
#ifndef CRYPTO_CRYPTO_H
#define CRYPTO_CRYPTO_H

#include "core/secret.h"

/* Once, by main() and by test mains, before anything below. */
enum err crypto_init(void);

/* OpenPGP hash algorithm ids (RFC 9580, 9.5). */
enum hash_alg {
	HASH_NONE = 0,
	HASH_SHA1 = 2,
	HASH_SHA256 = 8,
	HASH_SHA384 = 9,
	HASH_SHA512 = 10,
	HASH_SHA224 = 11
};
enum { HASH_MAX_LEN = 64 };
size_t hash_len(enum hash_alg alg); /* bytes; 0: not known */

struct hash; /* running hash; state lies in libgcrypt's secure memory, wiped on free */
enum err hash_new(enum hash_alg alg, struct hash **ret);
void hash_add(struct hash *h, struct bytes in);
enum err hash_end(struct hash *h, uint8_t *out,
                  size_t out_len); /* out_len == hash_len(alg); frees h */
struct hash *hash_free(struct hash *h);
enum err hash_all(enum hash_alg alg, struct bytes in, uint8_t *out, size_t out_len);
/* The same for what is no secret, in plain memory: no lock that threads share. */
enum err hash_new_public(enum hash_alg alg, struct hash **ret);
enum err hash_all_public(enum hash_alg alg, struct bytes in, uint8_t *out,
                         size_t out_len);
/* What was added so far, of any hash; it begins anew.  out_len as hash_end, else ERR_BUG.
 */
enum err hash_take(struct hash *h, uint8_t *out, size_t out_len);

enum err random_bytes(uint8_t *out, size_t n);         /* not secret: salts, ids */
enum err random_secret(size_t n, struct secret **ret); /* keys */

/* RFC 9580, 3.7.1.3: hash of (salt || input) repeated to count bytes (count = raw bytes,
 * not coded). */
enum err s2k_iterated(enum hash_alg alg, struct bytes salt, const struct secret *input,
                      uint32_t count, struct secret **ret);

/* PBKDF2 with HMAC-SHA256 (RFC 8018, 5.2): n bytes, iterations > 0.  ERR_USAGE: more than
 * 1024 bytes in or out. */
enum err pbkdf2_sha256(const struct secret *input, struct bytes salt,
                       unsigned long iterations, size_t n, struct secret **ret);

/* OpenPGP symmetric cipher ids (RFC 9580, 9.3). */
enum cipher_alg { CIPHER_AES128 = 7, CIPHER_AES192 = 8, CIPHER_AES256 = 9 };
size_t cipher_key_len(enum cipher_alg alg); /* bytes; 0: not known */
/* CFB with an all-zero IV and no resynchronisation: the body of a SEIPD v1 (RFC
 * 9580, 5.13.1). out may be in.p or apart; in.n bytes. */
enum err cfb_encrypt(enum cipher_alg alg, const struct secret *key, struct bytes in,
                     uint8_t *out);
enum err cfb_decrypt(enum cipher_alg alg, const struct secret *key, struct bytes in,
                     uint8_t *out);
/* RFC 3394; unwrap returns ERR_CRYPTO when the check value is wrong. */
enum err aes_wrap(const struct secret *kek, const struct secret *in, uint8_t *out,
                  size_t out_len);
enum err aes_unwrap(const struct secret *kek, struct bytes in, struct secret **ret);

/* RSA with PKCS #1 v1.5 block type 2; n and e big-endian; *ret_len == bytes of n (left
 * padded). */
enum err rsa_encrypt(struct bytes n, struct bytes e, const struct secret *m, uint8_t *out,
                     size_t cap, size_t *ret_len);

/* Curves.  Points on the wire: 04||x||y for Weierstrass, the native 32 bytes for
 * Curve25519 and Ed25519 (no 0x40 prefix anywhere below the OpenPGP layer). */
enum curve_id {
	CURVE_NONE,
	CURVE_P256,
	CURVE_P384,
	CURVE_P521,
	CURVE_BP256,
	CURVE_BP384,
	CURVE_BP512,
	CURVE_25519,
	CURVE_ED25519,
};
struct curve {
	enum curve_id id;
	const char *name;     /* as libgcrypt knows it */
	struct bytes oid;     /* OpenPGP curve OID, without length byte (RFC 9580, 9.2) */
	struct bytes oid_new; /* its other name, written by some programs; or empty */
	size_t field_len;     /* bytes of a coordinate: 32, 48, 66, 64 */
	size_t point_len;     /* bytes of a public point as above */
	enum hash_alg sign_hash; /* as long as the curve; HASH_NONE: it does not sign */
};
const struct curve *curve_by_id(enum curve_id id);
const struct curve *
curve_by_oid(struct bytes oid); /* NULL: not known; newer OIDs 2B656E/2B6570 too */
enum err curve_check_point(const struct curve *c,
                           struct bytes point); /* ERR_CRYPTO: not on it */

/*
 * A fresh ephemeral key against `peer`: its public point (c->point_len bytes into eph)
 * and the shared secret (x coordinate, field_len bytes; Curve25519: 32 bytes
 * little-endian native). ERR_CRYPTO for a point that is not on the curve or gives a zero
 * secret.
 */
enum err ecdh_send(const struct curve *c, struct bytes peer, uint8_t *eph,
                   struct secret **ret_shared);

/* Verify a signature over an already computed hash.  sig: RSA: one big-endian number;
 * ECDSA and EdDSA: r and s, any length up to field_len.  ERR_SIGNATURE when it does not
 * verify. For Ed25519 the signed message is the hash itself (RFC 9580, 5.2.3.3). */
enum err rsa_verify(struct bytes n, struct bytes e, enum hash_alg alg,
                    struct bytes digest, struct bytes sig);
enum err ec_verify(const struct curve *c, struct bytes point, struct bytes digest,
                   struct bytes r, struct bytes s);

#endif
