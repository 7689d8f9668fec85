/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The enrolment record: its JSON read, strictly, and its file. */
#include "unlock/record.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/hex.h"
#include "crypto/crypto.h"
#include "unlock/fields.h"
#include "unlock/json.h"
#include "unlock/store.h"
#include "unlock/token.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

bool record_entry_is(const struct record_entry *en, const char *backend)
{
	return strcmp(en->backend, backend) == 0;
}

static enum err read_cards(const struct json_object *from, struct record_entry *to)
{
	const struct json_object *cards = json_at(from, "cards");

	if (!json_is_array(cards) || json_count(cards) > RECORD_SERIALS)
		return ERR_FORMAT;
	for (size_t i = 0; i < json_count(cards); i++) {
		const char *text = NULL;

		enum err e = json_item_text(cards, i, &text);
		if (e == OK)
			e = field_ident(text, to->ident[i]);
		if (e != OK)
			return e;
		for (size_t k = 0; k < i; k++)
			if (strcmp(to->ident[k], to->ident[i]) == 0)
				return ERR_FORMAT;
	}
	return OK;
}

static enum err read_kdf(const struct json_object *from, struct record_entry *to)
{
	const char *text = NULL;

	const enum err e = json_text(from, "kdf", &text);
	if (e != OK)
		return e;
	if (strcmp(text, "none") == 0) {
		to->kdf = RECORD_KDF_NONE;
		return OK;
	}
	if (strcmp(text, "unknown") == 0) {
		to->kdf = RECORD_KDF_UNKNOWN;
		return OK;
	}
	to->kdf = RECORD_KDF_PINNED;
	return field_hex_lower(text, to->kdf_digest, sizeof(to->kdf_digest));
}

/* json_at alone takes null for a name that is not there. */
static bool has(const struct json_object *o, const char *name)
{
	struct json_walk w = {0};

	while (json_next(o, &w))
		if (strcmp(w.name, name) == 0)
			return true;
	return false;
}

/* Not there in records of before, and for a key whose card was in the safe at a renewal.
 */
static enum err read_passphrase(const struct json_object *from, struct record_entry *to)
{
	const char *text = NULL;

	if (!has(from, "passphrase"))
		return OK;
	to->knows_passphrase = true;
	const enum err e = json_text(from, "passphrase", &text);
	return e == OK ? field_hex_lower(text, to->passphrase_digest,
	                                 sizeof(to->passphrase_digest))
	               : e;
}

static enum err read_card(const struct json_object *from, struct record_entry *to)
{
	static const char *const names[] = {"keyslot",   "backend", "needs_pin",
	                                    "recipient", "cards",   "kdf",
	                                    "passphrase"};
	const char *text = NULL;

	if (!json_only(from, names, COUNT(names)))
		return ERR_FORMAT;
	enum err e = json_text(from, "recipient", &text);
	if (e == OK)
		e = field_fpr(text, to->fpr);
	if (e == OK)
		e = read_cards(from, to);
	return e == OK ? read_kdf(from, to) : e;
}

/* What every form of it has. */
static enum err read_srk_and_cap(const struct json_object *from,
                                 uint8_t srk_name[static TPM2_NAME_LEN],
                                 unsigned *ret_cap)
{
	const char *text = NULL;
	int cap = 0;

	enum err e = json_text(from, "srk", &text);
	if (e == OK)
		e = field_hex_lower(text, srk_name, TPM2_NAME_LEN);
	if (e == OK)
		e = json_int(from, "cap", 0, TPM2_PCRS - 1, &cap);
	if (e == OK && (TPM2_PCRS_RESETTABLE >> cap & 1) != 0)
		e = ERR_FORMAT;
	if (e == OK)
		*ret_cap = (unsigned)cap;
	return e;
}

static enum err read_tpm2(const struct json_object *from, struct record_entry *to)
{
	static const char *const names[] = {"keyslot", "backend", "needs_pin", "object",
	                                    "srk",     "cap",     "passphrase"};
	const char *text = NULL;

	if (!json_only(from, names, COUNT(names)))
		return ERR_FORMAT;
	enum err e = json_text(from, "object", &text);
	if (e == OK)
		e = field_fpr(text, to->fpr);
	return e == OK ? read_srk_and_cap(from, to->srk_name, &to->cap) : e;
}

/* In images: as one of several ways in, or of none. */
static enum err read_image_tpm2(const struct json_object *from, struct record *r)
{
	static const char *const names[] = {"needs_pin", "srk", "cap"};
	const struct json_object *ways = json_at(from, "tpm2");
	enum err e = OK;

	if (!has(from, "tpm2"))
		return OK;
	if (!json_is_array(ways) || json_count(ways) < 1 ||
	    json_count(ways) > COUNT(r->tpm2))
		return ERR_FORMAT;
	for (; e == OK && r->n_tpm2 < json_count(ways); r->n_tpm2++) {
		const struct json_object *o = json_item(ways, r->n_tpm2);
		struct record_tpm2 *to = &r->tpm2[r->n_tpm2];

		e = json_only(o, names, COUNT(names)) ? OK : ERR_FORMAT;
		if (e == OK)
			e = json_flag(o, "needs_pin", &to->needs_pin);
		if (e == OK)
			e = read_srk_and_cap(o, to->srk_name, &to->cap);
	}
	return e;
}

static enum err read_recovery(const struct json_object *from, struct record_entry *to)
{
	static const char *const names[] = {"keyslot", "backend", "needs_pin", "id",
	                                    "passphrase"};
	const char *text = NULL;

	if (!json_only(from, names, COUNT(names)) || to->needs_pin)
		return ERR_FORMAT;
	const enum err e = json_text(from, "id", &text);
	return e == OK ? field_fpr(text, to->fpr) : e;
}

static enum err read_entry(const struct json_object *from, struct record_entry *ret)
{
	struct record_entry en = {0};
	const char *text = NULL;

	enum err e = json_int(from, "keyslot", 0, LUKS_SLOTS_MAX - 1, &en.keyslot);
	if (e == OK)
		e = json_text(from, "backend", &text);
	if (e == OK && (en.backend = field_backend(text)) == NULL)
		e = ERR_FORMAT;
	if (e == OK)
		e = json_flag(from, "needs_pin", &en.needs_pin);
	if (e == OK)
		e = record_entry_is(&en, BACKEND_TPM2)       ? read_tpm2(from, &en)
		    : record_entry_is(&en, BACKEND_RECOVERY) ? read_recovery(from, &en)
		                                             : read_card(from, &en);
	if (e == OK)
		e = read_passphrase(from, &en);
	if (e == OK)
		*ret = en;
	return e;
}

static enum err read_ways(const struct json_object *from, struct record *r)
{
	const struct json_object *ways = json_at(from, "ways");

	if (!json_is_array(ways) || json_count(ways) > COUNT(r->entry))
		return ERR_FORMAT;
	for (; r->n < json_count(ways); r->n++) {
		const enum err e = read_entry(json_item(ways, r->n), &r->entry[r->n]);

		if (e != OK)
			return e;
		for (size_t i = 0; i < r->n; i++)
			if (r->entry[i].keyslot == r->entry[r->n].keyslot)
				return ERR_FORMAT;
	}
	return OK;
}

enum err record_parse(struct bytes json, struct record *ret)
{
	static const char *const names[] = {"version", "uuid", "header_pin", "tpm2",
	                                    "ways"};
	struct record r = {0};
	AUTO_JSON *o = NULL;
	const char *text = NULL;
	int version = 0;

	enum err e = json_read_only(json, RECORD_MAX, names, COUNT(names), &o);
	if (e != OK)
		return e;
	e = json_int(o, "version", 1, 1, &version);
	if (e == OK)
		e = json_text(o, "uuid", &text);
	if (e == OK && !field_uuid_ok(text))
		e = ERR_FORMAT;
	if (e == OK)
		memcpy(r.uuid, text, strlen(text) + 1);
	if (e == OK)
		e = json_text(o, "header_pin", &text);
	if (e == OK)
		e = field_hex_lower(text, r.pin, sizeof(r.pin));
	if (e == OK)
		e = read_image_tpm2(o, &r);
	if (e == OK)
		e = read_ways(o, &r);
	if (e == OK)
		*ret = r;
	return e;
}

enum err record_load(const char *config_dir, const char *uuid, struct record *ret)
{
	char name[STORE_NAME_MAX];
	struct record r;
	uint8_t *text = NULL;
	size_t n = 0;

	enum err e = store_name(uuid, ".json", name);
	if (e != OK)
		return e;
	e = store_read(config_dir, STORE_VOLUMES, name, RECORD_MAX, &text, &n);
	if (e != OK)
		return e == ERR_NOT_FOUND ? ERR_NO_RECORD : e;
	e = record_parse((struct bytes){text, n}, &r);
	free(text);
	if (e == OK && strcmp(r.uuid, uuid) != 0)
		e = ERR_FORMAT;
	if (e == OK)
		*ret = r;
	return e;
}

enum err record_save(const char *config_dir, const struct record *r)
{
	char name[STORE_NAME_MAX];
	char *text = NULL;

	enum err e = store_name(r->uuid, ".json", name);
	if (e == OK)
		e = record_format(r, &text);
	if (e != OK)
		return e;
	e = store_write(config_dir, STORE_VOLUMES, name,
	                (struct bytes){(const uint8_t *)text, strlen(text)});
	free(text);
	return e;
}

enum err record_delete(const char *config_dir, const char *uuid)
{
	char name[STORE_NAME_MAX];

	const enum err e = store_name(uuid, ".json", name);
	if (e != OK)
		return e;
	return store_remove(config_dir, STORE_VOLUMES, name);
}

enum err passphrase_digest(const char *uuid, const struct secret *pass,
                           uint8_t ret[static PASSPHRASE_DIGEST_LEN])
{
	static const char what[] = "bootlatch passphrase"; /* with its zero byte */
	struct hash *h = NULL;

	const enum err e = hash_new(HASH_SHA256, &h);
	if (e != OK)
		return e;
	hash_add(h, (struct bytes){(const uint8_t *)what, sizeof(what)});
	hash_add(h, (struct bytes){(const uint8_t *)uuid, strlen(uuid) + 1});
	hash_add(h, secret_view(pass));
	return hash_end(h, ret, PASSPHRASE_DIGEST_LEN);
}
