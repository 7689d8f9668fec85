/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What enroll.c, enroll_say.c, enroll_tpm2.c, enroll_slot.c, enroll_write.c, import.c,
 * leftovers.c, unenroll.c and renew.c share; no other file includes this. */
#ifndef UNLOCK_ENROLL_IMPL_H
#define UNLOCK_ENROLL_IMPL_H

#include "unlock/enroll_tpm2.h"
#include "unlock/journal.h"

/* What a TPM is sealing, and with what. */
struct enroll_sealing {
	struct tpm2_wish wish;
	struct secret *raw, *auth; /* auth: NULL without a PIN */
	struct aside *job;         /* NULL: it is finished */
	/* What came of it, opened by the TPM while it is being written down. */
	struct tpm2_sealed sealed;
	struct aside *proof; /* NULL: not begun, or finished */
	enum err begun;
};

/* An enrolment under way. */
struct enrolling {
	struct session *s;
	struct volume *v;
	const struct enroll_request *req;
	struct pubkey key;
	struct record_entry entry;
	const struct secret *volume_key;
	int existing_slot;                     /* that the person's passphrase opens */
	const struct import_message *imported; /* or NULL */
	const struct enroll_tpm2 *tpm;         /* in place of a card; NULL: it is none */
	struct enroll_sealing *sealing;        /* of that; under way */
};

/* enroll_say.c */
void enroll_step(const struct enrolling *w, const char *text);
void enroll_note(const struct enrolling *w, const char *text);
void enroll_why(const struct enrolling *w, const char *text);

/* import.c */
/* Which of them is for this card?  Told before a PIN is asked for. */
enum err import_choose(struct enrolling *w);
enum err import_open(const struct enrolling *w, struct secret **ret_key);
void import_opens_nothing(const struct enrolling *w);

/* enroll_write.c */
enum err enroll_write(struct enrolling *w, struct enroll_result *ret);

/* enroll_tpm2.c */
/* What is being sealed, a new secret: the passphrase, the object as JSON (malloc'ed), and
 * into w->entry what the record says of it. */
enum err enroll_tpm2_seal(struct enrolling *w, struct secret **ret_pass,
                          uint8_t **ret_blob, size_t *ret_len);
/* Does the object that enroll_tpm2_seal gave, and that the caller found on the disk byte
 * for byte, give back that passphrase? */
enum err enroll_tpm2_prove(const struct enrolling *w, const struct secret *pass);

/* enroll_slot.c */
bool enroll_already(const struct enrolling *w, struct enroll_result *ret);
/* An older way in for the same key that is of no use any more: its keyslot must not
 * outlive it as a key that revoking the card would miss.  *ret_slot: the one that was
 * dropped, or -1: there is none (any more).  ERR_EXISTS: one whose keyslot is not as we
 * made it. */
enum err enroll_drop_older(const struct enrolling *w, int *ret_slot);
/* older: the slot of the way in that this one replaces, or -1.  Another machine may know
 * it by that.  Errors of keyslot_choose, with a note. */
enum err enroll_choose_slot(const struct enrolling *w, int older, int *ret);

/* keyslot.c: pure. */
void keyslot_range(int luks_version, int *ret_first, int *ret_last); /* 2..30, 2..6 */
/* wanted -1: the first that is free.  ERR_EXISTS: taken; ERR_REFUSED: 0, or 1, 7, 31 and
 * others out of range without force (0 always); ERR_NO_SPACE: none is free. */
enum err keyslot_choose(int luks_version, const bool *taken, int wanted, bool force,
                        int *ret);

/* leftovers.c */
enum err enroll_lock(const char *config_dir, bool make, int *ret_fd);
void enroll_unlock(int fd);
enum err journal_save(const struct volume *v, const struct journal *j);
enum err journal_delete(const struct volume *v);
enum err journal_settle(struct volume *v);
/* A recovery key that stands needs its mark on /boot no more (LUKS2). */
enum err recovery_unmark(const struct volume *v, int keyslot);
enum err volume_open_writable(const struct volume *v, struct luks **ret);
size_t count_active(const struct luks *l);
enum err way_remove(struct volume *v, struct luks *dev, int slot, bool kill);
enum err leftovers_clean(struct volume *v, int existing_slot, bool *ret_cleaned);

#endif
