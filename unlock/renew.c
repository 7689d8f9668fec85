/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Trusting a header as it is now: after `cryptsetup reencrypt`, or on another machine. */
#include <stdlib.h>

#include "core/log.h"
#include "openpgp/message.h"
#include "unlock/blob.h"
#include "unlock/enroll_impl.h"
#include "unlock/sealed.h"

/* What the old record knows of this key, wherever its keyslot was then. */
static const struct record_entry *old_entry(const struct volume *v,
                                            const uint8_t fpr[static FPR_LEN])
{
	if (v->state != RECORD_MATCHES && v->state != RECORD_DIFFERS)
		return NULL;
	for (size_t i = 0; i < v->record.n; i++)
		if (memcmp(v->record.entry[i].fpr, fpr, FPR_LEN) == 0)
			return &v->record.entry[i];
	return NULL;
}

static struct record_entry entry_of(const struct volume *v, const struct token *t)
{
	struct record_entry en = {
	        .backend = t->backend,
	        .needs_pin = strcmp(t->backend, BACKEND_RECOVERY) != 0,
	        .kdf = RECORD_KDF_UNKNOWN,
	};
	const struct record_entry *old = old_entry(v, t->fpr[0]);

	memcpy(en.fpr, t->fpr[0], sizeof(en.fpr));
	memcpy(en.ident[0], t->ident, sizeof(en.ident[0]));
	if (old != NULL)
		en = *old;
	en.keyslot = t->keyslot;
	return en;
}

static const struct record_entry *entry_at(const struct record *r, int keyslot)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->entry[i].keyslot == keyslot)
			return &r->entry[i];
	return NULL;
}

static bool is_object(struct bytes blob, const uint8_t id[static FPR_LEN])
{
	struct tpm2_sealed s;
	uint8_t is[TPM2_ID_LEN];

	return sealed_parse(blob, &s) == OK && tpm2_id(&s, is) == OK &&
	       memcmp(is, id, sizeof(is)) == 0;
}

static bool is_message_for(struct bytes blob, const uint8_t fpr[static FPR_LEN])
{
	struct message m;
	bool named = false;

	if (message_parse(blob, &m) != OK)
		return false;
	for (size_t i = 0; i < m.n_pkesk; i++)
		named = named || pkesk_names(&m.pkesk[i], fpr);
	message_free(&m);
	return named;
}

/* A key blob for that key, or that sealed object. */
static bool is_blob_for(struct bytes blob, const char *backend,
                        const uint8_t fpr[static FPR_LEN])
{
	return blob_kind_of(backend) == BLOB_SEALED ? is_object(blob, fpr)
	                                            : is_message_for(blob, fpr);
}

/* The token's copy goes to /boot where none lies, or what is no message for the key.  One
 * that may be good is left: anybody may have written the token's. */
static enum err mend_blob(const struct volume *v, const struct token *t)
{
	const struct bytes blob = {t->blob, t->blob_len};
	const char *boot = v->where.boot_dir, *uuid = luks_uuid(v->luks);
	const enum blob_kind kind = blob_kind_of(t->backend);
	uint8_t *there = NULL;
	size_t len = 0;

	if (!is_blob_for(blob, t->backend, t->fpr[0])) {
		log_line(LOG_DEBUG, "the token's blob for keyslot %d is damaged",
		         t->keyslot);
		return OK;
	}
	enum err e = blob_read(boot, uuid, t->keyslot, kind, &there, &len);
	const bool good =
	        e == OK && is_blob_for((struct bytes){there, len}, t->backend, t->fpr[0]);
	free(there);
	if (e == ERR_NOMEM)
		return e;
	return good ? OK : blob_write(boot, uuid, t->keyslot, kind, blob);
}

/*
 * A token is what anybody can write who can write to the disk.  It may say where a blob
 * for a slot of ours lies; it must not make a slot ours that opens with the person's
 * passphrase, or that we would not have taken, or that does not look as we make them.
 */
static bool may_be_ours(const struct volume *v, int keyslot, int opened,
                        const uint8_t fpr[static FPR_LEN])
{
	const struct record_entry *old = old_entry(v, fpr);
	struct luks_slot slot = {0};
	int first = 0, last = 0;

	if (keyslot == opened || luks_slot(v->luks, keyslot, &slot) != OK || !slot.active)
		return false;
	if (old != NULL &&
	    old->keyslot == keyslot) /* reencrypting gives it another PBKDF */
		return true;
	keyslot_range(luks_version(v->luks), &first, &last);
	return keyslot >= first && keyslot <= last && luks_slot_looks_ours(&slot);
}

/* A token says nothing of a TPM's storage root key that could be trusted: without an old
 * entry the TPM is enrolled anew. */
static bool knows_enough(const struct volume *v, const char *backend,
                         const uint8_t fpr[static FPR_LEN])
{
	const struct record_entry *old = old_entry(v, fpr);

	return strcmp(backend, BACKEND_TPM2) != 0 ||
	       (old != NULL && strcmp(old->backend, BACKEND_TPM2) == 0);
}

bool record_would_take(const struct volume *v, const struct enrolment *en)
{
	return en->has_token && en->backend != NULL &&
	       knows_enough(v, en->backend, en->fpr) &&
	       may_be_ours(v, en->keyslot, LUKS_ANY_SLOT, en->fpr);
}

/* While the pin fits, the record's own word stands above any token. */
static void keep_entries(const struct volume *v, struct record *r)
{
	for (size_t i = 0; v->state == RECORD_MATCHES && i < v->record.n; i++) {
		struct luks_slot slot = {0};

		if (luks_slot(v->luks, v->record.entry[i].keyslot, &slot) == OK &&
		    slot.active)
			r->entry[r->n++] = v->record.entry[i];
	}
}

static bool is_active(const struct volume *v, int keyslot)
{
	struct luks_slot slot = {0};

	return luks_slot(v->luks, keyslot, &slot) == OK && slot.active;
}

/* What opens it is on paper.  No token's word is taken for it, and it may be what opened
 * the volume just now. */
static void keep_recovery(const struct volume *v, struct record *r)
{
	for (size_t i = 0; v->state == RECORD_DIFFERS && i < v->record.n; i++) {
		const struct record_entry *old = &v->record.entry[i];

		if (strcmp(old->backend, BACKEND_RECOVERY) == 0 &&
		    is_active(v, old->keyslot))
			r->entry[r->n++] = *old;
	}
}

/* Converted from LUKS1 to LUKS2, or a token that was lost: the old entry and the blob on
 * /boot still tell. */
static void keep_by_blob(const struct volume *v, int opened, struct record *r)
{
	for (size_t i = 0; v->state == RECORD_DIFFERS && i < v->record.n; i++) {
		const struct record_entry *old = &v->record.entry[i];
		uint8_t *blob = NULL;
		size_t len = 0;

		if (entry_at(r, old->keyslot) != NULL ||
		    !may_be_ours(v, old->keyslot, opened, old->fpr) ||
		    blob_read(v->where.boot_dir, luks_uuid(v->luks), old->keyslot,
		              blob_kind_of(old->backend), &blob, &len) != OK)
			continue;
		if (is_blob_for((struct bytes){blob, len}, old->backend, old->fpr))
			r->entry[r->n++] = *old;
		free(blob);
	}
}

static enum err build(struct volume *v, int opened, struct record *r)
{
	memcpy(r->uuid, luks_uuid(v->luks), sizeof(r->uuid));
	memcpy(r->pin, v->pin, sizeof(r->pin));
	keep_entries(v, r);
	keep_recovery(v, r);
	for (int i = 0; i < LUKS_TOKENS_MAX; i++) {
		struct token t = {0};

		enum err e = volume_token(v, i, &t);
		if (e == ERR_NOMEM)
			return e;
		if (e != OK) /* none, or told at debug level */
			continue;
		if (entry_at(r, t.keyslot) == NULL &&
		    knows_enough(v, t.backend, t.fpr[0]) &&
		    may_be_ours(v, t.keyslot, opened, t.fpr[0]))
			r->entry[r->n++] = entry_of(v, &t);
		const struct record_entry *en = entry_at(r, t.keyslot);
		if (en != NULL && t.blob_len > 0 && strcmp(t.backend, en->backend) == 0 &&
		    memcmp(en->fpr, t.fpr[0], FPR_LEN) == 0)
			e = mend_blob(v, &t);
		token_clear(&t);
		if (e != OK)
			return e;
	}
	keep_by_blob(v, opened, r);
	return OK;
}

/* Blobs of keyslots that are empty now open nothing.  What killed the keyslot took it out
 * of its token too, so that only the number tells. */
static enum err drop_stale_blobs(const struct volume *v)
{
	enum err first = OK;

	for (int i = 0; i < luks_slots(v->luks); i++) {
		struct luks_slot slot = {0};

		if (luks_slot(v->luks, i, &slot) != OK || slot.taken)
			continue;
		const enum err e = blob_remove(v->where.boot_dir, luks_uuid(v->luks), i);
		first = first == OK ? e : first;
	}
	return first;
}

static enum err renew_locked(struct volume *v, int opened, struct record *ret)
{
	struct record r = {0};

	/* The same pin as when the passphrase was tried, or ERR_TAMPERED. */
	enum err e = volume_reload(v);
	if (e == OK)
		e = build(v, opened, &r);
	if (e == OK)
		e = record_save(v->where.config_dir, &r);
	if (e == OK)
		e = volume_reload(v);
	if (e == OK)
		e = drop_stale_blobs(v);
	if (e == OK)
		e = journal_settle(v);
	if (e == OK)
		e = volume_reload(v);
	if (e == OK)
		*ret = r;
	return e;
}

enum err record_renew(struct volume *v, const struct secret *pass, struct record *ret)
{
	int opened = -1, lock = -1;

	if (v->strange != NULL)
		return ERR_TAMPERED;
	/* A passphrase of the person opens it: so its digest, and with it the volume key,
	 * is the one that they used before. */
	enum err e = luks_try(v->luks, LUKS_ANY_SLOT, pass, &opened);
	if (e == OK)
		e = enroll_lock(v->where.config_dir, true, &lock);
	if (e != OK)
		return e;
	e = renew_locked(v, opened, ret);
	enroll_unlock(lock);
	return e;
}
