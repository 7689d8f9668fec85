/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a TPM's way in would do at a boot like this one. */
#include "cli/tpm_look.h"

#include "unlock/cap.h"

/* As the initramfs of this boot had them. */
static enum err values(const struct tpm2 *t, const struct tpm2_saved *saved,
                       const struct tpm2_pcrs *like, struct tpm2_pcrs *ret)
{
	if (saved && tpm2_saved_values(saved, like->bank, like->mask, ret) == OK)
		return OK;
	return tpm2_read_pcrs(t, like->bank, like->mask, ret);
}

/* What its own files say, before the TPM comes into it; TPM_OPENS: nothing. */
static enum tpm_state by_files(const struct volume *v, const struct enrolment *en,
                               struct tpm2_sealed *ret)
{
	size_t at = 0;

	const enum err e = tpm2_way_next(en, &at, ret);
	if (v->state != RECORD_MATCHES || !en->in_record)
		return TPM_NO_RECORD;
	if (!en->slot_active)
		return TPM_NO_KEYSLOT;
	if (e == ERR_TAMPERED)
		return TPM_NOT_RECORDED;
	return e == OK ? TPM_OPENS : TPM_DAMAGED;
}

void tpm_look(const struct tpm2 *t, const struct tpm2_saved *saved,
              const struct volume *v, const struct enrolment *en, struct tpm_look *ret)
{
	*ret = (struct tpm_look){.state = TPM_OPENS};
	ret->state = by_files(v, en, &ret->sealed);
	if (ret->state != TPM_OPENS)
		return;
	ret->e = values(t, saved, &ret->sealed.pcrs, &ret->now);
	if (ret->e != OK) {
		ret->state = TPM_UNREADABLE;
		return;
	}
	ret->changed = tpm2_pcrs_differ(&ret->sealed.pcrs, &ret->now);
	if (ret->changed != 0)
		ret->state = TPM_CHANGED;
}

const char *tpm_uncapped(void)
{
	const enum err e = cap_failure(TPM2_SAVED_RUN);

	return e == OK ? NULL : e == ERR_TPM_ABSENT ? "absent" : "open";
}
