/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A world in which volumes are unlocked with a TPM: three of them, a card, a TPM that
 * does as it is told, and a scripted person. */
#ifndef TESTS_TPM_WORLD_H
#define TESTS_TPM_WORLD_H

#include "tests/unit/double_tpm.h"

#define TPM_WORLD_PIN "314159"

/* Keyslot 2, of `disk` alone: a card; 3: the TPM with a PIN; of `plain` 3: the TPM
 * without. */
struct tpm_world {
	struct world disk, plain, both;
	struct vcard *card;
	struct world_unlock u; /* every case starts with a new session */
};
extern struct tpm_world tw;

void tpm_world_make(void);
void tpm_world_drop(void);
/* The TPM works again, and nothing was asked of it. */
void tpm_world_begin(const struct world *of, bool card_here);
enum err tpm_world_go(void);
/* Was one passphrase delivered, and did it open this keyslot, by this way in? */
bool tpm_world_opened_by(const char *backend, int slot);
void tpm_world_end(void);

#endif
