/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sealing and unsealing, in the child of tpm2.c. */
#include <tss2/tss2_mu.h>

#include "unlock/tpm2_esys.h"
#include "unlock/tpm2_jobs.h"

/* PCRs that the policy leaves out change too (IMA). */
enum { CHANGED_MAX = 8 };

/* --- sealing --- */

struct sealing {
	struct tpm t;
	struct tpm_srk srk;
	ESYS_TR session;
	struct tpm2_made made;
};

static enum err template_of(const struct tpm2_pcrs *p, bool pin, TPM2B_PUBLIC *ret)
{
	TPMT_PUBLIC area = {
	        .type = TPM2_ALG_KEYEDHASH,
	        .nameAlg = TPM2_ALG_SHA256,
	        .objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT,
	        .authPolicy.size = TPM2_SHA256_DIGEST_SIZE,
	        .parameters.keyedHashDetail.scheme.scheme = TPM2_ALG_NULL,
	        .unique.keyedHash.size = 0,
	};

	/* An empty auth value cannot be guessed: it must not lock out others. */
	if (!pin)
		area.objectAttributes |= TPMA_OBJECT_NODA;
	const enum err e = tpm2_policy(p, pin, area.authPolicy.buffer);
	if (e == OK)
		*ret = (TPM2B_PUBLIC){.publicArea = area};
	return e;
}

static enum err put_made(const TPM2B_PUBLIC *pub, const TPM2B_PRIVATE *priv,
                         struct tpm2_made *ret)
{
	size_t n = 0, m = 0;

	if (Tss2_MU_TPM2B_PUBLIC_Marshal(pub, ret->pub, sizeof(ret->pub), &n) !=
	            TSS2_RC_SUCCESS ||
	    Tss2_MU_TPM2B_PRIVATE_Marshal(priv, ret->priv, sizeof(ret->priv), &m) !=
	            TSS2_RC_SUCCESS)
		return ERR_TPM_FAILED;
	ret->pub_len = (uint16_t)n;
	ret->priv_len = (uint16_t)m;
	return OK;
}

/* in: what to seal, then the auth value, which may be empty. */
static enum err create(struct sealing *s, struct bytes in, const TPM2B_PUBLIC *template)
{
	const TPM2B_DATA no_data = {0};
	const TPML_PCR_SELECTION no_pcrs = {0};
	TPM2B_SENSITIVE_CREATE sensitive = {0};
	TPMS_SENSITIVE_CREATE *to = &sensitive.sensitive;
	TPM2B_PUBLIC *pub = NULL;
	TPM2B_PRIVATE *priv = NULL;
	struct bytes what = {0};

	enum err e = bytes_take(&in, TPM2_SECRET_LEN, &what);
	if (e != OK || in.n > sizeof(to->userAuth.buffer))
		return ERR_BUG;
	memcpy(to->data.buffer, what.p, what.n);
	to->data.size = (UINT16)what.n;
	memcpy(to->userAuth.buffer, in.p, in.n);
	to->userAuth.size = (UINT16)in.n;
	e = tpm_err(Esys_Create(s->t.esys, s->srk.tr, s->session, ESYS_TR_NONE,
	                        ESYS_TR_NONE, &sensitive, template, &no_data, &no_pcrs,
	                        &priv, &pub, NULL, NULL, NULL));
	explicit_bzero(&sensitive, sizeof(sensitive));
	if (e == OK)
		s->session = ESYS_TR_NONE; /* that was its last command */
	if (e == OK)
		e = put_made(pub, priv, &s->made);
	Esys_Free(pub);
	Esys_Free(priv);
	return e;
}

static enum err seal(struct sealing *s, const struct tpm2_task *task, struct bytes in)
{
	TPM2B_PUBLIC template;

	enum err e = tpm_srk_choose(&s->t, task->srk, &s->srk);
	if (e == OK)
		e = tpm_name(&s->t, s->srk.tr, s->made.srk_name);
	if (e == OK && task->srk_name &&
	    !mem_equal_ct(s->made.srk_name, task->srk_name, TPM2_NAME_LEN))
		e = ERR_TPM_OTHER;
	if (e == OK)
		e = tpm_session(&s->t, TPM2_SE_HMAC, &s->srk, ESYS_TR_NONE,
		                TPMA_SESSION_DECRYPT | TPMA_SESSION_ENCRYPT, &s->session);
	if (e == OK && task->to)
		s->made.pcrs = *task->to;
	else if (e == OK)
		e = tpm_pcrs(&s->t, task->bank, task->mask, &s->made.pcrs);
	if (e == OK)
		e = template_of(&s->made.pcrs, task->pin, &template);
	s->made.srk = s->srk.handle;
	return e == OK ? create(s, in, &template) : e;
}

enum err tpm2_job_seal(const void *how, const struct secret *in, struct writer *out)
{
	const struct tpm2_task *task = how;
	struct sealing s = {.srk.tr = ESYS_TR_NONE, .session = ESYS_TR_NONE};

	enum err e = tpm_open(task->tcti, &s.t);
	if (e == OK)
		e = seal(&s, task, secret_view(in));
	if (e == OK)
		put_bytes(out, &s.made, sizeof(s.made));
	tpm_flush(&s.t, &s.session);
	tpm_srk_drop(&s.t, &s.srk);
	tpm_close(&s.t);
	return e;
}

/* --- unsealing --- */

struct unsealing {
	struct tpm t;
	struct tpm_srk srk;
	ESYS_TR object, policy, bound;
};

/* Before anything is sent that a salt to another key would give away. */
static enum err check_srk(struct unsealing *u, const struct tpm2_sealed *s)
{
	uint8_t name[TPM2_NAME_LEN];

	const enum err e = tpm_name(&u->t, u->srk.tr, name);
	if (e != OK)
		return e;
	return mem_equal_ct(name, s->srk_name, sizeof(name)) ? OK : ERR_TPM_OTHER;
}

static enum err load(struct unsealing *u, const struct tpm2_sealed *s)
{
	TPM2B_PUBLIC pub = {0};
	TPM2B_PRIVATE priv = {0};
	size_t n = 0, m = 0;

	if (Tss2_MU_TPM2B_PUBLIC_Unmarshal(s->pub, s->pub_len, &n, &pub) !=
	            TSS2_RC_SUCCESS ||
	    Tss2_MU_TPM2B_PRIVATE_Unmarshal(s->priv, s->priv_len, &m, &priv) !=
	            TSS2_RC_SUCCESS ||
	    n != s->pub_len || m != s->priv_len)
		return ERR_FORMAT;
	const TSS2_RC rc = Esys_Load(u->t.esys, u->srk.tr, ESYS_TR_PASSWORD, ESYS_TR_NONE,
	                             ESYS_TR_NONE, &priv, &pub, &u->object);
	/* Its key is the recorded one: what that does not take is damaged. */
	return tpm_is_of_parameter(rc) ? ERR_FORMAT : tpm_err(rc);
}

static enum err set_auth(struct unsealing *u, const struct secret *in)
{
	const struct bytes b = secret_view(in);
	TPM2B_AUTH auth = {.size = (UINT16)b.n};

	if (b.n > sizeof(auth.buffer))
		return ERR_BUG;
	if (b.n > 0)
		memcpy(auth.buffer, b.p, b.n);
	const TSS2_RC rc = Esys_TR_SetAuth(u->t.esys, u->object, &auth);
	explicit_bzero(&auth, sizeof(auth));
	return tpm_err(rc);
}

static TSS2_RC fulfil(struct unsealing *u, const struct tpm2_sealed *s)
{
	const TPML_PCR_SELECTION pcrs = tpm_selection(s->pcrs.bank, s->pcrs.mask);
	const TPM2B_DIGEST as_they_are = {0};

	const TSS2_RC rc =
	        Esys_PolicyPCR(u->t.esys, u->policy, ESYS_TR_NONE, ESYS_TR_NONE,
	                       ESYS_TR_NONE, &as_they_are, &pcrs);
	if (rc != TSS2_RC_SUCCESS || !s->needs_pin)
		return rc;
	return Esys_PolicyAuthValue(u->t.esys, u->policy, ESYS_TR_NONE, ESYS_TR_NONE,
	                            ESYS_TR_NONE);
}

/* The last command of both sessions: the TPM drops them when it succeeds. */
static TSS2_RC unseal_once(struct unsealing *u, const struct tpm2_sealed *s,
                           TPM2B_SENSITIVE_DATA **ret)
{
	TSS2_RC rc = fulfil(u, s);

	if (rc == TSS2_RC_SUCCESS)
		rc = Esys_Unseal(u->t.esys, u->object, u->policy, u->bound, ESYS_TR_NONE,
		                 ret);
	if (rc == TSS2_RC_SUCCESS)
		u->policy = u->bound = ESYS_TR_NONE;
	return rc;
}

static enum err take(struct unsealing *u, const struct tpm2_sealed *s, struct writer *out)
{
	TPM2B_SENSITIVE_DATA *data = NULL;

	TSS2_RC rc = unseal_once(u, s, &data);
	for (unsigned i = 0; i < CHANGED_MAX && tpm_bare(rc) == TPM2_RC_PCR_CHANGED;
	     i++) {
		rc = Esys_PolicyRestart(u->t.esys, u->policy, ESYS_TR_NONE, ESYS_TR_NONE,
		                        ESYS_TR_NONE);
		if (rc == TSS2_RC_SUCCESS)
			rc = unseal_once(u, s, &data);
	}
	if (rc != TSS2_RC_SUCCESS)
		return tpm_err(rc);
	const size_t n = data->size;
	put_bytes(out, data->buffer, n);
	explicit_bzero(data, sizeof(*data));
	Esys_Free(data);
	return n == TPM2_SECRET_LEN ? OK : ERR_TPM_FAILED;
}

/* What is told of the TPM before anybody is asked; then the auth value comes. */
static enum err look(struct unsealing *u, const struct tpm2_task *task,
                     struct secret **ret_auth)
{
	const struct tpm2_pcrs *p = &task->sealed->pcrs;
	struct tpm2_look l;

	enum err e = tpm_pcrs(&u->t, p->bank, p->mask, &l.pcrs);
	if (e == OK)
		e = tpm_lockout(&u->t, &l.lockout);
	if (e == OK)
		e = aside_exchange((struct bytes){(const uint8_t *)&l, sizeof(l)},
		                   task->limit_ms, ret_auth);
	return e;
}

/* What comes back is encrypted in a session that is bound to the object: to read it, who
 * sits on the bus would need the PIN, too.  (The library cannot authorise an object in a
 * policy session that is bound to it: so there are two.) */
static enum err unseal(struct unsealing *u, const struct tpm2_task *task,
                       const struct secret *in, struct writer *out)
{
	const struct tpm2_sealed *s = task->sealed;
	AUTO_SECRET *later = NULL;

	enum err e = tpm_srk_get(&u->t, s->srk, &u->srk);
	if (e == OK)
		e = check_srk(u, s);
	if (e == OK && task->looks)
		e = look(u, task, &later);
	if (e == OK)
		e = load(u, s);
	if (e == OK)
		e = set_auth(u, task->looks ? later : in);
	if (e == OK)
		e = tpm_session(&u->t, TPM2_SE_POLICY, &u->srk, ESYS_TR_NONE, 0,
		                &u->policy);
	if (e == OK)
		e = tpm_session(&u->t, TPM2_SE_HMAC, &u->srk, u->object,
		                TPMA_SESSION_ENCRYPT, &u->bound);
	return e == OK ? take(u, s, out) : e;
}

enum err tpm2_job_unseal(const void *how, const struct secret *in, struct writer *out)
{
	const struct tpm2_task *task = how;
	struct unsealing u = {
	        .srk.tr = ESYS_TR_NONE,
	        .object = ESYS_TR_NONE,
	        .policy = ESYS_TR_NONE,
	        .bound = ESYS_TR_NONE,
	};

	enum err e = tpm_open(task->tcti, &u.t);
	if (e == OK)
		e = unseal(&u, task, in, out);
	tpm_flush(&u.t, &u.policy);
	tpm_flush(&u.t, &u.bound);
	tpm_flush(&u.t, &u.object);
	tpm_srk_drop(&u.t, &u.srk);
	tpm_close(&u.t);
	return e;
}
