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
	struct tpm2_look look;

	/* The present ones in any case: is there such a bank? */
	enum err e = tpm2_look(&tpm, wish->bank, wish->choice.mask, &look);
	if (e == OK && look.lockout.locked != 0)
		e = ERR_TPM_LOCKED;
	if (e != OK)
		return e;
	struct tpm2_found f = {.to = look.pcrs, .lockout = look.lockout};
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
	        .bytes = ASK_TYPED,
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

static enum err make_wish(const struct enrolling *w, const struct tpm2_pcrs *to,
                          uint32_t srk, struct tpm2_wish *ret)
{
	*ret = (struct tpm2_wish){
	        .srk = srk,
	        .srk_name = w->tpm->wish->srk_name,
	        .bank = to->bank,
	        .mask = to->mask,
	        .to = to,
	};
	return random_bytes(ret->salt, sizeof(ret->salt));
}

static enum err sealing_start(const struct enrolling *w, struct enroll_sealing *s)
{
	const struct tpm2 tpm = session_tpm(w->s);

	enum err e = make_wish(w, &w->tpm->found->to, w->tpm->wish->srk, &s->wish);
	if (e == OK)
		e = random_secret(TPM2_SECRET_LEN, &s->raw);
	if (e == OK && w->tpm->pin)
		e = tpm2_auth_value(w->tpm->pin, s->wish.salt, &s->auth);
	return e == OK ? tpm2_seal_start(&tpm, &s->wish, s->raw, s->auth, &s->job) : e;
}

static enum err sealing_finish(const struct enrolling *w, struct tpm2_sealed *ret)
{
	struct enroll_sealing *s = w->sealing;
	struct aside *job = s->job;

	s->job = NULL;
	const enum err e = tpm2_seal_finish(job, &s->wish, s->auth != NULL, ret);
	if (e == ERR_ACCESS)
		enroll_why(w, "The TPM refuses to make a key: its owner hierarchy has a "
		              "password. Name a storage root key that is kept in it with "
		              "--srk.");
	return e;
}

/* A job that nobody wants any more comes to its end: it leaves nothing in the TPM. */
static void sealing_end(struct enroll_sealing *s)
{
	struct tpm2_sealed unwanted;
	AUTO_SECRET *got = NULL;

	if (s->job)
		(void)tpm2_seal_finish(s->job, &s->wish, s->auth != NULL, &unwanted);
	if (s->proof)
		(void)tpm2_unseal_finish(s->proof, &got);
	s->job = s->proof = NULL;
	s->raw = secret_free(s->raw);
	s->auth = secret_free(s->auth);
}

/* As it will be read by a boot, from the text and by the record. */
static void proof_start(const struct enrolling *w, char *text)
{
	struct enrolment en = {
	        .needs_pin = w->entry.needs_pin,
	        .cap = w->entry.cap,
	        .blob = {(uint8_t *)text},
	        .blob_len = {strlen(text)},
	};
	const struct tpm2 tpm = session_tpm(w->s);
	struct enroll_sealing *s = w->sealing;

	memcpy(en.fpr, w->entry.fpr, sizeof(en.fpr));
	memcpy(en.srk_name, w->entry.srk_name, sizeof(en.srk_name));
	s->begun = tpm2_way(&en, 0, &s->sealed);
	/* The PIN was stretched with this salt. */
	if (s->begun == OK &&
	    memcmp(s->sealed.salt, s->wish.salt, sizeof(s->wish.salt)) != 0)
		s->begun = ERR_TPM_FAILED;
	if (s->begun == OK)
		s->begun = tpm2_unseal_with(&tpm, &s->sealed, s->auth, &s->proof);
}

enum err enroll_tpm2_seal(struct enrolling *w, struct secret **ret_pass,
                          uint8_t **ret_blob, size_t *ret_len)
{
	AUTO_SECRET *pass = NULL;
	struct tpm2_sealed sealed;
	char *text = NULL;

	enroll_step(w, "Sealing to the TPM.");
	enum err e = sealing_finish(w, &sealed);
	if (e == OK)
		e = tpm2_passphrase(w->sealing->raw, &pass);
	if (e == OK)
		e = tpm2_id(&sealed, w->entry.fpr);
	if (e == OK)
		e = sealed_format(&sealed, &text);
	if (e != OK)
		return e;
	memcpy(w->entry.srk_name, sealed.srk_name, sizeof(w->entry.srk_name));
	proof_start(w, text);
	*ret_pass = pass;
	pass = NULL;
	*ret_blob = (uint8_t *)text;
	*ret_len = strlen(text);
	return OK;
}

/* --- proving --- */

static enum err unseals_same(struct enroll_sealing *s, const struct secret *want)
{
	AUTO_SECRET *got = NULL, *pass = NULL;
	struct aside *job = s->proof;

	if (s->begun != OK)
		return s->begun;
	s->proof = NULL;
	enum err e = tpm2_unseal_finish(job, &got);
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
	AUTO_SECRET *raw = NULL, *got = NULL;
	struct tpm2_sealed other;
	struct tpm2_wish wish;
	struct tpm2_pcrs now;

	enum err e = tpm2_read_pcrs(&tpm, s->pcrs.bank, s->pcrs.mask, &now);
	if (e == OK)
		e = make_wish(w, &now, s->srk, &wish);
	if (e == OK)
		e = random_secret(TPM2_SECRET_LEN, &raw);
	if (e == OK)
		e = tpm2_seal(&tpm, &wish, raw, w->tpm->pin, &other);
	if (e == OK && memcmp(other.srk_name, s->srk_name, sizeof(s->srk_name)) != 0)
		e = ERR_TPM_OTHER;
	if (e == OK)
		e = tpm2_unseal(&tpm, &other, w->tpm->pin, &got);
	if (e == OK && !secret_equal(got, raw))
		e = ERR_TPM_FAILED;
	return e;
}

enum err enroll_tpm2_prove(const struct enrolling *w, const struct secret *pass)
{
	enroll_step(w, "Opening the new way in with the TPM.");
	enum err e = unseals_same(w->sealing, pass);
	if (e == ERR_TPM_PCRS && w->tpm->found->saved)
		e = prove_by_another(w, &w->sealing->sealed);
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
	struct enroll_sealing sealing = {0};
	struct enrolling w = {
	        .s = s,
	        .v = v,
	        .req = req,
	        .tpm = tpm,
	        .sealing = &sealing,
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
	/* The TPM works while the passphrase is typed and stretched. */
	e = sealing_start(&w, &sealing);
	if (e == OK) {
		enroll_step(&w, "Checking the existing passphrase.");
		e = enroll_volume_key(s, v, req->key, &volume_key, &w.existing_slot);
	}
	w.volume_key = volume_key;
	if (e == OK)
		e = enroll_write(&w, ret);
	sealing_end(&sealing);
	return e;
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
