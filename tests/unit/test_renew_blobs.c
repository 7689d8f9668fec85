/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Trusting a header anew: the blobs on /boot are those of the ways in. */
#include <errno.h>
#include <stdlib.h>

#include "core/log.h"
#include "crypto/crypto.h"
#include "tests/unit/check.h"
#include "tests/unit/double_io.h"
#include "tests/unit/world.h"

static struct vcard *alice, *bob;

static void enrolled(struct world *w, int version)
{
	world_make(w, version);
	CHECK(world_enroll_plain(w, alice) == OK);
}

struct blob {
	uint8_t *p; /* NULL: not there */
	size_t n;
};

static struct blob read_blob(const struct world *w, int slot)
{
	struct blob b = {0};

	if (blob_read(w->boot, w->uuid, slot, BLOB_MESSAGE, &b.p, &b.n) != OK)
		b = (struct blob){0};
	return b;
}

static bool same_blob(struct blob a, struct blob b)
{
	return bytes_equal((struct bytes){a.p, a.n}, (struct bytes){b.p, b.n});
}

static void a_blob_that_is_missing_or_damaged_is_written_anew(void)
{
	static const enum record_state states[] = {RECORD_MATCHES, RECORD_MISSING,
	                                           RECORD_DIFFERS};

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		for (int damaged = 0; damaged <= 1; damaged++) {
			struct record r = {0};
			struct world w;

			enrolled(&w, 2);
			const struct blob was = read_blob(&w, 2);
			if (damaged)
				CHECK(blob_write(w.boot, w.uuid, 2, BLOB_MESSAGE,
				                 (struct bytes){was.p, was.n / 2}) == OK);
			else
				CHECK(blob_remove(w.boot, w.uuid, 2) == OK);
			if (states[i] == RECORD_MISSING)
				CHECK(record_delete(w.config, w.uuid) == OK);
			if (states[i] == RECORD_DIFFERS)
				world_set_discards(&w);
			CHECK(world_renew(&w, WORLD_PHRASE, &r) == OK && r.n == 1);
			const struct blob now = read_blob(&w, 2);
			CHECK(same_blob(was, now));
			CHECK(world_is_tidy(&w, 1));
			free(was.p);
			free(now.p);
			world_drop(&w);
		}
}

/* Anybody can encrypt something else to the card and put it into the header. */
static void a_forged_blob_in_a_token_replaces_no_good_one(void)
{
	static const enum record_state states[] = {RECORD_MATCHES, RECORD_MISSING,
	                                           RECORD_DIFFERS};

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		struct token t = {0}, other = {0};
		struct record r = {0};
		struct world w, elsewhere;

		enrolled(&w, 2);
		enrolled(&elsewhere, 2); /* a message for alice, of another volume */
		const struct blob was = read_blob(&w, 2);
		CHECK(world_read_token(&w, 2, &t) &&
		      world_read_token(&elsewhere, 2, &other));
		world_remove_tokens(&w);
		world_write_token(&w, &other);
		if (states[i] == RECORD_MISSING)
			CHECK(record_delete(w.config, w.uuid) == OK);
		if (states[i] == RECORD_DIFFERS)
			world_set_discards(&w);
		CHECK(world_renew(&w, WORLD_PHRASE, &r) == OK && r.n == 1);
		const struct blob now = read_blob(&w, 2);
		CHECK(same_blob(was, now) && world_card_opens(&w, alice, 2));
		free(was.p);
		free(now.p);
		token_clear(&t);
		token_clear(&other);
		world_drop(&elsewhere);
		world_drop(&w);
	}
}

static void blobs_of_killed_keyslots_are_removed(void)
{
	for (int version = 1; version <= 2; version++) {
		struct record r = {0};
		struct world w;

		enrolled(&w, version);
		CHECK(world_enroll_plain(&w, bob) == OK);
		world_kill_slot(&w, 2);
		if (version == 2)
			CHECK(world_tokens(&w) == 2); /* one of them names no keyslot */
		CHECK(world_renew(&w, WORLD_PHRASE, &r) == OK && r.n == 1);
		CHECK(r.entry[0].keyslot == 3);
		const struct blob gone = read_blob(&w, 2), left = read_blob(&w, 3);
		CHECK(gone.p == NULL && left.p != NULL);
		CHECK(world_card_opens(&w, bob, 3));
		free(left.p);
		world_drop(&w);
	}
}

static void a_read_only_boot_is_no_obstacle_when_nothing_is_to_do_there(void)
{
	struct double_io io = {.kinds = IO_ALL, .error = EROFS};
	struct record r = {0};
	struct world w;

	enrolled(&w, 2);
	world_set_discards(&w);
	io.below = w.boot;
	double_io_plan(&io);
	CHECK(world_renew(&w, WORLD_PHRASE, &r) == OK && r.n == 1);
	double_io_plan(NULL);
	CHECK(world_card_opens(&w, alice, 2));
	world_drop(&w);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"a blob that is missing or damaged is written anew",
	         a_blob_that_is_missing_or_damaged_is_written_anew          },
	        {"a forged blob in a token replaces no good one",
	         a_forged_blob_in_a_token_replaces_no_good_one              },
	        {"blobs of killed keyslots are removed",
	         blobs_of_killed_keyslots_are_removed                       },
	        {"a read-only boot is no obstacle when nothing is to do there",
	         a_read_only_boot_is_no_obstacle_when_nothing_is_to_do_there},
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
