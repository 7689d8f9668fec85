/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a card does, done in software for tests: keys made on the spot, deciphered with
 * libgcrypt. */
#ifndef TESTS_SOFTKEY_H
#define TESTS_SOFTKEY_H

#include "openpgp/message.h"

struct softkey {
	struct pubkey pub;
	void *sexp; /* libgcrypt's private key */
};

enum { SOFTKEY_CREATED = 1600000000 };

bool softkey_rsa(struct softkey *k); /* 2048 bits */
bool softkey_ecdh(enum curve_id id, uint8_t kdf_hash, uint8_t kdf_cipher,
                  struct softkey *k);
void softkey_free(struct softkey *k);

/* The unpadded RSA message, or the shared secret as a card gives it. */
bool softkey_decipher(const struct softkey *k, const struct pkesk *p,
                      struct secret **ret);

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
