/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A TPM as a way in: what differs from a card's. */
#include "unlock/enroll_tpm2.h"

#include <stdlib.h>

#include "core/log.h"
#include "unlock/enroll_impl.h"
#include "unlock/enroll_recovery.h"
#include "unlock/sealed.h"
#include "unlock/session_tpm.h"
#include "unlock/tpm2_way.h"

enum { PIN_TRIES = 3 };

/* --- before anything is asked --- */

enum err enroll_tpm2_look(struct session *s, const struct tpm2_seal_wish *wish,
                          struct tpm2_found *ret)
{
	const struct tpm2 tpm = session_tpm(s);
	struct tpm2_found f = {0};

	/* The present ones in any case: is there such a bank? */
	enum err e = tpm2_read_pcrs(&tpm, wish->bank, wish->choice.mask, &f.to);
	if (e == OK)
		e = tpm2_lockout(&tpm, &f.lockout);
	if (e == OK && f.lockout.locked != 0)
		e = ERR_TPM_LOCKED;
	if (e != OK)
		return e;
	e = session_tpm_saved(s, wish->bank, wish->choice.mask, &f.to);
	if (e != OK && e != ERR_NOT_FOUND)
		return e;
	f.saved = e == OK;
	f.doubts = tpm2_doubts(&wish->choice, &f.to, f.saved);
	*ret = f;
	return OK;
}

const struct enrolment *enroll_tpm2_find(const struct volume *v)
{
	const struct enrolment *found = NULL;

	if (v->state != RECORD_MATCHES)
		return NULL;
	for (size_t i = 0; i < v->n_enrolled; i++) {
		const struct enrolment *en = &v->enrolled[i];

		if (en->in_record && enrolment_is(en, BACKEND_TPM2) &&
		    (found == NULL || (en->complete && !found->complete)))
			found = en;
	}
	return found;
}

/* --- the PIN --- */

static enum err ask_one(struct session *s, const char *disk, const char *what,
                        struct secret **ret)
{
	struct ask *a = session_ask(s);
	const struct ask_question q = {
	        .kind = ASK_TPM_PIN,
	        .what = what,
	        .about = disk,
	        .tries_left = -1,
	        .min = TPM2_PIN_MIN,
	        .max = TPM2_PIN_MAX,
	};
	const enum err e = ask_wait(a, &q, -1, ret);

	return e == ERR_UNSUPPORTED ? ERR_USAGE : e;
}

enum err enroll_tpm2_ask_pin(struct session *s, const char *disk, struct secret **ret)
{
	const bool person = session_answer(s, ASK_TPM_PIN) == ANSWER_PERSON;
	struct ask *a = session_ask(s);

	for (int i = 0; i < PIN_TRIES; i++) {
		AUTO_SECRET *pin = NULL, *again = NULL;

		enum err e = ask_one(s, disk, "New PIN of the TPM", &pin);
		if (e == OK && person)
			e = ask_one(s, disk, "The same PIN again", &again);
		if (e != OK)
			return e;
		if (!person || secret_equal(pin, again)) {
			*ret = pin;
			pin = NULL;
			return OK;
		}
		a->ops->note(a, "The two are not the same.");
	}
	return ERR_REFUSED;
}

/* --- sealing --- */

static enum err seal(const struct enrolling *w, const struct tpm2_pcrs *to, uint32_t srk,
                     const struct secret *what, struct tpm2_sealed *ret)
{
	const struct tpm2 tpm = session_tpm(w->s);
	struct tpm2_wish wish = {
	        .srk = srk,
	        .srk_name = w->tpm->wish->srk_name,
	        .bank = to->bank,
	        .mask = to->mask,
	        .to = to,
	};

	enum err e = random_bytes(wish.salt, sizeof(wish.salt));
	if (e == OK)
		e = tpm2_seal(&tpm, &wish, what, w->tpm->pin, ret);
	if (e == ERR_ACCESS)
		enroll_why(w, "The TPM refuses to make a key: its owner hierarchy has a "
		              "password. Name a storage root key that is kept in it with "
		              "--srk.");
	return e;
}

enum err enroll_tpm2_seal(struct enrolling *w, struct secret **ret_pass,
                          uint8_t **ret_blob, size_t *ret_len)
{
	AUTO_SECRET *raw = NULL, *pass = NULL;
	struct tpm2_sealed sealed;
	char *text = NULL;

	enroll_step(w, "Sealing to the TPM.");
	enum err e = random_secret(TPM2_SECRET_LEN, &raw);
	if (e == OK)
		e = seal(w, &w->tpm->found->to, w->tpm->wish->srk, raw, &sealed);
	if (e == OK)
		e = tpm2_passphrase(raw, &pass);
	if (e == OK)
		e = tpm2_id(&sealed, w->entry.fpr);
	if (e == OK)
		e = sealed_format(&sealed, &text);
	if (e != OK)
		return e;
	memcpy(w->entry.srk_name, sealed.srk_name, sizeof(w->entry.srk_name));
	*ret_pass = pass;
	pass = NULL;
	*ret_blob = (uint8_t *)text;
	*ret_len = strlen(text);
	return OK;
}

/* --- proving --- */

static enum err unseal_same(const struct enrolling *w, const struct tpm2_sealed *s,
                            const struct secret *want)
{
	const struct tpm2 tpm = session_tpm(w->s);
	AUTO_SECRET *got = NULL, *pass = NULL;

	enum err e = tpm2_unseal(&tpm, s, w->tpm->pin, &got);
	if (e == OK)
		e = tpm2_passphrase(got, &pass);
	if (e == OK && !secret_equal(pass, want))
		e = ERR_TPM_FAILED;
	return e;
}

/* The object itself opens at the next boot only.  That the TPM takes it shows that it
 * comes as far as the PCRs; that another one, to what they are now, opens shows the rest.
 * What its policy is sealed to was computed, and compared when it was made. */
static enum err prove_by_another(const struct enrolling *w, const struct tpm2_sealed *s)
{
	const struct tpm2 tpm = session_tpm(w->s);
	AUTO_SECRET *raw = NULL, *pass = NULL;
	struct tpm2_sealed other;
	struct tpm2_pcrs now;

	enum err e = tpm2_read_pcrs(&tpm, s->pcrs.bank, s->pcrs.mask, &now);
	if (e == OK)
		e = random_secret(TPM2_SECRET_LEN, &raw);
	if (e == OK)
		e = tpm2_passphrase(raw, &pass);
	if (e == OK)
		e = seal(w, &now, s->srk, raw, &other);
	if (e == OK && memcmp(other.srk_name, s->srk_name, sizeof(s->srk_name)) != 0)
		e = ERR_TPM_OTHER;
	return e == OK ? unseal_same(w, &other, pass) : e;
}

enum err enroll_tpm2_prove(const struct enrolling *w, const struct enrolment *found,
                           const struct secret *pass)
{
	struct enrolment en = *found; /* as the record will have it */
	struct tpm2_sealed s;

	enroll_step(w, "Opening the new way in with the TPM.");
	en.needs_pin = w->entry.needs_pin;
	en.cap = w->entry.cap;
	memcpy(en.srk_name, w->entry.srk_name, sizeof(en.srk_name));
	enum err e = tpm2_way(&en, 0, &s);
	if (e == OK)
		e = unseal_same(w, &s, pass);
	if (e == ERR_TPM_PCRS && w->tpm->found->saved)
		e = prove_by_another(w, &s);
	if (e != OK)
		enroll_why(w, e == ERR_TPM_PCRS
		                      ? "The TPM measured something while it was sealed "
		                        "to, so nothing was enrolled. Try again."
		                      : "The TPM did not give back what had just been "
		                        "sealed, so nothing was enrolled. Switch the "
		                        "machine off and on, and try once more.");
	return e;
}

/* --- all of it --- */

enum err enroll_with_tpm2(struct session *s, struct volume *v,
                          const struct enroll_request *req, const struct enroll_tpm2 *tpm,
                          struct enroll_result *ret)
{
	struct enrolling w = {
	        .s = s,
	        .v = v,
	        .req = req,
	        .tpm = tpm,
	        .entry =
	                {
	                        .backend = BACKEND_TPM2,
	                        .needs_pin = tpm->pin != NULL,
	                        .cap = tpm->wish->choice.cap,
	                        },
	};
	AUTO_SECRET *volume_key = NULL;

	enum err e = volume_trusted(v);
	if (e != OK && e != ERR_NO_RECORD)
		return e;
	enroll_step(&w, "Checking the existing passphrase.");
	e = enroll_volume_key(s, v, req->key, &volume_key, &w.existing_slot);
	if (e != OK)
		return e;
	w.volume_key = volume_key;
	return enroll_write(&w, ret);
}

/* --- the ones before --- */

static enum err drop(struct volume *v, int slot_no, int *ret_left)
{
	struct luks_slot slot = {0};
	struct luks *dev = NULL;

	enum err e = volume_open_writable(v, &dev);
	if (e != OK)
		return e;
	const bool active = luks_slot(dev, slot_no, &slot) == OK && slot.active;
	if (active && (!luks_slot_looks_ours(&slot) || count_active(dev) < 2))
		*ret_left = slot_no;
	else
		e = way_remove(v, dev, slot_no, true);
	dev = luks_close(dev);
	return e == OK ? volume_reload(v) : e;
}

static enum err drop_others(struct volume *v, int keep, int *ret_left)
{
	int old[LUKS_SLOTS_MAX];
	size_t n = 0;

	*ret_left = -1;
	for (size_t i = 0; v->state == RECORD_MATCHES && i < v->record.n; i++)
		if (record_entry_is(&v->record.entry[i], BACKEND_TPM2) &&
		    v->record.entry[i].keyslot != keep)
			old[n++] = v->record.entry[i].keyslot;
	for (size_t i = 0; i < n; i++) {
		const enum err e = drop(v, old[i], ret_left);

		if (e != OK)
			return e;
	}
	return OK;
}

enum err enroll_tpm2_drop_others(struct volume *v, int keep, int *ret_left)
{
	int lock = -1;

	enum err e = enroll_lock(v->where.config_dir, false, &lock);
	if (e != OK)
		return e;
	e = volume_reload(v);
	if (e == OK)
		e = drop_others(v, keep, ret_left);
	if (e == OK)
		e = journal_settle(v);
	enroll_unlock(lock);
	return e;
}
