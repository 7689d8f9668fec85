/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A /boot that is not what was signed: what is found, by which of the manifests, and what
 * is made of Heads having signed again. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/check.h"
#include "tests/unit/signed_boot.h"

static struct softkey alice;
static const struct softkey *const known[] = {&alice};
static const struct boot_signing ours = {.by = &alice};
static const struct boot_signing heads = {.by = &alice, .no_full = true};

/* --- what somebody does --- */

static void flip_kernel(struct signed_boot *b)
{
	boot_put(b, "vmlinuz-6.1", "Kernel");
}

static void flip_menu(struct signed_boot *b)
{
	boot_put(b, "grub/grub.cfg",
	         "menuentry 'Debian' {\n\tlinux /vmlinuz-6.1 evil\n}\n");
}

static void flip_unseen(struct signed_boot *b)
{
	boot_put(b, "kexecdir/x", "Nobody looks here");
}

static void count_hotp(struct signed_boot *b)
{
	boot_put(b, "kexec_hotp_counter", "2");
}

static void add_file(struct signed_boot *b)
{
	boot_put(b, "grub/evil.mod", "");
}

static void add_folder(struct signed_boot *b)
{
	boot_folder(b, "evil");
}

static void add_unseen(struct signed_boot *b)
{
	boot_put(b, "kexec_evil", "");
}

static void remove_file(struct signed_boot *b)
{
	boot_rm(b, "initrd.img-6.1");
}

static void remove_link(struct signed_boot *b)
{
	boot_rm(b, "nowhere");
}

static void remove_unseen(struct signed_boot *b)
{
	boot_rm(b, "kexecdir/x");
}

static void rename_file(struct signed_boot *b)
{
	CHECK(renameat(b->fd, "initrd.img-6.1", b->fd, "initrd.img-6.2") == 0);
}

static void rename_link(struct signed_boot *b)
{
	CHECK(renameat(b->fd, "nowhere", b->fd, "somewhere") == 0);
}

static void change_mode(struct signed_boot *b)
{
	CHECK(fchmodat(b->fd, "vmlinuz-6.1", 0666, 0) == 0);
}

static void change_root_mode(struct signed_boot *b)
{
	CHECK(fchmodat(b->fd, ".", 0777, 0) == 0);
}

static void change_owner(struct signed_boot *b)
{
	CHECK(fchownat(b->fd, "initrd.img-6.1", 12, (gid_t)-1, 0) == 0);
}

static void change_target(struct signed_boot *b)
{
	boot_link(b, "vmlinuz", "kexecdir/x");
}

/* The same bytes, but somewhere that nobody looks. */
static void file_to_link(struct signed_boot *b)
{
	CHECK(renameat(b->fd, "vmlinuz-6.1", b->fd, "kexecdir/kernel") == 0);
	boot_link(b, "vmlinuz-6.1", "kexecdir/kernel");
}

static void link_to_file(struct signed_boot *b)
{
	boot_rm(b, "vmlinuz");
	boot_put(b, "vmlinuz", "evil");
}

static void folder_to_link(struct signed_boot *b)
{
	CHECK(renameat(b->fd, "kexecdir", b->fd, "kexecother") == 0);
	boot_link(b, "kexecdir", "kexecother");
}

static void link_to_fifo(struct signed_boot *b)
{
	boot_rm(b, "nowhere");
	CHECK(mkfifoat(b->fd, "nowhere", 0644) == 0);
}

static void add_refused_unseen(struct signed_boot *b)
{
	boot_put(b, "kexecdir/caf\303\251", "");
}

static const struct tampering {
	const char *what;
	void (*change)(struct signed_boot *b);
	enum finding finding;
	const char *path;
	bool heads;   /* stock Heads sees it */
	bool by_full; /* only our full manifest tells it */
} tamperings[] = {
        {"a kernel changed",         flip_kernel,        FINDING_CHANGED, "./vmlinuz-6.1",          true,  false},
        {"the menu changed",         flip_menu,          FINDING_CHANGED, "./grub/grub.cfg",        true,  false},
        {"so the entry did",         flip_menu,          FINDING_DEFAULT, "kexec_default.1.txt",    true,
         false                                                                                                  },
        {"a file in kexecdir",       flip_unseen,        FINDING_CHANGED, "./kexecdir/x",           false, true },
        {"a file added",             add_file,           FINDING_ADDED,   "./grub/evil.mod",        true,  false},
        {"a folder added",           add_folder,         FINDING_ADDED,   "./evil",                 true,  false},
        {"kexec_evil added",         add_unseen,         FINDING_ADDED,   "./kexec_evil",           false, true },
        {"a file removed",           remove_file,        FINDING_MISSING, "./initrd.img-6.1",       true,  false},
        {"a link removed",           remove_link,        FINDING_MISSING, "./nowhere",              true,  false},
        {"a file of kexecdir gone",  remove_unseen,      FINDING_MISSING, "./kexecdir/x",           false,
         true                                                                                                   },
        {"renamed: the old name",    rename_file,        FINDING_MISSING, "./initrd.img-6.1",       true,
         false                                                                                                  },
        {"renamed: the new name",    rename_file,        FINDING_ADDED,   "./initrd.img-6.2",       true,
         false                                                                                                  },
        {"a mode",                   change_mode,        FINDING_MODE,    "./vmlinuz-6.1",          false, true },
        {"the mode of /boot",        change_root_mode,   FINDING_MODE,    "./",                     false, true },
        {"an owner",                 change_owner,       FINDING_OWNER,   "./initrd.img-6.1",       false, true },
        {"a link to elsewhere",      change_target,      FINDING_TARGET,  "./vmlinuz",              false, true },
        {"a link in a file's place", file_to_link,       FINDING_TYPE,    "./vmlinuz-6.1",          false,
         false                                                                                                  },
        {"a file in a link's place", link_to_file,       FINDING_TYPE,    "./vmlinuz",              false,
         false                                                                                                  },
        {"a name in kexecdir",       add_refused_unseen, FINDING_NAME,    "./kexecdir/caf\303\251",
         false,                                                                                            false},
        {"a link in a folder's",     folder_to_link,     FINDING_TYPE,    "./kexecdir",             false, true },
        {"a fifo in a link's place", link_to_fifo,       FINDING_TYPE,    "./nowhere",              false,
         true                                                                                                   },
};

static void tamper(const struct tampering *t, const struct boot_signing *how)
{
	struct signed_boot b;

	if (t->change == change_owner && geteuid() != 0)
		return; /* who may not give files away is not shown one */
	boot_make(&b);
	boot_sign(&b, how);
	t->change(&b);
	struct verify_report *r = boot_look(&b, known, 1);
	const bool told = !(t->by_full && how->no_full);
	CHECK_ROW(r->signature_good, t->what);
	CHECK_ROW(boot_found(r, t->finding, t->path) == told, t->what);
	CHECK_ROW(finding_heads_sees(t->finding, t->path) == t->heads, t->what);
	if (told)
		CHECK_ROW(r->verdict == VERIFY_BAD && !verify_ok(r), t->what);
	else
		CHECK_ROW(r->verdict == VERIFY_HEADS_GOOD && r->n == 0 && verify_ok(r),
		          t->what);
	r = verify_free(r);
	boot_drop(&b);
}

static void what_differs_is_found_and_named(void)
{
	for (size_t i = 0; i < sizeof(tamperings) / sizeof(tamperings[0]); i++)
		tamper(&tamperings[i], &ours);
}

static void without_the_full_manifest_what_heads_sees_is_found(void)
{
	for (size_t i = 0; i < sizeof(tamperings) / sizeof(tamperings[0]); i++)
		tamper(&tamperings[i], &heads);
}

static void the_counter_of_heads_may_change(void)
{
	struct signed_boot b;

	boot_make(&b);
	boot_sign(&b, &ours);
	count_hotp(&b);
	struct verify_report *r = boot_look(&b, known, 1);
	CHECK(r->verdict == VERIFY_GOOD && r->n == 0);
	r = verify_free(r);
	boot_drop(&b);
}

static void a_bad_signature_still_tells_what_differs(void)
{
	struct signed_boot b;

	boot_make(&b);
	boot_sign(&b, &ours);
	boot_rm(&b, KEXEC_SIG);
	flip_kernel(&b);
	change_target(&b);
	struct verify_report *r = boot_look(&b, known, 1);
	CHECK(r->verdict == VERIFY_BAD && !r->signature_good);
	CHECK(boot_found(r, FINDING_NO_SIGNATURE, KEXEC_SIG));
	CHECK(boot_found(r, FINDING_CHANGED, "./vmlinuz-6.1"));
	CHECK(boot_found(r, FINDING_TARGET, "./vmlinuz"));
	for (size_t i = 1; i < r->n; i++)
		CHECK(r->finding[i - 1].what <= r->finding[i].what);
	r = verify_free(r);
	boot_drop(&b);
}

/* --- signed again by Heads, which leaves our full manifest as it is --- */

/* ours, then a change, then Heads, then another change. */
static struct verify_report *resigned(void (*update)(struct signed_boot *b),
                                      void (*after)(struct signed_boot *b))
{
	struct signed_boot b;

	boot_make(&b);
	boot_sign(&b, &ours);
	if (update)
		update(&b);
	boot_sign(&b, &heads);
	if (after)
		after(&b);
	struct verify_report *r = boot_look(&b, known, 1);
	boot_drop(&b);
	return r;
}

static void heads_having_signed_an_update_is_told_and_good(void)
{
	static void (*const updates[])(struct signed_boot * b) = {
	        flip_kernel, add_file, add_folder, remove_link, rename_link, flip_menu};

	for (size_t i = 0; i < sizeof(updates) / sizeof(updates[0]); i++) {
		struct verify_report *r = resigned(updates[i], NULL);

		CHECK(r->verdict == VERIFY_RESIGNED && r->n == 0 && verify_ok(r));
		CHECK(r->since == (updates[i] == rename_link ? 2 : 1));
		r = verify_free(r);
	}
}

static void then_what_heads_does_not_look_at_is_not_vouched_for(void)
{
	static const struct {
		void (*change)(struct signed_boot *b);
		enum finding finding;
		const char *path;
	} rows[] = {
	        {change_mode,    FINDING_MODE,    "./vmlinuz-6.1"   },
	        {change_owner,   FINDING_OWNER,   "./initrd.img-6.1"},
	        {change_target,  FINDING_TARGET,  "./vmlinuz"       },
	        {add_unseen,     FINDING_ADDED,   "./kexec_evil"    },
	        {flip_unseen,    FINDING_CHANGED, "./kexecdir/x"    },
	        {remove_unseen,  FINDING_MISSING, "./kexecdir/x"    },
	        {folder_to_link, FINDING_TYPE,    "./kexecdir"      },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].change == change_owner && geteuid() != 0)
			continue;
		struct verify_report *r = resigned(flip_menu, rows[i].change);

		CHECK_ROW(r->verdict == VERIFY_RESIGNED && !verify_ok(r), rows[i].path);
		CHECK_ROW(boot_found(r, rows[i].finding, rows[i].path), rows[i].path);
		CHECK_ROW(!boot_found(r, FINDING_CHANGED, "./grub/grub.cfg"),
		          rows[i].path);
		r = verify_free(r);
	}
}

static void and_what_heads_looks_at_is_bad(void)
{
	struct verify_report *r = resigned(flip_menu, flip_kernel);

	CHECK(r->verdict == VERIFY_BAD &&
	      boot_found(r, FINDING_CHANGED, "./vmlinuz-6.1"));
	CHECK(!boot_found(r, FINDING_CHANGED, "./grub/grub.cfg"));
	r = verify_free(r);
}

/* The lists do not contradict the full manifest, so it is as good as ever. */
static void heads_having_signed_the_same_changes_nothing(void)
{
	struct verify_report *r = resigned(NULL, NULL);

	CHECK(r->verdict == VERIFY_GOOD);
	r = verify_free(r);
	r = resigned(NULL, change_mode);
	CHECK(r->verdict == VERIFY_BAD && boot_found(r, FINDING_MODE, "./vmlinuz-6.1"));
	r = verify_free(r);
	r = resigned(change_mode, NULL);
	CHECK(r->verdict == VERIFY_BAD && boot_found(r, FINDING_MODE, "./vmlinuz-6.1"));
	r = verify_free(r);
}

static void findings_are_bounded(void)
{
	const uint8_t none[TREE_HASH_LEN] = {0};
	struct signed_boot b;
	AUTO_BUFFER lines = {0};
	char name[32];

	boot_make(&b);
	boot_sign(&b, &ours);
	for (int i = 0; i < FINDINGS_MAX + 100; i++) {
		(void)snprintf(name, sizeof(name), "./gone%d", i);
		hash_line_write(&lines, none, name);
	}
	boot_put_bytes(&b, KEXEC_HASHES, buffer_bytes(&lines));
	struct verify_report *r = boot_look(&b, known, 1);
	CHECK(r->verdict == VERIFY_BAD && r->n <= FINDINGS_MAX &&
	      r->n > FINDINGS_MAX - 10 && r->left_out >= 100);
	r = verify_free(r);
	boot_drop(&b);
}

static void every_finding_has_words(void)
{
	for (int f = 0; f < FINDINGS_; f++) {
		const char *name = finding_name((enum finding)f);

		CHECK(*finding_text((enum finding)f, NULL) != '\0');
		CHECK(*name != '\0' &&
		      strspn(name, "abcdefghijklmnopqrstuvwxyz-") == strlen(name));
	}
	CHECK(strstr(finding_text(FINDING_DEFAULT, "kexec_default.1.txt"),
	             "entry of the boot"));
	CHECK(strstr(finding_text(FINDING_DEFAULT, "kexec_default_hashes.txt"),
	             "hashes"));
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"what differs is found and named",                     what_differs_is_found_and_named},
	        {"without the full manifest what Heads sees is found",
	         without_the_full_manifest_what_heads_sees_is_found                                    },
	        {"the counter of Heads may change",                     the_counter_of_heads_may_change},
	        {"a bad signature still tells what differs",
	         a_bad_signature_still_tells_what_differs                                              },
	        {"Heads having signed an update is told and good",
	         heads_having_signed_an_update_is_told_and_good                                        },
	        {"then what Heads does not look at is not vouched for",
	         then_what_heads_does_not_look_at_is_not_vouched_for                                   },
	        {"and what Heads looks at is bad",                      and_what_heads_looks_at_is_bad },
	        {"Heads having signed the same changes nothing",
	         heads_having_signed_the_same_changes_nothing                                          },
	        {"findings are bounded",                                findings_are_bounded           },
	        {"every finding has words",                             every_finding_has_words        },
	};

	if (crypto_init() != OK || !softkey_signer(CURVE_ED25519, &alice))
		return 1;
	const int rc = check_run(cases, sizeof(cases) / sizeof(cases[0]));
	softkey_free(&alice);
	return rc;
}
