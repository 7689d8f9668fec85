/* SPDX-License-Identifier: GPL-2.0-or-later */
/* OpenPGP version 4 public keys: packet bodies, fingerprints, keys made from what a card
 * tells. */
#ifndef OPENPGP_PUBKEY_H
#define OPENPGP_PUBKEY_H

#include "core/bytes.h"
#include "crypto/crypto.h"

enum { PGP_FPR_LEN = 20, PGP_KEY_MAX = 1100 /* body of an RSA-4096 key with room */ };

/* Public-key algorithms (RFC 9580, 9.1). */
enum pgp_alg {
	PGP_RSA = 1,
	PGP_RSA_ENC = 2,
	PGP_RSA_SIGN = 3,
	PGP_ECDH = 18,
	PGP_ECDSA = 19,
	PGP_EDDSA = 22
};

/* A key that owns its bytes: body is the packet body (RFC 9580, 5.5.2.2), the rest points
 * into it. */
struct pubkey {
	uint8_t body[PGP_KEY_MAX];
	size_t body_len;
	enum pgp_alg alg;
	uint32_t created;
	uint8_t fpr[PGP_FPR_LEN];
	uint8_t keyid[8];
	struct bytes n, e;            /* RSA, no leading zero bytes */
	const struct curve *curve;    /* ECDH, ECDSA, EdDSA */
	struct bytes oid;             /* as in the packet */
	struct bytes point;           /* as in crypto.h: no 0x40 */
	uint8_t kdf_hash, kdf_cipher; /* ECDH (RFC 9580, 5.5.5.6): OpenPGP ids */
};

enum err pubkey_parse(struct bytes body, struct pubkey *ret);
void pubkey_copy(struct pubkey *to, const struct pubkey *from); /* re-points into `to` */

/* Make the key of given parts; for ECDH the KDF parameters are given too. */
enum err pubkey_make_rsa(uint32_t created, struct bytes n, struct bytes e,
                         struct pubkey *ret);
enum err pubkey_make_ecdh(uint32_t created, const struct curve *c, struct bytes oid,
                          struct bytes point, uint8_t kdf_hash, uint8_t kdf_cipher,
                          struct pubkey *ret);
/* ECDSA and EdDSA (RFC 9580, 5.5.5.4 and 5.5.5.5). */
enum err pubkey_make_signer(uint32_t created, enum pgp_alg alg, const struct curve *c,
                            struct bytes oid, struct bytes point, struct pubkey *ret);

/* A public key as mathematics: what is left when time and spelling are taken away. */
struct key_parts {
	enum pgp_alg alg; /* PGP_RSA stands for all three ids */
	struct bytes n, e;
	const struct curve *curve;
	struct bytes point; /* as in struct pubkey */
};

/*
 * Recompute the OpenPGP key from its parts: tries every spelling that gpg, Sequoia and
 * others use (KDF hash and cipher, old and new curve OID, RSA algorithm id 1, 2, 3) until
 * the fingerprint matches. ERR_CRYPTO: none does (public key, time and fingerprint do not
 * belong together).
 */
enum err pubkey_match(const struct key_parts *parts, uint32_t created,
                      const uint8_t fpr[static PGP_FPR_LEN], struct pubkey *ret);
/* Is k that key, whatever its time and spelling?  Public bytes: not constant-time. */
bool pubkey_has_parts(const struct pubkey *k, const struct key_parts *parts);

/*
 * Certificates (RFC 9580, 10.1; binary or armored): every encryption-capable (sub)key
 * whose binding signature verifies, says "encrypt" (flags 0x04, 0x08, or no flags at all)
 * and that is neither revoked nor expired at `now`; newest first.  *ret_n <= cap.
 * ERR_NOT_FOUND: none, with the most telling reason and what to do in *ret_why
 * (sentences; may be NULL).  ERR_FORMAT: no certificate; *ret_why is set when it is known
 * what it is. Text before armor is passed over.
 */
enum err cert_encryption_keys(struct bytes cert, uint32_t now, struct pubkey *ret,
                              size_t cap, size_t *ret_n, const char **ret_why);
/*
 * The same for the keys that sign documents: flag 0x02 or no flags at all; a subkey must
 * have signed the primary key in return (RFC 9580, 5.2.1: type 0x19).
 */
enum err cert_signing_keys(struct bytes cert, uint32_t now, struct pubkey *ret,
                           size_t cap, size_t *ret_n, const char **ret_why);

#endif
