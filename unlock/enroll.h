/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Adding, removing and re-trusting ways in.  Not linked into the initramfs program. */
#ifndef UNLOCK_ENROLL_H
#define UNLOCK_ENROLL_H

#include "openpgp/pubkey.h"
#include "unlock/import.h"
#include "unlock/session.h"
#include "unlock/volume.h"

struct enroll_request {
	const struct pubkey *cert; /* a key from --cert; NULL: the card in the session */
	int keyslot; /* --keyslot, or -1: the first free one of 2..30 (LUKS2), 2..6
	                (LUKS1) */
	bool force;  /* a keyslot that Heads wipes (1, 31, 7) */
	const struct secret
	        *key; /* --key-file: an existing key of the volume; NULL: ask */
	/* --import: the card opens one of these, and what is in it is that key.  NULL:
	 * no. Empty: nothing is there any more, which is fine where the card is enrolled.
	 */
	const struct import *import;
	/* Progress for the person: a sentence a step; may be NULL. */
	void (*step)(void *ctx, const char *text);
	/* What happened and what to do, better than the error that follows tells it; may
	 * be NULL. */
	void (*why)(void *ctx, const char *text);
	void *ctx;
};

struct enroll_result {
	int keyslot;
	int existing_slot; /* that the existing key opened; -1: it was not needed */
	/* What was imported, one of the request's, or NULL. */
	const struct import_message *imported;
	uint8_t fpr[FPR_LEN];
	char ident[CARD_IDENT_LEN];
	bool already; /* this key was enrolled before: nothing was changed */
	bool proven;  /* the card was here and opened the new way in */
	bool resumed; /* leftovers of an interrupted enrolment were cleaned up first */
};

/*
 * Order (docs/FORMAT.md, "Enrolling"): card and PIN checked; existing passphrase (with
 * import: what the card makes of it) checked;
 * journal in config_dir; blob on /boot; keyslot; token; the new way in gone through (card
 * here); record; journal removed.  A failure in between takes back what was written.
 * With import, and a sentence to `why`: ERR_NOT_FOUND, there is none; ERR_WRONG_CARD,
 * none is for this card (no PIN was asked for); ERR_CRYPTO, ERR_FORMAT, ERR_UNSUPPORTED,
 * it is damaged; ERR_PASSPHRASE, it opens no keyslot.
 */
enum err enroll(struct session *s, struct volume *v, const struct enroll_request *req,
                struct enroll_result *ret);

/*
 * May something be encrypted to this key?  Tried, before anything is asked.
 * ERR_UNSUPPORTED, ERR_CRYPTO: no, and *ret_why is a sentence (static) that says why.
 */
enum err enroll_check_key(const struct pubkey *key, const char **ret_why);

/*
 * The card's decryption key, read and checked in every way that needs no PIN.  *ret_why,
 * written on every path: why it cannot be enrolled and what to do, behind "The card
 * cannot be enrolled: " (static), or NULL: the error says it.
 */
enum err enroll_read_key(struct card *c, struct pubkey *ret, const char **ret_why);
/* The same of the session's card, which is waited for. */
enum err enroll_card_key(struct session *s, struct pubkey *ret, const char **ret_why);

/* Ask for a passphrase that opens v, up to three times.  ERR_PASSPHRASE. */
enum err enroll_ask_key(struct session *s, struct volume *v, struct secret **ret,
                        int *ret_slot);

struct unenroll_request {
	int keyslot;       /* or -1 */
	const char *ident; /* --serial, or NULL */
	bool force; /* also the last way in; the caller had it confirmed in words */
};
/* Kill the keyslot, then token, blob, record entry.  ERR_NOT_ENROLLED: not one of ours.
 * ERR_REFUSED: it is the last active keyslot, or may be somebody else's.  ERR_USAGE:
 * several match the serial. */
enum err unenroll(struct volume *v, const struct unenroll_request *req, int *ret_keyslot);

/*
 * Trust the header as it is now: `pass` opens it (checked; a strange header is refused
 * all the same). Rebuilds the record from the old one, tokens (LUKS2) and the JSON beside
 * the blobs (LUKS1), drops entries whose keyslot is gone, writes missing blob files anew.
 */
enum err record_renew(struct volume *v, const struct secret *pass, struct record *ret);
/* Would that make a way in of it that the record does not know?  Unless the passphrase
 * that is typed opens that very keyslot. */
bool record_would_take(const struct volume *v, const struct enrolment *en);

#endif
