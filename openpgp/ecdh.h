/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The key derivation and key wrap around an ECDH shared secret (RFC 6637, 7 and 8). */
#ifndef OPENPGP_ECDH_H
#define OPENPGP_ECDH_H

#include "openpgp/pubkey.h"

enum { ECDH_PADDED = 40, ECDH_WRAPPED = 48 /* what we write, as gpg does */ };

struct ecdh_kdf {
	struct bytes oid;     /* of the curve, as in the key packet */
	uint8_t hash, cipher; /* OpenPGP ids */
};

bool ecdh_kdf_known(uint8_t hash, uint8_t cipher);
/* The i-th of all parameter sets in use for a curve, the likely ones first; false past
 * the end. */
bool ecdh_kdf_nth(const struct curve *c, size_t i, struct ecdh_kdf *ret);

/* The key-encryption key. */
enum err ecdh_kek(const struct ecdh_kdf *kdf, const uint8_t fpr[static PGP_FPR_LEN],
                  const struct secret *shared, struct secret **ret);
/* Pad to ECDH_PADDED bytes and wrap. */
enum err ecdh_wrap(const struct secret *kek, const struct secret *session,
                   uint8_t out[static ECDH_WRAPPED]);

#endif
