/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/log.h"
#include "crypto/crypto.h"
#include "tests/unit/check.h"
#include "tests/unit/world.h"

static struct vcard *alice, *bob;
static uint8_t alice_fpr[FPR_LEN];

static void a_journal_is_written_and_read_strictly(void)
{
	static const struct {
		const char *text, *what;
		enum err e;
	} rows[] = {
#define FPR "00112233445566778899AABBCCDDEEFF00112233"
	        {"{\"version\":1,\"keyslot\":2,\"recipient\":\"" FPR "\"}",         "good",         OK        },
	        {"{\"version\":2,\"keyslot\":2,\"recipient\":\"" FPR "\"}",         "version",
	                                                              ERR_FORMAT	                                                                           },
	        {"{\"version\":1,\"keyslot\":32,\"recipient\":\"" FPR "\"}",        "keyslot",
	                                                              ERR_FORMAT	                                                                           },
	        {"{\"version\":1,\"keyslot\":-1,\"recipient\":\"" FPR "\"}",        "negative",
	                                                              ERR_FORMAT	                                                                           },
	        {"{\"version\":1,\"keyslot\":2,\"recipient\":\"0011\"}",            "short",
	                                                              ERR_FORMAT	                                                                           },
	        {"{\"version\":1,\"keyslot\":2}",                                   "no recipient", ERR_FORMAT},
	        {"{\"version\":1,\"keyslot\":2,\"recipient\":\"" FPR "\",\"x\":1}",
	                                                              "unknown",	                                                                 ERR_FORMAT},
	        {"{\"version\":1,\"keyslot\":2,\"recipient\":\"" FPR "\"} x",       "trailing",
	                                                              ERR_FORMAT	                                                                           },
	        {"",	                                                        "nothing",      ERR_FORMAT},
#undef FPR
	};
	struct journal j = {.keyslot = 5}, again = {0};
	char *text = NULL;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct bytes in = {(const uint8_t *)rows[i].text,
		                         strlen(rows[i].text)};

		again.keyslot = -9;
		CHECK_ROW(journal_parse(in, &again) == rows[i].e, rows[i].what);
		CHECK_ROW(again.keyslot == (rows[i].e == OK ? 2 : -9), rows[i].what);
	}
	memcpy(j.fpr, alice_fpr, sizeof(j.fpr));
	CHECK(journal_format(&j, &text) == OK);
	CHECK(journal_parse((struct bytes){(uint8_t *)text, strlen(text)}, &again) == OK);
	CHECK(memcmp(&j, &again, sizeof(j)) == 0);
	free(text);
}

/* What an enrolment leaves that died after the keyslot: no record yet. */
static void half_made(struct world *w, int version, struct vcard *card)
{
	uint8_t fpr[FPR_LEN];

	world_make(w, version);
	CHECK(world_enroll_plain(w, card) == OK);
	CHECK(record_delete(w->config, w->uuid) == OK);
	if (version == 2)
		world_remove_tokens(w);
	world_card_fpr(card, fpr);
	world_write_journal(w, 2, fpr);
}

static void what_an_interrupted_enrolment_left_is_cleaned_up(void)
{
	for (int version = 1; version <= 2; version++) {
		struct enroll_result r = {0};
		struct world w;

		half_made(&w, version, alice);
		CHECK(world_enroll(&w, bob, (struct enroll_request){0}, &r) == OK);
		CHECK(r.resumed && r.keyslot == 2 && world_is_tidy(&w, 1));
		CHECK(world_card_opens(&w, bob, 2));
		world_drop(&w);

		half_made(&w, version, alice);
		CHECK(world_unenroll(&w, 2, NULL, false) == OK);
		CHECK(world_slots(&w) == 1 && world_is_tidy(&w, 0));
		world_drop(&w);
	}
}

static void a_journal_whose_way_is_whole_is_only_removed(void)
{
	struct enroll_result r = {0};
	struct world w;

	world_make(&w, 2);
	CHECK(world_enroll_plain(&w, alice) == OK);
	world_write_journal(&w, 2, alice_fpr);
	CHECK(world_enroll(&w, bob, (struct enroll_request){0}, &r) == OK && !r.resumed);
	CHECK(world_is_tidy(&w, 2) && world_card_opens(&w, alice, 2));
	world_write_journal(&w, 2, alice_fpr);
	CHECK(world_enroll(&w, alice, (struct enroll_request){0}, &r) == OK && r.already);
	CHECK(world_is_tidy(&w, 2));
	world_drop(&w);
}

/*
 * The journal is an old one, and another machine filled the slot since: its card opens
 * the volume there, and must go on to.
 */
static void stale_journal(int version, bool boot_is_shared)
{
	char elsewhere[64], boot[64];
	struct enroll_result r = {0};
	struct world w;

	world_make(&w, version);
	/* The other machine: a record of its own, and perhaps a /boot. */
	(void)snprintf(elsewhere, sizeof(elsewhere), "%s/other", w.dir);
	(void)snprintf(boot, sizeof(boot), "%s/other-boot", w.dir);
	CHECK(mkdir(boot, 0700) == 0);
	w.where.config_dir = elsewhere;
	w.where.boot_dir = boot_is_shared ? w.boot : boot;
	CHECK(world_enroll_plain(&w, bob) == OK && world_card_opens(&w, bob, 2));
	w.where.config_dir = w.config;
	w.where.boot_dir = w.boot;

	world_write_journal(&w, 2, alice_fpr);
	CHECK(world_enroll(&w, alice, (struct enroll_request){0}, &r) == OK);
	CHECK(!r.resumed || !boot_is_shared);
	CHECK(r.keyslot == 3 && world_slots(&w) == 0xd && !world_has_journal(&w));
	CHECK(world_card_opens(&w, alice, 3));
	w.where.config_dir = elsewhere;
	w.where.boot_dir = boot_is_shared ? w.boot : boot;
	CHECK(world_card_opens(&w, bob, 2));
	world_drop(&w);
}

static void a_stale_journal_kills_no_way_in_of_another_machine(void)
{
	stale_journal(2, true);
	stale_journal(2, false);
	stale_journal(1, true);
	stale_journal(1, false);
}

static void a_stale_journal_kills_no_way_in_of_the_record(void)
{
	struct world w;

	world_make(&w, 2);
	CHECK(world_enroll_plain(&w, bob) == OK);
	world_remove_tokens(&w); /* the blob on /boot still does */
	CHECK(world_card_opens(&w, bob, 2));
	world_write_journal(&w, 2, alice_fpr);
	CHECK(world_enroll_plain(&w, alice) == OK && world_slots(&w) == 0xd);
	CHECK(world_card_opens(&w, bob, 2) && world_card_opens(&w, alice, 3));
	world_drop(&w);
}

static void a_journal_does_not_make_a_person_s_keyslot_ours(void)
{
	static const struct {
		int slot;
		uint32_t iterations;
		const char *phrase, *what;
	} rows[] = {
	        {2, 1100,                "another",    "another's iterations"       },
	        {3, LUKS_OUR_ITERATIONS, "no blob",    "no blob was there before it"},
	        {0, 0,                   WORLD_PHRASE, "the typed one"              },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world w;

		world_make(&w, 2);
		if (rows[i].slot != 0)
			world_add_slot(&w, rows[i].slot, rows[i].phrase,
			               rows[i].iterations);
		if (rows[i].slot != 3)
			CHECK(blob_write(w.boot, w.uuid, rows[i].slot, BLOB_MESSAGE,
			                 (struct bytes){(const uint8_t *)"x", 1}) == OK);
		world_write_journal(&w, rows[i].slot, alice_fpr);
		CHECK_ROW(world_enroll_plain(&w, alice) == OK, rows[i].what);
		CHECK_ROW(world_phrase_opens(&w, rows[i].phrase), rows[i].what);
		CHECK_ROW(world_phrase_opens(&w, WORLD_PHRASE), rows[i].what);
		CHECK_ROW(world_card_opens(&w, alice, rows[i].slot == 2 ? 3 : 2),
		          rows[i].what);
		CHECK_ROW(!world_has_journal(&w), rows[i].what);
		world_drop(&w);
	}
}

/* The keyslot that opened the volume looks like ours and has a blob: it stays. */
static void the_keyslot_that_opened_the_volume_is_no_leftover(void)
{
	AUTO_SECRET *typed = NULL;
	struct enroll_result r = {0};
	struct world w;

	world_make(&w, 2);
	world_add_slot(&w, 2, "typed", LUKS_OUR_ITERATIONS);
	CHECK(blob_write(w.boot, w.uuid, 2, BLOB_MESSAGE,
	                 (struct bytes){(const uint8_t *)"x", 1}) == OK);
	world_write_journal(&w, 2, alice_fpr);
	CHECK(secret_copy((struct bytes){(const uint8_t *)"typed", 5}, &typed) == OK);
	CHECK(world_enroll(&w, alice, (struct enroll_request){.key = typed}, &r) == OK);
	CHECK(r.keyslot == 3 && world_phrase_opens(&w, "typed"));
	world_drop(&w);
}

static void a_damaged_journal_is_in_nobody_s_way(void)
{
	struct record r = {0};
	struct world w;

	world_make(&w, 2);
	CHECK(world_enroll_plain(&w, alice) == OK);
	world_write_raw_journal(&w, "{\"version\":1");
	CHECK(world_renew(&w, WORLD_PHRASE, &r) == OK && r.n == 1);
	CHECK(world_enroll_plain(&w, bob) == OK && world_is_tidy(&w, 2));
	world_write_raw_journal(&w, "");
	CHECK(world_unenroll(&w, 3, NULL, false) == OK && world_slots(&w) == 5);
	world_drop(&w);
}

/* LUKS1 has 8 keyslots. */
static void a_journal_of_a_keyslot_that_cannot_be_is_removed(void)
{
	struct world w;

	world_make(&w, 1);
	world_write_journal(&w, 20, alice_fpr);
	CHECK(world_enroll_plain(&w, bob) == OK && world_is_tidy(&w, 1));
	world_drop(&w);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"a_journal_is_written_and_read_strictly",
	         a_journal_is_written_and_read_strictly            },
	        {"what_an_interrupted_enrolment_left_is_cleaned_up",
	         what_an_interrupted_enrolment_left_is_cleaned_up  },
	        {"a_journal_whose_way_is_whole_is_only_removed",
	         a_journal_whose_way_is_whole_is_only_removed      },
	        {"a_stale_journal_kills_no_way_in_of_another_machine",
	         a_stale_journal_kills_no_way_in_of_another_machine},
	        {"a_stale_journal_kills_no_way_in_of_the_record",
	         a_stale_journal_kills_no_way_in_of_the_record     },
	        {"a_journal_does_not_make_a_person_s_keyslot_ours",
	         a_journal_does_not_make_a_person_s_keyslot_ours   },
	        {"the_keyslot_that_opened_the_volume_is_no_leftover",
	         the_keyslot_that_opened_the_volume_is_no_leftover },
	        {"a_damaged_journal_is_in_nobody_s_way",
	         a_damaged_journal_is_in_nobody_s_way              },
	        {"a_journal_of_a_keyslot_that_cannot_be_is_removed",
	         a_journal_of_a_keyslot_that_cannot_be_is_removed  },
	};

	log_to(NULL, NULL, LOG_WARN);
	if (crypto_init() != OK)
		return 1;
	alice = world_card(CURVE_25519);
	bob = world_card(CURVE_25519);
	world_card_fpr(alice, alice_fpr);
	const int failed = check_run(cases, sizeof(cases) / sizeof(cases[0]));
	vcard_free(alice);
	vcard_free(bob);
	return failed;
}
