/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside the child of tpm2.c: the TPM's library, opened and closed, and its errors. */
#ifndef UNLOCK_TPM2_ESYS_H
#define UNLOCK_TPM2_ESYS_H

#include <tss2/tss2_esys.h>

#include "unlock/tpm2.h"

struct tpm {
	TSS2_TCTI_CONTEXT *tcti;
	ESYS_CONTEXT *esys;
};

/* What the TPM or its library says; OK, or an error of tpm2.h. */
enum err tpm_err(TSS2_RC rc);
/* The TPM's own code without the number of handle, session or parameter (Part 2, 6.6);
 * 0: not the TPM's. */
TSS2_RC tpm_bare(TSS2_RC rc);
/* Does the TPM blame one of the command's parameters (Part 2, 6.6.2)? */
bool tpm_is_of_parameter(TSS2_RC rc);

enum err tpm_open(const char *tcti, struct tpm *t); /* tpm_close in any case */
void tpm_close(struct tpm *t);

/* A session or a transient object goes; ESYS_TR_NONE is fine. */
void tpm_flush(struct tpm *t, ESYS_TR *h);

/* The storage root key: persistent, or made (and then to be flushed). */
struct tpm_srk {
	ESYS_TR tr;
	bool made;
	uint32_t handle; /* 0: made */
};
/* That one; 0: made from the template. */
enum err tpm_srk_get(struct tpm *t, uint32_t handle, struct tpm_srk *ret);
/* For sealing: wish, or TPM2_SRK where it is of use, or made. */
enum err tpm_srk_choose(struct tpm *t, uint32_t wish, struct tpm_srk *ret);
void tpm_srk_drop(struct tpm *t, struct tpm_srk *s);

/* Computed from the public part that the library holds: what a TPM, or who sits on its
 * bus, says of the name is not taken for it. */
enum err tpm_name(struct tpm *t, ESYS_TR tr, uint8_t ret[static TPM2_NAME_LEN]);

/* Salted to the storage root key, bound to `bind` (ESYS_TR_NONE: to nothing),
 * AES-128-CFB, with the attributes `flags`; the TPM drops it after its first command that
 * succeeds. */
enum err tpm_session(struct tpm *t, TPM2_SE type, const struct tpm_srk *srk, ESYS_TR bind,
                     TPMA_SESSION flags, ESYS_TR *ret);

/* All PCRs of mask in that bank, as they were at one moment. */
enum err tpm_pcrs(struct tpm *t, enum hash_alg bank, uint32_t mask,
                  struct tpm2_pcrs *ret);
enum err tpm_lockout(struct tpm *t, struct tpm2_lockout *ret);
TPML_PCR_SELECTION tpm_selection(enum hash_alg bank, uint32_t mask);

#endif
