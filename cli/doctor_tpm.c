/* SPDX-License-Identifier: GPL-2.0-or-later */
/* doctor: is the TPM there that a volume has as a way in? */
#include "cli/doctor.h"

#include "unlock/tpm2.h"

enum err doctor_tpm(struct doctor *d)
{
	const struct tpm2 t = {.tcti = NULL};
	const struct machine_volume *at = NULL;
	struct tpm2_lockout l = {0};

	for (size_t i = 0; i < d->m->n; i++)
		for (size_t k = 0; d->m->volume[i].v && k < d->m->volume[i].v->n_enrolled;
		     k++) {
			const struct enrolment *en = &d->m->volume[i].v->enrolled[k];

			if (!en->backend || strcmp(en->backend, BACKEND_TPM2) != 0)
				continue;
			at = &d->m->volume[i];
			d->keyslot = en->keyslot;
		}
	if (!at)
		return OK;
	const enum err e = tpm2_lockout(&t, &l);
	if (e == ERR_NOMEM || e == ERR_BUG)
		return e;
	if (e != OK)
		doctor_find(d, FAULT_TPM, at->device,
		            "%s has the TPM as a way in, and the TPM cannot be used: "
		            "%s.",
		            at->device, err_text(e));
	else if (l.locked != 0)
		doctor_find(d, FAULT_TPM_LOCKED, at->device,
		            "The TPM is locked (%u wrong PINs).", l.failed);
	d->keyslot = -1;
	return OK;
}
