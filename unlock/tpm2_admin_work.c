/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lockout hierarchy, in the child of tpm2_admin.c. */
#include "unlock/tpm2_admin.h"
#include "unlock/tpm2_esys.h"
#include "unlock/tpm2_jobs.h"

struct admin {
	struct tpm t;
	struct tpm_srk srk;
	ESYS_TR session;
};

/* Trimmed, as zero bytes at the end are not agreed about. */
static enum err as_auth(struct bytes b, TPM2B_AUTH *ret)
{
	while (b.n > 0 && b.p[b.n - 1] == 0)
		b.n--;
	if (b.n > TPM2_AUTH_MAX)
		return ERR_BUG;
	ret->size = (UINT16)b.n;
	if (b.n > 0)
		memcpy(ret->buffer, b.p, b.n);
	return OK;
}

static TSS2_RC act(struct admin *a, const struct tpm2_task *task, const TPM2B_AUTH *fresh)
{
	const struct tpm2_limits *l = task->limits;
	ESYS_CONTEXT *e = a->t.esys;

	switch (task->admin) {
	case TPM2_RESET:
		return Esys_DictionaryAttackLockReset(e, ESYS_TR_RH_LOCKOUT, a->session,
		                                      ESYS_TR_NONE, ESYS_TR_NONE);
	case TPM2_LIMITS:
		return Esys_DictionaryAttackParameters(e, ESYS_TR_RH_LOCKOUT, a->session,
		                                       ESYS_TR_NONE, ESYS_TR_NONE, l->max,
		                                       l->interval_s, l->recovery_s);
	case TPM2_PASSWORD:
		return Esys_HierarchyChangeAuth(e, ESYS_TR_RH_LOCKOUT, a->session,
		                                ESYS_TR_NONE, ESYS_TR_NONE, fresh);
	}
	return TSS2_ESYS_RC_BAD_VALUE;
}

static enum err with_session(struct admin *a, const struct tpm2_task *task,
                             const TPM2B_AUTH *auth, const TPM2B_AUTH *fresh)
{
	enum err e = tpm_srk_choose(&a->t, 0, &a->srk);

	if (e == OK)
		e = tpm_err(Esys_TR_SetAuth(a->t.esys, ESYS_TR_RH_LOCKOUT, auth));
	/* Only a command with a password in it can be encrypted: others have no
	 * parameter that is. */
	if (e == OK)
		e = tpm_session(&a->t, TPM2_SE_HMAC, &a->srk, ESYS_TR_NONE,
		                task->admin == TPM2_PASSWORD ? TPMA_SESSION_DECRYPT : 0,
		                &a->session);
	if (e == OK)
		e = tpm_err(act(a, task, fresh));
	if (e == OK)
		a->session = ESYS_TR_NONE; /* that was its last command */
	return e;
}

enum err tpm2_job_admin(const void *how, const struct secret *in, struct writer *out)
{
	const struct tpm2_task *task = how;
	struct admin a = {.srk.tr = ESYS_TR_NONE, .session = ESYS_TR_NONE};
	struct bytes rest = secret_view(in), first = {0};
	TPM2B_AUTH auth = {0}, fresh = {0};
	uint32_t n = 0;

	(void)out;
	enum err e = bytes_take_be(&rest, 1, &n);
	if (e == OK)
		e = bytes_take(&rest, n, &first);
	if (e == OK)
		e = as_auth(first, &auth);
	if (e == OK)
		e = as_auth(rest, &fresh);
	if (e == OK)
		e = tpm_open(task->tcti, &a.t);
	if (e == OK)
		e = with_session(&a, task, &auth, &fresh);
	explicit_bzero(&auth, sizeof(auth));
	explicit_bzero(&fresh, sizeof(fresh));
	tpm_flush(&a.t, &a.session);
	tpm_srk_drop(&a.t, &a.srk);
	tpm_close(&a.t);
	return e;
}

bool tpm2_built(void)
{
	return true;
}
