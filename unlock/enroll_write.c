/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Adding a way in: the writes, in the order of docs/FORMAT.md ("Enrolling"), the proof
 * that it works, and taking everything back when something fails. */
#include <stdlib.h>

#include "core/log.h"
#include "openpgp/message.h"
#include "unlock/backend.h"
#include "unlock/blob.h"
#include "unlock/enroll_impl.h"
#include "unlock/tpm2_way.h"

enum { PASS_BYTES = 32 };

/* What was written so far, and what it was. */
struct written {
	struct luks *dev;
	struct secret *pass;
	uint8_t *blob;
	size_t blob_len;
	int slot;
	bool journal, blob_file, keyslot, record;
};

/* 32 random bytes in base64 without padding: printable, so that every way to hand over a
 * passphrase can carry it. */
static enum err make_passphrase(struct secret **ret)
{
	AUTO_SECRET *raw = NULL;

	const enum err e = random_secret(PASS_BYTES, &raw);
	return e == OK ? tpm2_passphrase(raw, ret) : e;
}

static enum err format_token(const struct enrolling *w, const struct written *p,
                             char **ret)
{
	struct token t = {
	        .keyslot = p->slot,
	        .backend = w->entry.backend,
	        .n_fpr = 1,
	        .blob = p->blob,
	        .blob_len = p->blob_len,
	};

	memcpy(t.fpr[0], w->entry.fpr, sizeof(t.fpr[0]));
	memcpy(t.ident, w->entry.ident[0], sizeof(t.ident));
	return token_format(&t, ret);
}

static enum err write_blob(const struct enrolling *w, struct written *p)
{
	const char *boot = w->v->where.boot_dir, *uuid = luks_uuid(w->v->luks);
	char *json = NULL;

	enroll_step(w, "Writing the key blob to /boot.");
	p->blob_file = true; /* or half of it */
	enum err e = blob_write(boot, uuid, p->slot, blob_kind_of(w->entry.backend),
	                        (struct bytes){p->blob, p->blob_len});
	if (e != OK || luks_version(w->v->luks) != 1)
		return e;
	e = format_token(w, p, &json);
	if (e == OK)
		e = blob_write(boot, uuid, p->slot, BLOB_TOKEN,
		               (struct bytes){(uint8_t *)json, strlen(json)});
	free(json);
	return e;
}

static enum err add_keyslot(const struct enrolling *w, struct written *p)
{
	enroll_step(w, "Adding the keyslot.");
	enum err e = volume_open_writable(w->v, &p->dev);
	if (e != OK)
		return e;
	p->keyslot = true; /* or half of it */
	return luks_add_slot(p->dev, p->slot, w->volume_key, p->pass);
}

static enum err write_token(const struct enrolling *w, struct written *p)
{
	char *json = NULL;
	int token = -1;

	if (luks_version(w->v->luks) == 1)
		return OK;
	enroll_step(w, "Writing the token into the LUKS header.");
	enum err e = format_token(w, p, &json);
	if (e == OK)
		e = luks_token_set(p->dev, json, &token);
	free(json);
	if (e == ERR_NO_SPACE)
		enroll_note(w, "There is no room for the token in the LUKS header. "
		               "Remove tokens "
		               "that are no longer needed (`cryptsetup token remove`).");
	return e;
}

/* By the card that is here. */
static enum err prove_card(const struct enrolling *w, const struct written *p,
                           struct volume *fresh, const struct enrolment *found)
{
	AUTO_SECRET *pass = NULL;

	enroll_step(w, "Opening the new way in with the card.");
	struct enrolment en = *found; /* as the record will have it */
	en.in_record = en.complete = en.trial = true;
	en.kdf = w->entry.kdf;
	memcpy(en.kdf_digest, w->entry.kdf_digest, sizeof(en.kdf_digest));
	const struct backend *b = backend_by_type(en.backend);
	if (b == NULL)
		return ERR_BUG;
	enum err e = b->recover(w->s, fresh, &en, &pass);
	if (e == OK && !secret_equal(pass, p->pass))
		e = ERR_CRYPTO;
	if (e == ERR_CRYPTO || e == ERR_FORMAT || e == ERR_UNSUPPORTED ||
	    e == ERR_PASSPHRASE)
		enroll_why(w,
		           "The card did not open what had just been encrypted to its "
		           "own key, so nothing was enrolled. Take it out and put it in "
		           "again, and try once more. If it fails again, make or import "
		           "its decryption key anew (bootlatch card generate --slots dec "
		           "--force).");
	return e == ERR_PASSPHRASE ? ERR_CRYPTO : e;
}

/* Go through the new way in as the boot will: from what lies on disk now. */
static enum err prove(const struct enrolling *w, const struct written *p,
                      struct volume *fresh)
{
	int opened = -1;

	const struct enrolment *found = volume_find(fresh, p->slot);
	if (fresh->strange != NULL || memcmp(fresh->pin, w->v->pin, HEADER_PIN_LEN) != 0)
		return ERR_TAMPERED;
	/* Identical copies are kept once: has_token with one blob means that both the
	 * file and the token hold what was written. */
	if (found == NULL || !found->slot_active || !found->has_token ||
	    !found->has_blob_file || found->blob[1] != NULL ||
	    !bytes_equal((struct bytes){found->blob[0], found->blob_len[0]},
	                 (struct bytes){p->blob, p->blob_len}))
		return ERR_IO;
	const enum err e = luks_try(fresh->luks, p->slot, p->pass, &opened);
	if (e != OK)
		return e == ERR_PASSPHRASE ? ERR_IO : e;
	if (w->req->cert != NULL)
		return OK;
	return w->tpm != NULL ? enroll_tpm2_prove(w, p->pass)
	                      : prove_card(w, p, fresh, found);
}

/* The old entries, and the new one. */
static enum err write_record(const struct enrolling *w, struct written *p,
                             struct volume *fresh)
{
	struct record r = {0};

	enroll_step(w, "Writing the record.");
	memcpy(r.uuid, luks_uuid(fresh->luks), sizeof(r.uuid));
	memcpy(r.pin, fresh->pin, sizeof(r.pin));
	for (size_t i = 0; w->v->state == RECORD_MATCHES && i < w->v->record.n; i++)
		if (w->v->record.entry[i].keyslot != p->slot)
			r.entry[r.n++] = w->v->record.entry[i];
	if (r.n == LUKS_SLOTS_MAX)
		return ERR_NO_SPACE;
	struct record_entry *en = &r.entry[r.n++];
	*en = w->entry;
	en->keyslot = p->slot;
	en->knows_passphrase = true;
	const enum err e = passphrase_digest(r.uuid, p->pass, en->passphrase_digest);
	if (e != OK)
		return e;
	p->record = true; /* or about to be */
	return record_save(w->v->where.config_dir, &r);
}

static enum err prove_and_record(const struct enrolling *w, struct written *p)
{
	struct volume *fresh = NULL;

	enum err e = volume_load(&w->v->where, &fresh);
	if (e == OK)
		e = prove(w, p, fresh);
	if (e == OK)
		e = write_record(w, p, fresh);
	fresh = volume_free(fresh);
	return e;
}

/* Only when the new one got through: what stands in its way is not ours to remove. */
static enum err put_record_back(const struct volume *v, int slot)
{
	const char *config = v->where.config_dir, *uuid = luks_uuid(v->luks);
	struct record now;
	bool ours = false;

	if (record_load(config, uuid, &now) != OK)
		return OK;
	for (size_t i = 0; i < now.n; i++)
		ours = ours || now.entry[i].keyslot == slot;
	if (!ours)
		return OK;
	return v->state == RECORD_MATCHES ? record_save(config, &v->record)
	                                  : record_delete(config, uuid);
}

/* Keyslot, token and blob, on a handle of its own: the other one may be what failed.  No
 * look at the pin: whatever the header became, what is ours has to go. */
static enum err take_way_back(const struct enrolling *w, const struct written *p)
{
	const struct volume *v = w->v;
	struct luks *dev = NULL;
	int opened = -1;

	if (!p->keyslot)
		return p->blob_file ? blob_remove(v->where.boot_dir, luks_uuid(v->luks),
		                                  p->slot)
		                    : OK;
	enum err e = luks_open_writable(v->where.device, v->where.header, v->luks, &dev);
	if (e != OK)
		return e;
	/* Only what our passphrase opens is ours to kill, whatever went wrong. */
	const bool kill = luks_try(dev, p->slot, p->pass, &opened) == OK;
	e = way_remove(w->v, dev, p->slot, kill);
	dev = luks_close(dev);
	return e;
}

/* The journal goes only when all else is gone: else the next enrolment, or unenroll,
 * finds by it what is left. */
static void take_back(const struct enrolling *w, const struct written *p)
{
	enum err first = OK;

	if (p->record)
		first = put_record_back(w->v, p->slot);
	const enum err e = take_way_back(w, p);
	first = first == OK ? e : first;
	if (p->journal && first == OK)
		first = journal_delete(w->v);
	if (first != OK) {
		log_line(LOG_DEBUG, "taking back: %s", err_text(first));
		enroll_note(
		        w,
		        "Not everything could be taken back. The volume still opens as "
		        "before; the next `bootlatch enroll` clears the rest away.");
	}
}

static enum err encrypt(const struct enrolling *w, struct written *p)
{
	const struct pubkey *const keys[] = {&w->key};

	const enum err e = make_passphrase(&p->pass);
	return e == OK ? message_encrypt(keys, 1, p->pass, &p->blob, &p->blob_len) : e;
}

static enum err write_in_order(struct enrolling *w, struct written *p)
{
	struct journal j = {.keyslot = p->slot};

	enum err e = w->tpm != NULL
	                     ? enroll_tpm2_seal(w, &p->pass, &p->blob, &p->blob_len)
	                     : encrypt(w, p);
	if (e != OK)
		return e;
	memcpy(j.fpr, w->entry.fpr, sizeof(j.fpr));
	enroll_step(w, "Noting what is about to be done.");
	p->journal = true;
	e = journal_save(w->v, &j);
	if (e == OK)
		e = write_blob(w, p);
	if (e == OK)
		e = add_keyslot(w, p);
	if (e == OK)
		e = write_token(w, p);
	if (e == OK)
		e = prove_and_record(w, p);
	return e;
}

static enum err write_locked(struct enrolling *w, struct enroll_result *ret)
{
	struct written p = {.slot = -1};
	bool cleaned = false;
	int older = -1, dropped = -1;

	/* Whoever held the lock may have changed the volume. */
	enum err e = volume_reload(w->v);
	if (e == OK)
		e = volume_trusted(w->v);
	if (e == OK || e == ERR_NO_RECORD)
		e = leftovers_clean(w->v, w->existing_slot, &cleaned);
	if (e == OK && cleaned)
		e = volume_reload(w->v);
	if (e != OK)
		return e;
	if (w->tpm != NULL && !w->tpm->replace && enroll_tpm2_find(w->v) != NULL)
		return ERR_EXISTS;
	if (w->tpm == NULL && enroll_already(w, ret))
		return OK;
	do {
		e = enroll_drop_older(w, &dropped);
		if (e == OK && dropped != -1) {
			older = dropped;
			e = volume_reload(w->v);
		}
	} while (e == OK && dropped != -1);
	if (e == OK)
		e = enroll_choose_slot(w, older, &p.slot);
	if (e == OK) {
		e = write_in_order(w, &p);
		if (e != OK)
			take_back(w, &p);
	}
	p.pass = secret_free(p.pass);
	free(p.blob);
	p.dev = luks_close(p.dev);
	if (e != OK)
		return e;
	/* The record is there: a journal that stays is found to be finished. */
	if (journal_delete(w->v) != OK)
		log_line(LOG_DEBUG, "the journal could not be removed");
	*ret = (struct enroll_result){
	        .keyslot = p.slot,
	        .existing_slot = w->existing_slot,
	        .imported = w->imported,
	        .proven = w->req->cert == NULL,
	        .resumed = cleaned,
	};
	memcpy(ret->fpr, w->entry.fpr, sizeof(ret->fpr));
	memcpy(ret->ident, w->entry.ident[0], sizeof(ret->ident));
	return OK;
}

enum err enroll_write(struct enrolling *w, struct enroll_result *ret)
{
	int lock = -1;

	enum err e = enroll_lock(w->v->where.config_dir, true, &lock);
	if (e != OK)
		return e;
	e = write_locked(w, ret);
	enroll_unlock(lock);
	/* So that a second key can be added to what is there now; a TPM has one. */
	if (e == OK && w->tpm == NULL && volume_reload(w->v) != OK)
		log_line(LOG_DEBUG, "the volume could not be read again");
	return e;
}
