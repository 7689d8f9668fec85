/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Version 4 signatures, of documents and of a certificate about itself (RFC 9580, 5.2).
 */
#ifndef OPENPGP_SIGNATURE_H
#define OPENPGP_SIGNATURE_H

#include "openpgp/pubkey.h"

enum sig_type {
	SIG_BINARY = 0x00,
	SIG_CERT_FIRST = 0x10,
	SIG_CERT_LAST = 0x13,
	SIG_SUBKEY_BINDING = 0x18,
	SIG_PRIMARY_BINDING = 0x19, /* by a signing subkey, inside its binding */
	SIG_DIRECT_KEY = 0x1f,
	SIG_KEY_REVOCATION = 0x20,
	SIG_SUBKEY_REVOCATION = 0x28,
	SIG_CERT_REVOCATION = 0x30,
};

enum {
	FLAG_CERTIFY = 0x01,
	FLAG_SIGN = 0x02,
	FLAG_ENCRYPT = 0x04 | 0x08,
	FLAG_AUTHENTICATE = 0x20
};

/* What a signature is about; what does not belong is empty, NULL or 0. */
struct sig_subject {
	struct bytes document;        /* SIG_BINARY */
	const struct pubkey *primary; /* everything else */
	const struct pubkey *subkey;
	unsigned int uid_tag; /* of the user id's packet */
	struct bytes uid;
};

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
	struct bytes
	        embedded; /* a signature inside, without its packet header; or empty */
	bool has_issuer;
	uint8_t issuer[8]; /* a hint: it may come from the unhashed part */
};

/* ERR_UNSUPPORTED with *ret_type set: a version that we do not verify. */
enum err signature_parse(struct bytes body, struct signature *ret,
                         unsigned int *ret_type);

/*
 * Was it made by that key?  OK, ERR_SIGNATURE, or ERR_UNSUPPORTED when it cannot be told:
 * the hash is broken or shorter than the curve, the key is of a kind that does not sign.
 */
enum err signature_verify(const struct signature *s, const struct pubkey *by,
                          const struct sig_subject *about);

/* signed_part: version to the hashed subpackets; hash_len(alg) bytes come out. */
enum err signature_digest(const struct sig_subject *about, struct bytes signed_part,
                          enum hash_alg alg, uint8_t digest[static HASH_MAX_LEN]);
/* a: RSA's number, or r; b: s. */
enum err signature_check(const struct pubkey *by, enum hash_alg alg, struct bytes digest,
                         struct bytes a, struct bytes b);
/* The shortest hash that gpg accepts from this key and that we sign with; HASH_NONE: the
 * key does not sign. */
enum hash_alg signature_hash(const struct pubkey *key);

/* Understood, made already and not yet expired. */
bool signature_in_force(const struct signature *s, uint32_t now);

#endif
