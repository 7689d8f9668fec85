/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the owner of a TPM may do about its protection against guessing: as tpm2.h, each
 * call a job of a child.  Not linked into the initramfs program. */
#ifndef UNLOCK_TPM2_ADMIN_H
#define UNLOCK_TPM2_ADMIN_H

#include "unlock/tpm2.h"

enum { TPM2_AUTH_MAX = 32 }; /* bytes of the password of the lockout hierarchy */

struct tpm2_limits {
	uint32_t max;        /* wrong PINs lock it */
	uint32_t interval_s; /* after which one is forgotten; 0: none is counted */
	uint32_t recovery_s; /* how long the lockout hierarchy waits after a wrong
	                        password; 0: until the machine starts again */
};

/*
 * auth: the password of the lockout hierarchy; NULL: it has none.  Without zero bytes at
 * its end.  ERR_TPM_PIN: it has another; the TPM takes none then for recovery_s.
 * ERR_TPM_LOCKED: that is so already.
 */
/* Forget all wrong PINs (Part 3, DictionaryAttackLockReset). */
enum err tpm2_lockout_reset(const struct tpm2 *t, const struct secret *auth);
/* Part 3, DictionaryAttackParameters. */
enum err tpm2_lockout_limits(const struct tpm2 *t, const struct secret *auth,
                             const struct tpm2_limits *l);
/* Another password (empty: none), encrypted on its way (Part 3, HierarchyChangeAuth). */
enum err tpm2_lockout_password(const struct tpm2 *t, const struct secret *auth,
                               const struct secret *fresh);

/* Was this built with tss2?  Without it every call says ERR_UNSUPPORTED. */
bool tpm2_built(void);

#endif
