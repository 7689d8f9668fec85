/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The TPM's protection against guessing, changed at arm's length. */
#include "unlock/tpm2_admin.h"

#include "unlock/tpm2_jobs.h"

enum { WORK_MS = 20000, BOTH_MAX = 1 + 2 * TPM2_AUTH_MAX };

/* The length of the first, the first, the second; either may be NULL. */
static enum err join(const struct secret *a, const struct secret *b, struct secret **ret)
{
	AUTO_SECRET *both = NULL;
	const size_t n = a ? secret_len(a) : 0;

	if (n > TPM2_AUTH_MAX || (b && secret_len(b) > TPM2_AUTH_MAX))
		return ERR_USAGE;
	enum err e = secret_new(BOTH_MAX, &both);
	if (e != OK)
		return e;
	struct writer w = {secret_buf(both), BOTH_MAX, 0, false};
	put_be(&w, 1, (uint32_t)n);
	if (a)
		put_bytes(&w, secret_view(a).p, n);
	if (b)
		put_bytes(&w, secret_view(b).p, secret_len(b));
	e = writer_ok(&w) ? secret_set_len(both, w.n) : ERR_BUG;
	if (e != OK)
		return e;
	*ret = both;
	both = NULL;
	return OK;
}

static enum err run(const struct tpm2 *t, const struct tpm2_task *task,
                    const struct secret *auth, const struct secret *fresh)
{
	AUTO_SECRET *in = NULL, *out = NULL;
	struct tpm2_task full = *task;

	full.tcti = t->tcti;
	enum err e = join(auth, fresh, &in);
	if (e == OK)
		e = aside_run(tpm2_job_admin, &full, in, 0,
		              t->limit_ms > 0 ? t->limit_ms : WORK_MS, &out);
	return e == ERR_TIMEOUT || e == ERR_IO ? ERR_TPM_FAILED : e;
}

enum err tpm2_lockout_reset(const struct tpm2 *t, const struct secret *auth)
{
	return run(t, &(struct tpm2_task){.admin = TPM2_RESET}, auth, NULL);
}

enum err tpm2_lockout_limits(const struct tpm2 *t, const struct secret *auth,
                             const struct tpm2_limits *l)
{
	return run(t, &(struct tpm2_task){.admin = TPM2_LIMITS, .limits = l}, auth, NULL);
}

enum err tpm2_lockout_password(const struct tpm2 *t, const struct secret *auth,
                               const struct secret *fresh)
{
	return run(t, &(struct tpm2_task){.admin = TPM2_PASSWORD}, auth, fresh);
}
