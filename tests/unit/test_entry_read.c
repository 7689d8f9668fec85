/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Entries of a whole tree: which files are read, in which order, through which links. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "sign/entry.h"
#include "tests/unit/check.h"
#include "tests/unit/tree_folder.h"

static struct boot_entries *read_all(const struct tree_folder *f)
{
	struct tree *t = tf_walk(f, 1);
	struct boot_entries *e = NULL;

	CHECK(entries_read(f->fd, t, &e) == OK);
	(void)tree_free(t);
	return e;
}

static void loader_entries_only_where_grub_has_none(void)
{
	struct tree_folder f;

	tf_make(&f);
	tf_dir(&f, "grub2");
	tf_dir(&f, "loader");
	tf_dir(&f, "loader/entries");
	tf_file(&f, "v", "v");
	tf_file(&f, "loader/entries/a.conf", "title a\nlinux /v\n");
	tf_file(&f, "loader/entries/b.txt", "title b\nlinux /v\n");
	struct boot_entries *e = read_all(&f);
	CHECK(e->n == 0); /* Heads reads them on behalf of a grub.cfg */
	e = entries_free(e);
	tf_file(&f, "grub2/grub.cfg", "set default_kernelopts=\"root=/d ro\"\nblscfg\n");
	e = read_all(&f);
	CHECK(e->n == 1 &&
	      strcmp(e->entry[0].line, "a|elf|kernel /v|append root=/d ro") == 0);
	e = entries_free(e);
	tf_file(&f, "grub2/grubenv",
	        "# GRUB Environment Block\nkernelopts=root=/e r@o\n##");
	e = read_all(&f);
	CHECK(e->n == 1 &&
	      strcmp(e->entry[0].line, "a|elf|kernel /v|append root=/e r_o") == 0);
	e = entries_free(e);
	tf_file(&f, "grub2/grub.cfg", "menuentry 'g' {\nlinux /v\n}\n");
	e = read_all(&f);
	CHECK(e->n == 1 && strcmp(e->entry[0].name, "g") == 0);
	e = entries_free(e);
	tf_drop(&f);
}

static void configurations_of_efi_are_left_out_and_links_followed(void)
{
	struct tree_folder f;
	static const char cfg[] = "menuentry 'x' {\nlinux /vmlinuz\n}\n"
	                          "menuentry 'y' {\nlinux /boot/vmlinuz\n}\n"
	                          "menuentry 'z' {\nlinux /out\n}\n"
	                          "menuentry 'w' {\nlinux /loop\n}\n";

	tf_make(&f);
	tf_dir(&f, "grub");
	tf_dir(&f, "grub/x86_64-efi");
	tf_dir(&f, "EFI");
	tf_file(&f, "vmlinuz-6.1", "v");
	tf_link(&f, "vmlinuz", "/boot/vmlinuz-6.1");
	tf_link(&f, "boot", ".");
	tf_link(&f, "out", "../../../etc/passwd");
	tf_link(&f, "loop", "loop");
	tf_file(&f, "EFI/grub.cfg", cfg);
	tf_file(&f, "grub/x86_64-efi/grub.cfg", cfg);
	struct boot_entries *e = read_all(&f);
	CHECK(e->n == 0);
	e = entries_free(e);
	tf_file(&f, "grub/real", cfg);
	tf_link(&f, "grub/grub.cfg", "real");
	e = read_all(&f);
	CHECK(e->n == 2 && e->skipped == 2);
	e = entries_free(e);
	tf_drop(&f);
}

/* The name that the folder lists first, of those that begin with c. */
static char first_listed(const struct tree_folder *f)
{
	char first = 0;
	DIR *d = fdopendir(openat(f->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));

	for (const struct dirent *e = readdir(d); e && !first; e = readdir(d))
		if (e->d_name[0] == 'c')
			first = e->d_name[1];
	(void)closedir(d);
	return first;
}

static void several_files_in_the_order_of_the_folder(void)
{
	struct tree_folder f;
	bool differs = false;

	tf_make(&f);
	tf_file(&f, "v", "v");
	/* Either order of making them, so that one of them is not that of the names. */
	for (int turn = 0; turn < 2; turn++) {
		for (int k = 0; k < 2; k++) {
			char name[32], text[64];
			const char c = k == turn ? 'a' : 'b';

			(void)snprintf(name, sizeof(name), "c%c", c);
			tf_dir(&f, name);
			(void)snprintf(name, sizeof(name), "c%c/grub.cfg", c);
			(void)snprintf(text, sizeof(text),
			               "menuentry '%c' {\nlinux /v\n}\n", c);
			tf_file(&f, name, text);
		}
		struct boot_entries *e = read_all(&f);
		CHECK(e->n == 2 && e->entry[0].name[0] == first_listed(&f));
		differs = differs || first_listed(&f) == 'b';
		e = entries_free(e);
		tf_rm(&f, "ca/grub.cfg");
		tf_rm(&f, "cb/grub.cfg");
		tf_rm(&f, "ca");
		tf_rm(&f, "cb");
	}
	if (!differs)
		(void)fputs("note: this file system lists by name\n", stderr);
	tf_drop(&f);
}

static void a_menu_of_ones_own_is_taken_as_it_is(void)
{
	struct tree_folder f;

	tf_make(&f);
	tf_dir(&f, "grub");
	tf_file(&f, "v", "v");
	tf_file(&f, "grub/grub.cfg", "menuentry 'g' {\nlinux /v\n}\n");
	tf_file(&f, KEXEC_MENU,
	        "a|elf|kernel /v|append b\nc|elf|kernel /v|append d\t$e\n");
	struct boot_entries *e = read_all(&f);
	CHECK(e->n == 2 && strcmp(e->entry[0].line, "a|elf|kernel /v|append b") == 0);
	CHECK(e->n == 2 && !e->entry[0].unusable && e->entry[1].unusable);
	CHECK(e->n == 2 && strcmp(e->entry[1].line, "c|elf|kernel /v|append d?$e") == 0);
	e = entries_free(e);
	tf_drop(&f);
}

static void a_file_changed_since_the_walk_is_refused(void)
{
	struct tree_folder f;
	struct boot_entries *e = NULL;

	tf_make(&f);
	tf_dir(&f, "grub");
	tf_file(&f, "v", "v");
	tf_file(&f, "grub/grub.cfg", "menuentry 'g' {\nlinux /v\n}\n");
	struct tree *t = tf_walk(&f, 1);
	tf_file(&f, "grub/grub.cfg", "menuentry 'h' {\nlinux /v\n}\n");
	CHECK(entries_read(f.fd, t, &e) == ERR_BUSY && !e);
	(void)tree_free(t);
	tf_drop(&f);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"loader entries only where grub has none",
	         loader_entries_only_where_grub_has_none              },
	        {"configurations of efi are left out and links followed",
	         configurations_of_efi_are_left_out_and_links_followed},
	        {"several files in the order of the folder",
	         several_files_in_the_order_of_the_folder             },
	        {"a menu of ones own is taken as it is",
	         a_menu_of_ones_own_is_taken_as_it_is                 },
	        {"a file changed since the walk is refused",
	         a_file_changed_since_the_walk_is_refused             },
	};

	CHECK(crypto_init() == OK);
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
