/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is done in a child process of tpm2.c: jobs (core/aside.h), what they are told and
 * what they write. */
#ifndef UNLOCK_TPM2_JOBS_H
#define UNLOCK_TPM2_JOBS_H

#include "core/aside.h"
#include "unlock/tpm2.h"

/* With tss2 those of tpm2_work*.c, else of tpm2_none.c. */
/* struct tpm2_task -> struct tpm2_pcrs; of a task that looks: struct tpm2_look */
aside_job tpm2_job_pcrs;
aside_job tpm2_job_seal; /* what to seal, then the auth value -> struct tpm2_made */
/* Auth value -> the secret.  Of a task that looks first: nothing -> (aside_exchange)
 * struct tpm2_look; then the same. */
aside_job tpm2_job_unseal;
aside_job tpm2_job_extend;
aside_job tpm2_job_lockout; /* -> struct tpm2_lockout */

extern const bool tpm2_built_in; /* tpm2_esys.c: yes; tpm2_none.c: no */

/* Password of the lockout hierarchy and the new one: see tpm2_admin.c. */
aside_job tpm2_job_admin; /* tpm2_admin_work.c, or tpm2_admin_none.c */
enum tpm2_admin { TPM2_RESET, TPM2_LIMITS, TPM2_PASSWORD };

/* Which of them is what a job needs; the rest is zero. */
struct tpm2_limits;
struct tpm2_task {
	const char *tcti;
	enum hash_alg bank;
	uint32_t mask;
	uint32_t srk;
	const uint8_t *srk_name; /* NULL: any */
	bool pin;
	const struct tpm2_pcrs *to;
	const struct tpm2_sealed *sealed;
	bool looks;
	int limit_ms; /* if it looks: for what comes after that */
	enum tpm2_admin admin;
	const struct tpm2_limits *limits;
	unsigned pcr;
	const char *what;
};

struct tpm2_made {
	uint32_t srk;
	uint8_t srk_name[TPM2_NAME_LEN];
	uint16_t pub_len, priv_len;
	uint8_t pub[TPM2_PUBLIC_MAX], priv[TPM2_PRIVATE_MAX];
	struct tpm2_pcrs pcrs;
};

#endif
