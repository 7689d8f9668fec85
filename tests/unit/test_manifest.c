/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Heads' two lists byte for byte, lines of such lists, and trees compared. */
#include <stdio.h>
#include <stdlib.h>

#include "crypto/crypto.h"
#include "sign/manifest.h"
#include "tests/unit/check.h"
#include "tests/unit/tree_folder.h"

/* SHA-256 of nothing and of "abc" (FIPS 180-2). */
#define OF_NOTHING "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define OF_ABC     "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static void make_boot(struct tree_folder *f)
{
	tf_make(f);
	tf_dir(f, "grub");
	tf_dir(f, "sub");
	tf_dir(f, "kexecdir");
	tf_file(f, "vmlinuz-6.1", "abc");
	tf_file(f, "grub/grub.cfg", "");
	tf_file(f, "grub.cfg", "abc");
	tf_file(f, "sub/kexec_x", "abc");
	tf_file(f, "kexec", "no");
	tf_file(f, "kexecdir/x", "no");
	tf_file(f, "kexec_hashes.txt", "no");
	tf_file(f, "kexec.sig", "no");
	tf_link(f, "vmlinuz", "vmlinuz-6.1");
}

static void hashes_are_of_regular_files_that_heads_sees(void)
{
	static const char wanted[] =
	        OF_ABC "  ./grub.cfg\n" OF_NOTHING "  ./grub/grub.cfg\n" OF_ABC
	               "  ./sub/kexec_x\n" OF_ABC "  ./vmlinuz-6.1\n";
	struct tree_folder f;
	AUTO_BUFFER b = {0};

	make_boot(&f);
	struct tree *t = tf_walk(&f, 0);
	CHECK(manifest_write(MANIFEST_HASHES, t, &b) == OK &&
	      bytes_equal(buffer_bytes(&b), bytes_of(wanted)));
	t = tree_free(t);
	tf_drop(&f);
}

static void the_tree_is_every_path_that_heads_sees_and_a_nul_behind_each(void)
{
	static const char wanted[] = "./\0./grub\0./grub.cfg\0./grub/grub.cfg\0./sub\0"
	                             "./sub/kexec_x\0./vmlinuz\0./vmlinuz-6.1";
	struct tree_folder f;
	AUTO_BUFFER b = {0};

	make_boot(&f);
	struct tree *t = tf_walk(&f, 0);
	CHECK(manifest_write(MANIFEST_TREE, t, &b) == OK &&
	      bytes_equal(buffer_bytes(&b),
	                  (struct bytes){(const uint8_t *)wanted, sizeof(wanted)}));
	t = tree_free(t);
	tf_drop(&f);
}

/* Both lists as find, sort and GNU's sha256sum make them, odd names and all. */
static void both_lists_are_what_the_tools_of_heads_print(void)
{
	struct tree_folder f;
	AUTO_BUFFER hashes = {0};
	AUTO_BUFFER tree = {0};
	size_t n = 0, m = 0;

	make_boot(&f);
	tf_file(&f, "new\nline", "1");
	tf_file(&f, "back\\slash", "2");
	tf_file(&f, "car\rriage", "3");
	tf_file(&f, "caf\xc3\xa9 \t\x01", "4");
	tf_file(&f, "-n", "5");
	struct tree *t = tf_walk(&f, 0);
	CHECK(manifest_write(MANIFEST_HASHES, t, &hashes) == OK &&
	      manifest_write(MANIFEST_TREE, t, &tree) == OK);
	char *h = tf_run(&f,
	                 "find ./ -type f ! -path './kexec*' -print0 | sort -z | "
	                 "xargs -0 sha256sum",
	                 &n);
	char *p = tf_run(&f, "find ./ ! -path './kexec*' -print0 | sort -z", &m);
	CHECK(bytes_equal(buffer_bytes(&hashes), (struct bytes){(uint8_t *)h, n}));
	CHECK(bytes_equal(buffer_bytes(&tree), (struct bytes){(uint8_t *)p, m}));
	free(h);
	free(p);
	t = tree_free(t);
	tf_drop(&f);
}

static void an_empty_boot_has_an_empty_list_and_a_tree_of_one(void)
{
	struct tree_folder f;
	AUTO_BUFFER b = {0};

	tf_make(&f);
	struct tree *t = tf_walk(&f, 0);
	CHECK(manifest_write(MANIFEST_HASHES, t, &b) == OK && b.n == 0);
	CHECK(manifest_write(MANIFEST_TREE, t, &b) == OK && b.n == 3 &&
	      memcmp(b.p, "./", 3) == 0);
	t = tree_free(t);
	tf_drop(&f);
}

static void lines_are_taken_one_by_one_until_the_end(void)
{
	struct bytes in = bytes_of(OF_ABC "  ./a b\n" OF_NOTHING "  /boot/x\\\t\xff\n");
	struct hash_line l;
	uint8_t wanted[TREE_HASH_LEN];

	CHECK(hash_all(HASH_SHA256, bytes_of("abc"), wanted, sizeof(wanted)) == OK);
	CHECK(hash_line_next(&in, &l) == OK && bytes_equal(l.name, bytes_of("./a b")) &&
	      memcmp(l.sha256, wanted, sizeof(wanted)) == 0);
	CHECK(hash_line_next(&in, &l) == OK &&
	      bytes_equal(l.name, bytes_of("/boot/x\\\t\xff")) && l.sha256[0] == 0xe3);
	CHECK(in.n == 0 && hash_line_next(&in, &l) == ERR_NOT_FOUND);
}

static void what_is_no_line_is_refused_and_nothing_is_taken(void)
{
	static const struct {
		const char *what;
		struct bytes in;
	} rows[] = {
#define ROW(what, text)                                                                  \
	{                                                                                \
		what,                                                                    \
		{                                                                        \
			(const uint8_t *)(text), sizeof(text) - 1                        \
		}                                                                        \
	}
	        ROW("newline alone", "\n"),
	        ROW("no name", OF_ABC "  \n"),
	        ROW("no end", OF_ABC "  ./a"),
	        ROW("one space", OF_ABC " ./a\n"),
	        ROW("binary mark", OF_ABC " *./a\n"),
	        ROW("tab", OF_ABC " \t./a\n"),
	        ROW("escaped by GNU's sha256sum", "\\" OF_ABC "  ./a\\nb\n"),
	        ROW("space before", " " OF_ABC "  ./a\n"),
	        ROW("upper case",
	            "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"
	            "  ./a\n"),
	        ROW("short",
	            "a7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
	            "  ./a\n"),
	        ROW("not hex",
	            "ga7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
	            "  ./a\n"),
	        ROW("NUL in the name", OF_ABC "  ./a\0b\n"),
	        ROW("ends in the digest", "ba78"),
	        ROW("ends behind the digest", OF_ABC),
	        ROW("ends behind the spaces", OF_ABC "  "),
#undef ROW
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bytes in = rows[i].in;
		struct hash_line l;

		CHECK_ROW(hash_line_next(&in, &l) == ERR_FORMAT, rows[i].what);
		CHECK_ROW(in.p == rows[i].in.p && in.n == rows[i].in.n, rows[i].what);
	}
}

/* --- comparing --- */

static struct tree_entry entry(const char *path, enum tree_type type)
{
	return (struct tree_entry){.path = path,
	                           .type = type,
	                           .mode = type == TREE_LINK ? 0777 : 0644,
	                           .target = type == TREE_LINK ? "x" : NULL};
}

struct told {
	char text[256];
};

static void note(const struct tree_entry *a, const struct tree_entry *b, unsigned changes,
                 void *ctx)
{
	struct told *t = ctx;
	const size_t n = strlen(t->text);
	char *to = t->text + n;
	const size_t cap = sizeof(t->text) - n;

	if (a && b)
		(void)snprintf(to, cap, "%s:%u%s ", a->path, changes,
		               strcmp(a->path, b->path) != 0 ? "!" : "");
	else if (a)
		(void)snprintf(to, cap, "%s:%u- ", a->path, changes);
	else if (b)
		(void)snprintf(to, cap, "+%s:%u ", b->path, changes);
	else
		CHECK(!"neither before nor after");
}

/* Of the first one's text. */
static bool compare(const struct tree *before, const struct tree *after,
                    struct told *told)
{
	uint8_t none[TREE_HASH_LEN] = {0};
	AUTO_BUFFER text = {0};
	bool current = true;

	return manifest_write(MANIFEST_FULL, before, &text) == OK &&
	       manifest_compare_full(buffer_bytes(&text), after, none, none, note, told,
	                             &current) == OK &&
	       !current;
}

/* One entry beside the root, before and after. */
static bool differ(struct tree_entry a, struct tree_entry b, unsigned changes)
{
	struct tree_entry before[] = {entry("./", TREE_FOLDER), a};
	struct tree_entry after[] = {entry("./", TREE_FOLDER), b};
	const struct tree x = {.entry = before, .n = 2, .permissions = true};
	const struct tree y = {.entry = after, .n = 2, .permissions = true};
	struct told told = {""};
	char wanted[64] = "";

	if (changes != 0)
		(void)snprintf(wanted, sizeof(wanted), "%s:%u ", a.path, changes);
	CHECK(compare(&x, &y, &told));
	return strcmp(told.text, wanted) == 0;
}

static void each_difference_of_an_entry_is_told_as_what_it_is(void)
{
	const struct tree_entry file = entry("./a", TREE_FILE),
	                        link = entry("./a", TREE_LINK),
	                        folder = entry("./a", TREE_FOLDER);
	struct tree_entry other = file;

	CHECK(differ(file, file, 0));
	other.sha256[31] = 1;
	CHECK(differ(file, other, CHANGE_CONTENT));
	other = file;
	other.size = 1;
	CHECK(differ(file, other, CHANGE_CONTENT));
	other.mode = 04644;
	other.gid = 7;
	CHECK(differ(file, other, CHANGE_CONTENT | CHANGE_MODE | CHANGE_OWNER));
	other = file;
	other.uid = 7;
	CHECK(differ(file, other, CHANGE_OWNER));
	other = link;
	other.target = "y";
	CHECK(differ(link, other, CHANGE_TARGET));
	CHECK(differ(file, link, CHANGE_TYPE) && differ(link, folder, CHANGE_TYPE));
	CHECK(differ(file, folder, CHANGE_TYPE));
	other = folder;
	other.mount = true;
	other.mode = 0;
	other.uid = 9;
	CHECK(differ(folder, other, 0) && differ(other, folder, 0));
	CHECK(differ(file, other, CHANGE_TYPE));
	other = entry("./a", TREE_BLOCK);
	other.target = "8:1";
	struct tree_entry disk = other;
	disk.target = "8:2";
	CHECK(differ(disk, other, CHANGE_TARGET));
}

static void what_comes_and_goes_is_told_in_order(void)
{
	struct tree_entry before[] = {
	        entry("./", TREE_FOLDER),          entry("./a", TREE_FILE),
	        entry("./b", TREE_FILE),           entry("./kexec.sig", TREE_FILE),
	        entry("./kexec_a.txt", TREE_FILE), entry("./z", TREE_FILE)};
	struct tree_entry after[] = {entry("./", TREE_FOLDER),
	                             entry("./a0", TREE_FILE),
	                             entry("./b", TREE_FILE),
	                             entry("./kexec_hotp_counter", TREE_FILE),
	                             entry("./kexecdir", TREE_FOLDER),
	                             entry("./kexecdir/x", TREE_FILE)};
	const struct tree x = {.entry = before, .n = 6, .permissions = true};
	const struct tree y = {.entry = after, .n = 6, .permissions = true};
	const struct tree none = {.permissions = true};
	const struct tree root = {.entry = before, .n = 1, .permissions = true};
	struct told told = {""};

	CHECK(compare(&x, &y, &told));
	CHECK_ROW(strcmp(told.text,
	                 "./a:2- +./a0:1 +./kexecdir:1 +./kexecdir/x:1 ./z:2- ") == 0,
	          told.text);
	told.text[0] = '\0';
	CHECK(compare(&root, &root, &told));
	CHECK(told.text[0] == '\0');
	CHECK(compare(&root, &x, &told));
	CHECK_ROW(strcmp(told.text, "+./a:1 +./b:1 +./z:1 ") == 0, told.text);
	told.text[0] = '\0';
	CHECK(compare(&x, &none, &told));
	CHECK_ROW(strcmp(told.text, "./:2- ./a:2- ./b:2- ./z:2- ") == 0, told.text);
}

static void modes_count_where_both_sides_have_them_and_losing_them_is_told_once(void)
{
	struct tree_entry with[] = {entry("./", TREE_FOLDER), entry("./a", TREE_FILE)};
	struct tree_entry without[] = {entry("./", TREE_FOLDER), entry("./a", TREE_FILE)};
	const struct tree x = {.entry = with, .n = 2, .permissions = true};
	const struct tree y = {.entry = without, .n = 2};
	struct told told = {""};

	without[0].mode = without[1].mode = 0;
	CHECK(compare(&y, &x, &told));
	CHECK(compare(&y, &y, &told));
	CHECK(told.text[0] == '\0');
	CHECK(compare(&x, &y, &told));
	CHECK_ROW(strcmp(told.text, "./:48 ") == 0, told.text);
	without[1].size = 1; /* content counts all the same */
	told.text[0] = '\0';
	CHECK(compare(&y, &x, &told));
	CHECK_ROW(strcmp(told.text, "./a:4 ") == 0, told.text);
}

static void whether_the_lists_of_heads_say_the_same_is_told(void)
{
	struct tree_entry entries[] = {entry("./", TREE_FOLDER), entry("./a", TREE_FILE),
	                               entry("./l", TREE_LINK)};
	const struct tree t = {.entry = entries, .n = 3, .permissions = true};
	uint8_t hashes[TREE_HASH_LEN], paths[TREE_HASH_LEN], other[TREE_HASH_LEN];
	struct told told = {""};
	AUTO_BUFFER text = {0};
	bool current = false;
	size_t n = 0;

	CHECK(manifest_write(MANIFEST_FULL, &t, &text) == OK &&
	      manifest_digest(MANIFEST_HASHES, &t, hashes, &n) == OK && n == 70 &&
	      manifest_digest(MANIFEST_TREE, &t, paths, &n) == OK && n == 11);
	const struct bytes full = buffer_bytes(&text);
	CHECK(manifest_compare_full(full, &t, hashes, paths, note, &told, &current) ==
	              OK &&
	      current && told.text[0] == '\0');
	memcpy(other, hashes, sizeof(other));
	other[TREE_HASH_LEN - 1] ^= 1;
	CHECK(manifest_compare_full(full, &t, other, paths, note, &told, &current) ==
	              OK &&
	      !current);
	CHECK(manifest_compare_full(full, &t, hashes, other, note, &told, &current) ==
	              OK &&
	      !current);
	const struct bytes cut = {full.p, full.n - 1};
	CHECK(manifest_compare_full(cut, &t, hashes, paths, note, &told, &current) ==
	      ERR_FORMAT);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"hashes_are_of_regular_files_that_heads_sees",
	         hashes_are_of_regular_files_that_heads_sees                        },
	        {"the_tree_is_every_path_that_heads_sees_and_a_nul_behind_each",
	         the_tree_is_every_path_that_heads_sees_and_a_nul_behind_each       },
	        {"both_lists_are_what_the_tools_of_heads_print",
	         both_lists_are_what_the_tools_of_heads_print                       },
	        {"an_empty_boot_has_an_empty_list_and_a_tree_of_one",
	         an_empty_boot_has_an_empty_list_and_a_tree_of_one                  },
	        {"lines_are_taken_one_by_one_until_the_end",
	         lines_are_taken_one_by_one_until_the_end                           },
	        {"what_is_no_line_is_refused_and_nothing_is_taken",
	         what_is_no_line_is_refused_and_nothing_is_taken                    },
	        {"each_difference_of_an_entry_is_told_as_what_it_is",
	         each_difference_of_an_entry_is_told_as_what_it_is                  },
	        {"what_comes_and_goes_is_told_in_order",
	         what_comes_and_goes_is_told_in_order                               },
	        {"whether_the_lists_of_heads_say_the_same_is_told",
	         whether_the_lists_of_heads_say_the_same_is_told                    },
	        {"modes_count_where_both_sides_have_them_and_losing_them_is_told_once",
	         modes_count_where_both_sides_have_them_and_losing_them_is_told_once},
	};

	if (crypto_init() != OK)
		return 1;
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
