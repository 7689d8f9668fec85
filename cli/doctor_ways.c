/* SPDX-License-Identifier: GPL-2.0-or-later */
/* doctor: do keyslot, token, blob and record of each way in agree, and is there another
 * one? */
#include "cli/doctor.h"

#include <limits.h>
#include <stdlib.h>

#include "cli/lines.h"
#include "openpgp/message.h"
#include "unlock/enroll.h"
#include "unlock/json.h"

/* Of any that names it, or that hides for whom it is. */
static bool is_for(const struct enrolment *en, int copy)
{
	const struct bytes blob = {en->blob[copy], en->blob_len[copy]};
	static const uint8_t hidden[8];
	struct message msg = {0};
	bool found = false;

	if (blob.n == 0 || message_parse(blob, &msg) != OK)
		return false;
	for (size_t i = 0; i < msg.n_pkesk && !found; i++)
		found = pkesk_names(&msg.pkesk[i], en->fpr) ||
		        memcmp(msg.pkesk[i].keyid, hidden, sizeof(hidden)) == 0;
	message_free(&msg);
	return found;
}

static void look_at_copies(struct doctor *d, const struct machine_volume *mv,
                           const struct enrolment *en)
{
	const char *at = mv->device;
	const bool luks2 = luks_version(mv->v->luks) == 2;

	if (!en->has_token && !en->has_blob_file)
		doctor_find(d, FAULT_NO_BLOB, at,
		            "Neither /boot nor the header of %s has the encrypted "
		            "passphrase of keyslot %d.",
		            at, en->keyslot);
	else if (!en->has_blob_file)
		doctor_find(d, FAULT_BOOT_COPY, at,
		            "%s/bootlatch has no encrypted passphrase of keyslot %d of "
		            "%s.",
		            d->m->boot, en->keyslot, at);
	else if (!en->has_token && luks2)
		doctor_find(d, FAULT_TOKEN, at,
		            "The header of %s has no token for keyslot %d.", at,
		            en->keyslot);
	else if (en->blob_len[0] > 0 && en->blob_len[1] > 0)
		doctor_find(d, FAULT_COPIES, at,
		            "/boot and the header of %s have different encrypted "
		            "passphrases for keyslot %d.",
		            at, en->keyslot);
	if (enrolment_is(en, BACKEND_CARD) &&
	    (en->blob_len[0] > 0 || en->blob_len[1] > 0) && !is_for(en, 0) &&
	    !is_for(en, 1))
		doctor_find(d, FAULT_RECIPIENT, at,
		            "The encrypted passphrase of keyslot %d of %s is not for "
		            "the dongle that the record names.",
		            en->keyslot, at);
}

static void look_at_slot(struct doctor *d, const struct machine_volume *mv,
                         const struct enrolment *en)
{
	struct luks_slot s = {0};

	if (luks_slot(mv->v->luks, en->keyslot, &s) != OK || !s.active)
		return;
	if (luks_version(mv->v->luks) == 2 && !s.prefer)
		doctor_find(d, FAULT_PRIORITY, mv->device,
		            "Keyslot %d of %s is not marked as preferred.", en->keyslot,
		            mv->device);
	if (!luks_slot_looks_ours(&s))
		doctor_find(d, FAULT_SLOT_LOOKS, mv->device,
		            "Keyslot %d of %s has %s with %u iterations.", en->keyslot,
		            mv->device, s.kdf, (unsigned)s.iterations);
}

static void look_at_claim(struct doctor *d, const struct machine_volume *mv,
                          const struct enrolment *en)
{
	const bool renew = !en->slot_active || record_would_take(mv->v, en);

	doctor_find(d, renew ? FAULT_NOT_RECORDED : FAULT_CLAIM, mv->device,
	            "A token or file claims keyslot %d of %s for a dongle; the record "
	            "does not know of it%s.",
	            en->keyslot, mv->device,
	            renew ? "" : ", and it is not as bootlatch makes them");
}

static void look_at_way(struct doctor *d, const struct machine_volume *mv,
                        const struct enrolment *en)
{
	d->keyslot = en->keyslot;
	if (en->in_record && !en->slot_active)
		doctor_find(d, FAULT_SLOT_GONE, mv->device,
		            "The record names keyslot %d of %s, which is not in use.",
		            en->keyslot, mv->device);
	else if (!en->in_record && mv->v->state != RECORD_MISSING &&
	         mv->v->state != RECORD_BROKEN &&
	         !(en->slot_active && en->keyslot == mv->v->interrupted_slot))
		look_at_claim(d, mv, en);
	else if (en->in_record && !enrolment_is(en, BACKEND_RECOVERY)) {
		look_at_copies(d, mv, en);
		look_at_slot(d, mv, en);
	}
	d->keyslot = -1;
}

/* --- somebody else's ways in --- */

static bool is_other_way(const struct volume *v, int slot)
{
	const struct enrolment *en = volume_find(v, slot);
	struct luks_slot s = {0};

	if (luks_slot(v->luks, slot, &s) != OK || !s.active)
		return false;
	if (en && en->in_record)
		return enrolment_is(en, BACKEND_RECOVERY);
	return slot != v->interrupted_slot;
}

static void look_for_others(struct doctor *d, const struct machine_volume *mv)
{
	size_t ours = 0;

	for (int i = 0; i < luks_slots(mv->v->luks); i++)
		if (is_other_way(mv->v, i))
			return;
	for (size_t i = 0; i < mv->v->n_enrolled; i++)
		ours += mv->v->enrolled[i].complete;
	if (ours == 1)
		doctor_find(d, FAULT_LAST_WAY, mv->device,
		            "One dongle is all that opens %s.", mv->device);
}

/* --- memory --- */

/* In KiB; INT_MAX: not known. */
static int memory_here(const struct machine *m)
{
	struct bytes text = {NULL, 0}, line, word;
	uint8_t *data = NULL;
	int kib = INT_MAX;

	if (machine_read(m, "/proc/meminfo", &data, &text.n) != OK)
		return kib;
	text.p = data;
	while (line_next(&text, &line)) {
		char number[16] = "";

		if (!bytes_begin(line, "MemTotal:") || !word_next(&line, &word) ||
		    !word_next(&line, &word) || word.n >= sizeof(number))
			continue;
		memcpy(number, word.p, word.n);
		kib = (int)strtol(number, NULL, 10);
	}
	free(data);
	return kib;
}

static void look_at_memory(struct doctor *d, const struct machine_volume *mv, int kib)
{
	AUTO_JSON *meta = NULL;
	const char *text = luks_metadata(mv->v->luks);
	struct json_walk w = {0};
	int wants = 0;

	if (!text || json_read(bytes_of(text), &meta) != OK)
		return;
	while (json_next(json_at(meta, "keyslots"), &w)) {
		if (json_int(json_at(w.value, "kdf"), "memory", 0, INT_MAX, &wants) !=
		            OK ||
		    wants <= kib)
			continue;
		d->keyslot = (int)strtol(w.name, NULL, 10);
		doctor_find(d, FAULT_MEMORY, mv->device,
		            "Keyslot %s of %s asks for %d MiB, of %d here.", w.name,
		            mv->device, wants / 1024, kib / 1024);
		d->keyslot = -1;
	}
}

enum err doctor_ways(struct doctor *d)
{
	const int kib = memory_here(d->m);

	for (size_t i = 0; i < d->m->n; i++) {
		const struct machine_volume *mv = &d->m->volume[i];

		if (!mv->v)
			continue;
		for (size_t k = 0; k < mv->v->n_enrolled; k++)
			look_at_way(d, mv, &mv->v->enrolled[k]);
		if (mv->v->interrupted_slot >= 0)
			doctor_find(d, FAULT_INTERRUPTED, mv->device,
			            "An enrolment on %s was cut short (keyslot %d).",
			            mv->device, mv->v->interrupted_slot);
		look_for_others(d, mv);
		look_at_memory(d, mv, kib);
	}
	return OK;
}
