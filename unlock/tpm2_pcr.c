/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PCRs read and extended, and what the TPM counts, in the child of tpm2.c. */
#include "unlock/tpm2_esys.h"
#include "unlock/tpm2_jobs.h"

/* Part 3, PCR_Read: eight values a command.  They may change in between. */
enum { READS_MAX = 8, MOMENTS_MAX = 4, SELECT_LEN = 3 };

static TPM2_ALG_ID alg_of(enum hash_alg bank)
{
	switch (bank) {
	case HASH_SHA256:
		return TPM2_ALG_SHA256;
	case HASH_SHA384:
		return TPM2_ALG_SHA384;
	case HASH_SHA512:
		return TPM2_ALG_SHA512;
	default:
		return TPM2_ALG_NULL;
	}
}

TPML_PCR_SELECTION tpm_selection(enum hash_alg bank, uint32_t mask)
{
	TPML_PCR_SELECTION s = {.count = 1};

	s.pcrSelections[0].hash = alg_of(bank);
	s.pcrSelections[0].sizeofSelect = SELECT_LEN;
	for (unsigned i = 0; i < SELECT_LEN; i++)
		s.pcrSelections[0].pcrSelect[i] = (BYTE)(mask >> (8 * i));
	return s;
}

static uint32_t mask_of(const TPML_PCR_SELECTION *s, enum hash_alg bank)
{
	uint32_t mask = 0;

	if (s->count != 1 || s->pcrSelections[0].hash != alg_of(bank))
		return 0;
	for (unsigned i = 0; i < SELECT_LEN && i < s->pcrSelections[0].sizeofSelect; i++)
		mask |= (uint32_t)s->pcrSelections[0].pcrSelect[i] << (8 * i);
	return mask;
}

/* Which values came, in order of their numbers. */
static uint32_t take_values(const TPML_DIGEST *d, uint32_t said, struct tpm2_pcrs *ret)
{
	uint32_t got = 0;
	size_t k = 0;

	for (unsigned i = 0; i < TPM2_PCRS && k < d->count; i++) {
		if ((said >> i & 1) == 0)
			continue;
		const TPM2B_DIGEST *v = &d->digests[k++];
		if (v->size != hash_len(ret->bank))
			return 0;
		memcpy(ret->value[i], v->buffer, v->size);
		got |= 1U << i;
	}
	return got;
}

static enum err read_some(struct tpm *t, uint32_t mask, struct tpm2_pcrs *ret,
                          UINT32 *ret_count, uint32_t *ret_got)
{
	const TPML_PCR_SELECTION want = tpm_selection(ret->bank, mask);
	TPML_PCR_SELECTION *said = NULL;
	TPML_DIGEST *values = NULL;

	const TSS2_RC rc = Esys_PCR_Read(t->esys, ESYS_TR_NONE, ESYS_TR_NONE,
	                                 ESYS_TR_NONE, &want, ret_count, &said, &values);
	if (tpm_bare(rc) == TPM2_RC_HASH)
		return ERR_NOT_FOUND; /* nor does it know the hash */
	if (rc != TSS2_RC_SUCCESS)
		return tpm_err(rc);
	*ret_got = take_values(values, mask_of(said, ret->bank) & mask, ret);
	Esys_Free(said);
	Esys_Free(values);
	return *ret_got != 0 ? OK : ERR_NOT_FOUND; /* no such bank */
}

/* False in *ret_same: they changed while they were read. */
static enum err read_all(struct tpm *t, uint32_t mask, struct tpm2_pcrs *ret,
                         bool *ret_same)
{
	UINT32 first = 0, count = 0;
	uint32_t left = mask;

	*ret_same = true;
	for (unsigned i = 0; i < READS_MAX && left != 0; i++) {
		uint32_t got = 0;

		const enum err e = read_some(t, left, ret, &count, &got);
		if (e != OK)
			return e;
		if (i == 0)
			first = count;
		*ret_same = *ret_same && count == first;
		left &= ~got;
	}
	return left == 0 ? OK : ERR_TPM_FAILED;
}

enum err tpm_pcrs(struct tpm *t, enum hash_alg bank, uint32_t mask, struct tpm2_pcrs *ret)
{
	struct tpm2_pcrs p = {.bank = bank, .mask = mask};
	bool same = false;

	if (alg_of(bank) == TPM2_ALG_NULL)
		return ERR_UNSUPPORTED;
	for (unsigned i = 0; i < MOMENTS_MAX && !same; i++) {
		const enum err e = read_all(t, mask, &p, &same);

		if (e != OK)
			return e;
	}
	if (!same)
		return ERR_TPM_FAILED;
	*ret = p;
	return OK;
}

/* --- jobs --- */

enum err tpm2_job_pcrs(const void *how, const struct secret *in, struct writer *out)
{
	const struct tpm2_task *task = how;
	struct tpm2_look l;
	struct tpm t;

	(void)in;
	enum err e = tpm_open(task->tcti, &t);
	if (e == OK)
		e = tpm_pcrs(&t, task->bank, task->mask, &l.pcrs);
	if (e == OK && task->looks)
		e = tpm_lockout(&t, &l.lockout);
	if (e == OK && task->looks)
		put_bytes(out, &l, sizeof(l));
	else if (e == OK)
		put_bytes(out, &l.pcrs, sizeof(l.pcrs));
	tpm_close(&t);
	return e;
}

/* The TPM hashes it itself, for every bank that is active (Part 3, PCR_Event). */
enum err tpm2_job_extend(const void *how, const struct secret *in, struct writer *out)
{
	const struct tpm2_task *task = how;
	const struct bytes what = bytes_of(task->what);
	TPML_DIGEST_VALUES *done = NULL;
	TPM2B_EVENT event = {.size = (UINT16)what.n};
	struct tpm t;

	(void)in, (void)out;
	if (what.n > sizeof(event.buffer))
		return ERR_BUG;
	memcpy(event.buffer, what.p, what.n);
	enum err e = tpm_open(task->tcti, &t);
	if (e == OK)
		e = tpm_err(Esys_PCR_Event(t.esys, ESYS_TR_PCR0 + task->pcr,
		                           ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
		                           &event, &done));
	Esys_Free(done);
	tpm_close(&t);
	return e;
}

static void take_property(const TPMS_TAGGED_PROPERTY *p, struct tpm2_lockout *l)
{
	switch (p->property) {
	case TPM2_PT_PERMANENT:
		l->locked = (p->value & TPMA_PERMANENT_INLOCKOUT) != 0;
		l->password = (p->value & TPMA_PERMANENT_LOCKOUTAUTHSET) != 0;
		break;
	case TPM2_PT_LOCKOUT_COUNTER:
		l->failed = p->value;
		break;
	case TPM2_PT_MAX_AUTH_FAIL:
		l->max = p->value;
		break;
	case TPM2_PT_LOCKOUT_INTERVAL:
		l->interval_s = p->value;
		break;
	case TPM2_PT_LOCKOUT_RECOVERY:
		l->recovery_s = p->value;
		break;
	default:
		break;
	}
}

enum err tpm_lockout(struct tpm *t, struct tpm2_lockout *ret)
{
	const UINT32 count = TPM2_PT_LOCKOUT_RECOVERY - TPM2_PT_PERMANENT + 1;
	TPMS_CAPABILITY_DATA *have = NULL;
	struct tpm2_lockout l = {0};
	TPMI_YES_NO more = 0;

	enum err e = tpm_err(Esys_GetCapability(t->esys, ESYS_TR_NONE, ESYS_TR_NONE,
	                                        ESYS_TR_NONE, TPM2_CAP_TPM_PROPERTIES,
	                                        TPM2_PT_PERMANENT, count, &more, &have));
	if (e == OK && have->capability != TPM2_CAP_TPM_PROPERTIES)
		e = ERR_TPM_FAILED;
	for (UINT32 i = 0; e == OK && i < have->data.tpmProperties.count; i++)
		take_property(&have->data.tpmProperties.tpmProperty[i], &l);
	Esys_Free(have);
	if (e == OK)
		*ret = l;
	return e;
}

enum err tpm2_job_lockout(const void *how, const struct secret *in, struct writer *out)
{
	const struct tpm2_task *task = how;
	struct tpm2_lockout l;
	struct tpm t;

	(void)in;
	enum err e = tpm_open(task->tcti, &t);
	if (e == OK)
		e = tpm_lockout(&t, &l);
	if (e == OK)
		put_bytes(out, &l, sizeof(l));
	tpm_close(&t);
	return e;
}
