/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Encrypted OpenPGP messages: PKESK v3, SEIPD v1, literal data (RFC
 * 9580, 5.1, 5.13.1, 5.9). */
#ifndef OPENPGP_MESSAGE_H
#define OPENPGP_MESSAGE_H

#include "openpgp/pubkey.h"

enum { MESSAGE_MAX = 64 * 1024, MESSAGE_BODY_MAX = 8 * 1024, MESSAGE_RECIPIENTS = 16 };

/* One PKESK: what a card needs to find the session key. */
struct pkesk {
	uint8_t keyid[8]; /* all zero: hidden recipient */
	enum pgp_alg alg;
	struct bytes rsa;     /* the number, no leading zeros */
	struct bytes point;   /* ephemeral point, no 0x40 */
	struct bytes wrapped; /* ECDH: RFC 3394 output */
};

struct message {
	uint8_t *own; /* dearmored and de-chunked copy that the rest points into */
	struct pkesk pkesk[MESSAGE_RECIPIENTS];
	size_t n_pkesk;
	struct bytes seipd; /* body after the version byte */
};

/* Binary or armored; at most MESSAGE_MAX bytes.  Unknown PKESK versions and algorithms
 * are skipped. */
enum err message_parse(struct bytes in, struct message *ret);
void message_free(struct message *m); /* wipes the struct */

/* Could this PKESK be for this key: same key id or hidden, same algorithm (and curve:
 * point length)? */
bool pkesk_may_be_for(const struct pkesk *p, const struct pubkey *key);
/* Does it name the key of this fingerprint? */
bool pkesk_names(const struct pkesk *p, const uint8_t fpr[static PGP_FPR_LEN]);

/*
 * The session key, from what the card deciphered.  The secret comes out as algorithm byte
 * || key, its checksum verified in constant time (RFC 9580, 5.1.3). RSA: `deciphered` is
 * the unpadded message.  ECDH: the shared secret; runs the KDF of RFC 6637, 7 with key's
 * parameters and unwraps.  ERR_CRYPTO: not for this key, or damaged.
 */
enum err pkesk_session_rsa(const struct pkesk *p, const struct secret *deciphered,
                           struct secret **ret);
enum err pkesk_session_ecdh(const struct pkesk *p, const struct pubkey *key,
                            const struct secret *shared, struct secret **ret);
/*
 * As above when only the fingerprint of the key is known and the curve: tries the KDF
 * parameters in use (the unwrap's check value tells).  This is what the boot needs: no
 * public key there.
 */
enum err pkesk_session_ecdh_fpr(const struct pkesk *p, const struct curve *c,
                                const uint8_t fpr[static PGP_FPR_LEN],
                                const struct secret *shared, struct secret **ret);

/*
 * Decrypt, verify the MDC, unwrap compression (zlib, zip, bzip2 is refused; bounded) and
 * signatures, and return the literal body.  ERR_CRYPTO: MDC wrong or missing; nothing of
 * the text comes out.
 */
enum err message_decrypt(const struct message *m, const struct secret *session,
                         struct secret **ret_body);

/*
 * One PKESK per key (key id written in clear), SEIPD v1 with AES-256, literal "b" without
 * name or date, body exactly `body`.  *ret is malloc'ed, binary.
 */
enum err message_encrypt(const struct pubkey *const *keys, size_t n_keys,
                         const struct secret *body, uint8_t **ret, size_t *ret_len);

#endif
