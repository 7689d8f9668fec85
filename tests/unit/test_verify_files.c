/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kexec*.txt and kexec.sig themselves: who may write them, how they are called, several
 * signatures; and what is not looked at. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "openpgp/sign.h"
#include "sign/verify_parts.h"
#include "tests/unit/check.h"
#include "tests/unit/signed_boot.h"

static struct softkey alice, mallory;
static const struct softkey *const known[] = {&alice};
static const struct boot_signing ours = {.by = &alice};
static const struct boot_signing heads = {.by = &alice, .no_full = true};

static void list_for_all(struct signed_boot *b)
{
	CHECK(fchmodat(b->fd, KEXEC_HASHES, 0666, 0) == 0);
}

static void list_for_the_group(struct signed_boot *b)
{
	CHECK(fchmodat(b->fd, KEXEC_TREE, 0664, 0) == 0);
}

static void list_setuid(struct signed_boot *b)
{
	CHECK(fchmodat(b->fd, KEXEC_HASHES, 04755, 0) == 0);
}

static void sig_for_all(struct signed_boot *b)
{
	CHECK(fchmodat(b->fd, KEXEC_SIG, 0646, 0) == 0);
}

static void sig_of_another(struct signed_boot *b)
{
	CHECK(fchownat(b->fd, KEXEC_SIG, 12, (gid_t)-1, 0) == 0);
}

static void list_of_another_group(struct signed_boot *b)
{
	CHECK(fchownat(b->fd, KEXEC_TREE, (uid_t)-1, 12, 0) == 0);
}

static void counter_for_all(struct signed_boot *b)
{
	CHECK(fchmodat(b->fd, KEXEC_HOTP, 0666, 0) == 0);
}

static void list_for_me_alone(struct signed_boot *b)
{
	CHECK(fchmodat(b->fd, KEXEC_HASHES, 0600, 0) == 0);
}

static void who_else_may_write_the_signed_files_is_told(void)
{
	static const struct {
		void (*change)(struct signed_boot *b);
		enum finding finding;
		const char *path; /* NULL: it is good */
	} rows[] = {
	        {list_for_all,          FINDING_MODE,  KEXEC_HASHES},
	        {list_for_the_group,    FINDING_MODE,  KEXEC_TREE  },
	        {list_setuid,           FINDING_MODE,  KEXEC_HASHES},
	        {sig_for_all,           FINDING_MODE,  KEXEC_SIG   },
	        {sig_of_another,        FINDING_OWNER, KEXEC_SIG   },
	        {list_of_another_group, FINDING_OWNER, KEXEC_TREE  },
	        {counter_for_all,       FINDING_MODE,  NULL        },
	        {list_for_me_alone,     FINDING_MODE,  NULL        },
	};
	static const struct boot_signing *const ways[] = {&ours, &heads};

	for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
		const char *path = rows[i / 2].path;
		struct signed_boot b;

		if (rows[i / 2].finding == FINDING_OWNER && geteuid() != 0)
			continue; /* who may not give files away is not shown one */
		boot_make(&b);
		boot_sign(&b, ways[i % 2]);
		rows[i / 2].change(&b);
		struct verify_report *r = boot_look(&b, known, 1);
		const char *what = path ? path : "good";
		CHECK_ROW(r->signature_good && verify_ok(r) == !path, what);
		CHECK_ROW(r->n == (path ? 1U : 0U), what);
		if (path) {
			CHECK_ROW(boot_found(r, rows[i / 2].finding, path), what);
			CHECK_ROW(!finding_heads_sees(rows[i / 2].finding, path), what);
		}
		r = verify_free(r);
		boot_drop(&b);
	}
}

/* Heads before April 2026 has the shell split and expand the names. */
static void names_that_an_older_heads_splits_are_told(void)
{
	static const char *const names[] = {"kexec foo.txt", "kexec*.txt", "kexec?.txt",
	                                    "kexec[a].txt"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct signed_boot b;

		boot_make(&b);
		boot_put(&b, names[i], "");
		boot_sign(&b, &ours);
		struct verify_report *r = boot_look(&b, known, 1);
		CHECK_ROW(r->signature_good && r->verdict == VERIFY_BAD, names[i]);
		CHECK_ROW(r->n == 1 && boot_found(r, FINDING_NAME, names[i]), names[i]);
		CHECK_ROW(finding_heads_sees(FINDING_NAME, names[i]), names[i]);
		r = verify_free(r);
		boot_drop(&b);
	}
}

static void other_names_may_have_blanks(void)
{
	struct signed_boot b;

	boot_make(&b);
	boot_put(&b, "a [blank]", "");
	boot_put(&b, "kexec a?b", "");
	boot_put(&b, "kexecdir/kexec a.txt", "");
	boot_sign(&b, &ours);
	struct verify_report *r = boot_look(&b, known, 1);
	CHECK(r->verdict == VERIFY_GOOD && r->n == 0);
	r = verify_free(r);
	boot_drop(&b);
}

static void nothing_is_found_below_what_was_not_looked_at(void)
{
	char efi[] = "./efi", deep[] = "./a/b";
	char *const mounts[] = {efi, deep};
	struct findings f = {.mount = mounts, .n_mounts = 2};

	findings_add(&f, FINDING_MISSING, "./efi/x");
	findings_add(&f, FINDING_CHANGED, "./a/b/c/d");
	CHECK(f.n == 0 && f.hidden == 2);
	findings_add(&f, FINDING_MISSING, "./efi");
	findings_add(&f, FINDING_MISSING, "./efix/x");
	findings_add(&f, FINDING_MISSING, "./a/x");
	findings_add(&f, FINDING_NO_SIGNATURE, NULL);
	CHECK(f.n == 4 && f.hidden == 2);
	findings_free(&f);
}

/* gpg --verify ends with 2 when one of them is bad or foreign, and Heads does not boot.
 */
static void of_several_signatures_each_must_be_good(void)
{
	static const struct boot_signing foreign = {.by = &mallory};
	static const struct boot_signing again = {.by = &alice,
	                                          .created = BOOT_SIGNED + 5};
	static const struct boot_signing late = {.by = &alice, .created = BOOT_NOW + 1};
	static const struct boot_signing absolute = {.by = &alice,
	                                             .style = KEXEC_ABSOLUTE};
	static const struct {
		const char *what;
		const struct boot_signing *one, *two;
		size_t n_keys; /* of both */
		bool good;
	} rows[] = {
	        {"twice by her",         &ours,    &again,    1, true },
	        {"the newer first",      &again,   &ours,     1, true },
	        {"foreign, hers",        &foreign, &ours,     1, false},
	        {"hers, foreign",        &ours,    &foreign,  1, false},
	        {"hers, of both known",  &ours,    &foreign,  2, true },
	        {"hers, of the future",  &ours,    &late,     1, false},
	        {"the future's, hers",   &late,    &ours,     1, false},
	        {"hers, of other bytes", &ours,    &absolute, 1, false},
	};
	static const struct softkey *const keys[] = {&alice, &mallory};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t packet[2 * SIG_PACKET_MAX + 8];
		struct writer w = {.p = packet, .cap = sizeof(packet)};
		struct signed_boot b;

		boot_make(&b);
		boot_sign(&b, &ours);
		boot_signature(&b, rows[i].one, &w);
		boot_signature(&b, rows[i].two, &w);
		boot_put_bytes(&b, KEXEC_SIG, writer_bytes(&w));
		struct verify_report *r = boot_look(&b, keys, rows[i].n_keys);
		CHECK_ROW(r->signature_good == rows[i].good, rows[i].what);
		CHECK_ROW((r->verdict == VERIFY_GOOD) == rows[i].good, rows[i].what);
		CHECK_ROW(rows[i].good || r->n == 1, rows[i].what);
		if (rows[i].one == &again || rows[i].two == &again)
			CHECK_ROW(r->created == again.created, rows[i].what);
		r = verify_free(r);
		put_string(&w, "garbage");
		boot_put_bytes(&b, KEXEC_SIG, writer_bytes(&w));
		r = boot_look(&b, keys, rows[i].n_keys);
		CHECK_ROW(r->verdict == VERIFY_BAD, rows[i].what);
		r = verify_free(r);
		boot_drop(&b);
	}
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"who else may write the signed files is told",
	         who_else_may_write_the_signed_files_is_told                                 },
	        {"names that an older Heads splits are told",
	         names_that_an_older_heads_splits_are_told                                   },
	        {"other names may have blanks",                   other_names_may_have_blanks},
	        {"nothing is found below what was not looked at",
	         nothing_is_found_below_what_was_not_looked_at                               },
	        {"of several signatures each must be good",
	         of_several_signatures_each_must_be_good                                     },
	};

	if (crypto_init() != OK || !softkey_signer(CURVE_ED25519, &alice) ||
	    !softkey_signer(CURVE_P256, &mallory))
		return 1;
	const int rc = check_run(cases, sizeof(cases) / sizeof(cases[0]));
	softkey_free(&alice);
	softkey_free(&mallory);
	return rc;
}
