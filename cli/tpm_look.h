/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a TPM's way in would do at a boot like this one: tpm status, status and doctor
 * tell the same. */
#ifndef CLI_TPM_LOOK_H
#define CLI_TPM_LOOK_H

#include "unlock/tpm2_saved.h"
#include "unlock/tpm2_way.h"

enum tpm_state {
	TPM_OPENS,
	TPM_CHANGED,      /* PCRs are not what it was sealed to: see `changed` */
	TPM_UNREADABLE,   /* the PCRs, that is: see `e` */
	TPM_NO_RECORD,    /* this machine's record does not know it */
	TPM_NO_KEYSLOT,   /* its keyslot is not in use */
	TPM_NOT_RECORDED, /* it is not what the record says */
	TPM_DAMAGED,
};

struct tpm_look {
	enum tpm_state state;
	enum err e;
	uint32_t changed;          /* PCRs, a bit each */
	struct tpm2_sealed sealed; /* up to TPM_UNREADABLE */
	struct tpm2_pcrs now;      /* of that bank and set, as the initramfs of this boot
	                              had them; up to TPM_CHANGED */
};

/* saved: of this boot; NULL: it was not capped. */
void tpm_look(const struct tpm2 *t, const struct tpm2_saved *saved,
              const struct volume *v, const struct enrolment *en, struct tpm_look *ret);

/* How this boot's cap failed, by the note of the initramfs: "absent" (no TPM was seen) or
 * "open"; NULL: it did not, or there was none. */
const char *tpm_uncapped(void);

#endif
