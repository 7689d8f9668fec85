/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The unlock loop with a TPM: who is asked what, and that nobody is kept from typing. */
#include "unlock/unlock.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/crypto.h"
#include "tests/unit/check.h"
#include "tests/unit/double_tpm.h"
#include "unlock/cap.h"

#define READER "Virtual reader 00 00"
#define PIN    "314159"

/* Keyslot 2: a card; 3: the TPM with a PIN; of `plain` 3: the TPM without. */
static struct {
	struct world disk, plain, both;
	struct vcard *card;
	struct readers *readers;
	struct double_ask person;
	struct session *s;
	struct volume *v;
	struct unlock_goal goal;
	struct unlock_result result;
	unsigned delivered;
	bool opens;
} w;

static enum err deliver(void *ctx, struct volume *v, int slot, const struct secret *pass)
{
	int opened = -1;

	(void)ctx;
	w.delivered++;
	w.opens = luks_try(v->luks, slot, pass, &opened) == OK && opened == slot;
	return OK;
}

static void load(const struct world *of)
{
	w.v = volume_free(w.v);
	CHECK(volume_load(&of->where, &w.v) == OK);
}

static void begin(const struct world *of, bool card_here)
{
	struct session_options o = {.wait_ms = -1, .poll_ms = 1, .run = w.disk.boot};

	w.readers = double_vcard_readers();
	double_vcard_put(w.readers, 0, READER, card_here ? w.card : NULL);
	o.readers = w.readers;
	o.ask = double_ask_init(&w.person);
	w.goal = (struct unlock_goal){.name = "disk", .deliver = deliver};
	w.delivered = 0;
	w.opens = false;
	w.result = (struct unlock_result){0};
	double_tpm->mood = DOUBLE_TPM_WORKS;
	double_tpm->lockout.failed = 0;
	double_tpm->looked = double_tpm->unsealed = 0;
	double_tpm->right = double_tpm->wrong = 0;
	double_tpm->cleared = false;
	CHECK(session_new(&o, &w.s) == OK);
	load(of);
}

static enum err go(void)
{
	return unlock_volume(w.s, w.v, &w.goal, &w.result);
}

static bool opened_by(const char *backend, int slot)
{
	return w.delivered == 1 && w.opens && w.result.keyslot == slot &&
	       strcmp(w.result.backend, backend) == 0;
}

static void end(void)
{
	w.v = volume_free(w.v);
	w.s = session_free(w.s);
	CHECK(w.person.closed);
}

static void make_world(void)
{
	double_tpm_start();
	world_make(&w.disk, 2);
	world_make(&w.plain, 2);
	world_make(&w.both, 2);
	w.card = world_card(CURVE_25519);
	CHECK(world_enroll_plain(&w.disk, w.card) == OK);
	double_tpm_enroll(&w.disk, 3, PIN);
	double_tpm_enroll(&w.plain, 3, NULL);
	double_tpm_enroll(&w.both, 3, PIN);
}

static void drop_world(void)
{
	vcard_free(w.card);
	world_drop(&w.both);
	world_drop(&w.plain);
	world_drop(&w.disk);
}

/* --- the cases --- */

static void without_a_pin_nobody_is_asked(void)
{
	begin(&w.plain, false);
	CHECK(go() == OK && opened_by(BACKEND_TPM2, 3));
	CHECK(w.person.asked[ASK_PASSPHRASE] == 0 && w.person.asked[ASK_TPM_PIN] == 0);
	CHECK(double_tpm->looked == 1 && double_tpm->unsealed == 1);
	end();
}

static void the_pin_opens_it(void)
{
	begin(&w.disk, false);
	double_ask_answer(&w.person, ASK_TPM_PIN, PIN);
	CHECK(go() == OK && opened_by(BACKEND_TPM2, 3));
	CHECK(w.person.asked[ASK_CARD_OR_PASSPHRASE] == 0 && w.result.ident[0] == '\0');
	CHECK(double_tpm->right == 1 && double_tpm->wrong == 0);
	end();
}

static void a_card_that_is_here_comes_first(void)
{
	begin(&w.disk, true);
	double_ask_answer(&w.person, ASK_USER_PIN, "123456");
	CHECK(go() == OK && opened_by(BACKEND_CARD, 2));
	CHECK(double_tpm->unsealed == 0);
	end();
}

static void put_in_late(void *ctx, unsigned left)
{
	(void)ctx;
	if (left == 5)
		double_vcard_put(w.readers, 0, READER, w.card);
}

static void a_card_that_comes_takes_over(void)
{
	begin(&w.disk, false);
	w.person.patience = 10;
	w.person.tick = put_in_late;
	double_ask_answer(&w.person, ASK_USER_PIN, "123456");
	CHECK(go() == OK && opened_by(BACKEND_CARD, 2));
	CHECK(w.person.asked[ASK_TPM_PIN] == 1 && double_tpm->unsealed == 0);
	end();
}

static void a_wrong_pin_is_told_and_never_sent_again(void)
{
	begin(&w.disk, false);
	double_ask_answer(&w.person, ASK_TPM_PIN, "271828");
	double_ask_answer(&w.person, ASK_TPM_PIN, "271828");
	double_ask_answer(&w.person, ASK_TPM_PIN, PIN);
	CHECK(go() == OK && opened_by(BACKEND_TPM2, 3));
	CHECK(double_ask_said(&w.person, "Wrong PIN. The TPM has 4 tries left."));
	CHECK(double_ask_said(&w.person, "It was not sent again"));
	CHECK(double_tpm->wrong == 1 && double_tpm->right == 1);
	end();
}

static void what_is_too_short_or_long_to_be_the_pin_is_not_sent(void)
{
	char much[TPM2_PIN_MAX + 2] = "";

	memset(much, '1', sizeof(much) - 1);
	begin(&w.disk, false);
	double_ask_answer(&w.person, ASK_TPM_PIN, "31415");
	double_ask_answer(&w.person, ASK_TPM_PIN, much);
	double_ask_answer(&w.person, ASK_TPM_PIN, PIN);
	CHECK(go() == OK && opened_by(BACKEND_TPM2, 3));
	CHECK(double_ask_said(&w.person, "6 to 127 characters"));
	CHECK(double_tpm->wrong == 0 && double_tpm->unsealed == 1);
	end();
}

static void the_last_try_is_spent_only_on_purpose(void)
{
	begin(&w.disk, false);
	double_tpm->lockout.failed = 4;
	double_ask_answer(&w.person, ASK_TPM_PIN, "271828");
	double_ask_answer(&w.person, ASK_TPM_PIN, "161803");
	double_ask_answer(&w.person, ASK_TPM_PIN, PIN);
	double_ask_answer(&w.person, ASK_TPM_PIN, PIN);
	CHECK(go() == OK && opened_by(BACKEND_TPM2, 3));
	CHECK(double_ask_said(&w.person, "The two PINs differ"));
	CHECK(w.person.last_asked_again == 2 && double_tpm->wrong == 0);
	end();
}

static void a_lockout_is_told_with_its_time_and_the_passphrase_opens(void)
{
	begin(&w.disk, false);
	double_tpm->lockout.failed = 4;
	double_ask_answer(&w.person, ASK_TPM_PIN, "271828");
	double_ask_answer(&w.person, ASK_TPM_PIN, "271828");
	double_ask_answer(&w.person, ASK_CARD_OR_PASSPHRASE, WORLD_PHRASE);
	CHECK(go() == OK && opened_by("passphrase", 0));
	CHECK(double_ask_said(&w.person, "The TPM is locked"));
	CHECK(double_ask_said(&w.person, "10 minutes"));
	CHECK(double_tpm->wrong == 1);
	end();
	begin(&w.plain, false);
	double_tpm->lockout.failed = 5;
	CHECK(go() == OK && opened_by(BACKEND_TPM2, 3)); /* it counts nothing */
	end();
}

/* Some forget none: their interval is as long as can be. */
static void the_longest_time_is_told_as_it_is(void)
{
	const uint32_t usual = double_tpm->lockout.interval_s;

	begin(&w.disk, false);
	double_tpm->lockout.failed = 5;
	double_tpm->lockout.interval_s = UINT32_MAX;
	double_ask_answer(&w.person, ASK_CARD_OR_PASSPHRASE, WORLD_PHRASE);
	CHECK(go() == OK && opened_by("passphrase", 0));
	CHECK(double_ask_said(&w.person, "49711 days"));
	double_tpm->lockout.interval_s = usual;
	end();
}

static void an_empty_pin_means_another_way_and_back(void)
{
	begin(&w.disk, false);
	double_ask_answer(&w.person, ASK_TPM_PIN, "");
	double_ask_answer(&w.person, ASK_CARD_OR_PASSPHRASE, "");
	double_ask_answer(&w.person, ASK_TPM_PIN, PIN);
	CHECK(go() == OK && opened_by(BACKEND_TPM2, 3));
	end();
	begin(&w.both, false); /* where no card is enrolled */
	double_ask_answer(&w.person, ASK_TPM_PIN, "");
	double_ask_answer(&w.person, ASK_PASSPHRASE, "");
	double_ask_answer(&w.person, ASK_TPM_PIN, "");
	double_ask_answer(&w.person, ASK_PASSPHRASE, WORLD_PHRASE);
	CHECK(go() == OK && opened_by("passphrase", 0));
	end();
}

static void changed_pcrs_are_named_and_no_pin_is_asked(void)
{
	begin(&w.disk, false);
	double_tpm->now.value[9][3] ^= 1;
	double_ask_answer(&w.person, ASK_CARD_OR_PASSPHRASE, WORLD_PHRASE);
	CHECK(go() == OK && opened_by("passphrase", 0));
	CHECK(double_ask_said(&w.person, "Changed: PCR 9 (what GRUB loaded"));
	CHECK(double_ask_said(&w.person, "bootlatch tpm reseal"));
	CHECK(w.person.asked[ASK_TPM_PIN] == 0 && double_tpm->unsealed == 0);
	double_tpm->now.value[9][3] ^= 1;
	end();
}

static void one_that_works_no_more_is_told_once(void)
{
	static const struct {
		enum double_tpm_mood mood;
		const char *said;
	} rows[] = {
	        {DOUBLE_TPM_ABSENT, "there is no TPM 2.0"},
	        {DOUBLE_TPM_FAILS,  "the TPM failed"     },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin(&w.disk, false);
		double_tpm->mood = rows[i].mood;
		double_ask_answer(&w.person, ASK_CARD_OR_PASSPHRASE, WORLD_PHRASE);
		CHECK_ROW(go() == OK && opened_by("passphrase", 0), rows[i].said);
		CHECK_ROW(double_ask_said(&w.person, rows[i].said), rows[i].said);
		load(&w.both); /* another volume of the session */
		double_ask_answer(&w.person, ASK_PASSPHRASE, WORLD_PHRASE);
		CHECK_ROW(go() == OK && w.delivered == 2, rows[i].said);
		CHECK_ROW(double_tpm->looked == 1, rows[i].said);
		end();
	}
}

/* Or somebody on its bus does, whose errors no session protects. */
static void one_that_blames_a_pin_that_was_not_sent_is_asked_once(void)
{
	begin(&w.plain, false);
	double_tpm->mood = DOUBLE_TPM_BLAMES_THE_PIN;
	double_ask_answer(&w.person, ASK_PASSPHRASE, WORLD_PHRASE);
	CHECK(go() == OK && opened_by("passphrase", 0));
	CHECK(double_ask_said(&w.person, "the TPM failed"));
	CHECK(double_tpm->unsealed == 1);
	end();
}

static void a_cleared_one_is_told(void)
{
	begin(&w.plain, false);
	double_tpm->cleared = true;
	double_ask_answer(&w.person, ASK_PASSPHRASE, WORLD_PHRASE);
	CHECK(go() == OK && opened_by("passphrase", 0));
	CHECK(double_ask_said(&w.person, "it was cleared since"));
	end();
}

static void while_it_hangs_the_passphrase_can_be_typed(void)
{
	begin(&w.plain, false);
	double_tpm->mood = DOUBLE_TPM_HANGS;
	double_ask_answer(&w.person, ASK_PASSPHRASE, WORLD_PHRASE);
	CHECK(go() == OK && opened_by("passphrase", 0));
	CHECK(double_ask_said(&w.person, "You need not wait for it"));
	end();
	begin(&w.disk, false);
	double_tpm->mood = DOUBLE_TPM_HANGS_UNSEALING;
	double_ask_answer(&w.person, ASK_TPM_PIN, PIN);
	double_ask_answer(&w.person, ASK_CARD_OR_PASSPHRASE, WORLD_PHRASE);
	CHECK(go() == OK && opened_by("passphrase", 0));
	end();
}

static void while_it_hangs_a_card_can_be_put_in(void)
{
	begin(&w.disk, false);
	double_tpm->mood = DOUBLE_TPM_HANGS;
	w.person.patience = 10;
	w.person.tick = put_in_late;
	double_ask_answer(&w.person, ASK_USER_PIN, "123456");
	CHECK(go() == OK && opened_by(BACKEND_CARD, 2));
	end();
}

static void one_pin_serves_several_volumes(void)
{
	begin(&w.disk, false);
	double_ask_answer(&w.person, ASK_TPM_PIN, PIN);
	CHECK(go() == OK && opened_by(BACKEND_TPM2, 3));
	load(&w.both);
	CHECK(go() == OK && w.delivered == 2 && w.opens);
	CHECK(w.person.asked[ASK_TPM_PIN] == 1 && double_tpm->right == 2);
	/* Not once a wrong one was counted in between. */
	double_tpm->lockout.failed = 1;
	double_ask_answer(&w.person, ASK_TPM_PIN, PIN);
	CHECK(go() == OK && w.delivered == 3);
	CHECK(w.person.asked[ASK_TPM_PIN] == 2);
	end();
}

/* Both the token's word, and what its object says. */
static void whether_a_pin_is_needed_only_the_record_says(void)
{
	begin(&w.disk, false);
	for (size_t i = 0; i < w.v->n_enrolled; i++)
		if (w.v->enrolled[i].keyslot == 3)
			w.v->enrolled[i].needs_pin = false;
	double_ask_answer(&w.person, ASK_CARD_OR_PASSPHRASE, WORLD_PHRASE);
	CHECK(go() == OK && opened_by("passphrase", 0));
	CHECK(double_ask_said(&w.person, "is not what was enrolled"));
	CHECK(w.person.asked[ASK_TPM_PIN] == 0 && double_tpm->looked == 0);
	end();
}

static void another_object_than_the_recorded_one_is_refused(void)
{
	struct volume *other = NULL;

	begin(&w.both, false);
	CHECK(volume_load(&w.disk.where, &other) == OK);
	for (size_t i = 0; i < w.v->n_enrolled; i++) {
		struct enrolment *en = &w.v->enrolled[i];
		const struct enrolment *from = volume_find(other, en->keyslot);

		CHECK(from && from->blob_len[1] == en->blob_len[1]);
		memcpy(en->blob[1], from->blob[1], en->blob_len[1]);
	}
	double_ask_answer(&w.person, ASK_PASSPHRASE, WORLD_PHRASE);
	CHECK(go() == OK && opened_by("passphrase", 0));
	CHECK(w.person.asked[ASK_TPM_PIN] == 0 && double_tpm->looked == 0);
	other = volume_free(other);
	end();
}

static void what_it_gives_must_be_the_recorded_passphrase(void)
{
	begin(&w.plain, false);
	double_tpm->object[1].secret[0] ^= 1;
	double_ask_answer(&w.person, ASK_PASSPHRASE, WORLD_PHRASE);
	CHECK(go() == OK && opened_by("passphrase", 0));
	CHECK(double_ask_said(&w.person, "does not open keyslot 3"));
	double_tpm->object[1].secret[0] ^= 1;
	end();
}

static void a_descriptors_pin_is_used_once(void)
{
	begin(&w.both, false);
	w.person.nobody[ASK_PASSPHRASE] = w.person.nobody[ASK_CARD_OR_PASSPHRASE] = true;
	double_ask_answer(&w.person, ASK_TPM_PIN, NULL);
	CHECK(go() == ERR_CANCELLED && w.delivered == 0);
	end();
}

static void a_test_of_the_ways_in_takes_the_tpm(void)
{
	begin(&w.both, false);
	w.goal.card_only = true;
	double_ask_answer(&w.person, ASK_TPM_PIN, PIN);
	CHECK(go() == OK && opened_by(BACKEND_TPM2, 3));
	end();
}

static void an_untrusted_volume_is_not_taken_to_the_tpm(void)
{
	const struct volume_where saved = w.plain.where;

	w.plain.where.config_dir = w.plain.boot; /* no records there */
	begin(&w.plain, false);
	w.goal.no_record = true;
	double_ask_answer(&w.person, ASK_CONFIRM, "yes");
	double_ask_answer(&w.person, ASK_PASSPHRASE, WORLD_PHRASE);
	CHECK(go() == OK && opened_by("passphrase", 0));
	CHECK(double_tpm->looked == 0 && double_tpm->unsealed == 0);
	end();
	w.plain.where = saved;
}

/* As the initramfs has it: below `dir`. */
static void take_image_record(const struct world *of)
{
	struct record r, small;

	CHECK(record_load(of->config, of->uuid, &r) == OK);
	CHECK(record_for_image(&r, &small) == OK);
	CHECK(small.n_tpm2 == 1 && small.n == r.n - 1);
	CHECK(record_save(of->dir, &small) == OK);
}

static void begin_in_image(const struct world *of)
{
	begin(of, false);
	w.goal.trust_record = true;
	struct volume_where where = of->where;
	where.config_dir = of->dir;
	w.v = volume_free(w.v);
	CHECK(volume_load(&where, &w.v) == OK);
}

static void in_an_image_the_token_alone_has_the_object(void)
{
	take_image_record(&w.disk);
	take_image_record(&w.plain);
	begin_in_image(&w.disk);
	double_ask_answer(&w.person, ASK_TPM_PIN, PIN);
	CHECK(go() == OK && opened_by(BACKEND_TPM2, 3));
	end();
	begin_in_image(&w.plain);
	CHECK(go() == OK && opened_by(BACKEND_TPM2, 3));
	end();
}

/* Both with a passphrase of the attacker's; one as the record wants it, one not. */
static void in_an_image_an_attackers_object_opens_nothing(void)
{
	const struct world *const rows[] = {&w.disk, &w.plain};
	struct volume *other = NULL;

	for (size_t i = 0; i < 2; i++) {
		begin_in_image(rows[i]);
		w.goal.trust_record = false;
		CHECK(volume_load(&w.both.where, &other) == OK);
		struct enrolment *en = NULL;
		for (size_t k = 0; k < w.v->n_enrolled; k++)
			if (w.v->enrolled[k].keyslot == 3)
				en = &w.v->enrolled[k];
		const struct enrolment *from = volume_find(other, 3);
		CHECK(en && from);
		if (!en || !from)
			break;
		free(en->blob[1]);
		en->blob[1] = malloc(from->blob_len[1]);
		memcpy(en->blob[1], from->blob[1], from->blob_len[1]);
		en->blob_len[1] = from->blob_len[1];
		memcpy(en->fpr, from->fpr, sizeof(en->fpr));
		double_ask_answer(&w.person, ASK_TPM_PIN, PIN);
		double_ask_answer(&w.person,
		                  i == 0 ? ASK_CARD_OR_PASSPHRASE : ASK_PASSPHRASE,
		                  WORLD_PHRASE);
		w.person.next = i; /* no PIN is asked for where the record wants none */
		CHECK(go() == OK && opened_by("passphrase", 0));
		CHECK(double_ask_said(&w.person, i == 0 ? "does not open keyslot 3"
		                                        : "is not what was enrolled"));
		CHECK(double_tpm->unsealed == 1 - i);
		other = volume_free(other);
		end();
	}
}

/* The last one: the TPM stays as it is. */
static void after_the_cap_it_says_so(void)
{
	const struct tpm2 tpm = {0};

	CHECK(cap_tpm(&tpm, w.disk.config, w.disk.boot) == OK);
	begin(&w.plain, false);
	double_ask_answer(&w.person, ASK_PASSPHRASE, WORLD_PHRASE);
	CHECK(go() == OK && opened_by("passphrase", 0));
	CHECK(double_ask_said(&w.person, "was closed when this system had started"));
	CHECK(double_tpm->unsealed == 0);
	end();
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"volumes are made and enrolled",                            make_world                       },
	        {"without a PIN nobody is asked",                            without_a_pin_nobody_is_asked    },
	        {"the PIN opens it",	                                 the_pin_opens_it                 },
	        {"a card that is here comes first",                          a_card_that_is_here_comes_first  },
	        {"a card that comes takes over",                             a_card_that_comes_takes_over     },
	        {"a wrong PIN is told and never sent again",
	         a_wrong_pin_is_told_and_never_sent_again                                                     },
	        {"what is too short or long to be the PIN is not sent",
	         what_is_too_short_or_long_to_be_the_pin_is_not_sent                                          },
	        {"the last try is spent only on purpose",
	         the_last_try_is_spent_only_on_purpose	                                                },
	        {"a lockout is told with its time and the passphrase opens",
	         a_lockout_is_told_with_its_time_and_the_passphrase_opens                                     },
	        {"the longest time is told as it is",                        the_longest_time_is_told_as_it_is},
	        {"an empty PIN means another way and back",
	         an_empty_pin_means_another_way_and_back                                                      },
	        {"changed PCRs are named and no PIN is asked",
	         changed_pcrs_are_named_and_no_pin_is_asked                                                   },
	        {"one that works no more is told once",
	         one_that_works_no_more_is_told_once	                                                  },
	        {"one that blames a PIN that was not sent is asked once",
	         one_that_blames_a_pin_that_was_not_sent_is_asked_once                                        },
	        {"a cleared one is told",                                    a_cleared_one_is_told            },
	        {"while it hangs the passphrase can be typed",
	         while_it_hangs_the_passphrase_can_be_typed                                                   },
	        {"while it hangs a card can be put in",
	         while_it_hangs_a_card_can_be_put_in	                                                  },
	        {"one PIN serves several volumes",                           one_pin_serves_several_volumes   },
	        {"whether a PIN is needed only the record says",
	         whether_a_pin_is_needed_only_the_record_says                                                 },
	        {"another object than the recorded one is refused",
	         another_object_than_the_recorded_one_is_refused                                              },
	        {"what it gives must be the recorded passphrase",
	         what_it_gives_must_be_the_recorded_passphrase                                                },
	        {"a descriptor's PIN is used once",                          a_descriptors_pin_is_used_once   },
	        {"a test of the ways in takes the TPM",
	         a_test_of_the_ways_in_takes_the_tpm	                                                  },
	        {"an untrusted volume is not taken to the TPM",
	         an_untrusted_volume_is_not_taken_to_the_tpm                                                  },
	        {"in an image the token alone has the object",
	         in_an_image_the_token_alone_has_the_object                                                   },
	        {"in an image an attacker's object opens nothing",
	         in_an_image_an_attackers_object_opens_nothing                                                },
	        {"after the cap it says so",                                 after_the_cap_it_says_so         },
	        {"nothing is left behind",                                   drop_world                       },
	};

	if (crypto_init() != OK)
		return 1;
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
