/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A recovery key becomes a way in: the writes in their order, and taking them back. */
#include "unlock/enroll_recovery.h"

#include <stdlib.h>

#include "core/log.h"
#include "unlock/blob.h"
#include "unlock/enroll_impl.h"

/* What is to be written, and what was. */
struct making {
	struct volume *v;
	const struct recovery_request *req;
	struct luks *dev;
	struct record_entry entry;
	char *token; /* its JSON */
	bool journal, mark, keyslot, record;
};

int recovery_keyslot(const struct volume *v)
{
	for (size_t i = 0; i < v->n_enrolled; i++)
		if (v->enrolled[i].complete &&
		    enrolment_is(&v->enrolled[i], BACKEND_RECOVERY))
			return v->enrolled[i].keyslot;
	return -1;
}

enum err recovery_settle(struct volume *v)
{
	return journal_settle(v);
}

static enum err choose_slot(const struct making *w, int *ret)
{
	const struct luks *l = w->v->luks;
	bool taken[LUKS_SLOTS_MAX] = {false};

	for (int i = 0; i < luks_slots(l); i++) {
		struct luks_slot slot;

		taken[i] = luks_slot(l, i, &slot) != OK || slot.taken ||
		           volume_find(w->v, i) != NULL;
	}
	return keyslot_choose(luks_version(l), taken, w->req->keyslot, w->req->force,
	                      ret);
}

static enum err make_entry(struct making *w, int keyslot)
{
	struct record_entry *en = &w->entry;
	struct token t = {.keyslot = keyslot, .backend = BACKEND_RECOVERY, .n_fpr = 1};

	*en = (struct record_entry){
	        .keyslot = keyslot,
	        .backend = BACKEND_RECOVERY,
	        .knows_passphrase = true,
	};
	const enum err e = passphrase_digest(luks_uuid(w->v->luks), w->req->key,
	                                     en->passphrase_digest);
	if (e != OK)
		return e;
	memcpy(en->fpr, en->passphrase_digest, sizeof(en->fpr));
	memcpy(t.fpr[0], en->fpr, sizeof(t.fpr[0]));
	return token_format(&t, &w->token);
}

static struct bytes token_text(const struct making *w)
{
	return (struct bytes){(const uint8_t *)w->token, strlen(w->token)};
}

static enum err add_keyslot(struct making *w)
{
	int opened = -1, token = -1;

	enum err e = volume_open_writable(w->v, &w->dev);
	if (e != OK)
		return e;
	w->keyslot = true; /* or half of it */
	e = luks_add_slot(w->dev, w->entry.keyslot, w->req->volume_key, w->req->key);
	if (e == OK && luks_version(w->v->luks) == 2)
		e = luks_token_set(w->dev, w->token, &token);
	w->dev = luks_close(w->dev);
	if (e != OK)
		return e;
	/* From what lies on the disk now. */
	struct volume *fresh = NULL;
	e = volume_load(&w->v->where, &fresh);
	if (e == OK && (fresh->strange != NULL ||
	                memcmp(fresh->pin, w->v->pin, HEADER_PIN_LEN) != 0))
		e = ERR_TAMPERED;
	if (e == OK)
		e = luks_try(fresh->luks, w->entry.keyslot, w->req->key, &opened);
	fresh = volume_free(fresh);
	return e == ERR_PASSPHRASE ? ERR_IO : e;
}

static enum err write_record(struct making *w)
{
	const struct volume *v = w->v;
	struct record r = {0};

	memcpy(r.uuid, luks_uuid(v->luks), sizeof(r.uuid));
	memcpy(r.pin, v->pin, sizeof(r.pin));
	for (size_t i = 0; v->state == RECORD_MATCHES && i < v->record.n; i++)
		if (v->record.entry[i].keyslot != w->entry.keyslot)
			r.entry[r.n++] = v->record.entry[i];
	if (r.n == LUKS_SLOTS_MAX)
		return ERR_NO_SPACE;
	r.entry[r.n++] = w->entry;
	w->record = true; /* or about to be */
	return record_save(v->where.config_dir, &r);
}

static enum err write_in_order(struct making *w)
{
	const struct volume *v = w->v;
	struct journal j = {.keyslot = w->entry.keyslot};

	memcpy(j.fpr, w->entry.fpr, sizeof(j.fpr));
	w->journal = true;
	enum err e = journal_save(v, &j);
	w->mark = e == OK;
	if (e == OK)
		e = blob_write(v->where.boot_dir, luks_uuid(v->luks), w->entry.keyslot,
		               BLOB_TOKEN, token_text(w));
	if (e == OK)
		e = add_keyslot(w);
	return e == OK ? write_record(w) : e;
}

/* Only what our key opens is ours to kill, whatever went wrong. */
static enum err take_keyslot_back(struct making *w)
{
	struct volume *v = w->v;
	struct luks *dev = NULL;
	int opened = -1;

	enum err e = luks_open_writable(v->where.device, v->where.header, v->luks, &dev);
	if (e != OK)
		return e;
	const bool kill = luks_try(dev, w->entry.keyslot, w->req->key, &opened) == OK;
	e = way_remove(v, dev, w->entry.keyslot, kill);
	dev = luks_close(dev);
	return e;
}

static void take_back(struct making *w)
{
	const struct volume *v = w->v;
	const char *config = v->where.config_dir, *uuid = luks_uuid(v->luks);
	enum err e = OK;

	if (w->record)
		e = v->state == RECORD_MATCHES ? record_save(config, &v->record)
		                               : record_delete(config, uuid);
	if (e == OK && w->keyslot)
		e = take_keyslot_back(w);
	else if (e == OK && w->mark)
		e = blob_remove(v->where.boot_dir, uuid, w->entry.keyslot);
	if (e == OK && w->journal)
		e = journal_delete(v);
	if (e != OK) /* the journal tells the next enrolment, or unenroll, of it */
		log_line(LOG_DEBUG, "taking back: %s", err_text(e));
}

static enum err locked(struct making *w, int *ret_keyslot)
{
	bool cleaned = false;
	int keyslot = -1;

	/* Whoever held the lock may have changed the volume. */
	enum err e = volume_reload(w->v);
	if (e == OK)
		e = volume_trusted(w->v);
	if (e == OK || e == ERR_NO_RECORD)
		e = leftovers_clean(w->v, w->req->existing_slot, &cleaned);
	if (e == OK && cleaned)
		e = volume_reload(w->v);
	if (e == OK)
		e = choose_slot(w, &keyslot);
	if (e == OK)
		e = make_entry(w, keyslot);
	if (e != OK)
		return e;
	e = write_in_order(w);
	if (e != OK) {
		take_back(w);
		return e;
	}
	/* The record is there: what stays now is found to be finished. */
	if (recovery_unmark(w->v, keyslot) != OK || journal_delete(w->v) != OK)
		log_line(LOG_DEBUG, "mark and journal could not be removed");
	*ret_keyslot = keyslot;
	return OK;
}

enum err recovery_enroll(struct volume *v, const struct recovery_request *req,
                         int *ret_keyslot)
{
	struct making w = {.v = v, .req = req};
	int lock = -1;

	enum err e = enroll_lock(v->where.config_dir, true, &lock);
	if (e != OK)
		return e;
	e = locked(&w, ret_keyslot);
	enroll_unlock(lock);
	free(w.token);
	if (e == OK && volume_reload(v) != OK)
		log_line(LOG_DEBUG, "the volume could not be read again");
	return e;
}
