/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One try of a TPM's way in, in steps that wait for nobody: looked at, asked, unsealed.
 */
#ifndef UNLOCK_TPM2_TRY_H
#define UNLOCK_TPM2_TRY_H

#include "core/ask.h"
#include "unlock/session_tpm.h"
#include "unlock/volume.h"
#include "unlock/words.h"

enum { TPM2_ANSWER_MAX = 256 /* bytes */ };

/* The first five are the caller's; the rest begins as zero. */
struct tpm2_try {
	struct session *s;
	const struct volume *v;
	const struct enrolment *en;
	const char *disk;
	bool others; /* that this is another TPM's is not worth telling */
	struct tpm2_sealed sealed;
	size_t copies; /* that were looked at: see tpm2_way_next */
	struct tpm2_look look;
	struct aside *job;    /* under way (core/aside.h); NULL: nothing is */
	struct aside *ready;  /* has looked, and waits to be told to unseal */
	bool looks_again;     /* at another copy, for the PIN that is there */
	struct secret *pin;   /* that was sent, */
	struct secret *first; /* or was typed once, to be the last try */
	bool wrong;           /* the one before was: to be told with the tries left */
};

/*
 * What ends a way in is told to the person where it is found, in words.  Errors of
 * tpm2.h, and ERR_TAMPERED: what is sealed is not what the record says; ERR_FORMAT: it is
 * damaged; ERR_PASSPHRASE: what it gives does not open the keyslot.
 */

/* Begins to look; the job ends in tpm2_try_looked.  OK then: it is this TPM's, the PCRs
 * match, and a PIN may be asked for where one is needed.  ERR_TIMEOUT: there is a job
 * again, which ends here, too; another copy is looked at. */
enum err tpm2_try_look(struct tpm2_try *t);
enum err tpm2_try_looked(struct tpm2_try *t);

/* The question for its PIN.  instead: an empty line means another way; card: a dongle
 * would do, too.  Both texts are the caller's room. */
struct tpm2_texts {
	char about[SENTENCE_MAX], hint[SENTENCE_MAX];
};
struct ask_question tpm2_try_question(const struct tpm2_try *t, bool instead, bool card,
                                      struct tpm2_texts *room);
/* May one that succeeded be sent? */
bool tpm2_try_has_pin(const struct tpm2_try *t);

/*
 * Begins to unseal; NULL: without a PIN, or with one that succeeded.  The job ends in
 * tpm2_try_unsealed.  ERR_TIMEOUT: nothing was begun, the question is to be asked again
 * (the last try, or a PIN that was refused before, which was told).  ERR_PIN_LENGTH: the
 * same, it cannot be the PIN; told too.
 */
enum err tpm2_try_unseal(struct tpm2_try *t, const struct secret *pin);
/* ERR_TPM_PIN: look again, and ask again.  ERR_TIMEOUT: there is a job again, which ends
 * here, too; the TPM did not take one copy, and another one is tried. */
enum err tpm2_try_unsealed(struct tpm2_try *t, struct secret **ret_pass);

void tpm2_try_end(struct tpm2_try *t); /* whatever is under way is given up */

#endif
