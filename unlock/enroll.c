/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Adding a way in: everything that is checked and asked before anything is written. */
#include "unlock/enroll.h"

#include <stdio.h>

#include "core/log.h"
#include "crypto/crypto.h"
#include "unlock/backend.h"
#include "unlock/enroll_impl.h"
#include "unlock/enroll_recovery.h"
#include "unlock/words.h"

enum { PASSPHRASE_TRIES = 3 };

/* May a way in be added to this volume?  A record that is not there is made. */
static enum err check_volume(const struct volume *v)
{
	const enum err e = volume_trusted(v);

	return e == ERR_NO_RECORD ? OK : e;
}

/* --- the key --- */

/* Of the card that is here, and why it will not do. */
static enum err key_of_card(struct enrolling *w)
{
	const char *why = NULL;
	char text[SENTENCE_MAX];

	enum err e = session_wait_card(w->s, NULL, 0);
	if (e == ERR_USAGE) /* they were named */
		enroll_why(w, pick_why_text(PICK_SEVERAL));
	if (e != OK)
		return e;
	enroll_step(w, "Reading the card's decryption key.");
	e = enroll_read_key(session_card_handle(w->s), &w->key, &why);
	if (why != NULL) {
		(void)snprintf(text, sizeof(text), "Card %s cannot be enrolled: %s",
		               session_card(w->s)->ident, why);
		enroll_why(w, text);
	}
	return e == ERR_CRYPTO ? ERR_CARD_STATE : e;
}

/* What F9 said at enrolment, so that another answer is noticed before a PIN is sent. */
static enum err note_kdf(const struct card_info *info, struct record_entry *en)
{
	if (!info->kdf.active) {
		en->kdf = RECORD_KDF_NONE;
		return OK;
	}
	en->kdf = RECORD_KDF_PINNED;
	return hash_all(HASH_SHA256,
	                (struct bytes){info->kdf_digest_input, info->kdf_digest_len},
	                en->kdf_digest, sizeof(en->kdf_digest));
}

static enum err find_key(struct enrolling *w)
{
	struct record_entry *en = &w->entry;

	en->backend = BACKEND_CARD;
	en->needs_pin = true;
	if (w->req->cert != NULL) {
		pubkey_copy(&w->key, w->req->cert);
		en->kdf = RECORD_KDF_UNKNOWN;
		memcpy(en->fpr, w->key.fpr, sizeof(en->fpr));
		return OK;
	}
	const enum err e = key_of_card(w);
	if (e != OK)
		return e;
	const struct card_info *info = session_card(w->s);
	memcpy(en->fpr, w->key.fpr, sizeof(en->fpr));
	memcpy(en->ident[0], info->ident, sizeof(en->ident[0]));
	return note_kdf(info, en);
}

/* --- the passphrase that opens the volume today --- */

static enum err as_recovery_key(const struct volume *v, struct secret **pass)
{
	struct secret *key = NULL;

	const enum err e = passphrase_recovery_key(v, *pass, &key);
	if (e == OK) {
		*pass = secret_free(*pass);
		*pass = key;
	}
	return e == ERR_NOT_FOUND ? OK : e == ERR_FORMAT ? ERR_PASSPHRASE : e;
}

/* With the volume key: stretching a person's passphrase takes seconds, so once is enough.
 */
static enum err ask_existing(struct session *s, struct volume *v,
                             struct secret **ret_pass, struct secret **ret_key,
                             int *ret_slot)
{
	struct ask *a = session_ask(s);
	const struct ask_question q = {
	        .kind = ASK_PASSPHRASE,
	        .about = v->where.device,
	        .hint = "A passphrase that opens the volume today is needed.",
	        .tries_left = -1,
	        .min = 1,
	        .max = PASSPHRASE_MAX,
	};

	for (int tries = 1;; tries++) {
		AUTO_SECRET *pass = NULL;

		enum err e = ask_wait(a, &q, -1, &pass);
		if (e == ERR_UNSUPPORTED) /* nobody can be asked */
			return ERR_USAGE;
		if (e == OK)
			e = as_recovery_key(v, &pass);
		if (e == OK)
			e = luks_volume_key(v->luks, LUKS_ANY_SLOT, pass, ret_key,
			                    ret_slot);
		if (e == OK) {
			*ret_pass = pass;
			pass = NULL;
			return OK;
		}
		if (e != ERR_PASSPHRASE || tries == PASSPHRASE_TRIES ||
		    !a->ops->interactive(a, ASK_PASSPHRASE))
			return e;
		a->ops->note(a, "That passphrase does not open the volume.");
	}
}

enum err enroll_ask_key(struct session *s, struct volume *v, struct secret **ret,
                        int *ret_slot)
{
	AUTO_SECRET *volume_key = NULL;

	return ask_existing(s, v, ret, &volume_key, ret_slot);
}

enum err enroll_volume_key(struct session *s, struct volume *v,
                           const struct secret *given, struct secret **ret, int *ret_slot)
{
	AUTO_SECRET *typed = NULL;

	return given != NULL
	               ? luks_volume_key(v->luks, LUKS_ANY_SLOT, given, ret, ret_slot)
	               : ask_existing(s, v, &typed, ret, ret_slot);
}

/* Of what the card opened: theirs shows that it may add a key of its own. */
static enum err use_imported(struct enrolling *w, struct secret **ret_volume_key)
{
	AUTO_SECRET *key = NULL;

	enum err e = import_open(w, &key);
	if (e != OK)
		return e;
	enroll_step(w, "Looking for the keyslot that it opens.");
	e = luks_volume_key(w->v->luks, LUKS_ANY_SLOT, key, ret_volume_key,
	                    &w->existing_slot);
	if (e == ERR_PASSPHRASE)
		import_opens_nothing(w);
	return e;
}

static enum err existing_key(struct enrolling *w, struct secret **ret_volume_key)
{
	if (w->imported != NULL)
		return use_imported(w, ret_volume_key);
	enroll_step(w, "Checking the existing passphrase.");
	return enroll_volume_key(w->s, w->v, w->req->key, ret_volume_key,
	                         &w->existing_slot);
}

enum err enroll(struct session *s, struct volume *v, const struct enroll_request *req,
                struct enroll_result *ret)
{
	struct enrolling w = {.s = s, .v = v, .req = req};
	AUTO_SECRET *volume_key = NULL;

	enum err e = check_volume(v);
	if (e == OK)
		e = find_key(&w);
	if (e != OK)
		return e;
	if (enroll_already(&w, ret)) {
		if (journal_settle(v) != OK) /* cut short after the record was there */
			log_line(LOG_DEBUG, "the journal could not be removed");
		return OK;
	}
	if (req->import != NULL)
		e = import_choose(&w);
	if (e == OK && req->cert == NULL)
		e = session_verify_pin(s, v->where.device);
	if (e == OK)
		e = existing_key(&w, &volume_key);
	if (e != OK)
		return e;
	w.volume_key = volume_key;
	return enroll_write(&w, ret);
}
