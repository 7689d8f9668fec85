/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The storage root key: ECC P-256 under the owner hierarchy, kept or made. */
#include "unlock/tpm2_esys.h"

/* TCG TPM v2.0 Provisioning Guidance, 7.5.1, and TCG EK Credential Profile, template
 * H-2's form: whoever makes it in this TPM gets the same key. */
enum { POINT_LEN = 32 };

static const TPMA_OBJECT attributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                                      TPMA_OBJECT_SENSITIVEDATAORIGIN |
                                      TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_NODA |
                                      TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT;

static enum err make(struct tpm *t, struct tpm_srk *ret)
{
	const TPM2B_SENSITIVE_CREATE nothing = {0};
	const TPM2B_DATA no_data = {0};
	const TPML_PCR_SELECTION no_pcrs = {0};
	const TPM2B_PUBLIC template = {
	        .publicArea =
	                {
	                             .type = TPM2_ALG_ECC,
	                             .nameAlg = TPM2_ALG_SHA256,
	                             .objectAttributes = attributes,
	                             .parameters.eccDetail =
	                                {
	                                        .symmetric = {.algorithm = TPM2_ALG_AES,
	                                                      .keyBits.aes = 128,
	                                                      .mode.aes = TPM2_ALG_CFB},
	                                        .scheme.scheme = TPM2_ALG_NULL,
	                                        .curveID = TPM2_ECC_NIST_P256,
	                                        .kdf.scheme = TPM2_ALG_NULL,
	                                }, .unique.ecc = {.x.size = POINT_LEN, .y.size = POINT_LEN},
	                             },
	};
	ESYS_TR tr = ESYS_TR_NONE;

	const TSS2_RC rc = Esys_CreatePrimary(
	        t->esys, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
	        &nothing, &template, &no_data, &no_pcrs, &tr, NULL, NULL, NULL, NULL);
	if (rc != TSS2_RC_SUCCESS)
		return tpm_err(rc);
	*ret = (struct tpm_srk){.tr = tr, .made = true};
	return OK;
}

enum err tpm_srk_get(struct tpm *t, uint32_t handle, struct tpm_srk *ret)
{
	ESYS_TR tr = ESYS_TR_NONE;

	if (handle == 0)
		return make(t, ret);
	const TSS2_RC rc = Esys_TR_FromTPMPublic(t->esys, handle, ESYS_TR_NONE,
	                                         ESYS_TR_NONE, ESYS_TR_NONE, &tr);
	if (rc != TSS2_RC_SUCCESS)
		return tpm_err(rc);
	*ret = (struct tpm_srk){.tr = tr, .handle = handle};
	return OK;
}

void tpm_srk_drop(struct tpm *t, struct tpm_srk *s)
{
	if (s->made)
		tpm_flush(t, &s->tr);
	else if (s->tr != ESYS_TR_NONE)
		(void)Esys_TR_Close(t->esys, &s->tr); /* ours only, nothing is sent */
	*s = (struct tpm_srk){.tr = ESYS_TR_NONE};
}

/* Asked as a list, which is no error when it is empty. */
static enum err is_there(struct tpm *t, uint32_t handle, bool *ret)
{
	TPMS_CAPABILITY_DATA *have = NULL;
	TPMI_YES_NO more = 0;

	const TSS2_RC rc =
	        Esys_GetCapability(t->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
	                           TPM2_CAP_HANDLES, handle, 1, &more, &have);
	if (rc != TSS2_RC_SUCCESS)
		return tpm_err(rc);
	*ret = have->capability == TPM2_CAP_HANDLES && have->data.handles.count == 1 &&
	       have->data.handles.handle[0] == handle;
	Esys_Free(have);
	return OK;
}

/* A storage key on P-256 that never leaves this TPM, and takes no PIN of its own. */
static enum err is_of_use(struct tpm *t, uint32_t handle, bool *ret)
{
	struct tpm_srk s = {.tr = ESYS_TR_NONE};
	TPM2B_PUBLIC *pub = NULL;

	const enum err e = tpm_srk_get(t, handle, &s);
	if (e != OK)
		return e;
	const TSS2_RC rc = Esys_ReadPublic(t->esys, s.tr, ESYS_TR_NONE, ESYS_TR_NONE,
	                                   ESYS_TR_NONE, &pub, NULL, NULL);
	tpm_srk_drop(t, &s);
	if (rc != TSS2_RC_SUCCESS)
		return tpm_err(rc);
	const TPMT_PUBLIC *p = &pub->publicArea;
	const TPMA_OBJECT must = attributes & ~(TPMA_OBJECT)TPMA_OBJECT_NODA;
	*ret = p->type == TPM2_ALG_ECC && p->nameAlg == TPM2_ALG_SHA256 &&
	       (p->objectAttributes & must) == must &&
	       !(p->objectAttributes & TPMA_OBJECT_SIGN_ENCRYPT) &&
	       p->parameters.eccDetail.curveID == TPM2_ECC_NIST_P256;
	Esys_Free(pub);
	return OK;
}

enum err tpm_srk_choose(struct tpm *t, uint32_t wish, struct tpm_srk *ret)
{
	const uint32_t handle = wish != 0 ? wish : TPM2_SRK;
	bool there = false;

	enum err e = is_there(t, handle, &there);
	if (e == OK && there)
		e = is_of_use(t, handle, &there);
	if (e != OK)
		return e;
	if (!there && wish != 0)
		return ERR_TPM_OTHER;
	return tpm_srk_get(t, there ? handle : 0, ret);
}
