/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What record, tokens, files on /boot and a journal say of a volume's keyslots, as one
 * list. */
#include "unlock/volume_merge.h"

#include <stdlib.h>

#include "core/log.h"
#include "unlock/blob.h"
#include "unlock/journal.h"
#include "unlock/sealed.h"

/* What was found before it is merged. */
struct found {
	struct token token[LUKS_TOKENS_MAX];
	bool token_ok[LUKS_TOKENS_MAX];
	struct journal journal;
	bool journal_ok;
};

static void found_clear(struct found *f)
{
	for (size_t i = 0; i < LUKS_TOKENS_MAX; i++)
		if (f->token_ok[i])
			token_clear(&f->token[i]);
}

/* LUKS2: tokens; LUKS1: a file a keyslot. */
static int tokens_max(const struct volume *v)
{
	return luks_version(v->luks) == 1 ? luks_slots(v->luks) : LUKS_TOKENS_MAX;
}

static enum err token1(const struct volume *v, int slot, struct token *ret)
{
	uint8_t *text = NULL;
	size_t n = 0;
	struct token t = {.keyslot = -1};

	enum err e = blob_read(v->where.boot_dir, luks_uuid(v->luks), slot, BLOB_TOKEN,
	                       &text, &n);
	if (e != OK)
		return e;
	e = token_parse((struct bytes){text, n}, &t);
	free(text);
	if (e != OK)
		return e;
	if (t.keyslot != slot) {
		token_clear(&t);
		return ERR_FORMAT;
	}
	*ret = t;
	return OK;
}

enum err volume_token(const struct volume *v, int i, struct token *ret)
{
	char *json = NULL;

	if (i < 0 || i >= tokens_max(v))
		return ERR_NOT_FOUND;
	if (luks_version(v->luks) == 1)
		return token1(v, i, ret);
	enum err e = luks_token_get(v->luks, i, TOKEN_TYPE, &json);
	if (e != OK)
		return e;
	e = token_parse((struct bytes){(const uint8_t *)json, strlen(json)}, ret);
	free(json);
	return e;
}

static void find_all(const struct volume *v, struct found *f)
{
	for (int i = 0; i < tokens_max(v); i++) {
		const enum err e = volume_token(v, i, &f->token[i]);

		f->token_ok[i] = e == OK;
		if (e != OK && e != ERR_NOT_FOUND)
			log_line(LOG_DEBUG, "token %d of ours is skipped: %s", i,
			         err_text(e));
	}
	const enum err e =
	        journal_load(v->where.config_dir, luks_uuid(v->luks), &f->journal);
	f->journal_ok = e == OK && f->journal.keyslot < luks_slots(v->luks);
	if (e != OK && e != ERR_NOT_FOUND)
		log_line(LOG_DEBUG, "the note of an enrolment is skipped: %s",
		         err_text(e));
}

static void from_record(const struct volume *v, int slot, struct enrolment *en)
{
	for (size_t i = 0; i < v->record.n; i++) {
		const struct record_entry *r = &v->record.entry[i];

		if (r->keyslot != slot)
			continue;
		en->in_record = true;
		en->backend = r->backend;
		en->needs_pin = r->needs_pin;
		en->kdf = r->kdf;
		memcpy(en->fpr, r->fpr, sizeof(en->fpr));
		memcpy(en->ident, r->ident, sizeof(en->ident));
		memcpy(en->kdf_digest, r->kdf_digest, sizeof(en->kdf_digest));
		memcpy(en->srk_name, r->srk_name, sizeof(en->srk_name));
		en->cap = r->cap;
		en->knows_passphrase = r->knows_passphrase;
		memcpy(en->passphrase_digest, r->passphrase_digest,
		       sizeof(en->passphrase_digest));
	}
}

static bool token_is_for(const struct token *t, const char *backend,
                         const uint8_t fpr[static FPR_LEN])
{
	for (size_t i = 0; i < t->n_fpr; i++)
		if (strcmp(t->backend, backend) == 0 &&
		    memcmp(t->fpr[i], fpr, FPR_LEN) == 0)
			return true;
	return false;
}

static bool is_recovery(const struct enrolment *en)
{
	return enrolment_is(en, BACKEND_RECOVERY);
}

/* What the record of an image says of one has to be what its object says of itself: of
 * the PIN, and that the PCR which caps is among its own. */
static bool is_of(const struct record_tpm2 *r, const struct tpm2_sealed *s)
{
	return r->needs_pin == s->needs_pin && (s->pcrs.mask >> r->cap & 1) != 0;
}

static void from_image_entry(const struct record_tpm2 *r, struct enrolment *en)
{
	if (en->in_record) { /* fits, too: the TPM shows which one it is */
		memcpy(en->srk_other[en->n_srk_other++], r->srk_name,
		       sizeof(r->srk_name));
		return;
	}
	en->in_record = true;
	en->needs_pin = r->needs_pin;
	en->cap = r->cap;
	memcpy(en->srk_name, r->srk_name, sizeof(en->srk_name));
}

/* In an initramfs the record does not know the object, as it is resealed without a new
 * image. */
static void from_image_record(const struct volume *v, const struct token *t,
                              struct enrolment *en)
{
	const struct record *r = &v->record;
	struct tpm2_sealed s = {0};

	if (r->n_tpm2 == 0 || strcmp(t->backend, BACKEND_TPM2) != 0)
		return;
	const bool read = sealed_parse((struct bytes){t->blob, t->blob_len}, &s) == OK;
	for (size_t i = 0; read && i < r->n_tpm2; i++)
		if (is_of(&r->tpm2[i], &s))
			from_image_entry(&r->tpm2[i], en);
	if (!en->in_record)
		from_image_entry(&r->tpm2[0], en); /* it is told when it is tried */
}

/* The first token of the slot; the record has the last word on whose it is. */
static void from_tokens(const struct volume *v, struct found *f, struct enrolment *en)
{
	for (int i = 0; i < tokens_max(v); i++) {
		struct token *t = &f->token[i];

		if (!f->token_ok[i] || t->keyslot != en->keyslot || en->has_token)
			continue;
		if (en->in_record && !token_is_for(t, en->backend, en->fpr)) {
			log_line(LOG_DEBUG,
			         "token %d is skipped: the record knows another key for "
			         "keyslot %d",
			         i, en->keyslot);
			continue;
		}
		en->has_token = true;
		en->token_id = luks_version(v->luks) == 1 ? -1 : i;
		if (!en->in_record) {
			en->backend = t->backend;
			en->needs_pin = !is_recovery(en);
			memcpy(en->fpr, t->fpr[0], sizeof(en->fpr));
			memcpy(en->ident[0], t->ident, sizeof(en->ident[0]));
			from_image_record(v, t, en);
		}
		en->blob[1] = t->blob;
		en->blob_len[1] = t->blob_len;
		t->blob = NULL;
	}
}

/* Some other object than the one that is known of? */
static enum err sealed_is(const struct enrolment *en, struct bytes blob)
{
	struct tpm2_sealed s;
	uint8_t id[TPM2_ID_LEN] = {0};

	enum err e = sealed_parse(blob, &s);
	if (e == OK)
		e = tpm2_id(&s, id);
	if (e == OK && memcmp(id, en->fpr, sizeof(id)) != 0)
		e = ERR_TPM_OTHER;
	return e;
}

/* Nothing in *en changes unless such a blob lies there. */
static void take_blob(const struct volume *v, struct enrolment *en, enum blob_kind kind)
{
	uint8_t *blob = NULL;
	size_t n = 0;

	enum err e = blob_read(v->where.boot_dir, luks_uuid(v->luks), en->keyslot, kind,
	                       &blob, &n);
	if (e == OK && n == 0)
		e = ERR_FORMAT;
	if (e == OK && kind == BLOB_SEALED)
		e = sealed_is(en, (struct bytes){blob, n});
	if (e != OK) {
		if (e != ERR_NOT_FOUND)
			log_line(LOG_DEBUG, "the blob of keyslot %d is skipped: %s",
			         en->keyslot, err_text(e));
		free(blob);
		return;
	}
	en->has_blob_file = true;
	en->blob[0] = blob;
	en->blob_len[0] = n;
}

/* Until it is enrolled, its token lies on /boot, whatever the version of LUKS. */
static bool has_recovery_mark(const struct volume *v, const struct enrolment *en)
{
	struct token t = {0};

	if (token1(v, en->keyslot, &t) != OK)
		return false;
	const bool found = token_is_for(&t, BACKEND_RECOVERY, en->fpr);
	token_clear(&t);
	return found;
}

/* All that a journal tells: what it was about to enroll, the blob shows. */
static void from_journal(const struct volume *v, const struct journal *j,
                         struct enrolment *en)
{
	memcpy(en->fpr, j->fpr, sizeof(en->fpr));
	if (has_recovery_mark(v, en)) {
		en->backend = BACKEND_RECOVERY;
		en->has_blob_file = true;
		return;
	}
	take_blob(v, en, BLOB_MESSAGE);
	en->backend = BACKEND_CARD;
	if (!en->has_blob_file) {
		take_blob(v, en, BLOB_SEALED);
		en->backend = BACKEND_TPM2;
	}
	en->needs_pin = true;
}

/* Anybody writes to /boot: a blob there is looked at only where a way in is known of. */
static void from_boot(const struct volume *v, const struct found *f, struct enrolment *en)
{
	if (is_recovery(en))
		return; /* what opens it is on paper */
	if (en->in_record || en->has_token)
		take_blob(v, en, blob_kind_of(en->backend));
	else if (f->journal_ok && f->journal.keyslot == en->keyslot)
		from_journal(v, &f->journal, en);
}

static void drop_second_copy(struct enrolment *en)
{
	const struct bytes a = {en->blob[0], en->blob_len[0]};
	const struct bytes b = {en->blob[1], en->blob_len[1]};

	if (!bytes_equal(a, b))
		return;
	free(en->blob[1]);
	en->blob[1] = NULL;
	en->blob_len[1] = 0;
}

static void merge_slot(struct volume *v, struct found *f, int slot)
{
	struct enrolment *en = &v->enrolled[v->n_enrolled];
	struct luks_slot s = {0};

	*en = (struct enrolment){.keyslot = slot, .token_id = -1};
	from_record(v, slot, en);
	from_tokens(v, f, en);
	from_boot(v, f, en);
	if (!en->in_record && !en->has_token && !en->has_blob_file)
		return;
	drop_second_copy(en);
	en->slot_active = luks_slot(v->luks, slot, &s) == OK && s.active;
	en->complete = v->state == RECORD_MATCHES && en->in_record && en->slot_active &&
	               (en->has_token || en->has_blob_file || is_recovery(en));
	v->n_enrolled++;
}

enum err volume_merge(struct volume *v)
{
	struct found *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return ERR_NOMEM;
	find_all(v, f);
	for (int slot = 0; slot < LUKS_SLOTS_MAX; slot++)
		merge_slot(v, f, slot);
	if (f->journal_ok && !volume_has_way(v, f->journal.keyslot, f->journal.fpr))
		v->interrupted_slot = f->journal.keyslot;
	found_clear(f);
	free(f);
	return OK;
}
