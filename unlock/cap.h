/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The cap: a PCR of every sealed object's policy is extended when all is open, and before
 * anything else may ask the TPM. */
#ifndef UNLOCK_CAP_H
#define UNLOCK_CAP_H

#include "unlock/tpm2.h"

/* The PCRs that the records in config_dir/volumes name, a bit each; 0: no volume of this
 * machine opens with a TPM.  Errors of opening that folder, but that there is none. */
enum err cap_pcrs(const char *config_dir, uint32_t *ret);

/*
 * Extends those, in all active banks, after what they were has been kept below `run`
 * (unlock/tpm2_saved.h; that it cannot be kept is no error).  What is capped already is
 * not extended again.  OK also where there is nothing to cap.  Errors of tpm2.h: root of
 * this boot could unseal what needs no PIN.
 */
enum err cap_tpm(const struct tpm2 *t, const char *config_dir, const char *run);
/* Was this boot capped, as far as is known, or that begun? */
bool cap_is_done(const char *run);
/* How the last cap_tpm of this boot failed: ERR_TPM_ABSENT, or ERR_TPM_FAILED for all
 * else; OK: it did not.  Who comes after it need not wait as long. */
enum err cap_failure(const char *run);

#endif
