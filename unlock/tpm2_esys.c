/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The TPM's library: opened, closed, its errors in our words, its sessions. */
#include "unlock/tpm2_esys.h"

#include <stdlib.h>
#include <unistd.h>

#include <tss2/tss2_tctildr.h>

#include "unlock/tpm2_jobs.h"

const bool tpm2_built_in = true;

static const char device[] = "/dev/tpmrm0";
static const char bare_device[] = "/dev/tpm0";

/* --- errors --- */

enum { FORMAT1_CODE = 0x3f };

TSS2_RC tpm_bare(TSS2_RC rc)
{
	if ((rc & TSS2_RC_LAYER_MASK) != TSS2_TPM_RC_LAYER)
		return 0;
	return rc & TPM2_RC_FMT1 ? rc & (TPM2_RC_FMT1 | FORMAT1_CODE) : rc;
}

bool tpm_is_of_parameter(TSS2_RC rc)
{
	const TSS2_RC bits = TPM2_RC_FMT1 | TPM2_RC_P;

	return (rc & TSS2_RC_LAYER_MASK) == TSS2_TPM_RC_LAYER && (rc & bits) == bits;
}

enum err tpm_err(TSS2_RC rc)
{
	if (rc == TSS2_RC_SUCCESS)
		return OK;
	switch (tpm_bare(rc)) {
	case TPM2_RC_POLICY_FAIL:
	case TPM2_RC_PCR_CHANGED:
		return ERR_TPM_PCRS;
	case TPM2_RC_AUTH_FAIL:
		return ERR_TPM_PIN;
	case TPM2_RC_LOCKOUT:
		return ERR_TPM_LOCKED;
	case TPM2_RC_INTEGRITY: /* of an object that another key wraps */
	case TPM2_RC_HANDLE:
		return ERR_TPM_OTHER;
	case TPM2_RC_BAD_AUTH: /* the owner hierarchy has a password */
	case TPM2_RC_HIERARCHY:
		return ERR_ACCESS;
	case TPM2_RC_BAD_TAG: /* a TPM 1.2 takes our commands for nonsense */
		return ERR_UNSUPPORTED;
	default:
		break;
	}
	if (rc == TSS2_SYS_RC_GENERAL_FAILURE) /* the library saw that it is one */
		return ERR_UNSUPPORTED;
	return (rc & ~TSS2_RC_LAYER_MASK) == TSS2_BASE_RC_MEMORY ? ERR_NOMEM
	                                                         : ERR_TPM_FAILED;
}

/* --- its life --- */

/* The resource manager's device: without it sessions leak, and others are shut out. */
static enum err reachable(const char *tcti)
{
	if (tcti || access(device, R_OK | W_OK) == 0)
		return OK;
	if (access(device, F_OK) == 0)
		return ERR_ACCESS;
	return access(bare_device, F_OK) == 0 ? ERR_UNSUPPORTED : ERR_TPM_ABSENT;
}

enum err tpm_open(const char *tcti, struct tpm *t)
{
	const enum err e = reachable(tcti);

	*t = (struct tpm){0};
	if (e != OK)
		return e;
	TSS2_RC rc =
	        Tss2_TctiLdr_Initialize(tcti ? tcti : "device:/dev/tpmrm0", &t->tcti);
	if (rc == TSS2_RC_SUCCESS)
		rc = Esys_Initialize(&t->esys, t->tcti, NULL);
	return tpm_err(rc);
}

void tpm_close(struct tpm *t)
{
	if (t->esys)
		Esys_Finalize(&t->esys);
	if (t->tcti)
		Tss2_TctiLdr_Finalize(&t->tcti);
}

void tpm_flush(struct tpm *t, ESYS_TR *h)
{
	if (*h == ESYS_TR_NONE)
		return;
	/* In vain only where the TPM is gone, and with it all that it held. */
	(void)Esys_FlushContext(t->esys, *h);
	*h = ESYS_TR_NONE;
}

/* --- sessions --- */

enum err tpm_session(struct tpm *t, TPM2_SE type, const struct tpm_srk *srk, ESYS_TR bind,
                     TPMA_SESSION flags, ESYS_TR *ret)
{
	const TPMT_SYM_DEF aes = {
	        .algorithm = TPM2_ALG_AES,
	        .keyBits.aes = 128,
	        .mode.aes = TPM2_ALG_CFB,
	};
	const TPMA_SESSION all = TPMA_SESSION_CONTINUESESSION | TPMA_SESSION_DECRYPT |
	                         TPMA_SESSION_ENCRYPT;
	ESYS_TR s = ESYS_TR_NONE;

	TSS2_RC rc = Esys_StartAuthSession(t->esys, srk->tr, bind, ESYS_TR_NONE,
	                                   ESYS_TR_NONE, ESYS_TR_NONE, NULL, type, &aes,
	                                   TPM2_ALG_SHA256, &s);
	if (rc != TSS2_RC_SUCCESS)
		return tpm_err(rc);
	rc = Esys_TRSess_SetAttributes(t->esys, s, flags, all);
	if (rc != TSS2_RC_SUCCESS) {
		tpm_flush(t, &s);
		return tpm_err(rc);
	}
	*ret = s;
	return OK;
}

/* --- names --- */

enum { NAME_ALG = TPM2_ALG_SHA256, DIGEST_LEN = TPM2_NAME_LEN - 2 };

/* As the library writes a key down: handle, name (TPM2B), what it is (4 bytes), public
 * part (TPM2B).  Should it ever do so in another way, no name fits and nothing is used.
 */
static enum err public_of(struct bytes in, struct bytes *ret)
{
	struct bytes skip;
	uint32_t n = 0;

	enum err e = bytes_take(&in, 4, &skip);
	if (e == OK)
		e = bytes_take_be(&in, 2, &n);
	if (e == OK)
		e = bytes_take(&in, n, &skip);
	if (e == OK)
		e = bytes_take(&in, 4, &skip);
	if (e == OK)
		e = bytes_take_be(&in, 2, &n);
	return e == OK ? bytes_take(&in, n, ret) : e;
}

/* Part 1, 16: the algorithm, and with it the digest of the public part. */
static enum err name_of(struct bytes public, uint8_t ret[static TPM2_NAME_LEN])
{
	struct bytes in = public;
	uint32_t type = 0, alg = 0;

	enum err e = bytes_take_be(&in, 2, &type);
	if (e == OK)
		e = bytes_take_be(&in, 2, &alg);
	if (e == OK && alg != NAME_ALG)
		e = ERR_TPM_OTHER;
	if (e != OK)
		return e;
	ret[0] = NAME_ALG >> 8;
	ret[1] = NAME_ALG & 0xff;
	return hash_all(HASH_SHA256, public, ret + 2, DIGEST_LEN);
}

enum err tpm_name(struct tpm *t, ESYS_TR tr, uint8_t ret[static TPM2_NAME_LEN])
{
	uint8_t *text = NULL;
	size_t n = 0;
	struct bytes public = {0};

	const TSS2_RC rc = Esys_TR_Serialize(t->esys, tr, &text, &n);
	if (rc != TSS2_RC_SUCCESS)
		return tpm_err(rc);
	enum err e = public_of((struct bytes){text, n}, &public);
	if (e == OK)
		e = name_of(public, ret);
	Esys_Free(text);
	return e == ERR_FORMAT ? ERR_TPM_FAILED : e;
}
