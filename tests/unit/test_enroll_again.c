/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Enrolling where something was before: what is ours is replaced, nothing else is
 * touched. */
#include "unlock/enroll.h"

#include <string.h>

#include "core/log.h"
#include "crypto/crypto.h"
#include "tests/unit/check.h"
#include "tests/unit/world.h"

/* Two cards, and nothing else that outlives a case. */
static struct vcard *alice, *bob;

static const struct enroll_request plain;

static void lost_record(int version)
{
	struct enroll_result r = {0};
	struct world w;

	world_make(&w, version);
	CHECK(world_enroll(&w, bob, plain, &r) == OK && r.keyslot == 2);
	CHECK(world_enroll(&w, alice, plain, &r) == OK && r.keyslot == 3);
	CHECK(world_unenroll(&w, 2, NULL, false) == OK);
	CHECK(record_delete(w.config, w.uuid) == OK);
	CHECK(world_enroll(&w, alice, plain, &r) == OK && !r.already);
	/* The same number: another machine may know it by that. */
	CHECK(r.keyslot == 3 && world_slots(&w) == 9);
	CHECK(world_is_tidy(&w, 1) && world_card_opens(&w, alice, 3));
	world_drop(&w);
}

static void after_a_lost_record_no_keyslot_is_orphaned(void)
{
	lost_record(1);
	lost_record(2);
}

static void a_forged_token_kills_no_keyslot_when_enrolling(void)
{
	struct token t = {.backend = BACKEND_CARD, .n_fpr = 1, .blob_len = 1};
	struct enroll_result r = {0};
	struct world w;

	world_make(&w, 2);
	world_add_slot(&w, 2, "a person's", 1100); /* does not look like ours */
	world_add_slot(&w, 1, "key file",
	               LUKS_OUR_ITERATIONS); /* is not where ours are */
	world_card_fpr(alice, t.fpr[0]);
	t.blob = (uint8_t[]){'x'};
	for (t.keyslot = 0; t.keyslot <= 2; t.keyslot++)
		world_write_token(&w, &t);
	CHECK(world_enroll(&w, alice, plain, &r) == OK && r.keyslot == 3);
	CHECK(world_slots(&w) == 0xf && world_card_opens(&w, alice, 3));
	CHECK(world_phrase_opens(&w, WORLD_PHRASE));
	CHECK(world_phrase_opens(&w, "a person's") && world_phrase_opens(&w, "key file"));
	world_drop(&w);
}

/* The passphrase that was typed is in a keyslot that looks just like ours. */
static void the_keyslot_that_opened_the_volume_is_never_dropped(void)
{
	AUTO_SECRET *typed = NULL;
	struct token t = {
	        .keyslot = 2, .backend = BACKEND_CARD, .n_fpr = 1, .blob_len = 1};
	struct enroll_result r = {0};
	struct world w;

	world_make(&w, 2);
	world_add_slot(&w, 2, "typed", LUKS_OUR_ITERATIONS);
	world_card_fpr(alice, t.fpr[0]);
	t.blob = (uint8_t[]){'x'};
	world_write_token(&w, &t);
	CHECK(secret_copy((struct bytes){(const uint8_t *)"typed", 5}, &typed) == OK);
	CHECK(world_enroll(&w, alice, (struct enroll_request){.key = typed}, &r) == OK);
	CHECK(r.keyslot == 3 && world_phrase_opens(&w, "typed"));
	world_drop(&w);
}

static void rewrite_kdf(const struct world *w, enum record_kdf kdf)
{
	struct record r;

	CHECK(record_load(w->config, w->uuid, &r) == OK && r.n == 1);
	r.entry[0].kdf = kdf;
	CHECK(record_save(w->config, &r) == OK);
}

static void a_card_whose_kdf_changed_is_enrolled_anew(void)
{
	struct enroll_result r = {0};
	struct world w;

	world_make(&w, 2);
	CHECK(world_enroll(&w, alice, (struct enroll_request){.keyslot = 4}, &r) == OK);
	rewrite_kdf(&w, RECORD_KDF_PINNED);
	CHECK(!world_card_opens(&w, alice, 4));
	CHECK(world_enroll(&w, alice, plain, &r) == OK && !r.already && r.keyslot == 4);
	CHECK(world_is_tidy(&w, 1) && world_card_opens(&w, alice, 4));
	rewrite_kdf(&w, RECORD_KDF_UNKNOWN);
	CHECK(world_enroll(&w, alice, plain, &r) == OK && r.already);
	world_drop(&w);
}

static void a_recorded_keyslot_that_a_person_took_is_not_dropped(void)
{
	struct enroll_result r = {0};
	struct world w;

	world_make(&w, 2);
	CHECK(world_enroll(&w, alice, plain, &r) == OK);
	world_kill_slot(&w, 2);
	world_remove_tokens(&w);
	world_add_slot(&w, 2, "a person's", 1100);
	CHECK(blob_remove(w.boot, w.uuid, 2) == OK);
	CHECK(world_enroll(&w, alice, plain, &r) == ERR_EXISTS);
	CHECK(double_ask_said(&w.person, "is not as we made it"));
	CHECK(world_phrase_opens(&w, "a person's"));
	world_drop(&w);
}

static void a_changed_header_is_not_enrolled_to(void)
{
	struct enroll_result r = {0};
	struct world w;

	world_make(&w, 2);
	CHECK(world_enroll(&w, alice, plain, &r) == OK);
	world_set_discards(&w);
	const struct world_digest b = world_digest(&w);
	const unsigned apdus = vcard_apdu_count(bob);
	CHECK(world_enroll(&w, bob, plain, &r) == ERR_TAMPERED);
	CHECK(world_is_unchanged(&w, &b) && vcard_apdu_count(bob) == apdus);
	world_drop(&w);
}

/* Nothing but enrolling anew mends a way in whose blob is lost and whose token too. */
static void a_way_in_whose_blob_is_ruined_is_enrolled_anew(void)
{
	struct enroll_result r;
	struct world w;

	world_make(&w, 2);
	CHECK(world_enroll_plain(&w, alice) == OK);
	world_remove_tokens(&w);
	CHECK(blob_write(w.boot, w.uuid, 2, BLOB_MESSAGE,
	                 (struct bytes){(const uint8_t *)"ruined", 6}) == OK);
	CHECK(!world_card_opens(&w, alice, 2));
	CHECK(world_enroll(&w, alice, (struct enroll_request){.keyslot = -1}, &r) == OK);
	CHECK(!r.already && world_is_tidy(&w, 1));
	CHECK(world_card_opens(&w, alice, r.keyslot));
	CHECK(world_phrase_opens(&w, WORLD_PHRASE));
	world_drop(&w);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"after a lost record no keyslot is orphaned",
	         after_a_lost_record_no_keyslot_is_orphaned          },
	        {"a forged token kills no keyslot when enrolling",
	         a_forged_token_kills_no_keyslot_when_enrolling      },
	        {"the keyslot that opened the volume is never dropped",
	         the_keyslot_that_opened_the_volume_is_never_dropped },
	        {"a card whose KDF changed is enrolled anew",
	         a_card_whose_kdf_changed_is_enrolled_anew           },
	        {"a recorded keyslot that a person took is not dropped",
	         a_recorded_keyslot_that_a_person_took_is_not_dropped},
	        {"a changed header is not enrolled to",
	         a_changed_header_is_not_enrolled_to                 },
	        {"a way in whose blob is ruined is enrolled anew",
	         a_way_in_whose_blob_is_ruined_is_enrolled_anew      },
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
