/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One volume with all that is known of it: header snapshot, record, tokens, blobs on
 * /boot. */
#ifndef UNLOCK_VOLUME_H
#define UNLOCK_VOLUME_H

#include "unlock/luks.h"
#include "unlock/record.h"
#include "unlock/token.h"

/* The strings belong to the caller and outlive the volume. */
struct volume_where {
	const char *device;
	const char *header;     /* detached LUKS header, or NULL */
	const char *boot_dir;   /* blobs are in boot_dir/bootlatch/ */
	const char *config_dir; /* records are in config_dir/volumes/ */
};

enum record_state { RECORD_MATCHES, RECORD_MISSING, RECORD_DIFFERS, RECORD_BROKEN };

/* One way in of ours, as the merge of record, token, blob file and keyslot. */
struct enrolment {
	int keyslot;
	const char *backend;
	bool in_record, has_token, has_blob_file, slot_active;
	bool complete; /* the record matches, in_record, slot_active and (token or blob)
	                */
	bool needs_pin;
	bool trial;   /* being enrolled: no advice to take it away when it fails */
	bool untried; /* the caller tries the passphrase on the keyslots itself */
	int token_id; /* LUKS2, else -1 */
	uint8_t fpr[FPR_LEN];
	char ident[RECORD_SERIALS][CARD_IDENT_LEN];
	enum record_kdf kdf;
	uint8_t kdf_digest[32];
	uint8_t srk_name[TPM2_NAME_LEN]; /* tpm2: as the record has it */
	/* In an image: of other ways in that the record has, and that fit as well. */
	uint8_t srk_other[RECORD_TPM2_MAX][TPM2_NAME_LEN];
	size_t n_srk_other;
	unsigned cap;          /* the same: see record.h */
	bool knows_passphrase; /* the record does, by its digest */
	uint8_t passphrase_digest[PASSPHRASE_DIGEST_LEN];
	/* Encrypted passphrase, or (tpm2) sealed object: /boot's copy, then the token's.
	 * A card's are tried in this order, a TPM's as tpm2_way_next says. */
	uint8_t *blob[2];
	size_t blob_len[2]; /* 0: not there; identical copies are kept once, as [0] */
};

struct volume {
	struct volume_where where;
	struct luks *luks;
	uint8_t pin[HEADER_PIN_LEN];
	enum record_state state;
	struct record record; /* when state is RECORD_MATCHES or RECORD_DIFFERS */
	struct enrolment enrolled[LUKS_SLOTS_MAX];
	size_t n_enrolled;
	int interrupted_slot; /* an enrolment that was cut short reserved this slot; -1:
	                         none */
	const char *strange;  /* why the header is refused outright, or NULL */
	int typed_slot; /* a typed passphrase must open that one; LUKS_ANY_SLOT: any */
};

/*
 * Read everything once.  What is damaged (an unreadable blob, a token of ours that does
 * not parse) is skipped and told at debug level, never fatal: another way in may work. A
 * strange or differing header is no error here: see state and strange.
 */
enum err volume_load(const struct volume_where *where, struct volume **ret);
struct volume *volume_free(struct volume *v); /* NULL is fine; returns NULL */
/* Read it all again into the same struct.  ERR_TAMPERED: the pin is not the one it was.
 */
enum err volume_reload(struct volume *v);

/* OK to use card or TPM on it, or the reason not to: ERR_NO_RECORD, ERR_TAMPERED. */
enum err volume_trusted(const struct volume *v);

bool enrolment_is(const struct enrolment *en, const char *backend);
const struct enrolment *volume_find(const struct volume *v, int keyslot); /* NULL: none */
/* crypttab's keyslot=: only the enrolment of that one is a way in.  LUKS_ANY_SLOT: all.
 */
void volume_keep_slot(struct volume *v, int keyslot);
/* Is that keyslot a complete way in for that key? */
bool volume_has_way(const struct volume *v, int keyslot,
                    const uint8_t fpr[static FPR_LEN]);
/* LUKS2: token number i; LUKS1: the JSON beside the blob of keyslot i.  ERR_NOT_FOUND,
 * ERR_FORMAT. */
enum err volume_token(const struct volume *v, int i, struct token *ret);

#endif
