/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The signature on /boot: who made it, when, in which style, and everything that is none.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "openpgp/sign.h"
#include "sign/verify_parts.h"
#include "tests/unit/check.h"
#include "tests/unit/signed_boot.h"

static struct softkey alice, mallory;
static const struct softkey *const known[] = {&alice};
static const struct softkey *const both[] = {&mallory, &alice};
static const struct boot_signing plain = {.by = &alice};

static void says_who_when_and_in_which_style(void)
{
	static const struct {
		const char *what;
		struct boot_signing how;
	} rows[] = {
	        {"relative",          {.by = &alice}                            },
	        {"absolute",          {.by = &alice, .style = KEXEC_ABSOLUTE}   },
	        {"relative, armored", {.by = &alice, .armored = true}           },
	        {"absolute, armored",
	         {.by = &alice, .style = KEXEC_ABSOLUTE, .armored = true}       },
	        {"no default",        {.by = &alice, .no_default = true}        },
	        {"as old as the key", {.by = &alice, .created = SOFTKEY_CREATED}},
	        {"made this second",  {.by = &alice, .created = BOOT_NOW}       },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct boot_signing *how = &rows[i].how;
		struct signed_boot b;

		boot_make(&b);
		boot_sign(&b, how);
		struct verify_report *r = boot_look(&b, both, 2);
		CHECK_ROW(r->verdict == VERIFY_GOOD && r->n == 0 && verify_ok(r),
		          rows[i].what);
		CHECK_ROW(r->signature_good && r->key == 1 && r->style == how->style,
		          rows[i].what);
		CHECK_ROW(r->created == (how->created != 0 ? how->created : BOOT_SIGNED),
		          rows[i].what);
		CHECK_ROW(r->files >= 5 && r->bytes > 0, rows[i].what);
		r = verify_free(r);
		boot_drop(&b);
	}
}

/* What kexec.sig is turned into, and what is then said. */
static void take_away(struct signed_boot *b)
{
	boot_rm(b, KEXEC_SIG);
}

static void make_empty(struct signed_boot *b)
{
	boot_put(b, KEXEC_SIG, "");
}

static void make_nonsense(struct signed_boot *b)
{
	boot_put(b, KEXEC_SIG, "this is no signature\n");
}

static void sign_as_mallory(struct signed_boot *b)
{
	const struct boot_signing how = {.by = &mallory, .no_lists = true};

	boot_sign(b, &how);
}

static void sign_in_the_future(struct signed_boot *b)
{
	const struct boot_signing how = {
	        .by = &alice, .no_lists = true, .created = BOOT_NOW + 1};

	boot_sign(b, &how);
}

static void add_a_file(struct signed_boot *b)
{
	boot_put(b, "kexec_extra.txt", "");
}

static void add_a_trigger(struct signed_boot *b)
{
	boot_put(b, "kexec_package_trigger_pre.txt", "linux-image\n");
}

static void take_a_file(struct signed_boot *b)
{
	boot_rm(b, KEXEC_DEFAULT_HASH);
}

static void swap_two_files(struct signed_boot *b)
{
	CHECK(renameat2(b->fd, KEXEC_TREE, b->fd, KEXEC_HASHES, RENAME_EXCHANGE) == 0);
}

static void rename_a_file(struct signed_boot *b)
{
	CHECK(renameat(b->fd, "kexec_default.1.txt", b->fd, "kexec_default.2.txt") == 0);
}

static void make_a_folder(struct signed_boot *b)
{
	boot_folder(b, "kexec_x.txt");
}

static void make_a_link(struct signed_boot *b)
{
	CHECK(renameat(b->fd, KEXEC_TREE, b->fd, "kexec_other") == 0);
	boot_link(b, KEXEC_TREE, "kexec_other");
}

static void make_a_fifo(struct signed_boot *b)
{
	CHECK(mkfifoat(b->fd, "kexec_x.txt", 0644) == 0);
}

static void make_the_signature_a_fifo(struct signed_boot *b)
{
	boot_rm(b, KEXEC_SIG);
	CHECK(mkfifoat(b->fd, KEXEC_SIG, 0644) == 0);
}

static void make_the_signature_a_link(struct signed_boot *b)
{
	CHECK(renameat(b->fd, KEXEC_SIG, b->fd, "kexec_real") == 0);
	boot_link(b, KEXEC_SIG, "kexec_real");
}

static void make_it_huge(struct signed_boot *b)
{
	const int fd = openat(b->fd, KEXEC_SIG, O_WRONLY | O_CLOEXEC);

	CHECK(ftruncate(fd, (off_t)KEXEC_SIG_MAX + 1) == 0);
	(void)close(fd);
}

static void everything_that_is_no_signature(void)
{
	static const struct {
		const char *what;
		void (*change)(struct signed_boot *b);
		enum finding finding;
		const char *path;
	} rows[] = {
	        {"missing",              take_away,                 FINDING_NO_SIGNATURE,  KEXEC_SIG            },
	        {"empty",                make_empty,                FINDING_BAD_SIGNATURE, KEXEC_SIG            },
	        {"nonsense",             make_nonsense,             FINDING_BAD_SIGNATURE, KEXEC_SIG            },
	        {"another key's",        sign_as_mallory,           FINDING_BAD_SIGNATURE, KEXEC_SIG            },
	        {"of tomorrow",          sign_in_the_future,        FINDING_SIG_DATE,      KEXEC_SIG            },
	        {"a file more",          add_a_file,                FINDING_BAD_SIGNATURE, KEXEC_SIG            },
	        {"a trigger",            add_a_trigger,             FINDING_TRIGGER,
	         "kexec_package_trigger_pre.txt"	                                                        },
	        {"a file less",          take_a_file,               FINDING_BAD_SIGNATURE, KEXEC_SIG            },
	        {"a file less is named", take_a_file,               FINDING_NO_FILE,
	         KEXEC_DEFAULT_HASH	                                                                     },
	        {"two swapped",          swap_two_files,            FINDING_BAD_SIGNATURE, KEXEC_SIG            },
	        {"one renamed",          rename_a_file,             FINDING_BAD_SIGNATURE, KEXEC_SIG            },
	        {"no such entry",        rename_a_file,             FINDING_DEFAULT,       "kexec_default.2.txt"},
	        {"a folder",             make_a_folder,             FINDING_MALFORMED,     "kexec_x.txt"        },
	        {"a link",               make_a_link,               FINDING_MALFORMED,     KEXEC_TREE           },
	        {"a fifo",               make_a_fifo,               FINDING_MALFORMED,     "kexec_x.txt"        },
	        {"signature a fifo",     make_the_signature_a_fifo, FINDING_MALFORMED,
	         KEXEC_SIG	                                                                              },
	        {"signature a link",     make_the_signature_a_link, FINDING_MALFORMED,
	         KEXEC_SIG	                                                                              },
	        {"signature huge",       make_it_huge,              FINDING_MALFORMED,     KEXEC_SIG            },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct signed_boot b;

		boot_make(&b);
		boot_sign(&b, &plain);
		rows[i].change(&b);
		struct verify_report *r = boot_look(&b, known, 1);
		CHECK_ROW(r->verdict == VERIFY_BAD && !verify_ok(r), rows[i].what);
		CHECK_ROW(!r->signature_good, rows[i].what);
		CHECK_ROW(boot_found(r, rows[i].finding, rows[i].path), rows[i].what);
		r = verify_free(r);
		boot_drop(&b);
	}
}

static void without_keys_nothing_is_good(void)
{
	struct signed_boot b;

	boot_make(&b);
	boot_sign(&b, &plain);
	struct verify_report *r = boot_look(&b, NULL, 0);
	CHECK(r->verdict == VERIFY_BAD &&
	      boot_found(r, FINDING_BAD_SIGNATURE, KEXEC_SIG));
	r = verify_free(r);
	boot_drop(&b);
}

/* Each bit of it, and each length. */
static void a_damaged_signature_is_bad(void)
{
	uint8_t packet[SIG_PACKET_MAX];
	struct writer w = {.p = packet, .cap = sizeof(packet)};
	struct kexec_set *s = NULL;
	enum kexec_style style;
	struct detached by;
	struct signed_boot b;
	size_t good = 0;

	boot_make(&b);
	boot_sign(&b, &plain);
	boot_signature(&b, &plain, &w);
	CHECK(kexec_read(b.fd, &s, NULL) == OK);
	for (size_t n = 0; n < w.n; n++) {
		CHECK(kexec_put_sig(s, (struct bytes){packet, n}) == OK);
		good += kexec_verify(s, &alice.pub, 1, BOOT_NOW, &style, &by) == OK;
	}
	CHECK(good == 0);
	for (size_t i = 0; i < w.n; i++) {
		packet[i] ^= 1;
		CHECK(kexec_put_sig(s, writer_bytes(&w)) == OK);
		if (kexec_verify(s, &alice.pub, 1, BOOT_NOW, &style, &by) == OK)
			good++;
		packet[i] ^= 1;
	}
	/* The issuer outside of what is signed is no more than a hint. */
	CHECK(good <= 12);
	s = kexec_free(s);
	boot_drop(&b);
}

static void a_signature_older_than_its_key_is_told_by_its_date(void)
{
	struct softkey young = alice;
	struct signed_boot b;

	boot_make(&b);
	boot_sign(&b, &plain);
	/* The same numbers and key id; only its time is later, as with a wrong clock. */
	pubkey_copy(&young.pub, &alice.pub);
	young.pub.created = BOOT_SIGNED + 1;
	const struct softkey *const keys[] = {&young};
	struct verify_report *r = boot_look(&b, keys, 1);
	CHECK(r->verdict == VERIFY_BAD && boot_found(r, FINDING_SIG_DATE, KEXEC_SIG));
	CHECK(!boot_found(r, FINDING_BAD_SIGNATURE, KEXEC_SIG));
	r = verify_free(r);
	boot_drop(&b);
}

enum { MANY = 1024 }; /* so many names are seen between two calls to tell the progress */

/* A signed file or the signature exchanged while the rest is read. */
static const char *exchanged;

static bool exchange(const struct tree_progress *p, void *ctx)
{
	struct signed_boot *b = ctx;

	(void)p;
	boot_put(b, exchanged, "exchanged");
	return true;
}

static void what_changes_meanwhile_is_not_verified(void)
{
	static const char *const names[] = {KEXEC_SIG, KEXEC_TREE, "kexec_new.txt"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct verify_report *r = NULL;
		struct signed_boot b;
		const struct tree_options o = {
		        .threads = 1, .progress = exchange, .ctx = &b};

		boot_make(&b);
		for (int k = 0; k < MANY; k++) {
			char name[16];

			(void)snprintf(name, sizeof(name), "file%d", k);
			CHECK(linkat(b.fd, "vmlinuz-6.1", b.fd, name, 0) == 0);
		}
		boot_sign(&b, &plain);
		exchanged = names[i];
		const enum err e = boot_verify(b.fd, &alice.pub, 1, BOOT_NOW, &o, &r);
		CHECK_ROW(e == ERR_BUSY && !r, names[i]);
		r = verify_free(r);
		boot_drop(&b);
	}
}

/* Before the walk sees it. */
static void the_set_must_be_that_of_the_tree(void)
{
	static const struct {
		const char *what;
		void (*change)(struct signed_boot *b);
	} rows[] = {
	        {"signature gone",  take_away     },
                {"signature other", make_nonsense },
	        {"a file more",     add_a_file    },
                {"a file less",     take_a_file   },
	        {"files swapped",   swap_two_files},
                {"a folder",        make_a_folder },
	};

	for (size_t i = 0; i <= sizeof(rows) / sizeof(rows[0]); i++) {
		const bool last = i == sizeof(rows) / sizeof(rows[0]);
		struct kexec_set *s = NULL;
		struct tree *t = NULL;
		struct signed_boot b;

		boot_make(&b);
		boot_sign(&b, &plain);
		CHECK(kexec_read(b.fd, &s, NULL) == OK);
		if (!last)
			rows[i].change(&b);
		CHECK(tree_walk(b.fd, NULL, &t) == OK);
		CHECK_ROW(check_same(s, t) == (last ? OK : ERR_BUSY),
		          last ? "nothing" : rows[i].what);
		t = tree_free(t);
		s = kexec_free(s);
		boot_drop(&b);
	}
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"says who, when and in which style",                  says_who_when_and_in_which_style},
	        {"everything that is no signature",                    everything_that_is_no_signature },
	        {"without keys nothing is good",                       without_keys_nothing_is_good    },
	        {"a damaged signature is bad",                         a_damaged_signature_is_bad      },
	        {"a signature older than its key is told by its date",
	         a_signature_older_than_its_key_is_told_by_its_date                                    },
	        {"the set must be that of the tree",                   the_set_must_be_that_of_the_tree},
	        {"what changes meanwhile is not verified",
	         what_changes_meanwhile_is_not_verified                                                },
	};

	if (crypto_init() != OK || !softkey_signer(CURVE_ED25519, &alice) ||
	    !softkey_signer(CURVE_P256, &mallory))
		return 1;
	const int rc = check_run(cases, sizeof(cases) / sizeof(cases[0]));
	softkey_free(&alice);
	softkey_free(&mallory);
	return rc;
}
