/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An OpenPGP card application (OpenPGP card 3.4.1): what it says of itself, its PIN, its
 * decryption key. */
#ifndef CARD_CARD_H
#define CARD_CARD_H

#include "card/transport.h"
#include "core/secret.h"
#include "crypto/crypto.h"

enum { FPR_LEN = 20, CARD_IDENT_LEN = 14 };

/* The three keys of a card; index of the arrays below. */
enum card_key { CARD_KEY_SIG, CARD_KEY_DEC, CARD_KEY_AUT, CARD_KEYS };

enum card_key_type {
	CARD_KEY_NONE,
	CARD_KEY_RSA,
	CARD_KEY_ECDH,
	CARD_KEY_ECDSA,
	CARD_KEY_EDDSA
};

/* Algorithm attributes, DO C1 to C3 (OpenPGP card 3.4, 4.4.3.9). */
struct card_key_attr {
	enum card_key_type type;
	uint16_t rsa_bits;
	uint8_t oid[16]; /* curve OID without its length; stray trailing bytes are cut off
	                    when known */
	size_t oid_len;
};

struct card_key_info {
	struct card_key_attr attr;
	bool present;         /* a fingerprint that is not all zero */
	uint8_t fpr[FPR_LEN]; /* C5 */
	uint32_t created;     /* CD, seconds since 1970; 0: not set */
	bool touch; /* UIF D6..D8 says a touch is needed; the signature key's is certain
	               after card_verify_sign only */
};

/* KDF-DO F9 (OpenPGP card 3.4, 4.3.2). */
struct card_kdf {
	bool active;
	uint8_t hash;          /* OpenPGP id: 8 or 10 */
	uint32_t count;        /* bytes hashed; bounded, see kdf.c */
	uint8_t salt_user[32]; /* the book has 8 bytes; cards may take more */
	size_t salt_len;
};

/* Everything read at open: SELECT, GET DATA 6E, and F9 when the card has KDF. */
struct card_info {
	uint8_t aid[16];
	uint16_t version; /* BCD: 0x0304 */
	uint16_t manufacturer;
	uint32_t serial;
	char ident[CARD_IDENT_LEN];       /* "000F:12345678" */
	bool chaining, extended;          /* what the card says */
	size_t max_command, max_response; /* DO 7F66, bytes with header; 0: not told */
	struct card_key_info key[CARD_KEYS];
	bool fpr_told; /* C5 is there; without it nobody knows which keys the card has */
	size_t pin_min, pin_max; /* user PIN, bytes */
	bool signs_once;         /* C4: a PIN in mode 81 is good for one signature */
	int tries_user, tries_reset, tries_admin; /* C4 */
	struct card_kdf kdf;
	/* Objects 81 to 84 of F9 in one canonical spelling, for the record's pin of it;
	 * empty when off. */
	uint8_t kdf_digest_input[64];
	size_t kdf_digest_len;
};

/* Which card it is.  Many have a serial number that nobody ever set, so what is said or
 * remembered of a card goes by its decryption key too. */
struct card_who {
	char ident[CARD_IDENT_LEN]; /* "": not known */
	uint8_t fpr[FPR_LEN];       /* of the decryption key; zeros: none */
};
struct card_who card_who(const struct card_info *info);
bool card_who_same(const struct card_who *a, const struct card_who *b);

/* A public key as the card tells it: parts point into the card's own buffer, valid until
 * close or the next call. */
struct card_pubkey {
	enum card_key_type type;
	struct bytes rsa_n, rsa_e;
	struct bytes oid, point; /* point: 04||x||y, or native 32 bytes */
};

struct card;

/* What keeps a card that answers from being used, where the error does not say it. */
enum card_flaw {
	CARD_FLAW_NONE,
	CARD_FLAW_OLD,      /* application 1.x */
	CARD_FLAW_BLOCK_2,  /* it wants PINs as "PIN block format 2" (ISO 9564-1) */
	CARD_FLAW_COUNTERS, /* it does not tell the tries left (C4) */
	CARD_FLAW_KDF,      /* it may have a KDF, and F9 cannot be read or understood */
};

/*
 * Select the application and read what it says of itself, in CARD_OPEN_MS at most.  Takes
 * t over, also on failure (closed). ERR_WRONG_CARD: no OpenPGP application.
 * ERR_CARD_STATE: terminated.  ERR_FORMAT: nonsense.  ERR_UNSUPPORTED, ERR_FORMAT: the
 * flaw may say more.
 */
enum { CARD_OPEN_MS = 20000 }; /* 2.5 s an answer is slow, and lawful */
enum err card_open(struct transport *t, struct card **ret);
enum err card_open_told(struct transport *t, enum card_flaw *ret_flaw, struct card **ret);
struct card *card_close(struct card *c); /* resets the card; NULL is fine; returns NULL */

const struct card_info *card_info(const struct card *c);
const char *card_reader(const struct card *c);
enum err card_alive(struct card *c);

/* Read the PIN counters again (C4, else 6E). */
enum err card_refresh_tries(struct card *c);

/*
 * VERIFY PW1 in mode 82, through the KDF when it is active.
 * Nothing is sent and no try is spent for ERR_PIN_LENGTH, ERR_PIN_BLOCKED (0 left) and
 * ERR_PIN_LAST_TRY (1 left and !spend_last).  ERR_PIN_WRONG, ERR_PIN_BLOCKED after
 * sending: the counters in card_info() are fresh (or, when the card was lost, lowered by
 * one). ERR_PIN_UNKNOWN: the connection failed in between: the try counts as spent.
 */
enum err card_verify_user(struct card *c, const struct secret *pin, bool spend_last);

/*
 * The PIN typed on the reader's own pad, where it has one and the card no KDF (the reader
 * cannot compute it): card_has_pad.  Waits for PAD_SECONDS.  As card_verify_user, and
 * ERR_CANCELLED, ERR_TIMEOUT: the person pressed cancel or nothing, and no try is spent.
 */
bool card_has_pad(const struct card *c);
enum err card_verify_on_pad(struct card *c, bool spend_last);

/*
 * VERIFY PW1 in mode 81, which only card_sign needs: as card_verify_user, with the same
 * counter.  card_signs: does such a PIN still hold?  Not after a reset, nor, where
 * signs_once, after a signature.
 */
enum err card_verify_sign(struct card *c, const struct secret *pin, bool spend_last);
enum err card_verify_sign_on_pad(struct card *c, bool spend_last); /* on the pad */
bool card_signs(const struct card *c);

/* Read a public key (GENERATE, P1 = 81).  ERR_CARD_STATE: there is no key.
 * ERR_CARD_REFUSES: it is not told; the key may be there. */
enum err card_read_pubkey(struct card *c, enum card_key key, struct card_pubkey *ret);

/*
 * PSO:DECIPHER.  Needs card_verify_user.
 * RSA: cryptogram is one big-endian number (left-padded here); the secret is the unpadded
 * message. ECDH: point as in card_pubkey; the secret is the x coordinate (field_len
 * bytes) or, Curve25519, the 32 native bytes, whatever form the card answers in.
 * ERR_CRYPTO: the card refuses the input.  ERR_TOUCH: nobody touched it.  ERR_PIN_GONE:
 * the PIN that was verified no longer holds; said once for each that does nothing.
 */
enum err card_decipher_rsa(struct card *c, struct bytes cryptogram, struct secret **ret);
enum err card_decipher_ecdh(struct card *c, struct bytes point, size_t field_len,
                            struct secret **ret);

/*
 * PSO:COMPUTE DIGITAL SIGNATURE (7.2.10) over a digest of hash_len(alg) bytes, SHA-256,
 * 384 or 512.  Needs card_verify_sign: ERR_USAGE without.  *ret, valid until close or the
 * next call: RSA: one big-endian number; ECDSA and EdDSA: r || s, of the curve's width
 * each.  ERR_TOUCH: nobody touched it; look at card_signs before trying again.
 * ERR_CRYPTO: the card refuses the input.  ERR_FORMAT: that is no signature.
 */
enum err card_sign(struct card *c, enum hash_alg alg, struct bytes digest,
                   struct bytes *ret);

#endif
