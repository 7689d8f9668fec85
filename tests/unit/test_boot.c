/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The boot run: several volumes, cards and passphrases in one session. */
#include "unlock/boot.h"

#include <string.h>

#include "crypto/crypto.h"
#include "tests/unit/boot_world.h"
#include "tests/unit/check.h"
#include "tests/unit/luks2_edit.h"

/* --- cards --- */

static void one_pin_opens_all_volumes_of_a_card(void)
{
	const unsigned before = vcard_verify_count(alice);

	boot_begin(alice, NULL);
	boot_line("one %s none " OURS, of[0].disk);
	boot_line("two %s none " OURS, of[1].disk);
	boot_pin();
	CHECK(boot_go() == OK);
	CHECK(mapper.n == 2 && boot_is_mapped(0, "one") && boot_is_mapped(1, "two"));
	CHECK(now.person.asked[ASK_USER_PIN] == 1);
	CHECK(vcard_verify_count(alice) == before + 1);
	CHECK(double_ask_said(&now.person, "one is open."));
	boot_end();
}

static void what_the_open_card_serves_comes_before_the_rest(void)
{
	const unsigned before = vcard_verify_count(alice);

	boot_begin(alice, bob);
	boot_line("one %s none " OURS, of[0].disk);
	boot_line("three %s none " OURS, of[2].disk);
	boot_line("two %s none " OURS, of[1].disk);
	boot_pin();
	boot_pin();
	CHECK(boot_go() == OK);
	CHECK(mapper.n == 3 && boot_is_mapped(0, "one") && boot_is_mapped(1, "two"));
	CHECK(boot_is_mapped(2, "three"));
	CHECK(now.person.asked[ASK_USER_PIN] == 2);
	CHECK(vcard_verify_count(alice) == before + 1);
	boot_end();
}

static void bob_comes(void *ctx, unsigned left)
{
	(void)ctx;
	if (left == 15)
		double_vcard_put(now.readers, 0, FIRST, bob);
	if (left == 5)
		double_vcard_put(now.readers, 1, SECOND, alice);
}

/* Without a card; then there is bob's, and later alice's. */
static void begin_before_bob_comes(void)
{
	boot_begin(NULL, NULL);
	boot_line("one %s none " OURS, of[0].disk);
	boot_line("three %s none " OURS, of[2].disk);
	now.person.patience = 20;
	now.person.tick = bob_comes;
}

static void a_card_for_another_volume_has_its_turn_at_once(void)
{
	begin_before_bob_comes();
	boot_pin();
	boot_pin();
	CHECK(boot_go() == OK);
	CHECK(mapper.n == 2 && boot_is_mapped(0, "three") && boot_is_mapped(1, "one"));
	/* Of bob's card it is said only once nothing is left for it to open. */
	const char *foreign = strstr(now.person.said, "is not enrolled");

	CHECK(!foreign || foreign > strstr(now.person.said, "three is open."));
	boot_end();
}

/* The passphrase typed for one opens three; then three's card comes. */
static void the_card_of_an_open_volume_throws_no_other_out(void)
{
	begin_before_bob_comes();
	double_ask_answer(&now.person, ASK_CARD_OR_PASSPHRASE, OTHER);
	boot_pin();
	CHECK(boot_go() == OK);
	CHECK(mapper.n == 2 && boot_is_mapped(0, "three") && boot_is_mapped(1, "one"));
	CHECK(!double_ask_said(&now.person, "one was not opened"));
	boot_end();
}

static void a_blocked_card_and_another_one_do_not_play_ping_pong(void)
{
	struct vcard *carol = world_card(CURVE_25519);
	const uint8_t wrong[] = {0, 0x20, 0, 0x82, 6, '9', '9', '9', '9', '9', '9'};
	const uint8_t sel[] = {0, 0xa4, 4, 0, 6, 0xd2, 0x76, 0, 1, 0x24, 1};
	uint8_t resp[256];
	struct world w;

	world_make(&w, 2);
	memcpy(w.boot, of[0].boot, sizeof(w.boot));
	memcpy(w.config, of[0].config, sizeof(w.config));
	CHECK(world_enroll_plain(&w, carol) == OK);
	CHECK(vcard_apdu(carol, sel, sizeof(sel), resp, sizeof(resp)) >= 2);
	for (int i = 0; i < 3; i++)
		CHECK(vcard_apdu(carol, wrong, sizeof(wrong), resp, sizeof(resp)) == 2);
	vcard_reset(carol);

	boot_begin(carol, bob);
	boot_line("carols %s none " OURS, w.disk);
	boot_line("three %s none " OURS, of[2].disk);
	boot_pin();
	double_ask_answer(&now.person, ASK_CARD_OR_PASSPHRASE, WORLD_PHRASE);
	CHECK(boot_go() == OK);
	CHECK(mapper.n == 2 && boot_is_mapped(0, "three") && boot_is_mapped(1, "carols"));
	CHECK(now.person.asked[ASK_USER_PIN] == 1);
	boot_end();
	world_drop(&w);
	vcard_free(carol);
}

static void a_keyslot_that_died_is_no_way_in(void)
{
	boot_begin(alice, NULL);
	boot_keep_disk(&of[1]);
	world_kill_slot(&of[1], 2);
	world_add_slot(&of[1], 2, "something else", 1000);
	boot_line("two %s none " OURS, of[1].disk);
	boot_pin();
	double_ask_answer(&now.person, ASK_PASSPHRASE, WORLD_PHRASE);
	CHECK(boot_go() == OK);
	CHECK(mapper.n == 1 && mapper.mapped[0].slot == 0);
	CHECK(double_ask_said(&now.person, "Card"));
	boot_end();
	boot_put_back(&of[1]);
}

static void keyslot_says_which_way_in_of_ours_is_meant(void)
{
	boot_begin(alice, NULL);
	boot_line("one %s none " OURS ",keyslot=5", of[0].disk);
	double_ask_answer(&now.person, ASK_PASSPHRASE, WORLD_PHRASE);
	CHECK(boot_go() == OK);
	CHECK(mapper.n == 1 && mapper.mapped[0].slot == 0);
	CHECK(now.person.asked[ASK_USER_PIN] == 0);
	boot_end();
	boot_begin(alice, NULL);
	boot_line("one %s none " OURS ",keyslot=2", of[0].disk);
	boot_pin();
	CHECK(boot_go() == OK && mapper.n == 1 && mapper.mapped[0].slot == 2);
	boot_end();
}

/* --- passphrases --- */

static void a_passphrase_is_typed_once(void)
{
	boot_begin(NULL, NULL);
	boot_all_three();
	double_ask_answer(&now.person, ASK_CARD_OR_PASSPHRASE, WORLD_PHRASE);
	CHECK(boot_go() == OK && mapper.n == 3);
	CHECK(now.person.asked[ASK_CARD_OR_PASSPHRASE] == 1);
	boot_end();
}

static void the_passphrase_of_another_volume_opens_that(void)
{
	boot_begin(NULL, NULL);
	boot_line("one %s none " OURS ",tries=1", of[0].disk);
	boot_line("three %s none " OURS, of[2].disk);
	double_ask_answer(&now.person, ASK_CARD_OR_PASSPHRASE, OTHER);
	double_ask_answer(&now.person, ASK_CARD_OR_PASSPHRASE, WORLD_PHRASE);
	CHECK(boot_go() == OK);
	CHECK(mapper.n == 2 && boot_is_mapped(0, "three") && boot_is_mapped(1, "one"));
	CHECK(mapper.n == 2 && mapper.mapped[0].slot == 20);
	boot_end();
}

static void answer_again(void *ctx, unsigned left)
{
	(void)ctx;
	(void)left;
	now.person.n = now.person.next = 0;
	double_ask_answer(&now.person, ASK_CARD_OR_PASSPHRASE,
	                  now.wrong > 0 ? "incorrect" : WORLD_PHRASE);
	now.wrong -= now.wrong > 0;
}

static void fifty_wrong_passphrases_end_nothing(void)
{
	boot_begin(NULL, NULL);
	boot_line("one %s none " OURS, of[0].disk);
	now.person.patience = 60;
	now.person.tick = answer_again;
	now.wrong = 50;
	CHECK(boot_go() == OK && mapper.n == 1);
	CHECK(now.wrong == 0 && now.person.asked[ASK_CARD_OR_PASSPHRASE] == 51);
	boot_end();
}

static void tries_of_crypttab_are_counted(void)
{
	static const struct {
		const char *tries;
		enum err e;
		unsigned asked;
	} rows[] = {
	        {"tries=1", ERR_PASSPHRASE, 1},
	        {"tries=3", ERR_PASSPHRASE, 3},
	        {"tries=0", OK,             5},
	        {"tries=5", OK,             5},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		boot_begin(NULL, NULL);
		boot_line("one %s none " OURS ",%s", of[0].disk, rows[i].tries);
		for (int k = 0; k < 4; k++)
			double_ask_answer(&now.person, ASK_CARD_OR_PASSPHRASE,
			                  "incorrect");
		double_ask_answer(&now.person, ASK_CARD_OR_PASSPHRASE, WORLD_PHRASE);
		CHECK_ROW(boot_go() == rows[i].e, rows[i].tries);
		CHECK_ROW(now.person.asked[ASK_CARD_OR_PASSPHRASE] == rows[i].asked,
		          rows[i].tries);
		CHECK_ROW(double_ask_said(&now.person, "tries= in crypttab") ==
		                  (rows[i].e != OK),
		          rows[i].tries);
		boot_end();
	}
}

static void who_leaves_a_volume_out_is_asked_for_the_next(void)
{
	boot_begin(NULL, NULL);
	boot_line("one %s none " OURS, of[0].disk);
	boot_line("three %s none " OURS, of[2].disk);
	double_ask_answer(&now.person, ASK_CARD_OR_PASSPHRASE, NULL);
	double_ask_answer(&now.person, ASK_CARD_OR_PASSPHRASE, OTHER);
	CHECK(boot_go() == ERR_CANCELLED);
	CHECK(mapper.n == 1 && boot_is_mapped(0, "three"));
	CHECK(double_ask_said(&now.person, "one was not opened: "));
	CHECK(double_ask_said(&now.person, "It is left to cryptroot, which asks for it"));
	boot_end();
}

static void a_keyslot_that_cannot_be_tried_ends_nothing(void)
{
	boot_begin(NULL, NULL);
	boot_keep_disk(&of[1]);
	world_add_slot(&of[1], 9, "nine", 1234);
	CHECK(luks2_edit(of[1].disk,
	                 "\"type\":\"pbkdf2\",\"hash\":\"sha256\",\"iterations\":1234",
	                 "\"type\":\"argon2id\",\"time\":1,\"memory\":2147483647,"
	                 "\"cpus\":1"));
	boot_line("two %s none " OURS, of[1].disk);
	double_ask_answer(&now.person, ASK_CARD_OR_PASSPHRASE, "incorrect");
	double_ask_answer(&now.person, ASK_CARD_OR_PASSPHRASE, WORLD_PHRASE);
	CHECK(boot_go() == OK && mapper.n == 1);
	CHECK(double_ask_said(&now.person, "could not be tried on two"));
	boot_end();
	boot_put_back(&of[1]);
}

/* --- trust --- */

static void a_changed_header_is_refused_and_given_nothing(void)
{
	boot_begin(NULL, NULL);
	boot_keep_disk(&of[1]);
	world_set_discards(&of[1]);
	boot_all_three();
	double_ask_answer(&now.person, ASK_CARD_OR_PASSPHRASE, WORLD_PHRASE);
	CHECK(boot_go() == ERR_TAMPERED);
	CHECK(mapper.n == 2 && boot_is_mapped(0, "one") && boot_is_mapped(1, "three"));
	CHECK(double_ask_said(&now.person, "The header of two is not the one"));
	CHECK(double_ask_said(&now.person, "two stays locked, and nobody is asked"));
	CHECK(!double_ask_said(&now.person, "It is left to cryptroot"));
	boot_end();
	boot_put_back(&of[1]);
}

static void a_volume_without_a_record_is_refused(void)
{
	struct world w;

	world_make(&w, 2);
	boot_begin(alice, NULL);
	boot_line("new %s none " OURS, w.disk);
	CHECK(boot_go() == ERR_NOT_ENROLLED && mapper.n == 0);
	CHECK(now.person.asked[ASK_PASSPHRASE] == 0);
	boot_end();
	world_drop(&w);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"one PIN opens all volumes of a card",
	         one_pin_opens_all_volumes_of_a_card	                                             },
	        {"what the open card serves comes before the rest",
	         what_the_open_card_serves_comes_before_the_rest                                         },
	        {"a card for another volume has its turn at once",
	         a_card_for_another_volume_has_its_turn_at_once                                          },
	        {"the card of an open volume throws no other out",
	         the_card_of_an_open_volume_throws_no_other_out                                          },
	        {"a blocked card and another one do not play ping-pong",
	         a_blocked_card_and_another_one_do_not_play_ping_pong                                    },
	        {"a keyslot that died is no way in",                     a_keyslot_that_died_is_no_way_in},
	        {"keyslot= says which way in of ours is meant",
	         keyslot_says_which_way_in_of_ours_is_meant                                              },
	        {"a passphrase is typed once",                           a_passphrase_is_typed_once      },
	        {"the passphrase of another volume opens that",
	         the_passphrase_of_another_volume_opens_that                                             },
	        {"fifty wrong passphrases end nothing",
	         fifty_wrong_passphrases_end_nothing	                                             },
	        {"tries= of crypttab are counted",                       tries_of_crypttab_are_counted   },
	        {"who leaves a volume out is asked for the next",
	         who_leaves_a_volume_out_is_asked_for_the_next                                           },
	        {"a keyslot that cannot be tried ends nothing",
	         a_keyslot_that_cannot_be_tried_ends_nothing                                             },
	        {"a changed header is refused and given nothing",
	         a_changed_header_is_refused_and_given_nothing                                           },
	        {"a volume without a record is refused",
	         a_volume_without_a_record_is_refused                                                    },
	};

	CHECK(crypto_init() == OK);
	boot_make_worlds();
	const int status = check_run(cases, sizeof(cases) / sizeof(cases[0]));
	boot_drop_worlds();
	return status;
}
