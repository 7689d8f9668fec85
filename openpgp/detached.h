/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Detached signatures of documents (RFC 9580, 10.4), verified. */
#ifndef OPENPGP_DETACHED_H
#define OPENPGP_DETACHED_H

#include "openpgp/signature.h"

enum { DETACHED_MAX = 64 * 1024, DETACHED_SIGNATURES = 16 };

struct detached {
	size_t key;       /* which of the keys made it */
	uint32_t created; /* seconds since 1970 */
};

/*
 * Is one of the signatures in `sig` (binary or armored) of type 0x00, over exactly
 * `document`, by one of the keys, and in force at `now`?  The keys are taken as they
 * are: see cert_signing_keys.  ERR_SIGNATURE: none is; nothing at all is none too.
 * ERR_FORMAT: there is something other than signatures.
 */
enum err detached_verify(struct bytes sig, struct bytes document,
                         const struct pubkey *keys, size_t n_keys, uint32_t now,
                         struct detached *ret);
/* Not one of them, but every one: as gpg --verify judges, whose exit status is Heads'
 * verdict.  *ret is the newest of them. */
enum err detached_verify_every(struct bytes sig, struct bytes document,
                               const struct pubkey *keys, size_t n_keys, uint32_t now,
                               struct detached *ret);

#endif
