/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The typed passphrase, and which keyslot one opens. */
#include "unlock/backend.h"
#include "unlock/recovery.h"
#include "unlock/words.h"

static enum err probe(struct session *s, const struct volume *v,
                      const struct enrolment *en)
{
	(void)v;
	(void)en;
	return session_answer(s, ASK_PASSPHRASE) == ANSWER_NONE ? ERR_USAGE : OK;
}

/* To the dongle, where one is enrolled; else to the TPM. */
static enum words way_back(const struct volume *v)
{
	for (size_t i = 0; i < v->n_enrolled; i++)
		if (enrolment_is(&v->enrolled[i], BACKEND_CARD))
			return WORDS_PASSPHRASE_HINT;
	return WORDS_PASSPHRASE_HINT_TPM;
}

static enum err recover(struct session *s, const struct volume *v,
                        const struct enrolment *en, struct secret **ret_pass)
{
	AUTO_SECRET *pass = NULL;
	char hint[SENTENCE_MAX];
	const enum answer who = session_answer(s, ASK_PASSPHRASE);
	const bool other = who == ANSWER_PERSON && session_other_way(s);

	(void)en;
	if (who == ANSWER_NONE)
		return ERR_USAGE;
	const struct ask_question q = {
	        .kind = ASK_PASSPHRASE,
	        .about = session_disk(s) ? session_disk(s) : luks_device(v->luks),
	        .hint = other ? words_fill(way_back(v), NULL, hint, sizeof(hint)) : NULL,
	        .tries_left = -1,
	        .min = other ? 0 : 1,
	        .max = PASSPHRASE_MAX,
	};
	const enum err e = ask_wait(session_ask(s), &q, -1, &pass);

	if (e != OK)
		return e;
	if (secret_len(pass) == 0) {
		if (other)
			session_set_wants_other_way(s);
		return ERR_CANCELLED;
	}
	*ret_pass = pass;
	pass = NULL;
	return OK;
}

static bool has_recovery_key(const struct volume *v)
{
	for (size_t i = 0; i < v->n_enrolled; i++)
		if (v->enrolled[i].slot_active &&
		    enrolment_is(&v->enrolled[i], BACKEND_RECOVERY))
			return true;
	return false;
}

enum err passphrase_recovery_key(const struct volume *v, const struct secret *typed,
                                 struct secret **ret)
{
	const enum err e = recovery_read(typed, ret);

	/* Elsewhere it may be somebody's passphrase, strange as that would be. */
	return e == ERR_FORMAT && !has_recovery_key(v) ? ERR_NOT_FOUND : e;
}

/* `ours`: those with an enrolment of ours; a person's passphrase is rarely there. */
static enum err try_slots(struct volume *v, const struct secret *pass, bool ours,
                          int *ret_slot)
{
	enum err worst = ERR_PASSPHRASE;

	for (int i = 0; i < luks_slots(v->luks); i++) {
		struct luks_slot slot = {0};

		if ((volume_find(v, i) != NULL) != ours)
			continue;
		if (v->typed_slot != LUKS_ANY_SLOT && v->typed_slot != i)
			continue;
		if (luks_slot(v->luks, i, &slot) != OK || !slot.active)
			continue;
		const enum err e = luks_try(v->luks, i, pass, ret_slot);

		if (e == OK)
			return OK;
		if (e != ERR_PASSPHRASE && worst == ERR_PASSPHRASE)
			worst = e;
	}
	return worst;
}

enum err passphrase_find_slot(struct volume *v, const struct secret *pass, int *ret_slot)
{
	AUTO_SECRET *key = NULL;
	const bool recovery = recovery_read(pass, &key) == OK;
	const enum err first = try_slots(v, pass, recovery, ret_slot);

	if (first == OK)
		return OK;
	const enum err second = try_slots(v, pass, !recovery, ret_slot);

	return second == OK || first == ERR_PASSPHRASE ? second : first;
}

enum err passphrase_is_recorded(struct session *s, const struct volume *v,
                                const struct enrolment *en, const struct secret *pass)
{
	uint8_t digest[PASSPHRASE_DIGEST_LEN];
	int slot = LUKS_ANY_SLOT;

	if (en->knows_passphrase) {
		const enum err e = passphrase_digest(luks_uuid(v->luks), pass, digest);

		if (e != OK)
			return e;
		if (!mem_equal_ct(digest, en->passphrase_digest, sizeof(digest)))
			return ERR_PASSPHRASE;
		if (session_trusts_record(s))
			return OK;
	}
	/* The record of an image says nothing of a TPM's: the keyslot does when it is
	 * mapped. */
	if (!en->knows_passphrase && session_trusts_record(s) &&
	    enrolment_is(en, BACKEND_TPM2))
		return OK;
	return luks_try(v->luks, en->keyslot, pass, &slot);
}

const struct backend backend_passphrase = {
        .type = "passphrase",
        .probe = probe,
        .recover = recover,
};
