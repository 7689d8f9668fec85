/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rollback counter in a TPM 2.0: an NV index of type counter whose password is empty
 * (TPM 2.0 Library, Part 3, 31: Non-volatile Storage). */
#include <stdlib.h>
#include <unistd.h>

#include <tss2/tss2_esys.h>
#include <tss2/tss2_tctildr.h>

#include "sign/rollback.h"

enum { COUNTER_LEN = 8 };

static const char device[] = "/dev/tpmrm0";

struct tpm {
	TSS2_TCTI_CONTEXT *tcti;
	ESYS_CONTEXT *esys;
	ESYS_TR nv;
	bool by_owner; /* reading takes the owner's (empty) password, not the index's */
};

/* What is below the layer that the library names in the top half: the TPM's own codes,
 * with the number of the handle or parameter taken away (Part 2, 6.6). */
static enum err of_tpm(TSS2_RC rc)
{
	const TSS2_RC bare = rc & TPM2_RC_FMT1 ? rc & (TPM2_RC_FMT1 | 0x3f) : rc;

	switch (bare) {
	case TPM2_RC_HANDLE:
	case TPM2_RC_NV_UNINITIALIZED:
		return ERR_NOT_FOUND;
	case TPM2_RC_ATTRIBUTES:
	case TPM2_RC_NV_RANGE:
		return ERR_FORMAT;
	case TPM2_RC_AUTH_FAIL:
	case TPM2_RC_BAD_AUTH:
	case TPM2_RC_AUTH_UNAVAILABLE:
	case TPM2_RC_AUTH_TYPE:
	case TPM2_RC_NV_AUTHORIZATION:
	case TPM2_RC_NV_LOCKED:
	case TPM2_RC_LOCKOUT:
		return ERR_ACCESS;
	case TPM2_RC_RETRY:
	case TPM2_RC_YIELDED:
	case TPM2_RC_TESTING:
	case TPM2_RC_NV_RATE:
	case TPM2_RC_CANCELED:
		return ERR_BUSY;
	default:
		return ERR_IO;
	}
}

static enum err of_rc(TSS2_RC rc)
{
	if (rc == TSS2_RC_SUCCESS)
		return OK;
	if ((rc & TSS2_RC_LAYER_MASK) == TSS2_TPM_RC_LAYER)
		return of_tpm(rc);
	return (rc & ~TSS2_RC_LAYER_MASK) == TSS2_BASE_RC_MEMORY ? ERR_NOMEM : ERR_IO;
}

static void tpm_close(struct tpm *t)
{
	if (t->nv != ESYS_TR_NONE)
		(void)Esys_TR_Close(t->esys, &t->nv);
	if (t->esys)
		Esys_Finalize(&t->esys);
	if (t->tcti)
		Tss2_TctiLdr_Finalize(&t->tcti);
}

/* The library would complain aloud of what is simply not there. */
static enum err reachable(const char *tcti)
{
	if (tcti || access(device, R_OK | W_OK) == 0)
		return OK;
	return access(device, F_OK) == 0 ? ERR_ACCESS : ERR_UNSUPPORTED;
}

static enum err tpm_open(const char *tcti, const struct rollback *r, struct tpm *t)
{
	if (!r->tpm2)
		return ERR_UNSUPPORTED;
	const enum err e = reachable(tcti);
	if (e != OK)
		return e;
	TSS2_RC rc =
	        Tss2_TctiLdr_Initialize(tcti ? tcti : "device:/dev/tpmrm0", &t->tcti);
	if (rc == TSS2_RC_SUCCESS)
		rc = Esys_Initialize(&t->esys, t->tcti, NULL);
	return of_rc(rc);
}

/* Asked as a list, which is no error when it is empty. */
static enum err is_there(struct tpm *t, uint32_t index)
{
	TPMS_CAPABILITY_DATA *have = NULL;
	TPMI_YES_NO more = 0;

	const enum err e = of_rc(Esys_GetCapability(t->esys, ESYS_TR_NONE, ESYS_TR_NONE,
	                                            ESYS_TR_NONE, TPM2_CAP_HANDLES, index,
	                                            1, &more, &have));
	if (e != OK)
		return e;
	const bool found = have->capability == TPM2_CAP_HANDLES &&
	                   have->data.handles.count == 1 &&
	                   have->data.handles.handle[0] == index;
	Esys_Free(have);
	return found ? OK : ERR_NOT_FOUND;
}

static enum err check_public(struct tpm *t)
{
	TPM2B_NV_PUBLIC *pub = NULL;
	TPM2B_NAME *name = NULL;

	const enum err e = of_rc(Esys_NV_ReadPublic(
	        t->esys, t->nv, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &pub, &name));
	if (e != OK)
		return e;
	const TPMA_NV a = pub->nvPublic.attributes;
	const bool counter =
	        (a & TPMA_NV_TPM2_NT_MASK) >> TPMA_NV_TPM2_NT_SHIFT == TPM2_NT_COUNTER &&
	        pub->nvPublic.dataSize == COUNTER_LEN && (a & TPMA_NV_AUTHWRITE) &&
	        (a & (TPMA_NV_AUTHREAD | TPMA_NV_OWNERREAD));
	t->by_owner = !(a & TPMA_NV_AUTHREAD);
	Esys_Free(pub);
	Esys_Free(name);
	return counter ? OK : ERR_FORMAT;
}

static enum err find_counter(struct tpm *t, const struct rollback *r)
{
	enum err e = is_there(t, r->index);
	if (e == OK)
		e = of_rc(Esys_TR_FromTPMPublic(t->esys, r->index, ESYS_TR_NONE,
		                                ESYS_TR_NONE, ESYS_TR_NONE, &t->nv));
	return e == OK ? check_public(t) : e;
}

static enum err read_value(struct tpm *t, uint64_t *ret)
{
	TPM2B_MAX_NV_BUFFER *data = NULL;
	uint64_t v = 0;

	const enum err e = of_rc(Esys_NV_Read(
	        t->esys, t->by_owner ? ESYS_TR_RH_OWNER : t->nv, t->nv, ESYS_TR_PASSWORD,
	        ESYS_TR_NONE, ESYS_TR_NONE, COUNTER_LEN, 0, &data));
	if (e != OK)
		return e;
	const bool whole = data->size == COUNTER_LEN;
	for (size_t i = 0; whole && i < COUNTER_LEN; i++)
		v = v << 8 | data->buffer[i];
	Esys_Free(data);
	if (!whole)
		return ERR_IO;
	*ret = v;
	return OK;
}

static enum err add_one(struct tpm *t)
{
	return of_rc(Esys_NV_Increment(t->esys, t->nv, t->nv, ESYS_TR_PASSWORD,
	                               ESYS_TR_NONE, ESYS_TR_NONE));
}

static enum err counter_read(const void *ctx, const struct rollback *r, uint64_t *ret)
{
	struct tpm t = {.nv = ESYS_TR_NONE};

	enum err e = tpm_open(ctx, r, &t);
	if (e == OK)
		e = find_counter(&t, r);
	if (e == OK)
		e = read_value(&t, ret);
	tpm_close(&t);
	return e;
}

static enum err counter_increment(const void *ctx, const struct rollback *r,
                                  uint64_t *ret)
{
	struct tpm t = {.nv = ESYS_TR_NONE};

	enum err e = tpm_open(ctx, r, &t);
	if (e == OK)
		e = find_counter(&t, r);
	if (e == OK)
		e = add_one(&t);
	if (e == OK)
		e = read_value(&t, ret);
	tpm_close(&t);
	return e;
}

const struct counter_ops counter_tpm2 = {.read = counter_read,
                                         .increment = counter_increment};
