/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bootlatch sign and the rollback counter: staged before it goes up, published at once,
 * and finished by --resume from wherever it was cut short. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sign/publish.h"
#include "tests/unit/check.h"
#include "tests/unit/sign_world.h"

static const char tpm1_line[] =
        "0000000000000000000000000000000000000000000000000000000000000000  "
        "/tmp/counter-1234567890\n";

/* Signed with the counter at 5, and a kernel that has changed since. */
static void begin(void)
{
	sign_world_make();
	sw.count = 5;
	sign_world_rollback(5);
	sw.c.sign.rollback = ROLLBACK_KEEP;
	sw.c.sign.entry = DEFAULT_NONE;
	sw.c.sign.entry = DEFAULT_NONE; /* nobody known has signed that line */
	CHECK(sign_world_sign() == OK && sw.increments == 0 && sign_world_pins(5));
	boot_put(&sw.b, "vmlinuz-6.1", "another kernel");
}

static enum err resume(void)
{
	sw.c.sign.resume = sw.c.sign.yes = true;
	return sign_world_run();
}

static bool good(uint64_t count)
{
	return sign_world_verdict() == VERIFY_GOOD && sign_world_pins(count) &&
	       !sign_world_staged();
}

/* The old signature, still over the old line: only the kernel differs. */
static bool as_before(void)
{
	return sign_world_verdict() == VERIFY_BAD && sign_world_pins(5);
}

/* --- in order --- */

static void look_at_increment(void)
{
	struct kexec_set *staged = NULL;

	/* Whole and waiting, while what lies there is as it was. */
	CHECK(stage_read(sw.b.fd, &staged) == OK && as_before());
	staged = kexec_free(staged);
}

static void the_counter_goes_up_between_stage_and_publishing(void)
{
	begin();
	sw.at_increment = look_at_increment;
	CHECK(sign_world_sign() == OK && sw.increments == 1 && sw.count == 6 && good(6));
	sw.at_increment = NULL;
	CHECK(sign_world_said("goes up from 5 to 6"));
	/* Nothing new, nothing counted. */
	sw.c.sign.yes = true;
	CHECK(sign_world_run() == OK && sw.increments == 1);
	CHECK(sign_world_said("nothing is to be done"));
	/* Unless it is asked for. */
	sw.c.sign.rollback = ROLLBACK_BUMP;
	CHECK(sign_world_sign() == OK && sw.count == 7 && good(7));
	sign_world_drop();
}

static void keep_and_none_leave_the_counter_alone(void)
{
	begin();
	sw.c.sign.rollback = ROLLBACK_KEEP;
	CHECK(sign_world_sign() == OK && sw.increments == 0 && good(5));
	sw.c.sign.rollback = ROLLBACK_NONE;
	CHECK(sign_world_sign() == OK && sw.increments == 0);
	CHECK(sign_world_said("An older /boot"));
	CHECK(faccessat(sw.b.fd, KEXEC_ROLLBACK, F_OK, 0) != 0);
	CHECK(sign_world_verdict() == VERIFY_GOOD);
	sw.c.sign.rollback = ROLLBACK_BUMP;
	CHECK(sign_world_sign() == ERR_REFUSED && sign_world_said("no rollback counter"));
	sign_world_drop();
}

/* Cut short after the increment and the stage lost: Heads would not boot. */
static void a_counter_that_ran_ahead_is_caught_up_with(void)
{
	begin();
	CHECK(sign_world_sign() == OK && good(6));
	sw.count = 9;
	sw.c.sign.rollback = ROLLBACK_KEEP;
	sw.c.sign.yes = true;
	CHECK(sign_world_run() == OK && sign_world_said("Heads will refuse to boot"));
	CHECK(sign_world_sign() == OK && sw.count == 10 && good(10));
	sign_world_drop();
}

static void without_a_tpm_the_line_stays_and_it_is_said(void)
{
	static const enum err errs[] = {ERR_UNSUPPORTED, ERR_NOT_FOUND, ERR_FORMAT,
	                                ERR_ACCESS,      ERR_BUSY,      ERR_IO};

	for (size_t i = 0; i < sizeof(errs) / sizeof(errs[0]); i++) {
		begin();
		sw.read_err = errs[i];
		sw.c.sign.rollback = ROLLBACK_BUMP;
		CHECK_ROW(sign_world_sign() == ERR_REFUSED && as_before(),
		          err_text(errs[i]));
		CHECK_ROW(sign_world_said("cannot go up"), err_text(errs[i]));
		CHECK_ROW(sign_world_sign() == OK && good(5), err_text(errs[i]));
		CHECK_ROW(sign_world_said("stays as it is"), err_text(errs[i]));
		sign_world_drop();
	}
}

static void a_tpm_1_2_keeps_its_count(void)
{
	begin();
	boot_put(&sw.b, KEXEC_ROLLBACK, tpm1_line);
	CHECK(sign_world_sign() == OK && sign_world_said("TPM 1.2"));
	CHECK(sw.increments == 0 && sign_world_verdict() == VERIFY_GOOD);
	boot_put(&sw.b, KEXEC_ROLLBACK, "what is this\n");
	CHECK(sign_world_sign() == OK && sign_world_said("not understood"));
	sign_world_drop();
}

/* --- failures --- */

static void an_increment_that_fails_changes_nothing(void)
{
	begin();
	sw.increment_err = ERR_IO;
	CHECK(sign_world_sign() == ERR_IO && sign_world_said("Nothing was changed"));
	CHECK(as_before() && !sign_world_staged() && sw.count == 5);
	sign_world_drop();
}

static void an_increment_that_failed_and_counted_is_gone_on_with(void)
{
	begin();
	sw.increment_err = ERR_IO;
	sw.counts_all_the_same = true;
	CHECK(sign_world_sign() == OK && good(6));
	sign_world_drop();
}

static void when_it_cannot_be_told_the_stage_waits(void)
{
	for (int counted = 0; counted < 2; counted++) {
		begin();
		sw.increment_err = ERR_IO;
		sw.counts_all_the_same = counted == 1;
		sw.fails_later = true;
		CHECK(sign_world_sign() == ERR_IO && sign_world_said("--resume"));
		CHECK(sign_world_staged() && as_before());
		/* Signing on is refused, and asks for nothing. */
		CHECK(sign_world_sign() == ERR_REFUSED && sign_world_said("--resume"));
		CHECK(resume() == ERR_IO && sign_world_staged());
		sw.increment_err = sw.read_err = OK;
		const unsigned sent = sign_world_sent(), opened = sw.opened;
		CHECK(resume() == OK && good(6) && sw.count == 6);
		CHECK(sign_world_sent() == sent && sw.opened == opened);
		CHECK(sw.increments == (counted ? 1 : 2));
		sign_world_drop();
	}
}

/* --- cut short --- */

/* Staged for the next count, and ended there. */
static void stage_for_six(void)
{
	begin();
	sw.increment_err = ERR_IO;
	sw.fails_later = true;
	CHECK(sign_world_sign() == ERR_IO && sign_world_staged());
	sw.increment_err = sw.read_err = OK;
	sw.increments = 0;
}

static void what_is_already_in_place_is_no_obstacle(void)
{
	int fd = -1;

	stage_for_six();
	fd = openat(sw.b.fd, STAGE_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(fd >= 0 && renameat(fd, KEXEC_ROLLBACK, sw.b.fd, KEXEC_ROLLBACK) == 0 &&
	      renameat(fd, KEXEC_HASHES, sw.b.fd, KEXEC_HASHES) == 0);
	(void)close(fd);
	sw.count = 6; /* it had gone up before anything was moved */
	CHECK(resume() == OK && good(6) && sw.increments == 0);
	sign_world_drop();
}

static void a_stage_that_files_have_left_behind_is_thrown_away(void)
{
	stage_for_six();
	boot_put(&sw.b, "vmlinuz-6.1", "yet another kernel");
	CHECK(resume() == ERR_REFUSED && sign_world_said("sign again"));
	CHECK(!sign_world_staged() && sw.increments == 0 && as_before());
	CHECK(sign_world_sign() == OK && good(6));
	sign_world_drop();
}

static void a_stage_for_another_count_is_thrown_away(void)
{
	stage_for_six();
	sw.count = 8;
	CHECK(resume() == ERR_REFUSED && !sign_world_staged() && sw.increments == 0);
	CHECK(sign_world_sign() == OK && good(9));
	sign_world_drop();
}

static void a_stage_by_a_key_that_is_not_known_is_thrown_away(void)
{
	char name[128];

	stage_for_six();
	(void)snprintf(name, sizeof(name), "%s/signers", sw.config);
	CHECK(chmod(name, 0777) == 0);
	CHECK(resume() == ERR_TAMPERED && sign_world_staged());
	CHECK(chmod(name, 0755) == 0);
	char moved[160];
	(void)snprintf(moved, sizeof(moved), "%s.away", name);
	CHECK(rename(name, moved) == 0);
	CHECK(resume() == ERR_REFUSED && !sign_world_staged());
	CHECK(sign_world_said("not signed by a key that is known"));
	CHECK(as_before());
	sign_world_drop();
}

static void nothing_to_finish_is_no_error(void)
{
	begin();
	CHECK(resume() == OK && sign_world_said("nothing to finish") && as_before());
	/* One that never became whole. */
	boot_folder(&sw.b, STAGE_FOLDER);
	boot_put(&sw.b, STAGE_FOLDER "/" KEXEC_HASHES, "half");
	CHECK(resume() == OK && !sign_world_staged());
	boot_folder(&sw.b, STAGE_FOLDER);
	CHECK(sign_world_sign() == OK && good(6));
	sign_world_drop();
}

static void nothing_is_chosen_with_resume(void)
{
	sign_world_make();
	sw.c.sign.has_style = true;
	CHECK(resume() == ERR_USAGE);
	sw.c.sign.dry_run = true;
	CHECK(resume() == ERR_USAGE);
	sw.c.sign.diff = sw.c.sign.dry_run = true;
	CHECK(sign_world_run() == ERR_USAGE);
	sign_world_drop();
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"the counter goes up between stage and publishing",
	         the_counter_goes_up_between_stage_and_publishing                                     },
	        {"keep and none leave the counter alone",
	         keep_and_none_leave_the_counter_alone                                                },
	        {"a counter that ran ahead is caught up with",
	         a_counter_that_ran_ahead_is_caught_up_with                                           },
	        {"without a TPM the line stays and it is said",
	         without_a_tpm_the_line_stays_and_it_is_said                                          },
	        {"a TPM 1.2 keeps its count",                            a_tpm_1_2_keeps_its_count    },
	        {"an increment that fails changes nothing",
	         an_increment_that_fails_changes_nothing                                              },
	        {"an increment that failed and counted is gone on with",
	         an_increment_that_failed_and_counted_is_gone_on_with                                 },
	        {"when it cannot be told the stage waits",
	         when_it_cannot_be_told_the_stage_waits                                               },
	        {"what is already in place is no obstacle",
	         what_is_already_in_place_is_no_obstacle                                              },
	        {"a stage that files have left behind is thrown away",
	         a_stage_that_files_have_left_behind_is_thrown_away                                   },
	        {"a stage for another count is thrown away",
	         a_stage_for_another_count_is_thrown_away                                             },
	        {"a stage by a key that is not known is thrown away",
	         a_stage_by_a_key_that_is_not_known_is_thrown_away                                    },
	        {"nothing to finish is no error",                        nothing_to_finish_is_no_error},
	        {"nothing is chosen with resume",                        nothing_is_chosen_with_resume},
	};

	if (crypto_init() != OK)
		return 1;
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
