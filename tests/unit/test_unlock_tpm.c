/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The unlock loop with a TPM that works: who is asked what, and what a PIN is good for.
 */
#include <string.h>

#include "crypto/crypto.h"
#include "tests/unit/check.h"
#include "tests/unit/tpm_world.h"

static void without_a_pin_nobody_is_asked(void)
{
	tpm_world_begin(&tw.plain, false);
	CHECK(tpm_world_go() == OK && tpm_world_opened_by(BACKEND_TPM2, 3));
	CHECK(tw.u.person.asked[ASK_PASSPHRASE] == 0 &&
	      tw.u.person.asked[ASK_TPM_PIN] == 0);
	CHECK(double_tpm->looked == 1 && double_tpm->unsealed == 1);
	tpm_world_end();
}

static void the_pin_opens_it(void)
{
	tpm_world_begin(&tw.disk, false);
	double_ask_answer(&tw.u.person, ASK_TPM_PIN, TPM_WORLD_PIN);
	CHECK(tpm_world_go() == OK && tpm_world_opened_by(BACKEND_TPM2, 3));
	CHECK(tw.u.person.asked[ASK_CARD_OR_PASSPHRASE] == 0 &&
	      tw.u.result.ident[0] == '\0');
	CHECK(double_tpm->right == 1 && double_tpm->wrong == 0);
	tpm_world_end();
}

static void a_card_that_is_here_comes_first(void)
{
	tpm_world_begin(&tw.disk, true);
	double_ask_answer(&tw.u.person, ASK_USER_PIN, "123456");
	CHECK(tpm_world_go() == OK && tpm_world_opened_by(BACKEND_CARD, 2));
	CHECK(double_tpm->unsealed == 0);
	tpm_world_end();
}

static void a_card_that_comes_takes_over(void)
{
	tpm_world_begin(&tw.disk, false);
	world_unlock_card_late(&tw.u, tw.card);
	double_ask_answer(&tw.u.person, ASK_USER_PIN, "123456");
	CHECK(tpm_world_go() == OK && tpm_world_opened_by(BACKEND_CARD, 2));
	CHECK(tw.u.person.asked[ASK_TPM_PIN] == 1 && double_tpm->unsealed == 0);
	tpm_world_end();
}

static void a_wrong_pin_is_told_and_never_sent_again(void)
{
	tpm_world_begin(&tw.disk, false);
	double_ask_answer(&tw.u.person, ASK_TPM_PIN, "271828");
	double_ask_answer(&tw.u.person, ASK_TPM_PIN, "271828");
	double_ask_answer(&tw.u.person, ASK_TPM_PIN, TPM_WORLD_PIN);
	CHECK(tpm_world_go() == OK && tpm_world_opened_by(BACKEND_TPM2, 3));
	CHECK(double_ask_said(&tw.u.person, "Wrong PIN. The TPM has 4 tries left."));
	CHECK(double_ask_said(&tw.u.person, "It was not sent again"));
	CHECK(double_tpm->wrong == 1 && double_tpm->right == 1);
	tpm_world_end();
}

static void what_is_too_short_or_long_to_be_the_pin_is_not_sent(void)
{
	char much[TPM2_PIN_MAX + 2] = "";

	memset(much, '1', sizeof(much) - 1);
	tpm_world_begin(&tw.disk, false);
	double_ask_answer(&tw.u.person, ASK_TPM_PIN, "31415");
	double_ask_answer(&tw.u.person, ASK_TPM_PIN, much);
	double_ask_answer(&tw.u.person, ASK_TPM_PIN, TPM_WORLD_PIN);
	CHECK(tpm_world_go() == OK && tpm_world_opened_by(BACKEND_TPM2, 3));
	CHECK(double_ask_said(&tw.u.person, "6 to 127 characters"));
	CHECK(double_tpm->wrong == 0 && double_tpm->unsealed == 1);
	tpm_world_end();
}

static void the_last_try_is_spent_only_on_purpose(void)
{
	tpm_world_begin(&tw.disk, false);
	double_tpm->lockout.failed = 4;
	double_ask_answer(&tw.u.person, ASK_TPM_PIN, "271828");
	double_ask_answer(&tw.u.person, ASK_TPM_PIN, "161803");
	double_ask_answer(&tw.u.person, ASK_TPM_PIN, TPM_WORLD_PIN);
	double_ask_answer(&tw.u.person, ASK_TPM_PIN, TPM_WORLD_PIN);
	CHECK(tpm_world_go() == OK && tpm_world_opened_by(BACKEND_TPM2, 3));
	CHECK(double_ask_said(&tw.u.person, "The two PINs differ"));
	CHECK(tw.u.person.last_asked_again == 2 && double_tpm->wrong == 0);
	tpm_world_end();
}

static void a_lockout_is_told_with_its_time_and_the_passphrase_opens(void)
{
	tpm_world_begin(&tw.disk, false);
	double_tpm->lockout.failed = 4;
	double_ask_answer(&tw.u.person, ASK_TPM_PIN, "271828");
	double_ask_answer(&tw.u.person, ASK_TPM_PIN, "271828");
	double_ask_answer(&tw.u.person, ASK_CARD_OR_PASSPHRASE, WORLD_PHRASE);
	CHECK(tpm_world_go() == OK && tpm_world_opened_by("passphrase", 0));
	CHECK(double_ask_said(&tw.u.person, "The TPM is locked"));
	CHECK(double_ask_said(&tw.u.person, "10 minutes"));
	CHECK(double_tpm->wrong == 1);
	tpm_world_end();
	tpm_world_begin(&tw.plain, false);
	double_tpm->lockout.failed = 5;
	/* It counts nothing. */
	CHECK(tpm_world_go() == OK && tpm_world_opened_by(BACKEND_TPM2, 3));
	tpm_world_end();
}

/* Some forget none: their interval is as long as can be. */
static void the_longest_time_is_told_as_it_is(void)
{
	const uint32_t usual = double_tpm->lockout.interval_s;

	tpm_world_begin(&tw.disk, false);
	double_tpm->lockout.failed = 5;
	double_tpm->lockout.interval_s = UINT32_MAX;
	double_ask_answer(&tw.u.person, ASK_CARD_OR_PASSPHRASE, WORLD_PHRASE);
	CHECK(tpm_world_go() == OK && tpm_world_opened_by("passphrase", 0));
	CHECK(double_ask_said(&tw.u.person, "49711 days"));
	double_tpm->lockout.interval_s = usual;
	tpm_world_end();
}

static void an_empty_pin_means_another_way_and_back(void)
{
	tpm_world_begin(&tw.disk, false);
	double_ask_answer(&tw.u.person, ASK_TPM_PIN, "");
	double_ask_answer(&tw.u.person, ASK_CARD_OR_PASSPHRASE, "");
	double_ask_answer(&tw.u.person, ASK_TPM_PIN, TPM_WORLD_PIN);
	CHECK(tpm_world_go() == OK && tpm_world_opened_by(BACKEND_TPM2, 3));
	tpm_world_end();
	tpm_world_begin(&tw.both, false); /* where no card is enrolled */
	double_ask_answer(&tw.u.person, ASK_TPM_PIN, "");
	double_ask_answer(&tw.u.person, ASK_PASSPHRASE, "");
	double_ask_answer(&tw.u.person, ASK_TPM_PIN, "");
	double_ask_answer(&tw.u.person, ASK_PASSPHRASE, WORLD_PHRASE);
	CHECK(tpm_world_go() == OK && tpm_world_opened_by("passphrase", 0));
	tpm_world_end();
}

static void one_pin_serves_several_volumes(void)
{
	tpm_world_begin(&tw.disk, false);
	double_ask_answer(&tw.u.person, ASK_TPM_PIN, TPM_WORLD_PIN);
	CHECK(tpm_world_go() == OK && tpm_world_opened_by(BACKEND_TPM2, 3));
	world_unlock_load(&tw.u, &tw.both);
	CHECK(tpm_world_go() == OK && tw.u.delivered == 2 && tw.u.opens);
	CHECK(tw.u.person.asked[ASK_TPM_PIN] == 1 && double_tpm->right == 2);
	/* Not once a wrong one was counted in between. */
	double_tpm->lockout.failed = 1;
	double_ask_answer(&tw.u.person, ASK_TPM_PIN, TPM_WORLD_PIN);
	CHECK(tpm_world_go() == OK && tw.u.delivered == 3);
	CHECK(tw.u.person.asked[ASK_TPM_PIN] == 2);
	tpm_world_end();
}

static void a_descriptors_pin_is_used_once(void)
{
	tpm_world_begin(&tw.both, false);
	tw.u.person.nobody[ASK_PASSPHRASE] = tw.u.person.nobody[ASK_CARD_OR_PASSPHRASE] =
	        true;
	double_ask_answer(&tw.u.person, ASK_TPM_PIN, NULL);
	CHECK(tpm_world_go() == ERR_CANCELLED && tw.u.delivered == 0);
	tpm_world_end();
}

static void a_test_of_the_ways_in_takes_the_tpm(void)
{
	tpm_world_begin(&tw.both, false);
	tw.u.goal.card_only = true;
	double_ask_answer(&tw.u.person, ASK_TPM_PIN, TPM_WORLD_PIN);
	CHECK(tpm_world_go() == OK && tpm_world_opened_by(BACKEND_TPM2, 3));
	tpm_world_end();
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"volumes are made and enrolled",                            tpm_world_make                   },
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
	        {"one PIN serves several volumes",                           one_pin_serves_several_volumes   },
	        {"a descriptor's PIN is used once",                          a_descriptors_pin_is_used_once   },
	        {"a test of the ways in takes the TPM",
	         a_test_of_the_ways_in_takes_the_tpm	                                                  },
	        {"nothing is left behind",                                   tpm_world_drop                   },
	};

	if (crypto_init() != OK)
		return 1;
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
