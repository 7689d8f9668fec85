/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The unlock loop with a TPM that does not give the key: what is said of it, and that
 * nobody is kept from typing. */
#include <fcntl.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "tests/unit/check.h"
#include "tests/unit/tpm_world.h"
#include "unlock/cap.h"

static void changed_pcrs_are_named_and_no_pin_is_asked(void)
{
	tpm_world_begin(&tw.disk, false);
	double_tpm->now.value[9][3] ^= 1;
	double_ask_answer(&tw.u.person, ASK_CARD_OR_PASSPHRASE, WORLD_PHRASE);
	CHECK(tpm_world_go() == OK && tpm_world_opened_by("passphrase", 0));
	CHECK(double_ask_said(&tw.u.person, "Changed: PCR 9 (GRUB's menu"));
	CHECK(double_ask_said(&tw.u.person, "bootlatch tpm reseal"));
	CHECK(tw.u.person.asked[ASK_TPM_PIN] == 0 && double_tpm->unsealed == 0);
	double_tpm->now.value[9][3] ^= 1;
	tpm_world_end();
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
		tpm_world_begin(&tw.disk, false);
		double_tpm->mood = rows[i].mood;
		double_ask_answer(&tw.u.person, ASK_CARD_OR_PASSPHRASE, WORLD_PHRASE);
		CHECK_ROW(tpm_world_go() == OK && tpm_world_opened_by("passphrase", 0),
		          rows[i].said);
		CHECK_ROW(double_ask_said(&tw.u.person, rows[i].said), rows[i].said);
		world_unlock_load(&tw.u, &tw.both); /* another volume of the session */
		double_ask_answer(&tw.u.person, ASK_PASSPHRASE, WORLD_PHRASE);
		CHECK_ROW(tpm_world_go() == OK && tw.u.delivered == 2, rows[i].said);
		CHECK_ROW(double_tpm->looked == 1, rows[i].said);
		tpm_world_end();
	}
}

/* Or somebody on its bus does, whose errors no session protects. */
static void one_that_blames_a_pin_that_was_not_sent_is_asked_once(void)
{
	tpm_world_begin(&tw.plain, false);
	double_tpm->mood = DOUBLE_TPM_BLAMES_THE_PIN;
	double_ask_answer(&tw.u.person, ASK_PASSPHRASE, WORLD_PHRASE);
	CHECK(tpm_world_go() == OK && tpm_world_opened_by("passphrase", 0));
	CHECK(double_ask_said(&tw.u.person, "the TPM failed"));
	CHECK(double_tpm->unsealed == 1);
	tpm_world_end();
}

static void a_cleared_one_is_told(void)
{
	tpm_world_begin(&tw.plain, false);
	double_tpm->cleared = true;
	double_ask_answer(&tw.u.person, ASK_PASSPHRASE, WORLD_PHRASE);
	CHECK(tpm_world_go() == OK && tpm_world_opened_by("passphrase", 0));
	CHECK(double_ask_said(&tw.u.person, "it was cleared since"));
	tpm_world_end();
	/* Nor is a PIN asked for that is for another TPM. */
	tpm_world_begin(&tw.disk, false);
	double_tpm->cleared = true;
	double_ask_answer(&tw.u.person, ASK_CARD_OR_PASSPHRASE, WORLD_PHRASE);
	CHECK(tpm_world_go() == OK && tpm_world_opened_by("passphrase", 0));
	CHECK(double_ask_said(&tw.u.person, "it was cleared since"));
	CHECK(tw.u.person.asked[ASK_TPM_PIN] == 0 && double_tpm->unsealed == 0);
	tpm_world_end();
}

static void while_it_hangs_the_passphrase_can_be_typed(void)
{
	tpm_world_begin(&tw.plain, false);
	double_tpm->mood = DOUBLE_TPM_HANGS;
	double_ask_answer(&tw.u.person, ASK_PASSPHRASE, WORLD_PHRASE);
	CHECK(tpm_world_go() == OK && tpm_world_opened_by("passphrase", 0));
	CHECK(double_ask_said(&tw.u.person, "You need not wait for it"));
	/* It may only have been slow, and be what opens the next one. */
	world_unlock_load(&tw.u, &tw.both);
	double_ask_answer(&tw.u.person, ASK_PASSPHRASE, WORLD_PHRASE);
	CHECK(tpm_world_go() == OK && tw.u.delivered == 2 && double_tpm->looked == 2);
	tpm_world_end();
}

/* Who typed its PIN may wait, and need not. */
static void while_it_unseals_any_key_brings_the_prompt(void)
{
	int keys[2];

	CHECK(pipe2(keys, O_CLOEXEC) == 0 && write(keys[1], "k", 1) == 1);
	tpm_world_begin(&tw.disk, false);
	tw.u.person.fd = keys[0];
	double_tpm->mood = DOUBLE_TPM_HANGS_UNSEALING;
	double_ask_answer(&tw.u.person, ASK_TPM_PIN, TPM_WORLD_PIN);
	double_ask_answer(&tw.u.person, ASK_CARD_OR_PASSPHRASE, WORLD_PHRASE);
	CHECK(tpm_world_go() == OK && tpm_world_opened_by("passphrase", 0));
	CHECK(double_ask_said(&tw.u.person, "still at work"));
	tpm_world_end();
	(void)close(keys[0]);
	(void)close(keys[1]);
}

/* It stands beside the TPM's work, and the first of them opens. */
static void one_that_is_late_opens_all_the_same(void)
{
	tpm_world_begin(&tw.plain, false);
	double_tpm->mood = DOUBLE_TPM_LATE;
	tw.u.person.patience = 1U << 20; /* she looks on */
	CHECK(tpm_world_go() == OK && tpm_world_opened_by(BACKEND_TPM2, 3));
	CHECK(double_ask_said(&tw.u.person, "You need not wait for it"));
	CHECK(tw.u.person.asked[ASK_PASSPHRASE] == 1);
	tpm_world_end();
}

static void while_it_hangs_a_card_can_be_put_in(void)
{
	tpm_world_begin(&tw.disk, false);
	double_tpm->mood = DOUBLE_TPM_HANGS;
	world_unlock_card_late(&tw.u, tw.card);
	double_ask_answer(&tw.u.person, ASK_USER_PIN, "123456");
	CHECK(tpm_world_go() == OK && tpm_world_opened_by(BACKEND_CARD, 2));
	tpm_world_end();
}

/* The last one: the TPM stays as it is. */
static void after_the_cap_it_says_so(void)
{
	const struct tpm2 tpm = {0};

	double_tpm->mood = DOUBLE_TPM_WORKS;
	CHECK(cap_tpm(&tpm, tw.disk.config, tw.disk.boot) == OK);
	tpm_world_begin(&tw.plain, false);
	double_ask_answer(&tw.u.person, ASK_PASSPHRASE, WORLD_PHRASE);
	CHECK(tpm_world_go() == OK && tpm_world_opened_by("passphrase", 0));
	CHECK(double_ask_said(&tw.u.person, "was closed when this system had started"));
	CHECK(double_tpm->unsealed == 0);
	tpm_world_end();
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"changed PCRs are named and no PIN is asked",
	         changed_pcrs_are_named_and_no_pin_is_asked                                       },
	        {"one that works no more is told once",
	         one_that_works_no_more_is_told_once                                              },
	        {"one that blames a PIN that was not sent is asked once",
	         one_that_blames_a_pin_that_was_not_sent_is_asked_once                            },
	        {"a cleared one is told",                                 a_cleared_one_is_told   },
	        {"while it hangs the passphrase can be typed",
	         while_it_hangs_the_passphrase_can_be_typed                                       },
	        {"while it unseals any key brings the prompt",
	         while_it_unseals_any_key_brings_the_prompt                                       },
	        {"one that is late opens all the same",
	         one_that_is_late_opens_all_the_same                                              },
	        {"while it hangs a card can be put in",
	         while_it_hangs_a_card_can_be_put_in                                              },
	        {"after the cap it says so",                              after_the_cap_it_says_so},
	};

	if (crypto_init() != OK)
		return 1;
	tpm_world_make();
	const int status = check_run(cases, sizeof(cases) / sizeof(cases[0]));
	tpm_world_drop();
	return status;
}
