/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The unlock loop from end to end: a real header, a virtual card, a scripted person. */
#include "unlock/unlock.h"

#include <string.h>

#include "crypto/crypto.h"
#include "tests/unit/check.h"
#include "tests/unit/luks2_edit.h"
#include "tests/unit/world.h"

/* One volume and one card, enrolled once; every case starts with a new session. */
static struct world disk;
static struct vcard *card;
static struct world_unlock w;

/* --- the world --- */

static void begin(bool card_here, int wait_ms)
{
	const struct session_options o = {.wait_ms = wait_ms, .poll_ms = 1};

	world_unlock_begin(&w, &disk, card_here ? card : NULL, o);
}

static enum err go(void)
{
	return world_unlock_go(&w);
}

static void end(void)
{
	world_unlock_end(&w);
}

static void make_world(void)
{
	struct enroll_result done = {0};

	world_make(&disk, 2);
	card = world_card(CURVE_25519);
	CHECK(world_enroll(&disk, card, (struct enroll_request){0}, &done) == OK);
	CHECK(done.proven && done.keyslot == 2);
}

static void drop_world(void)
{
	vcard_free(card);
	world_drop(&disk);
}

/* --- the cases --- */

static void the_pin_opens_the_volume_with_one_verify(void)
{
	const unsigned before = vcard_verify_count(card);

	begin(true, -1);
	double_ask_answer(&w.person, ASK_USER_PIN, "123456");
	CHECK(go() == OK);
	CHECK(w.delivered == 1 && w.opens && w.result.keyslot == 2);
	CHECK(strcmp(w.result.backend, BACKEND_CARD) == 0 && w.result.ident[0] != '\0');
	CHECK(vcard_verify_count(card) == before + 1);
	/* A second volume in the same session: nothing more is asked or sent. */
	CHECK(go() == OK);
	CHECK(w.delivered == 2 && w.person.asked[ASK_USER_PIN] == 1);
	CHECK(vcard_verify_count(card) == before + 1);
	end();
}

static void a_wrong_pin_is_said_and_asked_again(void)
{
	const unsigned before = vcard_verify_count(card);

	begin(true, -1);
	double_ask_answer(&w.person, ASK_USER_PIN, "654321");
	double_ask_answer(&w.person, ASK_USER_PIN, "654321");
	double_ask_answer(&w.person, ASK_USER_PIN, "123456");
	CHECK(go() == OK && w.opens);
	CHECK(double_ask_said(&w.person, "Wrong PIN. Card FFFE:"));
	CHECK(double_ask_said(&w.person, "has 2 tries left."));
	CHECK(double_ask_said(&w.person, "It was not sent again"));
	CHECK(vcard_verify_count(card) == before + 2);
	end();
}

static void without_a_card_the_passphrase_is_typed(void)
{
	begin(false, -1);
	double_ask_answer(&w.person, ASK_CARD_OR_PASSPHRASE, "incorrect");
	double_ask_answer(&w.person, ASK_CARD_OR_PASSPHRASE, WORLD_PHRASE);
	CHECK(go() == OK && w.opens && w.result.keyslot == 0);
	CHECK(double_ask_said(&w.person, "This passphrase does not open disk."));
	CHECK(w.result.ident[0] == '\0' && w.person.asked[ASK_USER_PIN] == 0);
	end();
}

/* The typed one opens keyslot 0, the card's keyslot 2. */
static void a_passphrase_must_open_the_keyslot_that_crypttab_names(void)
{
	begin(false, -1);
	w.v->typed_slot = 2;
	double_ask_answer(&w.person, ASK_CARD_OR_PASSPHRASE, WORLD_PHRASE);
	CHECK(go() != OK && !w.opens);
	CHECK(double_ask_said(&w.person, "This passphrase does not open disk."));
	end();
	begin(false, -1);
	w.v->typed_slot = 0;
	double_ask_answer(&w.person, ASK_CARD_OR_PASSPHRASE, WORLD_PHRASE);
	CHECK(go() == OK && w.opens && w.result.keyslot == 0);
	end();
}

static void an_empty_line_beside_a_busy_card_says_why(void)
{
	begin(true, -1);
	double_vcard_connect_err(w.readers, 0, ERR_BUSY);
	double_ask_answer(&w.person, ASK_CARD_OR_PASSPHRASE, "");
	double_ask_answer(&w.person, ASK_CARD_OR_PASSPHRASE, WORLD_PHRASE);
	CHECK(go() == OK && w.result.keyslot == 0);
	CHECK(double_ask_said(&w.person, "Another program holds the card. If it is"));
	CHECK(!double_ask_said(&w.person, "No dongle is here"));
	end();
	begin(false, -1);
	double_ask_answer(&w.person, ASK_CARD_OR_PASSPHRASE, "");
	double_ask_answer(&w.person, ASK_CARD_OR_PASSPHRASE, WORLD_PHRASE);
	CHECK(go() == OK && double_ask_said(&w.person, "No dongle is here"));
	end();
}

static void a_card_that_appears_takes_over(void)
{
	begin(false, -1);
	world_unlock_card_late(&w, card);
	double_ask_answer(&w.person, ASK_USER_PIN, "123456");
	CHECK(go() == OK && w.opens && w.result.keyslot == 2);
	CHECK(w.person.asked[ASK_CARD_OR_PASSPHRASE] == 1);
	end();
}

static void an_empty_pin_means_the_passphrase(void)
{
	const unsigned before = vcard_verify_count(card);

	begin(true, -1);
	double_ask_answer(&w.person, ASK_USER_PIN, "");
	double_ask_answer(&w.person, ASK_PASSPHRASE, WORLD_PHRASE);
	CHECK(go() == OK && w.opens && w.result.keyslot == 0);
	CHECK(vcard_verify_count(card) == before);
	end();
}

static void an_empty_passphrase_means_the_card(void)
{
	begin(true, -1);
	double_ask_answer(&w.person, ASK_USER_PIN, "");
	double_ask_answer(&w.person, ASK_PASSPHRASE, "");
	double_ask_answer(&w.person, ASK_USER_PIN, "123456");
	CHECK(go() == OK && w.opens && w.result.keyslot == 2);
	end();
}

static void a_person_who_gives_up_ends_it(void)
{
	begin(true, -1);
	double_ask_answer(&w.person, ASK_USER_PIN, NULL);
	CHECK(go() == ERR_CANCELLED && w.delivered == 0);
	end();
}

static void nobody_and_no_card_ends_with_the_card(void)
{
	begin(false, 0);
	for (int i = 0; i < DOUBLE_ASK_KINDS; i++)
		w.person.nobody[i] = true;
	w.person.nobody[ASK_USER_PIN] = false;
	CHECK(go() == ERR_NO_CARD && w.delivered == 0);
	end();
}

static void a_test_of_the_card_takes_no_passphrase(void)
{
	begin(false, 0);
	w.goal.card_only = true;
	CHECK(go() == ERR_NO_CARD);
	CHECK(w.person.asked[ASK_PASSPHRASE] == 0);
	CHECK(w.person.asked[ASK_CARD_OR_PASSPHRASE] == 0);
	end();
}

static void without_a_record_nothing_is_asked(void)
{
	const unsigned before = vcard_apdu_count(card);
	const struct volume_where saved = disk.where;

	disk.where.config_dir = disk.boot; /* no volumes/ there */
	begin(true, -1);
	double_ask_answer(&w.person, ASK_USER_PIN, "123456");
	CHECK(go() == ERR_NO_RECORD);
	CHECK(double_ask_said(&w.person, "no enrolment record of disk"));
	CHECK(w.person.asked[ASK_USER_PIN] == 0 && vcard_apdu_count(card) == before);
	end();

	begin(true, -1);
	w.goal.no_record = true;
	double_ask_answer(&w.person, ASK_CONFIRM, "Yes");
	CHECK(go() == ERR_REFUSED &&
	      double_ask_said(&w.person, "The header pin of disk is"));
	CHECK(vcard_apdu_count(card) == before);
	end();

	begin(true, -1);
	w.goal.no_record = true;
	double_ask_answer(&w.person, ASK_CONFIRM, "yes");
	double_ask_answer(&w.person, ASK_USER_PIN, "123456");
	CHECK(go() == OK && w.opens && w.result.keyslot == 2);
	end();
	disk.where = saved;
}

/* The copy on /boot is somebody's AEAD message: said, and the token's opens it. */
static void a_blob_of_another_kind_is_told(void)
{
	static const uint8_t kinds[][4] = {
	        {0xd2, 2, 2, 0}, /* RFC 9580's version 2 */
	        {0xd4, 2, 1, 9}, /* GnuPG's OCB */
	        {0xc9, 2, 0, 0}, /* without an MDC */
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		world_keep(&disk);
		CHECK(blob_write(disk.boot, disk.uuid, 2, BLOB_MESSAGE,
		                 (struct bytes){kinds[i], sizeof(kinds[i])}) == OK);
		begin(true, -1);
		double_ask_answer(&w.person, ASK_USER_PIN, "123456");
		CHECK(go() == OK && w.opens && w.result.keyslot == 2);
		CHECK(double_ask_said(&w.person, "(the copy on /boot) is encrypted in a "
		                                 "way that is not read here: AEAD"));
		CHECK(!double_ask_said(&w.person, "damaged"));
		end();
		world_restore(&disk);
	}
}

/* As after a reencryption: the record fits, and has no way in. */
static void a_person_is_told_why_no_pin_is_asked_for(void)
{
	static const char words[] = "Only a passphrase opens disk";
	struct record r = {0};

	begin(true, -1);
	double_ask_answer(&w.person, ASK_USER_PIN, "123456");
	CHECK(go() == OK && !double_ask_said(&w.person, words));
	end();

	world_keep(&disk);
	CHECK(record_load(disk.config, disk.uuid, &r) == OK && r.n == 1);
	r.n = 0;
	CHECK(record_save(disk.config, &r) == OK);
	begin(true, -1);
	double_ask_answer(&w.person, ASK_PASSPHRASE, WORLD_PHRASE);
	CHECK(go() == OK && w.opens && w.result.keyslot == 0);
	CHECK(w.person.asked[ASK_USER_PIN] == 0 && double_ask_said(&w.person, words));
	end();

	begin(true, -1); /* said already, in a round before */
	w.goal.refusal_told = true;
	double_ask_answer(&w.person, ASK_PASSPHRASE, WORLD_PHRASE);
	CHECK(go() == OK && !double_ask_said(&w.person, words));
	end();
	world_restore(&disk);
}

static void the_last_try_is_spent_only_on_purpose(void)
{
	const unsigned before = vcard_verify_count(card);

	begin(true, -1);
	double_ask_answer(&w.person, ASK_USER_PIN, "111111");
	double_ask_answer(&w.person, ASK_USER_PIN, "222222");
	double_ask_answer(&w.person, ASK_USER_PIN, "333333");
	double_ask_answer(&w.person, ASK_USER_PIN, "333333");
	double_ask_answer(&w.person, ASK_CARD_OR_PASSPHRASE, WORLD_PHRASE);
	CHECK(go() == OK && w.opens && w.result.keyslot == 0);
	CHECK(w.person.last_asked_again == 1);
	CHECK(double_ask_said(&w.person, "is blocked. Unblock it with the Admin PIN"));
	CHECK(vcard_verify_count(card) == before + 3);
	end();
}

static void a_header_that_was_changed_is_refused(void)
{
	const unsigned before = vcard_apdu_count(card);

	CHECK(luks2_edit(disk.disk, "\"encryption\":\"aes-xts-plain64\",\"sector_size\"",
	                 "\"encryption\":\"cipher_null-ecb\",\"sector_size\""));
	begin(true, -1);
	double_ask_answer(&w.person, ASK_USER_PIN, "123456");
	CHECK(go() == ERR_TAMPERED && w.delivered == 0);
	CHECK(double_ask_said(&w.person, "disk is refused"));
	CHECK(w.person.asked[ASK_USER_PIN] == 0 && vcard_apdu_count(card) == before);
	end();
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"a volume is made and enrolled",                          make_world                       },
	        {"the PIN opens the volume with one VERIFY",
	         the_pin_opens_the_volume_with_one_verify                                                   },
	        {"a wrong PIN is said and asked again",
	         a_wrong_pin_is_said_and_asked_again	                                                },
	        {"a passphrase must open the keyslot that crypttab names",
	         a_passphrase_must_open_the_keyslot_that_crypttab_names                                     },
	        {"without a card the passphrase is typed",
	         without_a_card_the_passphrase_is_typed                                                     },
	        {"an empty line beside a busy card says why",
	         an_empty_line_beside_a_busy_card_says_why                                                  },
	        {"a card that appears takes over",                         a_card_that_appears_takes_over   },
	        {"an empty PIN means the passphrase",                      an_empty_pin_means_the_passphrase},
	        {"an empty passphrase means the card",
	         an_empty_passphrase_means_the_card	                                                 },
	        {"a person who gives up ends it",                          a_person_who_gives_up_ends_it    },
	        {"nobody and no card ends with the card",
	         nobody_and_no_card_ends_with_the_card	                                              },
	        {"a test of the card takes no passphrase",
	         a_test_of_the_card_takes_no_passphrase                                                     },
	        {"without a record nothing is asked",                      without_a_record_nothing_is_asked},
	        {"a blob of another kind is told",                         a_blob_of_another_kind_is_told   },
	        {"a person is told why no PIN is asked for",
	         a_person_is_told_why_no_pin_is_asked_for                                                   },
	        {"the last try is spent only on purpose",
	         the_last_try_is_spent_only_on_purpose	                                              },
	        {"a header that was changed is refused",
	         a_header_that_was_changed_is_refused	                                               },
	        {"nothing is left behind",                                 drop_world                       },
	};

	if (crypto_init() != OK)
		return 1;
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
