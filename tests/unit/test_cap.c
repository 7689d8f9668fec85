/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The cap: which PCRs, what is kept of them, and how it fails. */
#include "unlock/cap.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "tests/unit/check.h"
#include "tests/unit/double_tpm.h"
#include "unlock/tpm2_saved.h"

static struct world w;
static struct vcard *card;
static const struct tpm2 tpm = {0}, short_of_time = {.limit_ms = 1000};

static enum err cap(void)
{
	return cap_tpm(&tpm, w.config, w.dir);
}

static uint8_t value(unsigned pcr)
{
	return double_tpm->now.value[pcr][0];
}

static void where_no_volume_has_a_tpm_nothing_is_done(void)
{
	uint32_t pcrs = 1;

	double_tpm_start();
	world_make(&w, 2);
	double_tpm->mood = DOUBLE_TPM_HANGS; /* were it asked */
	CHECK(cap() == OK);                  /* no records at all */
	card = world_card(CURVE_25519);
	CHECK(world_enroll_plain(&w, card) == OK);
	CHECK(cap() == OK);
	CHECK(cap_pcrs(w.config, &pcrs) == OK && pcrs == 0);
	CHECK(!cap_is_done(w.dir) && cap_failure(w.dir) == OK);
	double_tpm->mood = DOUBLE_TPM_WORKS;
}

/* What cannot be looked at may name a TPM. */
static void a_folder_that_cannot_be_read_is_an_error(void)
{
	char path[PATH_MAX];
	uint32_t pcrs = 0;

	(void)snprintf(path, sizeof(path), "%s/volumes", w.dir);
	FILE *f = fopen(path, "w");
	CHECK(f && fclose(f) == 0);
	CHECK(cap_pcrs(w.dir, &pcrs) != OK);
	CHECK(cap_tpm(&tpm, w.dir, w.dir) != OK);
	CHECK(unlink(path) == 0 && cap_pcrs(w.dir, &pcrs) == OK && pcrs == 0);
}

static void one_that_does_not_answer_is_told(void)
{
	double_tpm_enroll(&w, 3, NULL);
	double_tpm->mood = DOUBLE_TPM_ABSENT;
	CHECK(cap() == ERR_TPM_ABSENT && cap_failure(w.dir) == ERR_TPM_ABSENT);
	/* Who did not answer one question is given less time for the next. */
	double_tpm->mood = DOUBLE_TPM_FAILS;
	CHECK(cap() == ERR_TPM_FAILED);
	CHECK(double_tpm->read_ms >= 5 * double_tpm->extend_ms);
	CHECK(double_tpm->extend_ms >= 1000);
	CHECK(cap_tpm(&short_of_time, w.config, w.dir) == ERR_TPM_FAILED);
	CHECK(double_tpm->extend_ms == 1000);        /* one that is slow needs as much */
	CHECK(cap_is_done(w.dir));                   /* it may have been extended */
	CHECK(cap_failure(w.dir) == ERR_TPM_FAILED); /* for who comes next */
	double_tpm->mood = DOUBLE_TPM_WORKS;
}

static void starts_anew(void)
{
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/bootlatch/tried", w.dir);
	CHECK(unlink(path) == 0);
}

/* Its PCR may have been extended late, and be what no boot has. */
static void after_one_that_was_given_up_nothing_false_is_kept(void)
{
	const uint8_t before = value(DOUBLE_TPM_CAP);
	struct tpm2_saved saved;

	CHECK(cap() == OK && value(DOUBLE_TPM_CAP) == before + 1);
	CHECK(cap_failure(w.dir) == OK && cap_is_done(w.dir));
	CHECK(tpm2_saved_read(w.dir, &saved) == ERR_NOT_FOUND);
	starts_anew();
	CHECK(!cap_is_done(w.dir));
}

static void what_was_is_kept_and_the_pcr_extended_once(void)
{
	struct tpm2_saved saved;
	struct tpm2_pcrs before = double_tpm->now, was;
	uint32_t pcrs = 0;

	CHECK(cap_pcrs(w.config, &pcrs) == OK && pcrs == 1U << DOUBLE_TPM_CAP);
	CHECK(cap() == OK);
	CHECK(value(DOUBLE_TPM_CAP) == before.value[DOUBLE_TPM_CAP][0] + 1);
	CHECK(cap_is_done(w.dir) && cap_failure(w.dir) == OK);
	CHECK(tpm2_saved_read(w.dir, &saved) == OK && saved.capped == pcrs);
	CHECK(tpm2_saved_values(&saved, HASH_SHA256, TPM2_PCRS_ALL, &was) == OK);
	CHECK(tpm2_pcrs_differ(&was, &before) == 0);
	CHECK(cap() == OK);
	CHECK(value(DOUBLE_TPM_CAP) == before.value[DOUBLE_TPM_CAP][0] + 1);
}

/* The program died between the two. */
static void what_was_kept_but_not_extended_is_extended(void)
{
	struct tpm2_saved saved;

	CHECK(tpm2_saved_read(w.dir, &saved) == OK);
	double_tpm->now = saved.bank[0];
	CHECK(cap() == OK);
	CHECK(tpm2_pcrs_differ(&double_tpm->now, &saved.bank[0]) == 1U << DOUBLE_TPM_CAP);
}

static void without_a_place_to_keep_it_it_is_capped_all_the_same(void)
{
	const uint8_t before = value(DOUBLE_TPM_CAP);

	CHECK(cap_tpm(&tpm, w.config, "/proc/self/fdinfo") == OK);
	CHECK(value(DOUBLE_TPM_CAP) == before + 1);
}

static void drop_world(void)
{
	vcard_free(card);
	world_drop(&w);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"where no volume has a TPM nothing is done",
	         where_no_volume_has_a_tpm_nothing_is_done                                               },
	        {"a folder that cannot be read is an error",
	         a_folder_that_cannot_be_read_is_an_error                                                },
	        {"one that does not answer is told",                     one_that_does_not_answer_is_told},
	        {"after one that was given up nothing false is kept",
	         after_one_that_was_given_up_nothing_false_is_kept                                       },
	        {"what was is kept, and the PCR extended once",
	         what_was_is_kept_and_the_pcr_extended_once                                              },
	        {"what was kept but not extended is extended",
	         what_was_kept_but_not_extended_is_extended                                              },
	        {"without a place to keep it it is capped all the same",
	         without_a_place_to_keep_it_it_is_capped_all_the_same                                    },
	        {"nothing is left behind",                               drop_world                      },
	};

	if (crypto_init() != OK)
		return 1;
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
