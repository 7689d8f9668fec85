/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Built without tss2: no TPM to be changed. */
#include "unlock/tpm2_admin.h"
#include "unlock/tpm2_jobs.h"

enum err tpm2_job_admin(const void *how, const struct secret *in, struct writer *out)
{
	(void)how, (void)in, (void)out;
	return ERR_UNSUPPORTED;
}

bool tpm2_built(void)
{
	return false;
}
