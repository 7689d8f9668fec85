/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What bootlatch sign tells before it signs, when somebody has been at /boot: at its
 * signature, at the files that steer Heads, at an older state of it. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "sign/last.h"
#include "tests/unit/check.h"
#include "tests/unit/sign_world.h"

static struct softkey key;

/* As a machine that knows the key; what is signed is not kept here. */
static void begin(void)
{
	sign_world_make();
	CHECK(signers_remember(sw.config, &key.pub) == OK);
}

static void sign_at(uint32_t created, bool by_heads)
{
	const struct boot_signing how = {
	        .by = &key, .created = created, .no_full = by_heads};

	boot_sign(&sw.b, &how);
}

static void keep(void)
{
	struct kexec_set *s = NULL;

	CHECK(kexec_read(sw.b.fd, &s, NULL) == OK);
	CHECK(last_save(sw.state, sw.b.dir, s) == OK);
	s = kexec_free(s);
}

static enum err dry_run(void)
{
	sw.c.sign.dry_run = true;
	return sign_world_run();
}

static enum err agents(void)
{
	sw.c.sign.agents = true;
	sw.c.hears = &sw.person.base;
	return dry_run();
}

static enum err default_run(enum default_wish wish)
{
	sw.c.sign.entry = wish;
	return dry_run();
}

/* --- whoever spoils the signature --- */

static const char planted[] = "Debian|elf|kernel /vmlinuz-6.1|append init=/bin/sh\n";

static void plant(void)
{
	boot_put(&sw.b, KEXEC_MENU, planted);
	boot_put(&sw.b, "kexec_default.1.txt", planted);
	boot_put(&sw.b, "kexec_initrd_crypttab_overrides.txt", "mapped by others");
}

static void a_spoilt_signature_hides_nothing_from_what_was_kept(void)
{
	begin();
	boot_put(&sw.b, "kexec_primhdl_hash.txt", "of the header");
	sign_at(BOOT_SIGNED, false);
	keep();
	plant();
	boot_rm(&sw.b, "kexec_primhdl_hash.txt");
	CHECK(dry_run() == OK && sign_world_said("no longer good"));
	CHECK(sign_world_said("  added    kexec_menu.txt\n") &&
	      sign_world_said("  changed  kexec_default.1.txt\n") &&
	      sign_world_said("  removed  kexec_primhdl_hash.txt\n") &&
	      sign_world_said("  added    kexec_initrd_crypttab_overrides.txt\n"));
	CHECK(!sign_world_said("the same entry as before") &&
	      sign_world_said("  boots  Debian|elf|kernel /vmlinuz-6.1|append init=") &&
	      sign_world_said("  was    Debian|"));
	/* Gone altogether. */
	boot_rm(&sw.b, KEXEC_SIG);
	CHECK(dry_run() == OK && sign_world_said("signature is gone"));
	sign_world_drop();
}

static void with_nothing_kept_it_is_told_and_the_default_must_be_chosen(void)
{
	begin();
	sign_at(BOOT_SIGNED, false);
	plant();
	sw.c.sign.yes = true;
	CHECK(dry_run() == ERR_REFUSED && sign_world_said("--default N") &&
	      sign_world_said("   1  Debian\n"));
	CHECK(sign_world_said("signed by nobody") &&
	      sign_world_said("  unsigned kexec_menu.txt\n") &&
	      sign_world_said("  unsigned kexec_initrd_crypttab_overrides.txt\n"));
	CHECK(sign_world_said("no rollback counter") && !sign_world_said("as before") &&
	      !sign_world_said("Default entry"));
	CHECK(default_run(DEFAULT_FIRST) == OK && sign_world_said("init=/bin/sh"));
	CHECK(default_run(DEFAULT_NONE) == OK && sign_world_said("No default entry"));
	sign_world_drop();
}

static void without_anything_of_heads_a_first_signing_is_easy(void)
{
	begin();
	boot_put(&sw.b, PENDING_TRIGGER_PRE_NAME, "apt");
	CHECK(dry_run() == OK && !sign_world_said("unsigned") &&
	      sign_world_said("No signature is there yet"));
	sign_world_drop();
}

static void a_taken_counter_is_told(void)
{
	begin();
	sign_world_rollback(5);
	sw.count = 5;
	sign_at(BOOT_SIGNED, false);
	keep();
	boot_rm(&sw.b, KEXEC_ROLLBACK);
	CHECK(dry_run() == OK && sign_world_said("  removed  kexec_rollback.txt\n") &&
	      sign_world_said("Rollback counter: taken out"));
	sign_world_drop();
}

static void an_older_state_put_back_is_told_from_what_was_kept(void)
{
	struct kexec_set *old = NULL;

	begin();
	sign_at(BOOT_SIGNED, false);
	old = boot_set(sw.b.fd);
	boot_put(&sw.b, "vmlinuz-6.1", "mended");
	sign_at(BOOT_SIGNED + 60, false);
	keep();
	CHECK(dry_run() == OK && sign_world_said("nothing has changed"));
	boot_put(&sw.b, "vmlinuz-6.1", "kernel");
	for (size_t i = 0; i < old->n; i++)
		boot_put_bytes(&sw.b, old->file[i].name,
		               (struct bytes){old->file[i].data, old->file[i].n});
	boot_put_bytes(&sw.b, KEXEC_SIG, (struct bytes){old->sig, old->sig_n});
	CHECK(dry_run() == OK && sign_world_said("older state") &&
	      sign_world_said("  changed  vmlinuz-6.1\n") &&
	      !sign_world_said("nothing is to be done"));
	old = kexec_free(old);
	sign_world_drop();
}

static void heads_signing_later_is_what_counts(void)
{
	begin();
	sign_at(BOOT_SIGNED, false);
	keep();
	boot_put(&sw.b, "kexec_lukshdr_hash.txt", "by Heads");
	boot_put(&sw.b, "grub/more.cfg", "");
	sign_at(BOOT_SIGNED + 60, true);
	CHECK(dry_run() == OK && !sign_world_said("lukshdr_hash.txt\n") &&
	      sign_world_said("  1 added\n") && sign_world_said("Heads has signed"));
	CHECK(fchmodat(sw.b.fd, "initrd.img-6.1", 04755, 0) == 0);
	boot_put(&sw.b, "kexecdir/more", "");
	CHECK(dry_run() == OK && sign_world_said("initrd.img-6.1  4755, was 0644\n") &&
	      sign_world_said("  added    kexecdir/more\n"));
	sign_world_drop();
}

static void a_trigger_file_spoils_the_signature_and_not_the_list(void)
{
	begin();
	sign_at(BOOT_SIGNED, false);
	boot_put(&sw.b, PENDING_TRIGGER_PRE_NAME, "apt");
	boot_put(&sw.b, "vmlinuz-6.1", "another kernel");
	CHECK(dry_run() == OK && sign_world_said("trigger file") &&
	      sign_world_said("  changed  vmlinuz-6.1\n") &&
	      sign_world_said("1 changed") && !sign_world_said("nothing is to be done"));
	CHECK(agents() == ERR_REFUSED && sign_world_said("Run at a terminal"));
	/* Beside anything else it is no excuse. */
	boot_put(&sw.b, "kexec_lukshdr_hash.txt", "new");
	CHECK(dry_run() == ERR_REFUSED && sign_world_said("unsigned kexec_lukshdr"));
	sign_world_drop();
}

static void a_clock_that_is_behind_is_told(void)
{
	begin();
	sign_at((uint32_t)time(NULL) + 86400 * 30, false);
	boot_put(&sw.b, "vmlinuz-6.1", "another kernel");
	CHECK(dry_run() == OK && sign_world_said("clock is behind") &&
	      sign_world_said("1 changed"));
	CHECK(agents() == ERR_REFUSED);
	sign_world_drop();
}

static void agents_are_told_all_or_nothing(void)
{
	begin();
	sign_at(BOOT_SIGNED, true);
	CHECK(agents() == ERR_REFUSED && sign_world_said("No good signature"));
	sign_at(BOOT_SIGNED, false);
	boot_put(&sw.b, "x; nothing else has changed", "");
	CHECK(agents() == OK &&
	      sign_world_said("added    \"x; nothing else has changed\"\n"));
	boot_put(&sw.b, "a \"quote\"", "");
	CHECK(agents() == ERR_REFUSED && sign_world_said("odd characters"));
	sign_world_drop();
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"a spoilt signature hides nothing from what was kept",
	         a_spoilt_signature_hides_nothing_from_what_was_kept                                          },
	        {"with nothing kept it is told and the default must be chosen",
	         with_nothing_kept_it_is_told_and_the_default_must_be_chosen                                  },
	        {"without anything of Heads a first signing is easy",
	         without_anything_of_heads_a_first_signing_is_easy                                            },
	        {"a taken counter is told",                                     a_taken_counter_is_told       },
	        {"an older state put back is told from what was kept",
	         an_older_state_put_back_is_told_from_what_was_kept                                           },
	        {"Heads signing later is what counts",
	         heads_signing_later_is_what_counts	                                                   },
	        {"a trigger file spoils the signature and not the list",
	         a_trigger_file_spoils_the_signature_and_not_the_list                                         },
	        {"a clock that is behind is told",                              a_clock_that_is_behind_is_told},
	        {"agents are told all or nothing",                              agents_are_told_all_or_nothing},
	};

	if (crypto_init() != OK || !softkey_signer(CURVE_ED25519, &key))
		return 1;
	const int rc = check_run(cases, sizeof(cases) / sizeof(cases[0]));
	softkey_free(&key);
	return rc;
}
