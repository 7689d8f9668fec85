/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "crypto/crypto.h"
#include "tests/unit/check.h"
#include "tests/unit/world.h"

static struct vcard *alice, *bob;

static void by_keyslot_and_by_serial(int version)
{
	char ident[CARD_IDENT_LEN], other[CARD_IDENT_LEN];
	struct world w;

	world_card_ident(alice, ident);
	world_card_ident(bob, other);
	world_make(&w, version);
	CHECK(world_enroll_plain(&w, alice) == OK && world_enroll_plain(&w, bob) == OK);
	CHECK(world_unenroll(&w, 2, other, false) == ERR_NOT_ENROLLED);
	CHECK(world_unenroll(&w, 4, NULL, false) == ERR_NOT_ENROLLED);
	CHECK(world_unenroll(&w, 0, NULL, false) == ERR_NOT_ENROLLED);
	CHECK(world_unenroll(&w, -1, NULL, false) == ERR_USAGE);
	CHECK(world_is_tidy(&w, 2));
	CHECK(world_unenroll(&w, 2, NULL, false) == OK);
	CHECK(world_slots(&w) == 9 && world_is_tidy(&w, 1));
	CHECK(world_card_opens(&w, bob, 3) && !world_card_opens(&w, alice, 2));
	CHECK(world_unenroll(&w, -1, ident, false) == ERR_NOT_ENROLLED);
	CHECK(world_unenroll(&w, -1, other, false) == OK);
	CHECK(world_slots(&w) == 1 && world_is_tidy(&w, 0));
	CHECK(world_phrase_opens(&w, WORLD_PHRASE));
	world_drop(&w);
}

static void a_way_in_is_removed_by_keyslot_and_by_serial(void)
{
	by_keyslot_and_by_serial(1);
	by_keyslot_and_by_serial(2);
}

static void a_serial_that_several_ways_have_is_refused(void)
{
	struct token t = {0};
	char ident[CARD_IDENT_LEN];
	struct world w;

	world_make(&w, 2);
	world_card_ident(alice, ident);
	CHECK(world_enroll_plain(&w, alice) == OK);
	CHECK(world_read_token(&w, 2, &t));
	t.keyslot = 0;
	world_write_token(&w, &t);
	token_clear(&t);
	CHECK(world_unenroll(&w, -1, ident, false) == ERR_USAGE);
	CHECK(world_slots(&w) == 5 && world_card_opens(&w, alice, 2));
	world_drop(&w);
}

static void last_way(int version)
{
	struct world w;

	world_make(&w, version);
	CHECK(world_enroll_plain(&w, alice) == OK && world_enroll_plain(&w, bob) == OK);
	world_kill_slot(&w, 0);
	CHECK(world_unenroll(&w, 2, NULL, false) == OK); /* bob's is left */
	CHECK(world_unenroll(&w, 3, NULL, false) == ERR_REFUSED);
	CHECK(err_exit(ERR_REFUSED) == EXIT_REFUSED);
	CHECK(world_slots(&w) == 8 && world_card_opens(&w, bob, 3));
	CHECK(world_unenroll(&w, 3, NULL, true) == OK && world_slots(&w) == 0);
	world_drop(&w);
}

/* A keyslot that an interrupted enrolment left is no way in. */
static void half_a_way_in_does_not_count(void)
{
	uint8_t fpr[FPR_LEN];
	struct world w;

	world_make(&w, 2);
	world_card_fpr(bob, fpr);
	CHECK(world_enroll_plain(&w, alice) == OK);
	world_add_slot(&w, 3, "what nobody knows", 1000);
	world_write_journal(&w, 3, fpr);
	world_kill_slot(&w, 0);
	CHECK(world_unenroll(&w, 2, NULL, false) == ERR_REFUSED);
	CHECK(world_card_opens(&w, alice, 2));
	world_drop(&w);
}

static void the_last_way_in_is_removed_only_by_force(void)
{
	last_way(1);
	last_way(2);
}

static void a_forged_token_does_not_make_a_keyslot_ours(void)
{
	static const struct {
		int slot;
		uint32_t iterations;
		bool recorded;
		const char *what;
	} rows[] = {
	        {3, 1100,                false, "a person's iterations"       },
	        {1, LUKS_OUR_ITERATIONS, false, "a number we never take"      },
	        {3, 1100,                true,  "recorded, but not as we make"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct token t = {0};
		struct record r;
		struct world w;

		world_make(&w, 2);
		CHECK(world_enroll_plain(&w, alice) == OK);
		world_add_slot(&w, rows[i].slot, "a person's", rows[i].iterations);
		CHECK(world_read_token(&w, 2, &t));
		t.keyslot = rows[i].slot;
		world_write_token(&w, &t);
		t.keyslot = 0;
		world_write_token(&w, &t);
		token_clear(&t);
		if (rows[i].recorded) {
			CHECK(record_load(w.config, w.uuid, &r) == OK);
			r.entry[r.n] = r.entry[0];
			r.entry[r.n++].keyslot = rows[i].slot;
			CHECK(record_save(w.config, &r) == OK);
		}
		CHECK_ROW(world_unenroll(&w, rows[i].slot, NULL, false) == ERR_REFUSED,
		          rows[i].what);
		CHECK_ROW(world_unenroll(&w, 0, NULL, false) == ERR_REFUSED,
		          rows[i].what);
		CHECK_ROW(world_phrase_opens(&w, "a person's"), rows[i].what);
		CHECK_ROW(world_phrase_opens(&w, WORLD_PHRASE), rows[i].what);
		CHECK_ROW(world_unenroll(&w, 2, NULL, false) == OK, rows[i].what);
		CHECK_ROW(world_phrase_opens(&w, "a person's"), rows[i].what);
		world_drop(&w);
	}
}

/* The record differs: what the token says is enough for what looks like ours, and the pin
 * that was trusted stays. */
static void with_a_differing_record_ours_is_still_removed(void)
{
	struct record before, after;
	struct world w;

	world_make(&w, 2);
	CHECK(world_enroll_plain(&w, alice) == OK && world_enroll_plain(&w, bob) == OK);
	CHECK(record_load(w.config, w.uuid, &before) == OK);
	world_set_discards(&w);
	CHECK(world_unenroll(&w, 2, NULL, false) == OK && world_slots(&w) == 9);
	CHECK(record_load(w.config, w.uuid, &after) == OK);
	CHECK(after.n == 1 && after.entry[0].keyslot == 3);
	CHECK(memcmp(before.pin, after.pin, sizeof(after.pin)) == 0);
	world_remove_tokens(&w); /* now nothing but a record that is not trusted */
	CHECK(world_unenroll(&w, 3, NULL, false) == ERR_REFUSED);
	CHECK(world_slots(&w) == 9);
	world_drop(&w);
}

static void without_a_record_or_folder_ours_is_still_removed(void)
{
	struct world w;

	world_make(&w, 2);
	CHECK(world_enroll_plain(&w, alice) == OK);
	CHECK(record_delete(w.config, w.uuid) == OK);
	store_prune(w.config, STORE_VOLUMES);
	w.where.config_dir = "/nowhere/at/all";
	CHECK(world_unenroll(&w, 2, NULL, false) == OK && world_slots(&w) == 1);
	CHECK(world_is_tidy(&w, 0));
	world_drop(&w);
}

static void a_header_that_changes_meanwhile_is_not_touched(void)
{
	const struct unenroll_request req = {.keyslot = 2};
	struct volume *v = NULL;
	struct world w;
	int killed = -1;

	world_make(&w, 2);
	CHECK(world_enroll_plain(&w, alice) == OK);
	CHECK(volume_load(&w.where, &v) == OK);
	world_set_discards(&w);
	CHECK(unenroll(v, &req, &killed) == ERR_TAMPERED && killed == -1);
	CHECK(world_slots(&w) == 5);
	v = volume_free(v);
	world_drop(&w);
}

static void what_somebody_killed_is_cleared_away(void)
{
	for (int version = 1; version <= 2; version++) {
		struct world w;

		world_make(&w, version);
		CHECK(world_enroll_plain(&w, alice) == OK);
		world_kill_slot(&w, 2);
		CHECK(world_enroll_plain(&w, bob) == OK); /* not into the remains */
		CHECK(world_slots(&w) == 9);
		CHECK(world_unenroll(&w, 2, NULL, false) == OK);
		CHECK(world_is_tidy(&w, 1) && world_card_opens(&w, bob, 3));
		world_drop(&w);
	}
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"a_way_in_is_removed_by_keyslot_and_by_serial",
	         a_way_in_is_removed_by_keyslot_and_by_serial                                    },
	        {"a_serial_that_several_ways_have_is_refused",
	         a_serial_that_several_ways_have_is_refused                                      },
	        {"half_a_way_in_does_not_count",                     half_a_way_in_does_not_count},
	        {"the_last_way_in_is_removed_only_by_force",
	         the_last_way_in_is_removed_only_by_force                                        },
	        {"a_forged_token_does_not_make_a_keyslot_ours",
	         a_forged_token_does_not_make_a_keyslot_ours                                     },
	        {"with_a_differing_record_ours_is_still_removed",
	         with_a_differing_record_ours_is_still_removed                                   },
	        {"without_a_record_or_folder_ours_is_still_removed",
	         without_a_record_or_folder_ours_is_still_removed                                },
	        {"a_header_that_changes_meanwhile_is_not_touched",
	         a_header_that_changes_meanwhile_is_not_touched                                  },
	        {"what_somebody_killed_is_cleared_away",
	         what_somebody_killed_is_cleared_away                                            },
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
