/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a card does, done in software for tests: keys made on the spot, deciphered with
 * libgcrypt. */
#ifndef TESTS_SOFTKEY_H
#define TESTS_SOFTKEY_H

#include "openpgp/message.h"
#include "openpgp/packet.h"
#include "openpgp/signature.h"

struct softkey {
	struct pubkey pub;
	void *sexp; /* libgcrypt's private key */
};

enum { SOFTKEY_CREATED = 1600000000 };

bool softkey_rsa(struct softkey *k); /* 2048 bits */
bool softkey_rsa_bits(unsigned int bits, struct softkey *k);
bool softkey_ecdh(enum curve_id id, uint8_t kdf_hash, uint8_t kdf_cipher,
                  struct softkey *k);
bool softkey_signer(enum curve_id id, struct softkey *k); /* ECDSA or EdDSA */
void softkey_free(struct softkey *k);
struct key_parts softkey_parts(const struct softkey *k);

/* The unpadded RSA message, or the shared secret as a card gives it. */
bool softkey_decipher(const struct softkey *k, const struct pkesk *p,
                      struct secret **ret);

/* The session key of a packet that may be for the key; by_fpr: as at boot, where only the
 * fingerprint is known.  ERR_CRYPTO: it is not for this key. */
enum err softkey_session(const struct softkey *k, const struct pkesk *p, bool by_fpr,
                         struct secret **ret);

/* As PSO:CDS: RSA's number, or r || s of full width; *ret_n <= SOFT_SIGNATURE_MAX. */
enum { SOFT_SIGNATURE_MAX = 512 };
bool softkey_sign(const struct softkey *k, enum hash_alg alg, struct bytes digest,
                  uint8_t raw[static SOFT_SIGNATURE_MAX], size_t *ret_n);

/* An unprotected secret-key packet (RFC 9580, 5.5.3): written, and its body read. */
bool softkey_put_secret(struct writer *w, enum packet_tag tag, const struct softkey *k);
bool softkey_take_secret(struct bytes body, struct softkey *k);

/* The last secret key of a file: of gpg's files the one that decrypts. */
bool softkey_load(const char *path, struct softkey *k);

/* A signature over `about` whose hashed subpackets are exactly those. */
bool softkey_put_signature(struct writer *w, const struct softkey *by, uint8_t type,
                           const struct sig_subject *about, struct bytes hashed);

/* A certificate of two keys, or with secret its private keys, by the product's writer. */
bool softkey_put_cert(struct writer *w, const struct softkey *primary,
                      const struct softkey *sub, const char *uid, uint32_t created,
                      bool secret);

/*
 * A certificate: the key k as a subkey of a fresh ECDSA P-256 primary key.  flags: of the
 * binding; lifetime: of the subkey, 0 for ever; revoke: add a revocation of it.
 */
struct softcert {
	uint8_t data[8192];
	size_t n;
	size_t primary_n,
	        uid_n; /* bytes of the packets up to here: primary; with the user id */
};
bool softkey_cert(const struct softkey *k, uint8_t flags, uint32_t lifetime, bool revoke,
                  struct softcert *ret);

#endif
