/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the PCRs were before this boot was capped: written by the boot run into memory
 * that the running system keeps, for `bootlatch tpm reseal` (docs/FORMAT.md, "PCRs
 * before the cap"). */
#ifndef UNLOCK_TPM2_SAVED_H
#define UNLOCK_TPM2_SAVED_H

#include "unlock/tpm2.h"

enum { TPM2_SAVED_BANKS = 3, TPM2_SAVED_MAX = 16 * 1024 };
#define TPM2_SAVED_RUN "/run" /* its folder bootlatch, its file pcrs.json in that */

struct tpm2_saved {
	uint32_t capped; /* bit n: PCR n is one that was about to be extended; not 0 */
	size_t n;
	struct tpm2_pcrs bank[TPM2_SAVED_BANKS]; /* no bank twice */
};

/* Strict; ERR_FORMAT. */
enum err tpm2_saved_parse(struct bytes json, struct tpm2_saved *ret);
enum err tpm2_saved_format(const struct tpm2_saved *s, char **ret_json); /* malloc'ed */

/* Atomically, as RUN/bootlatch/pcrs.json: file 0600, folder 0700.  run is
 * TPM2_SAVED_RUN but in tests. */
enum err tpm2_saved_write(const char *run, const struct tpm2_saved *s);
/* ERR_NOT_FOUND: this boot was not capped.  ERR_ACCESS: file or folder belong to
 * somebody else than who runs this, or others may use them. */
enum err tpm2_saved_read(const char *run, struct tpm2_saved *ret);
/* The values of a set of PCRs.  ERR_NOT_FOUND: not all of them were saved. */
enum err tpm2_saved_values(const struct tpm2_saved *s, enum hash_alg bank, uint32_t mask,
                           struct tpm2_pcrs *ret);

#endif
