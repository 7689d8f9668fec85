/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Making a version 4 signature when the private key is on a card (RFC 9580, 5.2.3): first
 * what the card is to sign, then the packet around its answer. */
#ifndef OPENPGP_SIGN_H
#define OPENPGP_SIGN_H

#include "openpgp/signature.h"

enum { SIG_HEAD_MAX = 96, SIG_PACKET_MAX = 1200 };

struct sig_draft {
	uint8_t head[SIG_HEAD_MAX]; /* version to the hashed subpackets */
	size_t head_len;
	enum hash_alg hash;
	uint8_t digest[HASH_MAX_LEN]; /* for the card: hash_len(hash) bytes */
};

struct sig_claims {
	uint32_t created; /* of the signature: seconds since 1970 */
	uint32_t
	        expires; /* of a certificate's key that it is about, the same; 0: never */
	uint8_t flags;   /* what that key is for (FLAG_x); 0: nothing is said */
};

/*
 * ERR_USAGE: made before the key was, which no verifier accepts; a key that ends before
 * it begins.  ERR_UNSUPPORTED: the key does not sign, or a subkey that signs is bound (it
 * would have to sign in return).
 */
enum err sig_draft(const struct pubkey *key, enum sig_type type,
                   const struct sig_claims *claims, const struct sig_subject *about,
                   struct sig_draft *ret);

/*
 * The packet.  raw: as PSO:CDS answers (OpenPGP card 3.4, 7.2.10): RSA's number, or r and
 * s of the same length.  ERR_SIGNATURE: it does not verify; nothing is written then.
 */
enum err sig_finish(const struct sig_draft *d, const struct pubkey *key, struct bytes raw,
                    struct writer *w);

#endif
