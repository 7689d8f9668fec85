/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How bootlatch sign tells changes: what boots first, what others have named so that it
 * is taken for nothing else, no row wider than a terminal. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/check.h"
#include "tests/unit/sign_world.h"

static struct softkey key;

static void begin(void)
{
	const struct boot_signing how = {.by = &key};

	sign_world_make();
	CHECK(signers_remember(sw.config, &key.pub) == OK);
	boot_folder(&sw.b, "grub/i386-pc");
	for (int i = 0; i < 280; i++) {
		char name[40];

		(void)snprintf(name, sizeof(name), "grub/i386-pc/%03d.mod", i);
		boot_put(&sw.b, name, "module");
	}
	boot_sign(&sw.b, &how);
}

static void change_modules(void)
{
	for (int i = 0; i < 280; i++) {
		char name[40];

		(void)snprintf(name, sizeof(name), "grub/i386-pc/%03d.mod", i);
		boot_put(&sw.b, name, "changed");
	}
}

static enum err dry_run(void)
{
	sw.c.sign.dry_run = true;
	return sign_world_run();
}

static size_t at(const char *part)
{
	const char *p = strstr(sw.said, part);

	return p ? (size_t)(p - sw.said) : sizeof(sw.said);
}

static bool no_row_is_wide(void)
{
	size_t n = 0;

	for (const char *p = sw.said; *p != '\0'; p++) {
		n = *p == '\n' ? 0 : n + 1;
		if (n > 80)
			return false;
	}
	return true;
}

static void what_boots_is_told_first_and_never_cut(void)
{
	begin();
	change_modules();
	boot_put(&sw.b, "initrd.img-6.1", "changed");
	boot_put(&sw.b, "zz-setuid", "");
	CHECK(fchmodat(sw.b.fd, "zz-setuid", 04755, 0) == 0);
	boot_put(&sw.b, "zz-plain", "");
	boot_rm(&sw.b, "nowhere");
	CHECK(dry_run() == OK);
	CHECK(at("  changed  initrd.img-6.1\n") < at("  removed  nowhere\n") &&
	      at("  removed  nowhere\n") < at("  added    zz-setuid  mode 4755\n") &&
	      at("zz-setuid") < at("  added    zz-plain\n") &&
	      at("zz-plain") < at("grub/i386-pc/000.mod"));
	CHECK(sign_world_said("and 264 more:") &&
	      sign_world_said("    grub/i386-pc: 264 changed\n"));
	CHECK(no_row_is_wide());
	boot_put(&sw.b, "kexec_menu.txt", "");
	CHECK(dry_run() == ERR_REFUSED && sign_world_said("Nothing tells"));
	CHECK(no_row_is_wide() && !sign_world_said("?"));
	sign_world_drop();
}

static void a_link_to_what_boots_counts(void)
{
	begin();
	boot_put(&sw.b, "grub/grub.cfg",
	         "menuentry 'Debian' {\n\tlinux /vmlinuz\n\tinitrd /initrd.img-6.1\n}\n");
	change_modules();
	boot_put(&sw.b, "vmlinuz-6.1", "changed");
	CHECK(dry_run() == OK);
	CHECK(at("  changed  vmlinuz-6.1\n") < at("i386-pc/000.mod") &&
	      at("  changed  grub/grub.cfg\n") < at("i386-pc/000.mod"));
	sign_world_drop();
}

static void however_much_of_it_boots_all_of_it_is_told(void)
{
	char menu[1000] = "menuentry 'Debian' {\n\tlinux /vmlinuz-6.1\n\tinitrd";

	begin();
	for (int i = 0; i < 25; i++) {
		const size_t n = strlen(menu);

		(void)snprintf(menu + n, sizeof(menu) - n, " /grub/i386-pc/%03d.mod", i);
	}
	(void)snprintf(menu + strlen(menu), 8, "\n}\n");
	boot_put(&sw.b, "grub/grub.cfg", menu);
	change_modules();
	CHECK(dry_run() == OK && sign_world_said("i386-pc/024.mod\n") &&
	      !sign_world_said("i386-pc/025.mod\n") &&
	      sign_world_said("grub/i386-pc: 255 changed"));
	sign_world_drop();
}

static void the_line_that_boots_is_shown_with_the_one_of_before(void)
{
	char menu[2000];

	begin();
	CHECK(dry_run() == OK &&
	      sign_world_said("  boots  Debian|elf|kernel /vmlinuz-6.1") &&
	      !sign_world_said("  was "));
	(void)snprintf(menu, sizeof(menu),
	               "menuentry 'Debian' {\n\tlinux /vmlinuz-6.1 %0300d %0100d "
	               "init=/bin/sh\n\tinitrd /initrd.img-6.1\n}\n",
	               1, 2);
	boot_put(&sw.b, "grub/grub.cfg", menu);
	CHECK(dry_run() == OK && sign_world_said("init=/bin/sh") &&
	      sign_world_said("  was    Debian|elf|kernel /vmlinuz-6.1"));
	CHECK(no_row_is_wide());
	sign_world_drop();
}

/* U+202E turns round what follows it; the compiler would warn of it in a string. */
static const char right_to_left[] = {(char)0xe2, (char)0x80, (char)0xae, ' ', 't',
                                     'h',        'e',        'n',        '\0'};

static void names_are_told_as_nothing_else(void)
{
	static const struct {
		const char *name, *told;
	} rows[] = {
	        {"kexecdir/t\xc3\xa4st", "  kexecdir/t\\xc3\\xa4st\n"},
	        {"kexecdir/b\\x41",      "  kexecdir/b\\x5cx41\n"    },
	        {"kexecdir/\x1b[2Jx",    "  kexecdir/\\x1b[2Jx\n"    },
	};

	begin();
	boot_put(&sw.b, "y  0644, was 0755", "");
	boot_put(&sw.b, "\"q", "");
	boot_link(&sw.b, "nowhere", right_to_left);
	CHECK(dry_run() == OK);
	CHECK(sign_world_said("  added    \"y  0644, was 0755\"\n") &&
	      sign_world_said("  added    \"\\x22q\"\n"));
	CHECK(sign_world_said("  target   nowhere -> \"\\xe2\\x80\\xae then\", was ") &&
	      sign_world_said("\"is not there\"\n"));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		boot_put(&sw.b, rows[i].name, "");
		CHECK_ROW(dry_run() == ERR_REFUSED && sign_world_said(rows[i].told),
		          rows[i].told);
	}
	sign_world_drop();
}

/* Rows of the same name but for its last byte. */
static void long_names_are_never_cut(void)
{
	char name[260], part[40];

	begin();
	memset(name, 'n', 250);
	memcpy(name, "kexecdir/", 9);
	for (const char *last = "ab"; *last != '\0'; last++) {
		name[250] = *last;
		name[251] = '\0';
		boot_put(&sw.b, name, "");
	}
	CHECK(dry_run() == OK && no_row_is_wide());
	for (const char *last = "ab"; *last != '\0'; last++) {
		(void)snprintf(part, sizeof(part), "nnn%c\n", *last);
		CHECK(sign_world_said(part));
	}
	sign_world_drop();
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"what boots is told first and never cut",
	         what_boots_is_told_first_and_never_cut                                               },
	        {"a link to what boots counts",                         a_link_to_what_boots_counts   },
	        {"however much of it boots all of it is told",
	         however_much_of_it_boots_all_of_it_is_told                                           },
	        {"the line that boots is shown with the one of before",
	         the_line_that_boots_is_shown_with_the_one_of_before                                  },
	        {"names are told as nothing else",                      names_are_told_as_nothing_else},
	        {"long names are never cut",                            long_names_are_never_cut      },
	};

	if (crypto_init() != OK || !softkey_signer(CURVE_ED25519, &key))
		return 1;
	const int rc = check_run(cases, sizeof(cases) / sizeof(cases[0]));
	softkey_free(&key);
	return rc;
}
