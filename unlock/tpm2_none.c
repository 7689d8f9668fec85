/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Built without tss2: no TPM. */
#include "unlock/tpm2_jobs.h"

const bool tpm2_built_in = false;

static enum err none(void)
{
	return ERR_UNSUPPORTED;
}

enum err tpm2_job_pcrs(const void *how, const struct secret *in, struct writer *out)
{
	(void)how, (void)in, (void)out;
	return none();
}

enum err tpm2_job_seal(const void *how, const struct secret *in, struct writer *out)
{
	(void)how, (void)in, (void)out;
	return none();
}

enum err tpm2_job_unseal(const void *how, const struct secret *in, struct writer *out)
{
	(void)how, (void)in, (void)out;
	return none();
}

enum err tpm2_job_extend(const void *how, const struct secret *in, struct writer *out)
{
	(void)how, (void)in, (void)out;
	return none();
}

enum err tpm2_job_lockout(const void *how, const struct secret *in, struct writer *out)
{
	(void)how, (void)in, (void)out;
	return none();
}
