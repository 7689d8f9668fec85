/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What has changed since the last signature, by our manifest and by Heads' lists alone;
 * and whether anything was written in the meantime. */
#include "sign/since.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sign/stamp.h"
#include "tests/unit/check.h"
#include "tests/unit/signed_boot.h"

static struct softkey key;
static struct signed_boot b;
static char told[4096];

static void begin(bool no_full)
{
	const struct boot_signing how = {.by = &key, .no_full = no_full};

	boot_make(&b);
	boot_sign(&b, &how);
}

/* One line a change: its bits in hex and the path. */
static enum err compare(enum since_by *ret)
{
	struct kexec_set *before = NULL;
	struct tree *now = NULL;
	struct since *s = NULL;

	told[0] = '\0';
	CHECK(kexec_read(b.fd, &before, NULL) == OK);
	CHECK(tree_walk(b.fd, NULL, &now) == OK);
	const enum err e = since_compare(before, now, &s);
	for (size_t i = 0; s && i < s->n; i++) {
		const size_t n = strlen(told);

		(void)snprintf(told + n, sizeof(told) - n, "%x %s\n",
		               s->change[i].changes, s->change[i].path);
	}
	if (s)
		*ret = s->by;
	s = since_free(s);
	before = kexec_free(before);
	now = tree_free(now);
	return e;
}

static void change_all(void)
{
	boot_put(&b, "grub/new.cfg", "new");
	boot_folder(&b, "added");
	boot_link(&b, "added/link", "../grub");
	boot_put(&b, "kexec_extra", "not in any list of Heads");
	boot_put(&b, "grub/grub.cfg", "changed\n");
}

static void by_our_manifest_all_of_it_is_told(void)
{
	enum since_by by = SINCE_HEADS;

	begin(false);
	CHECK(compare(&by) == OK && by == SINCE_FULL && told[0] == '\0');
	change_all();
	CHECK(fchmodat(b.fd, "grub", 0700, 0) == 0);
	CHECK(compare(&by) == OK && by == SINCE_FULL);
	CHECK(strcmp(told, "1 ./added\n1 ./added/link\n10 ./grub\n4 ./grub/grub.cfg\n"
	                   "1 ./grub/new.cfg\n1 ./kexec_extra\n") == 0);
	boot_drop(&b);
}

static void by_the_lists_of_heads_names_and_contents_are_told(void)
{
	enum since_by by = SINCE_FULL;

	begin(true);
	/* Of what Heads does not look at nothing is known. */
	CHECK(compare(&by) == OK && by == SINCE_HEADS &&
	      strcmp(told, "1 ./kexecdir\n1 ./kexecdir/x\n") == 0);
	change_all();
	CHECK(fchmodat(b.fd, "grub", 0700, 0) == 0);
	CHECK(compare(&by) == OK && by == SINCE_HEADS);
	CHECK(strcmp(told, "1 ./added\n1 ./added/link\n4 ./grub/grub.cfg\n"
	                   "1 ./grub/new.cfg\n1 ./kexec_extra\n1 ./kexecdir\n"
	                   "1 ./kexecdir/x\n") == 0);
	boot_rm(&b, "grub/grub.cfg");
	boot_folder(&b, "grub/grub.cfg");
	CHECK(compare(&by) == OK);
	CHECK(strstr(told, "8 ./grub/grub.cfg\n") != NULL);
	CHECK(unlinkat(b.fd, "grub/grub.cfg", AT_REMOVEDIR) == 0);
	CHECK(compare(&by) == OK);
	CHECK(strstr(told, "2 ./grub/grub.cfg\n") != NULL);
	boot_drop(&b);
}

/* Heads signs its lists and takes ours for one more file. */
static void when_heads_signed_since_both_are_told_from(void)
{
	const struct boot_signing again = {.by = &key, .no_full = true};
	enum since_by by = SINCE_FULL;

	begin(false);
	boot_put(&b, "grub/new.cfg", "new");
	boot_put(&b, "vmlinuz-6.1", "another kernel");
	boot_sign(&b, &again);
	CHECK(fchmodat(b.fd, "initrd.img-6.1", 04755, 0) == 0);
	boot_put(&b, "kexecdir/y", "added");
	boot_link(&b, "nowhere", "elsewhere");
	CHECK(compare(&by) == OK && by == SINCE_STALE);
	CHECK(strcmp(told, "1 ./grub/new.cfg\n10 ./initrd.img-6.1\n1 ./kexecdir/y\n"
	                   "40 ./nowhere\n4 ./vmlinuz-6.1\n") == 0);
	/* The kernel of before Heads signed, put back. */
	boot_put(&b, "vmlinuz-6.1", "kernel");
	CHECK(compare(&by) == OK && by == SINCE_STALE);
	CHECK(strstr(told, "\n4 ./vmlinuz-6.1\n") != NULL);
	CHECK(fchmodat(b.fd, "vmlinuz-6.1", 0600, 0) == 0);
	CHECK(compare(&by) == OK && strstr(told, "\n14 ./vmlinuz-6.1\n") != NULL);
	boot_drop(&b);
}

static void lists_that_are_damaged_tell_nothing(void)
{
	static const struct {
		const char *name, *text;
	} rows[] = {
	        {KEXEC_HASHES, "nonsense\n"       },
	        {KEXEC_TREE,   "./ without an end"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		enum since_by by = SINCE_FULL;

		begin(true);
		boot_put(&b, rows[i].name, rows[i].text);
		CHECK_ROW(compare(&by) == ERR_FORMAT && told[0] == '\0', rows[i].name);
		boot_rm(&b, rows[i].name);
		CHECK_ROW(compare(&by) == ERR_FORMAT && told[0] == '\0', rows[i].name);
		boot_drop(&b);
	}
}

/* --- in the meantime --- */

static struct stamp now(void)
{
	struct stamp s = {{0}, {0}};

	CHECK(stamp_take(b.fd, &s) == OK);
	return s;
}

static bool tree_same(const struct stamp *x, const struct stamp *y)
{
	return memcmp(x->tree, y->tree, sizeof(x->tree)) == 0;
}

static bool kexec_same(const struct stamp *x, const struct stamp *y)
{
	return memcmp(x->kexec, y->kexec, sizeof(x->kexec)) == 0;
}

static void whatever_is_written_changes_the_stamp(void)
{
	struct stamp before, after;
	struct stat st;

	begin(false);
	before = now();
	after = now();
	CHECK(tree_same(&before, &after) && kexec_same(&before, &after));
	/* The same bytes, the same times, but written: as dpkg puts a file. */
	CHECK(fstatat(b.fd, "grub/grub.cfg", &st, 0) == 0);
	const struct timespec times[2] = {st.st_atim, st.st_mtim};
	CHECK(utimensat(b.fd, "grub/grub.cfg", times, 0) == 0);
	after = now();
	CHECK(!tree_same(&before, &after) && kexec_same(&before, &after));
	before = now();
	boot_put(&b, "another", "");
	after = now();
	CHECK(!tree_same(&before, &after));
	boot_rm(&b, "another");
	after = now();
	CHECK(tree_same(&before, &after)); /* times of folders are not in it */
	/* A link that was made anew may have the inode of before, but not the time. */
	CHECK(utimensat(b.fd, "vmlinuz", times, AT_SYMLINK_NOFOLLOW) == 0);
	after = now();
	CHECK(!tree_same(&before, &after));
	before = now();
	CHECK(fchmodat(b.fd, "grub", 0700, 0) == 0);
	after = now();
	CHECK(!tree_same(&before, &after));
	boot_drop(&b);
}

static void what_is_ours_to_write_is_told_apart(void)
{
	struct stamp before, after;

	begin(false);
	before = now();
	boot_put(&b, "kexec.sig", "another");
	after = now();
	CHECK(tree_same(&before, &after) && !kexec_same(&before, &after));
	before = after;
	boot_folder(&b, STAGE_FOLDER);
	after = now();
	CHECK(tree_same(&before, &after) && kexec_same(&before, &after));
	boot_put(&b, STAGE_FOLDER "/kexec.sig", "another");
	after = now();
	CHECK(tree_same(&before, &after) && kexec_same(&before, &after));
	boot_drop(&b);
}

/* However many read it, and whichever of the two. */
static void a_walk_and_a_look_give_the_same_stamp(void)
{
	struct stamp by_walk = {{0}, {0}};
	const struct tree_options o = {.ret_stamp = &by_walk};
	struct tree *t = NULL;
	char name[40];

	begin(false);
	for (unsigned i = 0; i < 30; i++) {
		(void)snprintf(name, sizeof(name), "many%u", i);
		boot_folder(&b, name);
		(void)snprintf(name, sizeof(name), "many%u/sub", i);
		boot_folder(&b, name);
		(void)snprintf(name, sizeof(name), "many%u/sub/file", i);
		boot_put(&b, name, name);
	}
	boot_folder(&b, STAGE_FOLDER);
	boot_put(&b, STAGE_FOLDER "/odd", "not even what is odd in it");
	for (int i = 0; i < 20; i++) {
		const struct stamp looked = now();

		CHECK(tree_walk(b.fd, &o, &t) == OK);
		CHECK(tree_same(&by_walk, &looked) && kexec_same(&by_walk, &looked));
		t = tree_free(t);
	}
	CHECK(fchmod(b.fd, 0711) == 0); /* the root counts too */
	const struct stamp after = now();
	CHECK(!tree_same(&by_walk, &after));
	boot_drop(&b);
}

static void folders_are_looked_into_as_deep_as_they_are_walked(void)
{
	char path[3 * TREE_DEPTH_MAX] = "";
	struct stamp s;

	begin(false);
	for (size_t i = 0; i < TREE_DEPTH_MAX; i++) {
		(void)snprintf(path + strlen(path), 3, "%sd", i > 0 ? "/" : "");
		boot_folder(&b, path);
	}
	CHECK(stamp_take(b.fd, &s) == OK);
	(void)snprintf(path + strlen(path), 3, "/d");
	boot_folder(&b, path);
	CHECK(stamp_take(b.fd, &s) == ERR_UNSUPPORTED);
	CHECK(stamp_take(-1, &s) != OK);
	boot_drop(&b);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"by our manifest all of it is told",                  by_our_manifest_all_of_it_is_told},
	        {"by the lists of Heads names and contents are told",
	         by_the_lists_of_heads_names_and_contents_are_told                                      },
	        {"when Heads signed since both are told from",
	         when_heads_signed_since_both_are_told_from                                             },
	        {"lists that are damaged tell nothing",
	         lists_that_are_damaged_tell_nothing	                                            },
	        {"whatever is written changes the stamp",
	         whatever_is_written_changes_the_stamp                                                  },
	        {"what is ours to write is told apart",
	         what_is_ours_to_write_is_told_apart	                                            },
	        {"a walk and a look give the same stamp",
	         a_walk_and_a_look_give_the_same_stamp                                                  },
	        {"folders are looked into as deep as they are walked",
	         folders_are_looked_into_as_deep_as_they_are_walked                                     },
	};

	if (crypto_init() != OK || !softkey_signer(CURVE_ED25519, &key))
		return 1;
	const int rc = check_run(cases, sizeof(cases) / sizeof(cases[0]));
	softkey_free(&key);
	return rc;
}
