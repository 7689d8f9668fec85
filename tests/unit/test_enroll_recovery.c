/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A recovery key enrolled, found, renewed, removed, and what is left of one that was cut
 * short. */
#include "unlock/enroll_recovery.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/crypto.h"
#include "tests/unit/check.h"
#include "tests/unit/world.h"
#include "unlock/backend.h"
#include "unlock/recovery.h"

static enum err enroll_key(struct world *w, const struct secret *key, int slot, int *ret)
{
	AUTO_SECRET *phrase = NULL, *volume_key = NULL;
	struct volume *v = NULL;
	int existing = -1;

	enum err e = volume_load(&w->where, &v);
	if (e == OK)
		e = secret_copy(bytes_of(WORLD_PHRASE), &phrase);
	if (e == OK)
		e = enroll_volume_key(NULL, v, phrase, &volume_key, &existing);
	const struct recovery_request req = {.volume_key = volume_key,
	                                     .key = key,
	                                     .existing_slot = existing,
	                                     .keyslot = slot};
	if (e == OK)
		e = recovery_enroll(v, &req, ret);
	v = volume_free(v);
	return e;
}

/* Which keyslot does it open, however it is typed? */
static int opens(const struct world *w, const struct secret *typed)
{
	AUTO_SECRET *key = NULL;
	struct volume *v = NULL;
	int slot = -1;

	CHECK(volume_load(&w->where, &v) == OK);
	if (passphrase_recovery_key(v, typed, &key) != OK ||
	    passphrase_find_slot(v, key, &slot) != OK)
		slot = -1;
	v = volume_free(v);
	return slot;
}

static int found(const struct world *w)
{
	struct volume *v = NULL;

	CHECK(volume_load(&w->where, &v) == OK);
	const int slot = recovery_keyslot(v);
	v = volume_free(v);
	return slot;
}

static void its_life(int version)
{
	AUTO_SECRET *key = NULL;
	struct record r;
	struct world w;
	int slot = -1;

	world_make(&w, version);
	CHECK(recovery_make(&key) == OK && found(&w) == -1);
	CHECK(enroll_key(&w, key, -1, &slot) == OK && slot == 2);
	CHECK(found(&w) == 2 && opens(&w, key) == 2 && world_slots(&w) == 5);
	CHECK(!world_has_journal(&w));
	secret_buf(key)[0] ^= 0x20; /* another case */
	CHECK(opens(&w, key) == 2);
	CHECK(world_renew(&w, WORLD_PHRASE, &r) == OK && found(&w) == 2);
	if (version == 2) { /* the header pin is another one */
		world_set_discards(&w);
		CHECK(found(&w) == -1);
		CHECK(world_renew(&w, WORLD_PHRASE, &r) == OK && found(&w) == 2);
	}
	CHECK(world_unenroll(&w, 2, NULL, false) == OK);
	CHECK(found(&w) == -1 && opens(&w, key) == -1 && world_slots(&w) == 1);
	CHECK(world_tokens(&w) == 0 && world_phrase_opens(&w, WORLD_PHRASE));
	world_drop(&w);
}

static void it_is_enrolled_found_renewed_and_removed(void)
{
	its_life(1);
	its_life(2);
}

static void a_slip_is_told_only_where_there_is_such_a_key(void)
{
	AUTO_SECRET *key = NULL, *read = NULL;
	struct volume *v = NULL;
	struct world w;
	int slot = -1;

	world_make(&w, 2);
	CHECK(recovery_make(&key) == OK);
	CHECK(volume_load(&w.where, &v) == OK);
	secret_buf(key)[0] ^= 1;
	CHECK(passphrase_recovery_key(v, key, &read) == ERR_NOT_FOUND);
	secret_buf(key)[0] ^= 1;
	v = volume_free(v);
	CHECK(enroll_key(&w, key, 5, &slot) == OK && slot == 5);
	secret_buf(key)[0] ^= 1;
	CHECK(volume_load(&w.where, &v) == OK);
	CHECK(passphrase_recovery_key(v, key, &read) == ERR_FORMAT && !read);
	v = volume_free(v);
	world_drop(&w);
}

static void keyslots_that_are_taken_or_not_ours_are_refused(void)
{
	AUTO_SECRET *key = NULL;
	struct world w;
	int slot = -1;

	world_make(&w, 2);
	CHECK(recovery_make(&key) == OK);
	CHECK(enroll_key(&w, key, 0, &slot) == ERR_REFUSED);
	CHECK(enroll_key(&w, key, 31, &slot) == ERR_REFUSED);
	world_add_slot(&w, 4, "somebody's", 1100);
	CHECK(enroll_key(&w, key, 4, &slot) == ERR_EXISTS && slot == -1);
	world_kill_slot(&w, 4);
	CHECK(found(&w) == -1);
	world_drop(&w);
}

/* Cut short behind the keyslot: the mark on /boot tells that it is ours to kill. */
static void cut_short(int version, bool mark)
{
	AUTO_SECRET *key = NULL, *other = NULL;
	uint8_t digest[PASSPHRASE_DIGEST_LEN];
	struct token t = {.keyslot = 2, .backend = BACKEND_RECOVERY, .n_fpr = 1};
	struct world w;
	char text[RECOVERY_LEN + 1] = "", *json = NULL;
	int slot = -1;

	world_make(&w, version);
	CHECK(recovery_make(&key) == OK && recovery_make(&other) == OK);
	memcpy(text, secret_view(other).p, RECOVERY_LEN);
	CHECK(passphrase_digest(w.uuid, other, digest) == OK);
	memcpy(t.fpr[0], digest, sizeof(t.fpr[0]));
	world_write_journal(&w, 2, t.fpr[0]);
	CHECK(token_format(&t, &json) == OK);
	if (mark)
		CHECK(blob_write(w.boot, w.uuid, 2, BLOB_TOKEN, bytes_of(json)) == OK);
	free(json);
	world_add_slot(&w, 2, text, LUKS_OUR_ITERATIONS);
	CHECK(enroll_key(&w, key, -1, &slot) == OK);
	CHECK(slot == (mark ? 2 : 3) && found(&w) == slot && opens(&w, key) == slot);
	CHECK((opens(&w, other) == -1) == mark && !world_has_journal(&w));
	world_drop(&w);
}

static void what_was_cut_short_is_cleared_away_first(void)
{
	cut_short(1, true);
	cut_short(2, true);
}

/* A journal alone may be of another machine. */
static void without_its_mark_a_keyslot_is_left_alone(void)
{
	cut_short(1, false);
	cut_short(2, false);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"it is enrolled, found, renewed and removed",
	         it_is_enrolled_found_renewed_and_removed       },
	        {"a slip is told only where there is such a key",
	         a_slip_is_told_only_where_there_is_such_a_key  },
	        {"keyslots that are taken or not ours are refused",
	         keyslots_that_are_taken_or_not_ours_are_refused},
	        {"what was cut short is cleared away first",
	         what_was_cut_short_is_cleared_away_first       },
	        {"without its mark a keyslot is left alone",
	         without_its_mark_a_keyslot_is_left_alone       },
	};

	if (crypto_init() != OK)
		return 1;
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
