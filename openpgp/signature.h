/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Version 4 signatures that a certificate makes about itself (RFC 9580, 5.2). */
#ifndef OPENPGP_SIGNATURE_H
#define OPENPGP_SIGNATURE_H

#include "openpgp/pubkey.h"

enum sig_type {
	SIG_CERT_FIRST = 0x10,
	SIG_CERT_LAST = 0x13,
	SIG_SUBKEY_BINDING = 0x18,
	SIG_DIRECT_KEY = 0x1f,
	SIG_KEY_REVOCATION = 0x20,
	SIG_SUBKEY_REVOCATION = 0x28,
	SIG_CERT_REVOCATION = 0x30,
};

enum { FLAG_ENCRYPT = 0x04 | 0x08 };

struct signature {
	unsigned int type;
	uint8_t pk_alg, hash_alg;
	struct bytes signed_part; /* of the packet: version to the hashed subpackets */
	struct bytes numbers;     /* the MPIs */
	uint32_t created;
	uint32_t key_lifetime; /* seconds after the key's creation; 0: for ever */
	uint32_t lifetime;     /* seconds after the signature's creation; 0: for ever */
	bool has_flags, has_created;
	uint8_t flags;
	bool critical_unknown; /* a subpacket that must be understood is not */
	bool has_issuer;
	uint8_t issuer[8]; /* a hint: it may come from the unhashed part */
};

/* ERR_UNSUPPORTED with *ret_type set: a version that we do not verify. */
enum err signature_parse(struct bytes body, struct signature *ret,
                         unsigned int *ret_type);

/*
 * By `primary`, over its own key material, then about's (a subkey; may be NULL), then a
 * user id packet's (tag and body; 0: none).  OK, ERR_SIGNATURE, or ERR_UNSUPPORTED when
 * it cannot be told.
 */
enum err signature_verify(const struct signature *s, const struct pubkey *primary,
                          const struct pubkey *about, unsigned int uid_tag,
                          struct bytes uid);

/* Understood, made already and not yet expired. */
bool signature_in_force(const struct signature *s, uint32_t now);

#endif
