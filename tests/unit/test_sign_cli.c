/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bootlatch sign from the card to /boot: what is checked first, what is refused, what is
 * asked, and what lies there in the end. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/check.h"
#include "tests/unit/sign_world.h"

static void a_first_signature_is_made_and_its_key_remembered(void)
{
	struct signers known = {0};

	sign_world_make();
	double_ask_answer(&sw.person, ASK_CONFIRM, "yes");
	double_ask_answer(&sw.person, ASK_USER_PIN, SIGN_PIN);
	CHECK(sign_world_run() == OK && sign_world_verdict() == VERIFY_GOOD);
	CHECK(sign_world_said("Nothing was signed on this machine before") &&
	      sign_world_said("No signature is there yet") &&
	      sign_world_said("verified what lies there now"));
	CHECK(sign_world_sent() == 1 && !sign_world_staged());
	CHECK(signers_load(&known, sw.config, (uint32_t)time(NULL)) == OK &&
	      signers_find(&known, sw.key.fpr) != NULL && known.n == 1);
	sign_world_drop();
}

static void when_nothing_has_changed_no_pin_is_asked_for(void)
{
	sign_world_make();
	CHECK(sign_world_sign() == OK);
	CHECK(sign_world_run() == ERR_USAGE || sign_world_said("nothing is to be done"));
	sw.c.sign.yes = true;
	CHECK(sign_world_run() == OK && sign_world_said("nothing is to be done"));
	CHECK(sign_world_sent() == 1 && sign_world_said("nothing has changed"));
	/* Unless something is asked for. */
	sw.c.sign.has_style = true;
	sw.c.sign.style = KEXEC_ABSOLUTE;
	CHECK(sign_world_sign() == OK && sign_world_sent() == 2);
	CHECK(sign_world_verdict() == VERIFY_GOOD);
	/* Or others may write what is signed. */
	CHECK(fchmodat(sw.b.fd, KEXEC_HASHES, 0666, 0) == 0);
	CHECK(sign_world_sign() == OK && sign_world_said("Others have a say"));
	CHECK(sign_world_sent() == 3 && sign_world_verdict() == VERIFY_GOOD);
	/* And the style stays what it was from then on. */
	boot_put(&sw.b, "vmlinuz-6.1", "another kernel");
	CHECK(sign_world_sign() == OK && sign_world_said("absolute") == false);
	sw.c.sign.yes = true;
	CHECK(sign_world_run() == OK && sign_world_said("nothing is to be done"));
	sign_world_drop();
}

static void what_changed_is_told_and_signed(void)
{
	sign_world_make();
	CHECK(sign_world_sign() == OK);
	boot_put(&sw.b, "vmlinuz-6.1", "another kernel");
	boot_rm(&sw.b, "nowhere");
	boot_put(&sw.b, "grub/more.cfg", "");
	CHECK(sign_world_verdict() == VERIFY_BAD);
	CHECK(sign_world_sign() == OK && sign_world_verdict() == VERIFY_GOOD);
	CHECK(sign_world_said("  changed  vmlinuz-6.1\n") &&
	      sign_world_said("  removed  nowhere\n") &&
	      sign_world_said("  added    grub/more.cfg\n") &&
	      sign_world_said("1 added, 1 removed, 1 changed"));
	sign_world_drop();
}

static void long_lists_are_cut_but_for_diff(void)
{
	char name[16];

	sign_world_make();
	CHECK(sign_world_sign() == OK);
	for (int i = 0; i < 30; i++) {
		(void)snprintf(name, sizeof(name), "new%02d", i);
		boot_put(&sw.b, name, "");
	}
	sw.c.sign.dry_run = true;
	CHECK(sign_world_run() == OK && sign_world_said("new19") &&
	      !sign_world_said("new20") && sign_world_said("and 10 more: 30 added"));
	sw.c.sign.diff = true;
	CHECK(sign_world_run() == OK && sign_world_said("new29"));
	/* Neither needs a card, nor writes. */
	CHECK(sw.opened == 1 && sign_world_verdict() == VERIFY_BAD);
	sign_world_drop();
}

static void without_a_yes_nothing_is_sent_or_written(void)
{
	static const char *const answers[] = {NULL, "", "no", "YES", "yes "};

	sign_world_make();
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		double_ask_answer(&sw.person, ASK_CONFIRM, answers[i]);
		CHECK_ROW(sign_world_run() == ERR_CANCELLED, answers[i]);
	}
	sw.person.nobody[ASK_CONFIRM] = true;
	CHECK(sign_world_run() == ERR_USAGE && sign_world_said("--yes"));
	CHECK(sign_world_sent() == 0 && !sign_world_staged());
	CHECK(faccessat(sw.b.fd, KEXEC_SIG, F_OK, 0) != 0);
	sign_world_drop();
}

static void a_key_that_never_signed_here_is_refused_unless_it_is_named(void)
{
	const uint32_t later = 0x60000001;

	sign_world_make();
	CHECK(sign_world_sign() == OK);
	sign_world_other_card(later);
	boot_put(&sw.b, "vmlinuz-6.1", "another kernel");
	CHECK(sign_world_sign() == ERR_WRONG_CARD && sign_world_said("--key"));
	CHECK(sign_world_sent() == 0);
	sw.c.sign.has_key = true;
	memcpy(sw.c.sign.key, sw.key.fpr, FPR_LEN);
	CHECK(sign_world_sign() == OK && sign_world_verdict() == VERIFY_GOOD);
	CHECK(sign_world_said("new on this machine"));
	/* A name that is not the card's. */
	sw.c.sign.has_key = true;
	memset(sw.c.sign.key, 0xab, FPR_LEN);
	CHECK(sign_world_sign() == ERR_WRONG_CARD && sign_world_said("--key names"));
	sign_world_drop();
}

static void another_known_key_signs_anew_what_has_not_changed(void)
{
	sign_world_make();
	CHECK(sign_world_sign() == OK);
	sign_world_other_card(0x60000001);
	sw.c.sign.has_key = true;
	memcpy(sw.c.sign.key, sw.key.fpr, FPR_LEN);
	CHECK(sign_world_sign() == OK && sign_world_sent() == 1);
	CHECK(sign_world_verdict() == VERIFY_GOOD);
	sign_world_drop();
}

static void a_clock_behind_the_key_signs_nothing(void)
{
	sign_world_make();
	sign_world_other_card((uint32_t)time(NULL) + 86400);
	CHECK(sign_world_sign() == ERR_REFUSED && sign_world_said("Set the clock"));
	CHECK(sign_world_sent() == 0 && !sign_world_staged());
	sign_world_drop();
}

static void a_card_without_a_signing_key_is_told_before_anything_is_read(void)
{
	sign_world_make();
	vcard_free(sw.card);
	sw.card = vcard_new("default", NULL);
	CHECK(sign_world_sign() == ERR_CARD_STATE &&
	      sign_world_said("has no signature key"));
	sign_world_drop();
}

static void names_that_heads_refuses_are_listed_and_not_signed(void)
{
	sign_world_make();
	boot_put(&sw.b, "grub/b\\ad", "");
	boot_put(&sw.b, "w\xc3\xbcst", "");
	CHECK(sign_world_sign() == ERR_REFUSED && sign_world_said("  grub/b\\x5cad\n"));
	CHECK(sign_world_said("w\\xc3\\xbcst") && sign_world_said("Rename"));
	CHECK(sign_world_sent() == 0 && !sign_world_staged());
	sign_world_drop();
}

static void an_empty_folder_is_not_signed(void)
{
	sign_world_make();
	boot_rm(&sw.b, "vmlinuz-6.1");
	boot_rm(&sw.b, "initrd.img-6.1");
	boot_rm(&sw.b, "grub/grub.cfg");
	CHECK(sign_world_sign() == ERR_REFUSED && sign_world_said("Is it mounted?"));
	sign_world_drop();
}

static void update_grub(void *ctx, unsigned left)
{
	(void)ctx;
	(void)left;
	boot_put(&sw.b, "grub/grub.cfg", "menuentry 'late' { }\n");
	double_ask_answer(&sw.person, ASK_USER_PIN, SIGN_PIN);
	sw.person.tick = NULL;
}

static void what_changes_while_it_is_asked_is_not_signed(void)
{
	sign_world_make();
	double_ask_answer(&sw.person, ASK_CONFIRM, "yes");
	sw.person.patience = 100;
	sw.person.tick = update_grub; /* while the PIN is asked for */
	CHECK(sign_world_run() == ERR_REFUSED && sign_world_said("changed while"));
	CHECK(sign_world_sent() == 1 && !sign_world_staged());
	CHECK(faccessat(sw.b.fd, KEXEC_SIG, F_OK, 0) != 0);
	sign_world_drop();
}

static void what_packages_left_for_heads_goes(void)
{
	sign_world_make();
	boot_put(&sw.b, PENDING_TRIGGER_PRE_NAME, "apt");
	boot_put(&sw.b, PENDING_TRIGGER_POST_NAME, "apt");
	boot_put(&sw.b, "kexec_lukshdr_hash.txt", "of Heads");
	sw.c.sign.entry = DEFAULT_NONE;
	CHECK(sign_world_sign() == OK && sign_world_verdict() == VERIFY_GOOD);
	CHECK(faccessat(sw.b.fd, PENDING_TRIGGER_PRE_NAME, F_OK, 0) != 0 &&
	      faccessat(sw.b.fd, PENDING_TRIGGER_POST_NAME, F_OK, 0) != 0 &&
	      faccessat(sw.b.fd, "kexec_lukshdr_hash.txt", F_OK, 0) == 0);
	sign_world_drop();
}

static void the_default_entry_is_kept_or_must_be_chosen(void)
{
	sign_world_make();
	CHECK(sign_world_sign() == OK && sign_world_said("No default entry"));
	sw.c.sign.entry = DEFAULT_FIRST;
	CHECK(sign_world_sign() == OK && sign_world_said("Default entry: 1, Debian") &&
	      sign_world_said("  boots  Debian|elf|kernel /vmlinuz-6.1"));
	boot_put(&sw.b, "initrd.img-6.1", "another");
	CHECK(sign_world_sign() == OK && sign_world_said("the same entry as before") &&
	      !sign_world_said("  boots  "));
	boot_put(&sw.b, "grub/grub.cfg",
	         "menuentry 'New' {\n\tlinux /vmlinuz-6.1\n}\n"
	         "menuentry 'Debian' {\n\tlinux /vmlinuz-6.1 quiet\n}\n");
	CHECK(sign_world_sign() == OK && sign_world_said("Default entry: 2, Debian"));
	CHECK(faccessat(sw.b.fd, "kexec_default.2.txt", F_OK, 0) == 0 &&
	      faccessat(sw.b.fd, "kexec_default.1.txt", F_OK, 0) != 0);
	boot_put(&sw.b, "grub/grub.cfg",
	         "menuentry 'Other' {\n\tlinux /vmlinuz-6.1\n}\n"
	         "menuentry 'More' {\n\tlinux /vmlinuz-6.1\n}\n");
	CHECK(sign_world_sign() == ERR_REFUSED && sign_world_said("   2  More"));
	CHECK(sign_world_sent() == 4);
	sw.c.sign.entry = DEFAULT_NUMBER;
	sw.c.sign.number = 7;
	CHECK(sign_world_sign() == ERR_USAGE && sign_world_said("no entry 7"));
	sw.c.sign.entry = DEFAULT_NONE;
	CHECK(sign_world_sign() == OK && sign_world_verdict() == VERIFY_GOOD);
	sign_world_drop();
}

static void a_card_that_cannot_sign_changes_nothing(void)
{
	static const struct {
		const char *fault;
		enum err want;
	} rows[] = {
	        {"sign:sw=6A80",   ERR_CARD_STATE},
	        {"sign:sw=6600",   ERR_TOUCH     },
	        {"sign:drop",      ERR_CARD_LOST },
	        {"verify:sw=63C2", ERR_PIN_WRONG },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		sign_world_make();
		sw.person.nobody[ASK_CONFIRM] = true; /* no touch is repeated */
		CHECK_ROW(vcard_fault(sw.card, rows[i].fault), rows[i].fault);
		const enum err e = sign_world_sign();
		CHECK_ROW(e == rows[i].want || (i == 3 && e == ERR_CANCELLED),
		          rows[i].fault);
		CHECK_ROW(!sign_world_staged() &&
		                  faccessat(sw.b.fd, KEXEC_SIG, F_OK, 0) != 0,
		          rows[i].fault);
		sign_world_drop();
	}
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"a first signature is made and its key remembered",
	         a_first_signature_is_made_and_its_key_remembered                                                 },
	        {"when nothing has changed no PIN is asked for",
	         when_nothing_has_changed_no_pin_is_asked_for                                                     },
	        {"what changed is told and signed",                              what_changed_is_told_and_signed  },
	        {"long lists are cut but for diff",                              long_lists_are_cut_but_for_diff  },
	        {"without a yes nothing is sent or written",
	         without_a_yes_nothing_is_sent_or_written	                                                 },
	        {"a key that never signed here is refused unless it is named",
	         a_key_that_never_signed_here_is_refused_unless_it_is_named                                       },
	        {"another known key signs anew what has not changed",
	         another_known_key_signs_anew_what_has_not_changed                                                },
	        {"a clock behind the key signs nothing",
	         a_clock_behind_the_key_signs_nothing	                                                     },
	        {"a card without a signing key is told before anything is read",
	         a_card_without_a_signing_key_is_told_before_anything_is_read                                     },
	        {"names that Heads refuses are listed and not signed",
	         names_that_heads_refuses_are_listed_and_not_signed                                               },
	        {"an empty folder is not signed",                                an_empty_folder_is_not_signed    },
	        {"what changes while it is asked is not signed",
	         what_changes_while_it_is_asked_is_not_signed                                                     },
	        {"what packages left for Heads goes",                            what_packages_left_for_heads_goes},
	        {"the default entry is kept or must be chosen",
	         the_default_entry_is_kept_or_must_be_chosen                                                      },
	        {"a card that cannot sign changes nothing",
	         a_card_that_cannot_sign_changes_nothing	                                                  },
	};

	if (crypto_init() != OK)
		return 1;
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
