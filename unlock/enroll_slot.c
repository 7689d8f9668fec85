/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Adding a way in: what is there for the key already, and which keyslot it gets. */
#include <stdio.h>

#include "openpgp/message.h"
#include "unlock/enroll_impl.h"

enum { NOTE_MAX = 160 };

/* A card whose KDF state changed since is enrolled anew: the old entry refuses it. */
static bool same_kdf(const struct enrolment *en, const struct record_entry *now)
{
	if (now->kdf == RECORD_KDF_UNKNOWN || en->kdf == RECORD_KDF_UNKNOWN)
		return true;
	return en->kdf == now->kdf &&
	       (en->kdf != RECORD_KDF_PINNED ||
	        memcmp(en->kdf_digest, now->kdf_digest, sizeof(en->kdf_digest)) == 0);
}

/* What lies there can be taken apart; whether it opens only the PIN would tell. */
static bool has_sound_blob(const struct enrolment *en)
{
	for (size_t i = 0; i < sizeof(en->blob) / sizeof(en->blob[0]); i++) {
		struct message m = {0};

		if (en->blob_len[i] == 0 ||
		    message_parse((struct bytes){en->blob[i], en->blob_len[i]}, &m) != OK)
			continue;
		bool names = false;
		for (size_t k = 0; k < m.n_pkesk; k++)
			names = names || pkesk_names(&m.pkesk[k], en->fpr);
		message_free(&m);
		if (names)
			return true;
	}
	return false;
}

bool enroll_already(const struct enrolling *w, struct enroll_result *ret)
{
	const struct volume *v = w->v;

	if (v->state != RECORD_MATCHES)
		return false;
	for (size_t i = 0; i < v->n_enrolled; i++) {
		const struct enrolment *en = &v->enrolled[i];

		if (!en->complete || memcmp(en->fpr, w->entry.fpr, FPR_LEN) != 0 ||
		    !same_kdf(en, &w->entry) || !has_sound_blob(en))
			continue;
		*ret = (struct enroll_result){
		        .keyslot = en->keyslot, .existing_slot = -1, .already = true};
		memcpy(ret->fpr, en->fpr, sizeof(ret->fpr));
		memcpy(ret->ident, en->ident[0], sizeof(ret->ident));
		return true;
	}
	return false;
}

enum err enroll_choose_slot(const struct enrolling *w, int older, int *ret)
{
	const struct luks *dev = w->v->luks; /* read a moment ago */
	bool taken[LUKS_SLOTS_MAX] = {false};
	const int version = luks_version(dev);
	char text[NOTE_MAX];
	int first = 0, last = 0;

	for (int i = 0; i < luks_slots(dev); i++) {
		struct luks_slot slot;

		/* Remains of another way in (a blob whose keyslot somebody killed) make a
		 * slot taken too: unenroll clears them. */
		taken[i] = luks_slot(dev, i, &slot) != OK || slot.taken ||
		           volume_find(w->v, i) != NULL;
	}
	const int wanted = w->req->keyslot;
	if (wanted == -1 && older != -1 &&
	    keyslot_choose(version, taken, older, false, ret) == OK)
		return OK;
	const enum err e = keyslot_choose(version, taken, wanted, w->req->force, ret);
	keyslot_range(version, &first, &last);
	if (e == ERR_NO_SPACE)
		(void)snprintf(text, sizeof(text),
		               "Keyslots %d to %d are all in use. Free one with "
		               "`bootlatch unenroll` or `cryptsetup luksKillSlot`.",
		               first, last);
	else if (e == ERR_EXISTS)
		(void)snprintf(text, sizeof(text),
		               "Keyslot %d is in use, or holds the remains of a key that "
		               "`bootlatch unenroll --keyslot %d` clears away.",
		               wanted, wanted);
	else if (e == ERR_REFUSED)
		(void)snprintf(
		        text, sizeof(text),
		        "Keyslot %d is not for a dongle: use %d to %d. Heads wipes 1 "
		        "and %d, and 0 is the passphrase's.",
		        wanted, first, last, last + 1);
	if (e == ERR_NO_SPACE || e == ERR_EXISTS || e == ERR_REFUSED)
		enroll_note(w, text);
	return e;
}

/* An older way in for the same key that cannot be used any more: no sound blob, another
 * KDF state, or a token whose record was lost. */
static bool is_older_way(const struct enrolling *w, const struct enrolment *en)
{
	if (memcmp(en->fpr, w->entry.fpr, FPR_LEN) != 0)
		return false;
	return en->in_record ? w->v->state == RECORD_MATCHES
	                     : w->v->state == RECORD_MISSING && en->has_token;
}

enum err enroll_drop_older(const struct enrolling *w, int *ret_slot)
{
	const struct volume *v = w->v;

	*ret_slot = -1;
	for (size_t i = 0; i < v->n_enrolled; i++) {
		const struct enrolment *en = &v->enrolled[i];
		const int slot_no = en->keyslot;
		struct luks_slot slot = {0};
		struct luks *dev = NULL;
		int first = 0, last = 0;

		if (!is_older_way(w, en))
			continue;
		const bool active =
		        luks_slot(v->luks, slot_no, &slot) == OK && slot.active;
		const bool ours = luks_slot_looks_ours(&slot) &&
		                  slot_no != w->existing_slot &&
		                  count_active(v->luks) > 1;
		keyslot_range(luks_version(v->luks), &first, &last);
		if (active && !en->in_record &&
		    (!ours || slot_no < first || slot_no > last))
			continue; /* a token alone, which anybody may have written */
		if (active && !ours) {
			enroll_note(
			        w, "An older enrolment of this key holds a keyslot that "
			           "is not "
			           "as we made it. Look at it with `bootlatch list`, and "
			           "remove "
			           "it with `bootlatch unenroll --force`.");
			return ERR_EXISTS;
		}
		enum err e = volume_open_writable(v, &dev);
		if (e == OK)
			e = way_remove(w->v, dev, slot_no, true);
		dev = luks_close(dev);
		if (e == OK)
			*ret_slot = slot_no;
		return e; /* the list has changed: the caller reads it again */
	}
	return OK;
}
