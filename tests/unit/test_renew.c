/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Trusting a header anew: what the record says then, and whose keyslots are ours. */
#include <libcryptsetup.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "crypto/crypto.h"
#include "tests/unit/check.h"
#include "tests/unit/luks2_edit.h"
#include "tests/unit/sealed_json.h"
#include "tests/unit/softkey.h"
#include "tests/unit/world.h"

static struct vcard *alice, *bob;

static void enrolled(struct world *w, int version)
{
	world_make(w, version);
	CHECK(world_enroll_plain(w, alice) == OK);
}

static bool same_ways(const struct record *a, const struct record *b)
{
	char *one = NULL, *two = NULL;
	struct record c = *b;

	memcpy(c.pin, a->pin, sizeof(c.pin)); /* all but that */
	CHECK(record_format(a, &one) == OK && record_format(&c, &two) == OK);
	const bool same = one != NULL && two != NULL && strcmp(one, two) == 0;
	free(one);
	free(two);
	return same;
}

static void a_changed_header_is_trusted_after_the_passphrase(void)
{
	struct record r = {0}, before;
	struct world w;

	enrolled(&w, 2);
	CHECK(record_load(w.config, w.uuid, &before) == OK);
	world_set_discards(&w);
	CHECK(!world_card_opens(&w, alice, 2));
	CHECK(world_renew(&w, "wrong", &r) == ERR_PASSPHRASE && r.n == 0);
	CHECK(!world_card_opens(&w, alice, 2));
	CHECK(world_renew(&w, WORLD_PHRASE, &r) == OK && r.n == 1);
	CHECK(memcmp(r.pin, before.pin, sizeof(r.pin)) != 0);
	CHECK(same_ways(&r, &before));
	CHECK(world_is_tidy(&w, 1) && world_card_opens(&w, alice, 2));
	world_drop(&w);
}

static void a_lost_record_is_made_from_what_is_there(void)
{
	for (int version = 1; version <= 2; version++) {
		struct record r = {0};
		struct world w;

		enrolled(&w, version);
		CHECK(record_delete(w.config, w.uuid) == OK);
		CHECK(world_renew(&w, WORLD_PHRASE, &r) == OK && r.n == 1);
		CHECK(r.entry[0].kdf == RECORD_KDF_UNKNOWN);
		CHECK(world_is_tidy(&w, 1) && world_card_opens(&w, alice, 2));
		world_drop(&w);
	}
}

static void a_strange_header_is_refused_even_with_the_passphrase(void)
{
	struct record r = {0};
	struct world w;

	enrolled(&w, 2);
	CHECK(luks2_edit(w.disk, "\"encryption\":\"aes-xts-plain64\",\"sector_size\"",
	                 "\"encryption\":\"cipher_null-ecb\",\"sector_size\""));
	CHECK(world_renew(&w, WORLD_PHRASE, &r) == ERR_TAMPERED && r.n == 0);
	world_drop(&w);
}

/* Between looking and writing. */
static void a_header_that_changes_meanwhile_is_not_trusted(void)
{
	AUTO_SECRET *pass = NULL;
	struct record r = {0}, before, after;
	struct volume *v = NULL;
	struct world w;

	enrolled(&w, 2);
	CHECK(record_load(w.config, w.uuid, &before) == OK);
	CHECK(volume_load(&w.where, &v) == OK);
	world_set_discards(&w);
	CHECK(secret_copy(
	              (struct bytes){(const uint8_t *)WORLD_PHRASE, strlen(WORLD_PHRASE)},
	              &pass) == OK);
	CHECK(record_renew(v, pass, &r) == ERR_TAMPERED && r.n == 0);
	CHECK(record_load(w.config, w.uuid, &after) == OK);
	CHECK(memcmp(before.pin, after.pin, sizeof(after.pin)) == 0);
	CHECK(same_ways(&before, &after));
	v = volume_free(v);
	world_drop(&w);
}

static void reencrypt(const struct world *w)
{
	const struct crypt_pbkdf_type kdf = {
	        .type = CRYPT_KDF_PBKDF2,
	        .hash = "sha256",
	        .iterations = 1100,
	        .flags = CRYPT_PBKDF_NO_BENCHMARK,
	};
	const struct crypt_params_luks2 luks2 = {.sector_size = 512};
	const struct crypt_params_reencrypt how = {
	        .mode = CRYPT_REENCRYPT_REENCRYPT,
	        .direction = CRYPT_REENCRYPT_FORWARD,
	        .resilience = "none",
	        .luks2 = &luks2,
	};
	struct crypt_device *cd = NULL;
	const size_t n = strlen(WORLD_PHRASE);

	CHECK(crypt_init(&cd, w->disk) == 0 && crypt_load(cd, CRYPT_LUKS2, NULL) == 0);
	CHECK(crypt_set_pbkdf_type(cd, &kdf) == 0);
	const int slot =
	        crypt_keyslot_add_by_key(cd, CRYPT_ANY_SLOT, NULL, 64, WORLD_PHRASE, n,
	                                 CRYPT_VOLUME_KEY_NO_SEGMENT);
	CHECK(slot > 0);
	CHECK(crypt_reencrypt_init_by_passphrase(cd, NULL, WORLD_PHRASE, n, 0, slot,
	                                         "aes", "xts-plain64", &how) >= 0);
	CHECK(crypt_reencrypt_run(cd, NULL, NULL) == 0);
	crypt_free(cd);
}

/* It has another volume key, and ours opens nothing any more. */
static void after_a_reencryption_ways_that_are_gone_are_dropped(void)
{
	struct record r = {0};
	struct world w;

	enrolled(&w, 2);
	reencrypt(&w);
	CHECK(!world_card_opens(&w, alice, 2));
	CHECK(world_enroll_plain(&w, alice) == ERR_TAMPERED);
	CHECK(world_renew(&w, WORLD_PHRASE, &r) == OK && r.n == 0);
	CHECK(world_enroll_plain(&w, alice) == OK);
	CHECK(world_is_tidy(&w, 1) || world_slots(&w) == 6);
	CHECK(world_card_opens(&w, alice, 2) && world_phrase_opens(&w, WORLD_PHRASE));
	world_drop(&w);
}

static void after_a_conversion_to_luks2_the_way_in_is_kept(void)
{
	struct crypt_device *cd = NULL;
	struct record r = {0};
	struct world w;

	enrolled(&w, 1);
	CHECK(crypt_init(&cd, w.disk) == 0 && crypt_load(cd, CRYPT_LUKS1, NULL) == 0);
	CHECK(crypt_convert(cd, CRYPT_LUKS2, NULL) == 0);
	crypt_free(cd);
	CHECK(!world_card_opens(&w, alice, 2));
	CHECK(world_renew(&w, WORLD_PHRASE, &r) == OK && r.n == 1);
	CHECK(world_card_opens(&w, alice, 2) && world_phrase_opens(&w, WORLD_PHRASE));
	world_drop(&w);
}

/* --- tokens are no witnesses --- */

static void forge(const struct world *w, int slot, int state, bool want, const char *what)
{
	struct token t = {0};
	struct record r = {0};
	bool there = false;

	CHECK_ROW(world_read_token(w, 2, &t), what);
	t.keyslot = slot;
	memset(t.fpr[0], 0xee, FPR_LEN);
	world_write_token(w, &t);
	token_clear(&t);
	if (state == RECORD_MISSING)
		CHECK_ROW(record_delete(w->config, w->uuid) == OK, what);
	if (state == RECORD_DIFFERS)
		world_set_discards(w);
	struct world copy = *w;
	CHECK_ROW(world_renew(&copy, WORLD_PHRASE, &r) == OK, what);
	for (size_t i = 0; i < r.n; i++)
		there = there || r.entry[i].keyslot == slot;
	CHECK_ROW(there == want, what);
	CHECK_ROW(world_phrase_opens(w, WORLD_PHRASE), what);
	CHECK_ROW(world_card_opens(&copy, alice, 2), what);
}

static void a_forged_token_makes_no_keyslot_ours(void)
{
	static const enum record_state states[] = {RECORD_MATCHES, RECORD_MISSING,
	                                           RECORD_DIFFERS};
	static const struct {
		int slot;
		uint32_t iterations;
		const char *what;
	} rows[] = {
	        {0, 0,                   "the passphrase's"            },
	        {1, LUKS_OUR_ITERATIONS, "a number that we never take" },
	        {3, 1100,                "another number of iterations"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (size_t k = 0; k < sizeof(states) / sizeof(states[0]); k++) {
			struct world w;

			enrolled(&w, 2);
			if (rows[i].iterations != 0)
				world_add_slot(&w, rows[i].slot, "a person's",
				               rows[i].iterations);
			forge(&w, rows[i].slot, (int)states[k], false, rows[i].what);
			CHECK_ROW(rows[i].iterations == 0 ||
			                  world_phrase_opens(&w, "a person's"),
			          rows[i].what);
			world_drop(&w);
		}
}

static void the_keyslot_that_opened_the_volume_is_not_made_ours(void)
{
	struct token t = {0};
	struct record r = {0};
	struct world w;

	enrolled(&w, 2);
	world_add_slot(&w, 3, "typed", LUKS_OUR_ITERATIONS);
	CHECK(world_read_token(&w, 2, &t));
	t.keyslot = 3;
	memset(t.fpr[0], 0xee, FPR_LEN);
	world_write_token(&w, &t);
	token_clear(&t);
	CHECK(world_renew(&w, "typed", &r) == OK && r.n == 1 && r.entry[0].keyslot == 2);
	world_drop(&w);
}

static void the_record_s_word_stands_above_a_token_s(void)
{
	struct token t = {0};
	struct record r = {0};
	uint8_t fpr[FPR_LEN];
	struct world w;

	/* Bob's fingerprint, alice's keyslot. */
	enrolled(&w, 2);
	CHECK(world_read_token(&w, 2, &t));
	world_card_fpr(bob, t.fpr[0]);
	world_remove_tokens(&w);
	world_write_token(&w, &t);
	token_clear(&t);
	CHECK(world_renew(&w, WORLD_PHRASE, &r) == OK && r.n == 1);
	world_card_fpr(alice, fpr);
	CHECK(memcmp(r.entry[0].fpr, fpr, FPR_LEN) == 0);
	CHECK(world_card_opens(&w, alice, 2) && !world_card_opens(&w, bob, 2));
	world_drop(&w);
}

/* --- a TPM's way in --- */

static void write_tpm_token(const struct world *w, int slot)
{
	static const char json[] =
	        "{\"type\":\"bootlatch\",\"keyslots\":[],\"version\":1,"
	        "\"backend\":\"tpm2\",\"sealed\":" SEALED_GOOD "}";
	struct token t = {0};

	CHECK(token_parse(bytes_of(json), &t) == OK);
	t.keyslot = slot;
	world_write_token(w, &t);
	token_clear(&t);
}

/* What its storage root key is called nobody but the record can say. */
static void a_tpm_s_way_in_needs_its_old_entry(void)
{
	struct record r = {0}, again = {0};
	struct world w;

	enrolled(&w, 2);
	world_add_slot(&w, 3, "a TPM's", LUKS_OUR_ITERATIONS);
	write_tpm_token(&w, 3);
	CHECK(world_renew(&w, WORLD_PHRASE, &r) == OK && r.n == 1);
	r.entry[1] = (struct record_entry){.keyslot = 3, .backend = BACKEND_TPM2};
	memset(r.entry[1].srk_name, 0x5a, sizeof(r.entry[1].srk_name));
	struct token t = {0};
	CHECK(world_read_token(&w, 3, &t));
	memcpy(r.entry[1].fpr, t.fpr[0], FPR_LEN);
	token_clear(&t);
	r.n = 2;
	CHECK(record_save(w.config, &r) == OK);
	world_set_discards(&w);
	CHECK(world_renew(&w, WORLD_PHRASE, &again) == OK && again.n == 2);
	CHECK(same_ways(&again, &r));
	CHECK(record_delete(w.config, w.uuid) == OK);
	CHECK(world_renew(&w, WORLD_PHRASE, &again) == OK && again.n == 1);
	CHECK(again.entry[0].keyslot == 2 && world_card_opens(&w, alice, 2));
	world_drop(&w);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"a changed header is trusted after the passphrase",
	         a_changed_header_is_trusted_after_the_passphrase    },
	        {"a lost record is made from what is there",
	         a_lost_record_is_made_from_what_is_there            },
	        {"a strange header is refused even with the passphrase",
	         a_strange_header_is_refused_even_with_the_passphrase},
	        {"a header that changes meanwhile is not trusted",
	         a_header_that_changes_meanwhile_is_not_trusted      },
	        {"after a reencryption ways that are gone are dropped",
	         after_a_reencryption_ways_that_are_gone_are_dropped },
	        {"after a conversion to LUKS2 the way in is kept",
	         after_a_conversion_to_luks2_the_way_in_is_kept      },
	        {"a forged token makes no keyslot ours",
	         a_forged_token_makes_no_keyslot_ours                },
	        {"the keyslot that opened the volume is not made ours",
	         the_keyslot_that_opened_the_volume_is_not_made_ours },
	        {"the record's word stands above a token's",
	         the_record_s_word_stands_above_a_token_s            },
	        {"a TPM's way in needs its old entry",
	         a_tpm_s_way_in_needs_its_old_entry                  },
	};

	log_to(NULL, NULL, LOG_WARN);
	if (crypto_init() != OK)
		return 1;
	alice = world_card(CURVE_25519);
	bob = world_card(CURVE_25519);
	const int failed = check_run(cases, sizeof(cases) / sizeof(cases[0]));
	vcard_free(alice);
	vcard_free(bob);
	return failed;
}
