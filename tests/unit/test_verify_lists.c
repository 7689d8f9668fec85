/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signed lists that are not as we write them: in another order, malformed, with names
 * that Heads refuses. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "tests/unit/check.h"
#include "tests/unit/signed_boot.h"

static struct softkey alice;
static const struct softkey *const known[] = {&alice};
static const struct boot_signing ours = {.by = &alice};

static void sign_lists(struct signed_boot *b, const char *name, struct bytes content)
{
	const struct boot_signing again = {.by = &alice, .no_lists = true};

	boot_sign(b, &ours);
	boot_put_bytes(b, name, content);
	boot_sign(b, &again);
}

static void the_order_of_hashes_does_not_matter(void)
{
	struct signed_boot b;
	AUTO_BUFFER turned = {0};

	boot_make(&b);
	boot_sign(&b, &ours);
	struct kexec_set *s = boot_set(b.fd);
	const struct kexec_file *f = kexec_find(s, KEXEC_HASHES);
	const uint8_t *first = f ? memchr(f->data, '\n', f->n) : NULL;
	CHECK(first != NULL);
	if (f && first) {
		const size_t n = (size_t)(first - f->data) + 1;

		buffer_add(&turned, f->data + n, f->n - n);
		buffer_add(&turned, f->data, n);
	}
	sign_lists(&b, KEXEC_HASHES, buffer_bytes(&turned));
	s = kexec_free(s);
	struct verify_report *r = boot_look(&b, known, 1);
	CHECK(r->verdict == VERIFY_GOOD);
	r = verify_free(r);
	CHECK(fchmodat(b.fd, "vmlinuz-6.1", 0666, 0) == 0);
	r = boot_look(&b, known, 1);
	CHECK(r->verdict == VERIFY_BAD);
	r = verify_free(r);
	boot_drop(&b);
}

static void signed_nonsense_is_bad(void)
{
	static const char tree_turned[] = "./grub\0./\0";
	static const struct {
		const char *name, *content;
		size_t n;
	} rows[] = {
	        {KEXEC_HASHES,          "",                       0                      },
	        {KEXEC_HASHES,          "nonsense\n",             9                      },
	        {KEXEC_TREE,            "",                       0                      },
	        {KEXEC_TREE,            "./",                     2                      },
	        {KEXEC_TREE,            tree_turned,              sizeof(tree_turned) - 1},
	        {KEXEC_TREE,            "/etc\0",                 5                      },
	        {KEXEC_FULL,            "",                       0                      },
	        {KEXEC_FULL,            "nonsense\n",             9                      },
	        {KEXEC_ROLLBACK,        "nonsense\n",             9                      },
	        {"kexec_default.1.txt", "",                       0                      },
	        {"kexec_default.0.txt", "",                       0                      },
	        {"kexec_default.9.txt", "Debian|elf|kernel /x\n", 21                     },
	        {KEXEC_DEFAULT_HASH,    "",                       0                      },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct signed_boot b;

		boot_make(&b);
		sign_lists(&b, rows[i].name,
		           (struct bytes){(const uint8_t *)rows[i].content, rows[i].n});
		struct verify_report *r = boot_look(&b, known, 1);
		CHECK_ROW(r->signature_good && r->verdict == VERIFY_BAD && r->n > 0,
		          rows[i].name);
		r = verify_free(r);
		/* The full manifest goes on telling what it can. */
		CHECK(fchmodat(b.fd, "vmlinuz-6.1", 0600, 0) == 0);
		boot_put(&b, "vmlinuz-6.1", "evil");
		r = boot_look(&b, known, 1);
		CHECK_ROW(r->verdict == VERIFY_BAD, rows[i].name);
		/* An empty list is a list; no file is in it. */
		if (strcmp(rows[i].name, KEXEC_FULL) != 0 &&
		    (strcmp(rows[i].name, KEXEC_HASHES) != 0 || rows[i].n > 0))
			CHECK_ROW(boot_found(r, FINDING_CHANGED, "./vmlinuz-6.1"),
			          rows[i].name);
		r = verify_free(r);
		boot_drop(&b);
	}
}

static void a_tree_in_another_order_is_told(void)
{
	struct signed_boot b;
	AUTO_BUFFER turned = {0};

	boot_make(&b);
	boot_sign(&b, &ours);
	struct kexec_set *s = boot_set(b.fd);
	const struct kexec_file *f = kexec_find(s, KEXEC_TREE);
	CHECK(f != NULL);
	if (f) { /* "./" to the end */
		buffer_add(&turned, f->data + 3, f->n - 3);
		buffer_add(&turned, f->data, 3);
	}
	sign_lists(&b, KEXEC_TREE, buffer_bytes(&turned));
	s = kexec_free(s);
	struct verify_report *r = boot_look(&b, known, 1);
	CHECK(r->verdict == VERIFY_BAD && boot_found(r, FINDING_TREE, KEXEC_TREE));
	r = verify_free(r);
	boot_drop(&b);
}

static void a_name_that_heads_refuses_is_named(void)
{
	static const char *const names[] = {"tab\there", "back\\slash", "caf\xc3\xa9",
	                                    "new\nline"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[32];
		struct signed_boot b;

		boot_make(&b);
		boot_put(&b, names[i], "");
		boot_sign(&b, &ours);
		struct verify_report *r = boot_look(&b, known, 1);
		(void)snprintf(path, sizeof(path), "./%s", names[i]);
		CHECK_ROW(r->verdict == VERIFY_BAD && boot_found(r, FINDING_NAME, path),
		          names[i]);
		r = verify_free(r);
		boot_drop(&b);
	}
}

static void without_a_list_the_full_manifest_tells(void)
{
	static const char *const names[] = {KEXEC_HASHES, KEXEC_TREE};

	for (size_t i = 0; i < 2; i++) {
		struct signed_boot b;

		boot_make(&b);
		boot_sign(&b, &ours);
		boot_rm(&b, names[i]);
		boot_put(&b, "vmlinuz-6.1", "evil");
		boot_put(&b, "more", "");
		struct verify_report *r = boot_look(&b, known, 1);
		CHECK_ROW(r->verdict == VERIFY_BAD, names[i]);
		CHECK_ROW(boot_found(r, FINDING_NO_FILE, names[i]), names[i]);
		CHECK_ROW(boot_found(r, FINDING_CHANGED, "./vmlinuz-6.1"), names[i]);
		CHECK_ROW(boot_found(r, FINDING_ADDED, "./more"), names[i]);
		r = verify_free(r);
		boot_drop(&b);
	}
}

static void of_two_default_entries_one_is_too_many(void)
{
	static const char line[] = "Other|elf|kernel /vmlinuz-6.1|append ro\n";
	struct signed_boot b;

	boot_make(&b);
	boot_put(&b, "grub/grub.cfg",
	         "menuentry 'Debian' {\n\tlinux /vmlinuz-6.1 quiet\n}\n"
	         "menuentry 'Other' {\n\tlinux /vmlinuz-6.1 ro\n}\n");
	sign_lists(&b, "kexec_default.2.txt", bytes_of(line));
	struct verify_report *r = boot_look(&b, known, 1);
	CHECK(r->verdict == VERIFY_BAD && r->n == 1);
	CHECK(boot_found(r, FINDING_DEFAULT, "kexec_default.2.txt"));
	r = verify_free(r);
	boot_drop(&b);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"the order of hashes does not matter",
	         the_order_of_hashes_does_not_matter                                      },
	        {"without a list the full manifest tells",
	         without_a_list_the_full_manifest_tells                                   },
	        {"of two default entries one is too many",
	         of_two_default_entries_one_is_too_many                                   },
	        {"signed nonsense is bad",                 signed_nonsense_is_bad         },
	        {"a tree in another order is told",        a_tree_in_another_order_is_told},
	        {"a name that Heads refuses is named",
	         a_name_that_heads_refuses_is_named                                       },
	};

	if (crypto_init() != OK || !softkey_signer(CURVE_ED25519, &alice))
		return 1;
	const int rc = check_run(cases, sizeof(cases) / sizeof(cases[0]));
	softkey_free(&alice);
	return rc;
}
