/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writing a certificate (transferable public key, RFC 9580, 10.1.1) when the primary key
 * is on a card. */
#ifndef OPENPGP_CERT_WRITE_H
#define OPENPGP_CERT_WRITE_H

#include "openpgp/sign.h"

enum { CERT_UID_MAX = 1000, CERT_SUBKEYS_MAX = 4, CERT_MAX = 12 * 1024 };

struct cert_subkey {
	const struct pubkey *key;
	uint8_t flags; /* FLAG_ENCRYPT or FLAG_AUTHENTICATE */
};

struct cert_plan {
	const struct pubkey *primary; /* signs all that follows */
	uint8_t flags;                /* of the primary key: FLAG_CERTIFY | FLAG_SIGN */
	const char *uid;              /* UTF-8, as in "Alice <alice@example.org>" */
	struct cert_subkey sub[CERT_SUBKEYS_MAX];
	size_t n_sub;
	uint32_t created; /* of the signatures: seconds since 1970 */
	uint32_t expires; /* the same, of every key; 0: never */
	/* Signs with the primary key.  *ret as in sig_finish, valid until the next call.
	 */
	enum err (*sign)(void *ctx, enum hash_alg alg, struct bytes digest,
	                 struct bytes *ret);
	void *ctx;
};

/*
 * 1 + n_sub signatures are asked for, one after the other.  ERR_USAGE: an empty or too
 * long user id, control characters or broken UTF-8 in it, an end before the beginning.
 * ERR_UNSUPPORTED: as sig_draft.  What sign says.  *w holds nothing of use after an
 * error.
 */
enum err cert_write(const struct cert_plan *plan, struct writer *w);

#endif
