/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A TPM behind the jobs of unlock/tpm2_jobs.h, and enrolments of it.  A test that uses it
 * has no other. */
#ifndef TESTS_DOUBLE_TPM_H
#define TESTS_DOUBLE_TPM_H

#include "tests/unit/world.h"
#include "unlock/tpm2.h"

enum double_tpm_mood {
	DOUBLE_TPM_WORKS,
	DOUBLE_TPM_ABSENT,
	DOUBLE_TPM_FAILS,
	DOUBLE_TPM_HANGS, /* at whatever it is asked */
	DOUBLE_TPM_HANGS_UNSEALING,
	DOUBLE_TPM_LATE,           /* looking takes a while */
	DOUBLE_TPM_BLAMES_THE_PIN, /* when unsealing, whatever was sent */
};

enum { DOUBLE_TPM_OBJECTS = 8, DOUBLE_TPM_CAP = 8 };

/* In memory that its children share. */
struct double_tpm {
	enum double_tpm_mood mood;
	struct tpm2_pcrs now; /* sha256; there is no other bank */
	struct tpm2_lockout lockout;
	struct double_tpm_object {
		uint8_t pub[TPM2_PUBLIC_MAX], auth[TPM2_SECRET_LEN],
		        secret[TPM2_SECRET_LEN];
		size_t pub_len, auth_len;
		bool pin;
	} object[DOUBLE_TPM_OBJECTS];
	size_t n;
	unsigned looked, unsealed; /* how often it was asked to */
	unsigned right, wrong;     /* PINs that came */
	bool cleared;              /* another storage root key */
	int read_ms, extend_ms;    /* the limits of the last of these */
};
extern struct double_tpm *double_tpm;

void double_tpm_start(void); /* works, 5 tries; PCRs 7, 8, 9 are something */
/* A keyslot that opens with what is sealed to PCRs 7 to 9; pin NULL: without one.  In
 * record and token, as `bootlatch enroll --tpm2` has it. */
void double_tpm_enroll(struct world *w, int slot, const char *pin);

#endif
