/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the header and the journal of a world hold, read and changed behind the program's
 * back. */
#include <libcryptsetup.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/check.h"
#include "tests/unit/world_impl.h"

uint32_t world_slots(const struct world *w)
{
	struct luks *l = NULL;
	uint32_t ret = 0;

	CHECK(luks_open_snapshot(w->disk, NULL, &l) == OK);
	for (int i = 0; i < luks_slots(l); i++) {
		struct luks_slot s;

		if (luks_slot(l, i, &s) == OK && s.active)
			ret |= 1U << i;
	}
	l = luks_close(l);
	return ret;
}

static struct crypt_device *open_raw(const struct world *w)
{
	struct crypt_device *cd = NULL;

	CHECK(crypt_init(&cd, w->disk) == 0 && crypt_load(cd, CRYPT_LUKS, NULL) == 0);
	return cd;
}

static bool is_luks2(struct crypt_device *cd)
{
	return strcmp(crypt_get_type(cd), CRYPT_LUKS2) == 0;
}

unsigned world_tokens(const struct world *w)
{
	struct crypt_device *cd = open_raw(w);
	unsigned n = 0;

	for (int i = 0; is_luks2(cd) && i < LUKS_TOKENS_MAX; i++)
		n += crypt_token_status(cd, i, NULL) != CRYPT_TOKEN_INACTIVE;
	crypt_free(cd);
	return n;
}

void world_add_slot(const struct world *w, int slot, const char *phrase,
                    uint32_t iterations)
{
	const struct crypt_pbkdf_type kdf = {
	        .type = CRYPT_KDF_PBKDF2,
	        .hash = "sha256",
	        .iterations = iterations,
	        .flags = CRYPT_PBKDF_NO_BENCHMARK,
	};
	struct crypt_device *cd = open_raw(w);

	CHECK(crypt_set_pbkdf_type(cd, &kdf) == 0);
	CHECK(crypt_keyslot_add_by_passphrase(cd, slot, WORLD_PHRASE,
	                                      strlen(WORLD_PHRASE), phrase,
	                                      strlen(phrase)) == slot);
	crypt_free(cd);
}

void world_kill_slot(const struct world *w, int slot)
{
	struct crypt_device *cd = open_raw(w);

	CHECK(crypt_keyslot_destroy(cd, slot) == 0);
	crypt_free(cd);
}

void world_write_token(const struct world *w, const struct token *t)
{
	struct crypt_device *cd = open_raw(w);
	char *json = NULL;

	CHECK(token_format(t, &json) == OK);
	if (is_luks2(cd))
		CHECK(crypt_token_json_set(cd, CRYPT_ANY_TOKEN, json) >= 0);
	else
		CHECK(blob_write(w->boot, w->uuid, t->keyslot, BLOB_TOKEN,
		                 (struct bytes){(uint8_t *)json, strlen(json)}) == OK);
	free(json);
	crypt_free(cd);
}

void world_remove_tokens(const struct world *w)
{
	struct crypt_device *cd = open_raw(w);

	for (int i = 0; i < LUKS_TOKENS_MAX; i++)
		if (crypt_token_status(cd, i, NULL) != CRYPT_TOKEN_INACTIVE)
			CHECK(crypt_token_json_set(cd, i, NULL) >= 0);
	crypt_free(cd);
}

bool world_read_token(const struct world *w, int slot, struct token *ret)
{
	struct volume *v = world_load(w);
	bool found = false;

	for (int i = 0; !found && i < LUKS_TOKENS_MAX; i++) {
		if (volume_token(v, i, ret) != OK)
			continue;
		found = ret->keyslot == slot;
		if (!found)
			token_clear(ret);
	}
	v = volume_free(v);
	return found;
}

void world_set_discards(const struct world *w)
{
	struct crypt_device *cd = open_raw(w);

	CHECK(crypt_persistent_flags_set(cd, CRYPT_FLAGS_ACTIVATION,
	                                 CRYPT_ACTIVATE_ALLOW_DISCARDS) == 0);
	crypt_free(cd);
}

/* --- the journal --- */

void world_write_raw_journal(const struct world *w, const char *text)
{
	char name[STORE_NAME_MAX];

	CHECK(journal_name(w->uuid, name) == OK);
	CHECK(store_write(w->config, STORE_VOLUMES, name,
	                  (struct bytes){(const uint8_t *)text, strlen(text)}) == OK);
}

void world_write_journal(const struct world *w, int slot, const uint8_t *fpr)
{
	struct journal j = {.keyslot = slot};
	char *text = NULL;

	memcpy(j.fpr, fpr, sizeof(j.fpr));
	CHECK(journal_format(&j, &text) == OK);
	world_write_raw_journal(w, text);
	free(text);
}

bool world_has_journal(const struct world *w)
{
	struct journal j;

	return journal_load(w->config, w->uuid, &j) != ERR_NOT_FOUND;
}
