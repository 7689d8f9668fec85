/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What lies in the stage of bootlatch sign: finished when it is the newest that was
 * signed and somebody wants it, thrown away or named before a PIN is typed when it is
 * not. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "sign/last.h"
#include "sign/publish.h"
#include "tests/unit/check.h"
#include "tests/unit/sign_world.h"

static enum err sign(void)
{
	sw.c.sign.entry = DEFAULT_FIRST;
	return sign_world_sign();
}

static enum err resume(const char *answer)
{
	sw.c.sign.resume = true;
	if (answer)
		double_ask_answer(&sw.person, ASK_CONFIRM, answer);
	return sign_world_run();
}

static void next_second(void)
{
	const struct timespec pause = {.tv_nsec = 10000000};
	const time_t now = time(NULL);

	while (time(NULL) == now)
		(void)nanosleep(&pause, NULL);
}

/* Signed, and published but for the moves: what lies there is of before. */
static void stage_a_newer(void)
{
	struct kexec_set *old = NULL, *new = NULL;

	CHECK(sign() == OK);
	old = boot_set(sw.b.fd);
	boot_put(&sw.b, "vmlinuz-6.1", "another kernel");
	next_second();
	CHECK(sign() == OK);
	new = boot_set(sw.b.fd);
	CHECK(stage_write(sw.b.fd, old) == OK && stage_publish(sw.b.fd) == OK);
	CHECK(stage_write(sw.b.fd, new) == OK && sign_world_verdict() == VERIFY_BAD);
	/* What was kept is of before as well: it was killed before that. */
	CHECK(last_save(sw.state, sw.b.dir, old) == OK);
	old = kexec_free(old);
	new = kexec_free(new);
}

/* Who can write to /boot puts an old kernel back, and a stage with its old signature. */
static void stage_an_older(bool spoil)
{
	struct kexec_set *old = NULL;

	CHECK(sign() == OK);
	old = boot_set(sw.b.fd);
	boot_put(&sw.b, "vmlinuz-6.1", "a kernel that was mended");
	next_second();
	CHECK(sign() == OK && sign_world_verdict() == VERIFY_GOOD);
	boot_put(&sw.b, "vmlinuz-6.1", "kernel");
	if (spoil)
		boot_put(&sw.b, KEXEC_SIG, "spoiled");
	CHECK(stage_write(sw.b.fd, old) == OK);
	old = kexec_free(old);
}

/* --- older --- */

static void an_older_signing_is_not_put_back(void)
{
	for (int spoil = 0; spoil < 2; spoil++) {
		sign_world_make();
		stage_an_older(spoil == 1);
		sw.c.sign.yes = true;
		CHECK(resume(NULL) == ERR_REFUSED && sign_world_said("it is older"));
		CHECK(!sign_world_staged() && sign_world_verdict() == VERIFY_BAD);
		sign_world_drop();
	}
}

static void nobody_is_told_to_finish_an_older_one(void)
{
	for (int spoil = 0; spoil < 2; spoil++) {
		sign_world_make();
		stage_an_older(spoil == 1);
		const unsigned opened = sw.opened;
		CHECK(sign() == ERR_REFUSED && sign_world_said("it is older") &&
		      !sign_world_said("--resume"));
		CHECK(!sign_world_staged() && sw.opened == opened);
		CHECK(sign() == OK && sign_world_verdict() == VERIFY_GOOD);
		sign_world_drop();
	}
}

/* --- asked for --- */

static void it_is_told_what_is_put_in_place_and_asked_once(void)
{
	sign_world_make();
	stage_a_newer();
	CHECK(resume(NULL) == ERR_CANCELLED && resume("no") == ERR_CANCELLED);
	CHECK(sign_world_staged() && sign_world_verdict() == VERIFY_BAD);
	sw.person.nobody[ASK_CONFIRM] = true;
	CHECK(resume(NULL) != OK && sign_world_staged());
	CHECK(resume("yes") == OK && sign_world_verdict() == VERIFY_GOOD);
	char fpr[FPR_TEXT_LEN];
	for (size_t i = 0; i < PGP_FPR_LEN; i++)
		(void)snprintf(fpr + 2 * i, 3, "%02X", sw.key.fpr[i]);
	CHECK(sign_world_said("Signed on 2") && sign_world_said(fpr) &&
	      sign_world_said("changed  vmlinuz-6.1"));
	CHECK(!sign_world_staged() && sw.person.asked[ASK_CONFIRM] == 0);
	sign_world_drop();
}

static void update_grub(void)
{
	boot_put(&sw.b, "grub/grub.cfg", "menuentry 'late' { }\n");
}

static void what_changes_while_it_is_asked_is_not_published(void)
{
	sign_world_make();
	stage_a_newer();
	sw.at_ask = update_grub;
	CHECK(resume("yes") == ERR_REFUSED && sign_world_said("changed while"));
	CHECK(sign_world_staged());
	sign_world_drop();
}

/* --- kept --- */

static bool is_kept(void)
{
	struct kexec_set *kept = NULL, *there = NULL;
	const bool same = last_load(sw.state, sw.b.dir, &kept) == OK &&
	                  kexec_read(sw.b.fd, &there, NULL) == OK && kept->sig &&
	                  kept->n == there->n &&
	                  bytes_equal((struct bytes){kept->sig, kept->sig_n},
	                              (struct bytes){there->sig, there->sig_n});

	kept = kexec_free(kept);
	there = kexec_free(there);
	return same;
}

static void what_was_published_is_kept(void)
{
	sign_world_make();
	CHECK(sign() == OK && is_kept());
	boot_put(&sw.b, "vmlinuz-6.1", "another kernel");
	CHECK(sign() == OK && is_kept());
	sign_world_drop();
	sign_world_make();
	stage_a_newer();
	CHECK(!is_kept() || sign_world_staged());
	CHECK(resume("yes") == OK && is_kept());
	sign_world_drop();
}

static void that_it_cannot_be_kept_is_said_and_no_failure(void)
{
	char at[200];

	sign_world_make();
	CHECK(sign() == OK);
	(void)snprintf(at, sizeof(at), "%s/signed/tmp-%s.new", sw.state,
	               strrchr(sw.b.dir, '/') + 1);
	for (char *p = strrchr(at, '/') + strlen("/tmp-"); *p != '\0'; p++)
		if (*p == '-') { /* as the name of the folder has it */
			memmove(p + 3, p + 1, strlen(p));
			memcpy(p, "%2D", 3);
		}
	CHECK(mkdir(at, 0700) == 0);
	(void)snprintf(at + strlen(at), sizeof(at) - strlen(at), "/odd");
	CHECK(mkdir(at, 0700) == 0);
	(void)snprintf(at + strlen(at), sizeof(at) - strlen(at), "/more");
	CHECK(mkdir(at, 0700) == 0);
	boot_put(&sw.b, "vmlinuz-6.1", "another kernel");
	CHECK(sign() == OK && sign_world_said("could not be kept"));
	CHECK(sign_world_verdict() == VERIFY_GOOD);
	sign_world_drop();
}

/* --- in the way --- */

static void odd_things_in_an_unfinished_stage_go(void)
{
	sign_world_make();
	boot_folder(&sw.b, STAGE_FOLDER);
	boot_folder(&sw.b, STAGE_FOLDER "/folder");
	boot_folder(&sw.b, STAGE_FOLDER "/" KEXEC_HASHES);
	boot_folder(&sw.b, STAGE_FOLDER "/list");
	boot_link(&sw.b, STAGE_FOLDER "/link", "/");
	CHECK(mkfifoat(sw.b.fd, STAGE_FOLDER "/pipe", 0600) == 0);
	CHECK(sign() == OK && !sign_world_staged() && sign_world_sent() == 1);
	sign_world_drop();
}

static void what_cannot_go_is_named_before_a_PIN_is_typed(void)
{
	sign_world_make();
	boot_folder(&sw.b, STAGE_FOLDER);
	boot_folder(&sw.b, STAGE_FOLDER "/folder");
	boot_put(&sw.b, STAGE_FOLDER "/folder/file", "");
	CHECK(sign() == ERR_REFUSED &&
	      sign_world_said("/" STAGE_FOLDER "/folder is in the way"));
	CHECK(sw.opened == 0 && sign_world_sent() == 0);
	CHECK(resume(NULL) == ERR_REFUSED &&
	      sign_world_said("/" STAGE_FOLDER "/folder is in the way"));
	boot_rm(&sw.b, STAGE_FOLDER "/folder/file");
	CHECK(sign() == OK && sign_world_verdict() == VERIFY_GOOD);
	sign_world_drop();
}

static void beside_what_is_whole_it_stops_the_publishing(void)
{
	sign_world_make();
	stage_a_newer();
	boot_folder(&sw.b, STAGE_FOLDER "/folder");
	boot_put(&sw.b, STAGE_FOLDER "/folder/file", "");
	CHECK(resume("yes") == ERR_REFUSED &&
	      sign_world_said("/" STAGE_FOLDER "/folder is in the way"));
	CHECK(sign_world_staged() && sign_world_verdict() == VERIFY_BAD);
	boot_rm(&sw.b, STAGE_FOLDER "/folder/file");
	CHECK(unlinkat(sw.b.fd, STAGE_FOLDER "/folder", AT_REMOVEDIR) == 0);
	CHECK(resume("yes") == OK && sign_world_verdict() == VERIFY_GOOD);
	sign_world_drop();
}

/* --- one at a time --- */

static void two_at_once_do_not_sign(void)
{
	int fd = -1;

	sign_world_make();
	CHECK(last_lock(sw.state, sw.b.dir, &fd) == OK);
	CHECK(sign() == ERR_REFUSED && sign_world_said("Another") && sw.opened == 0);
	CHECK(resume("yes") == ERR_REFUSED && sign_world_said("Another"));
	(void)close(fd);
	CHECK(sign() == OK);
	sign_world_drop();
}

/* Whoever may read a folder may lock it. */
static void a_lock_on_the_folder_itself_stops_nobody(void)
{
	sign_world_make();
	CHECK(flock(sw.b.fd, LOCK_EX | LOCK_NB) == 0);
	CHECK(sign() == OK && sign_world_verdict() == VERIFY_GOOD);
	sign_world_drop();
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"an older signing is not put back",                an_older_signing_is_not_put_back},
	        {"nobody is told to finish an older one",
	         nobody_is_told_to_finish_an_older_one                                              },
	        {"it is told what is put in place and asked once",
	         it_is_told_what_is_put_in_place_and_asked_once                                     },
	        {"what changes while it is asked is not published",
	         what_changes_while_it_is_asked_is_not_published                                    },
	        {"what was published is kept",                      what_was_published_is_kept      },
	        {"that it cannot be kept is said and no failure",
	         that_it_cannot_be_kept_is_said_and_no_failure                                      },
	        {"odd things in an unfinished stage go",
	         odd_things_in_an_unfinished_stage_go                                               },
	        {"what cannot go is named before a PIN is typed",
	         what_cannot_go_is_named_before_a_PIN_is_typed                                      },
	        {"beside what is whole it stops the publishing",
	         beside_what_is_whole_it_stops_the_publishing                                       },
	        {"two at once do not sign",                         two_at_once_do_not_sign         },
	        {"a lock on the folder itself stops nobody",
	         a_lock_on_the_folder_itself_stops_nobody                                           },
	};

	if (crypto_init() != OK)
		return 1;
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
