/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The enrolment record /etc/bootlatch/volumes/UUID.json: what this machine trusts about a
 * volume (docs/FORMAT.md). */
#ifndef UNLOCK_RECORD_H
#define UNLOCK_RECORD_H

#include "card/card.h"
#include "unlock/luks.h"
#include "unlock/tpm2.h"

enum {
	HEADER_PIN_LEN = 32,
	PASSPHRASE_DIGEST_LEN = 32,
	RECORD_MAX = 64 * 1024,
	RECORD_SERIALS = 4
};

/* KDF state of the card as seen at enrolment: a card that suddenly asks for the clear
 * PIN, or for another derivation, is not given it. */
enum record_kdf { RECORD_KDF_UNKNOWN, RECORD_KDF_NONE, RECORD_KDF_PINNED };

struct record_entry {
	int keyslot;
	const char *backend; /* static text: a backend's type */
	bool needs_pin;
	uint8_t fpr[FPR_LEN]; /* openpgp-card: the decryption key; tpm2: tpm2_id;
	                         recovery: the first bytes of its
	                         passphrase_digest */
	char ident[RECORD_SERIALS]
	          [CARD_IDENT_LEN]; /* cards known to hold it; "" ends the list */
	enum record_kdf kdf;
	uint8_t kdf_digest[32];          /* SHA-256 of card_info's kdf_digest_input */
	uint8_t srk_name[TPM2_NAME_LEN]; /* tpm2: of the storage root key */
	unsigned cap;                    /* tpm2: this PCR is extended once all is open */
	bool knows_passphrase;
	uint8_t passphrase_digest[PASSPHRASE_DIGEST_LEN];
};

/* A way in of a TPM as an initramfs knows it: nothing that resealing changes
 * (docs/adr/0016). */
struct record_tpm2 {
	bool needs_pin;
	uint8_t srk_name[TPM2_NAME_LEN];
	unsigned cap;
};
enum { RECORD_TPM2_MAX = 4 };

struct record {
	char uuid[LUKS_UUID_LEN + 1];
	uint8_t pin[HEADER_PIN_LEN];
	struct record_entry entry[LUKS_SLOTS_MAX];
	size_t n;
	struct record_tpm2 tpm2[RECORD_TPM2_MAX]; /* in images alone, sorted */
	size_t n_tpm2;
};

bool record_entry_is(const struct record_entry *en, const char *backend);

/* Strict: unknown fields, a second copy of a field, trailing bytes: ERR_FORMAT. */
enum err record_parse(struct bytes json, struct record *ret);
/* With ways in of a TPM as an image has them.  ERR_NO_SPACE: more than RECORD_TPM2_MAX
 * that differ. */
enum err record_for_image(const struct record *r, struct record *ret);
enum err record_format(const struct record *r,
                       char **ret_json); /* malloc'ed, ends in a newline */
/* volumes/UUID.json below config_dir.  ERR_NO_RECORD when there is none. */
enum err record_load(const char *config_dir, const char *uuid, struct record *ret);
enum err record_save(const char *config_dir, const struct record *r);
enum err record_delete(const char *config_dir, const char *uuid);

/*
 * By this the record knows the passphrase of a keyslot again, which holds 256 random
 * bits: SHA-256 over "bootlatch passphrase", a zero byte, the LUKS UUID, a zero byte, the
 * passphrase.
 */
enum err passphrase_digest(const char *uuid, const struct secret *pass,
                           uint8_t ret[static PASSPHRASE_DIGEST_LEN]);

/* SHA-256 over the canonical JSON of what decides which key opens and how data is
 * encrypted. */
enum err header_pin(const struct luks *l, uint8_t ret[static HEADER_PIN_LEN]);

#endif
