/* SPDX-License-Identifier: GPL-2.0-or-later */
/* doctor: is the TPM there that a volume has as a way in, and will it open it? */
#include "cli/doctor.h"

#include <string.h>

#include "cli/tpm_look.h"

static void look_at_way(struct doctor *d, const struct tpm2 *t,
                        const struct tpm2_saved *saved, const struct machine_volume *mv,
                        const struct enrolment *en)
{
	char list[TPM2_LIST_MAX];
	struct tpm_look l;

	tpm_look(t, saved, mv->v, en, &l);
	if (l.state <= TPM_UNREADABLE && (l.sealed.pcrs.mask & TPM2_PCR_LOADER) == 0)
		doctor_find(d, FAULT_TPM_LOADER, mv->device,
		            "The boot loader is not in what the TPM's way into %s is "
		            "sealed to.",
		            mv->device);
	switch (l.state) {
	case TPM_CHANGED:
		tpm2_list(l.changed, list);
		doctor_find(d, FAULT_TPM_CHANGED, mv->device,
		            "The TPM's way into %s is sealed to another boot: PCR %s is "
		            "not what it was.",
		            mv->device, list);
		break;
	case TPM_UNREADABLE:
		doctor_find(d, FAULT_TPM, mv->device,
		            "The PCRs that the way into %s is sealed to cannot be read: "
		            "%s.",
		            mv->device, err_text(l.e));
		break;
	case TPM_NOT_RECORDED:
	case TPM_DAMAGED:
		doctor_find(d, FAULT_TPM_DAMAGED, mv->device,
		            "What the TPM is to unseal for %s %s.", mv->device,
		            l.state == TPM_DAMAGED ? "is damaged"
		                                   : "is not what the record says");
		break;
	case TPM_OPENS:
	case TPM_NO_RECORD: /* these are told with all other ways in */
	case TPM_NO_KEYSLOT:
		break;
	}
}

static void look_at_all(struct doctor *d, const struct tpm2 *t)
{
	struct tpm2_saved saved;
	const bool was_saved = tpm2_saved_read(TPM2_SAVED_RUN, &saved) == OK;

	for (size_t i = 0; i < d->m->n; i++) {
		const struct machine_volume *mv = &d->m->volume[i];

		for (size_t k = 0; mv->v && k < mv->v->n_enrolled; k++) {
			if (!enrolment_is(&mv->v->enrolled[k], BACKEND_TPM2))
				continue;
			d->keyslot = mv->v->enrolled[k].keyslot;
			look_at_way(d, t, was_saved ? &saved : NULL, mv,
			            &mv->v->enrolled[k]);
		}
	}
}

/* The initramfs left a note, which nobody sees who was not there. */
static void look_at_cap(struct doctor *d, const char *device)
{
	const char *how = tpm_uncapped();

	if (how)
		doctor_find(
		        d, strcmp(how, "absent") == 0 ? FAULT_TPM_UNSEEN : FAULT_TPM_OPEN,
		        device,
		        strcmp(how, "absent") == 0
		                ? "When this system started, no TPM was seen."
		                : "When this system started, the TPM could not be "
		                  "closed.");
}

enum err doctor_tpm(struct doctor *d)
{
	const struct tpm2 t = {.tcti = d->c->tpm.device};
	const struct machine_volume *at = NULL;
	struct tpm2_lockout l = {0};

	for (size_t i = 0; i < d->m->n; i++)
		for (size_t k = 0; d->m->volume[i].v && k < d->m->volume[i].v->n_enrolled;
		     k++) {
			if (!enrolment_is(&d->m->volume[i].v->enrolled[k], BACKEND_TPM2))
				continue;
			at = &d->m->volume[i];
			d->keyslot = at->v->enrolled[k].keyslot;
		}
	if (!at)
		return OK;
	if (!*d->m->root)
		look_at_cap(d, at->device);
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
	/* A rescue system's PCRs say nothing of the other one's next boot. */
	if (e == OK && *d->m->root)
		doctor_skip(d, "what the TPM is sealed to", "that system does not run");
	else if (e == OK)
		look_at_all(d, &t);
	d->keyslot = -1;
	return OK;
}
