/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A TPM as a way in: looked at, sealed to, proven.  Not linked into the initramfs
 * program. */
#ifndef UNLOCK_ENROLL_TPM2_H
#define UNLOCK_ENROLL_TPM2_H

#include "unlock/enroll.h"
#include "unlock/tpm2_choice.h"

struct tpm2_seal_wish {
	struct tpm2_choice choice;
	enum hash_alg bank;
	uint32_t srk;            /* this persistent key; 0: as in struct tpm2_wish */
	const uint8_t *srk_name; /* the same */
};

/* How things stand, before anything is asked. */
struct tpm2_found {
	struct tpm2_pcrs to; /* what would be sealed to: */
	bool saved;          /* from before the cap, or as it is now */
	struct tpm2_lockout lockout;
	unsigned doubts; /* enum tpm2_doubt */
};

/* ERR_NOT_FOUND: the TPM has no such bank.  ERR_TPM_LOCKED: nothing could be proven. */
enum err enroll_tpm2_look(struct session *s, const struct tpm2_seal_wish *wish,
                          struct tpm2_found *ret);

/* A new PIN: by a person typed twice, up to three times; from a descriptor one line.
 * ERR_PIN_LENGTH, ERR_CANCELLED; ERR_USAGE: nobody can be asked; ERR_REFUSED: it was
 * typed in two ways. */
enum err enroll_tpm2_ask_pin(struct session *s, const char *disk, struct secret **ret);

struct enroll_tpm2 {
	const struct tpm2_seal_wish *wish;
	const struct tpm2_found *found;
	const struct secret *pin; /* NULL: none */
	/* Ways in of a TPM that the record has are removed once the new one stands; else
	 * there must be none. */
	bool replace;
};

/* Is there one of a TPM in this machine's record?  NULL: no.  Complete ones first. */
const struct enrolment *enroll_tpm2_find(const struct volume *v);

/*
 * As enroll(), with req->key or who is asked for the existing passphrase.  ERR_EXISTS:
 * see `replace`.  To `why`: what the errors of the TPM mean here.
 */
enum err enroll_with_tpm2(struct session *s, struct volume *v,
                          const struct enroll_request *req, const struct enroll_tpm2 *tpm,
                          struct enroll_result *ret);

/* All of them but the one in keyslot `keep` (-1: none) that are as we made them.
 * *ret_left: one that is not; -1.  Also ends an enrolment that was cut short after its
 * record was there. */
enum err enroll_tpm2_drop_others(struct volume *v, int keep, int *ret_left);

#endif
