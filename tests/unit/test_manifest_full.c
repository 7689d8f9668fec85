/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The full manifest: the example in docs/FORMAT.md, what is left out, and that nothing
 * but what would be written is read. */
#include <stdio.h>
#include <stdlib.h>

#include "core/file.h"
#include "crypto/crypto.h"
#include "sign/manifest.h"
#include "tests/unit/check.h"
#include "tests/unit/tree_folder.h"

#define HEAD    "bootlatch boot manifest 1\npermissions yes\n"
#define FOREIGN "bootlatch boot manifest 1\npermissions no\n"
#define ROOT    "d 0755 0 0 - - ./\n"
#define SHA     "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

enum { DOCUMENT_MAX = 256 * 1024, INDENT = 4 };

/* The indented block of the document that begins with this line. */
static void example(struct buffer *out)
{
	static const char first[] = "    bootlatch boot manifest 1\n";
	uint8_t *text = NULL;
	size_t n = 0;

	CHECK(file_read_path("docs/FORMAT.md", DOCUMENT_MAX, &text, &n) == OK);
	const char *at = text ? memmem(text, n, first, sizeof(first) - 1) : NULL;
	CHECK(at != NULL);
	for (const char *end; at && memcmp(at, "    ", INDENT) == 0; at = end + 1) {
		end = strchr(at, '\n'); /* a blank line follows in any case */
		buffer_add(out, at + INDENT, (size_t)(end + 1 - at) - INDENT);
	}
	free(text);
}

static bool written_again(struct bytes in)
{
	struct tree *t = NULL;
	AUTO_BUFFER b = {0};

	if (manifest_full_parse(in, &t) != OK)
		return false;
	const bool same = manifest_full(t, &b) == OK && bytes_equal(buffer_bytes(&b), in);
	t = tree_free(t);
	return same;
}

static bool refused(struct bytes in)
{
	struct tree *t = NULL;

	return manifest_full_parse(in, &t) == ERR_FORMAT && !t;
}

static void the_example_of_the_document_is_read_and_written(void)
{
	struct tree *t = NULL;
	AUTO_BUFFER text = {0};

	example(&text);
	CHECK(written_again(buffer_bytes(&text)));
	if (manifest_full_parse(buffer_bytes(&text), &t) != OK)
		return;
	CHECK(t->n == 8 && t->permissions && t->bytes == 4);
	const struct tree_entry *a = tree_find(t, "./System.map-6.1");
	CHECK(a && a->type == TREE_FILE && a->mode == 0600 && a->size == 3 &&
	      a->sha256[0] == 0xba && a->sha256[31] == 0xad && !a->target);
	a = tree_find(t, "./efi");
	CHECK(a && a->type == TREE_FOLDER && a->mount && a->mode == 0);
	CHECK(tree_find(t, "./grub/a name")->gid == 4);
	a = tree_find(t, "./grub/\xc3\xa9\\");
	CHECK(a && a->mode == 04755 && a->uid == 1000 && a->gid == UINT32_MAX);
	a = tree_find(t, "./null");
	CHECK(a && a->type == TREE_CHAR && strcmp(a->target, "1:3") == 0);
	a = tree_find(t, "./vmlinuz");
	CHECK(a && a->type == TREE_LINK && a->mode == 0777 &&
	      strcmp(a->target, "vmlinuz-6.1") == 0);
	t = tree_free(t);
}

static bool same_entry(const struct tree_entry *a, const struct tree_entry *b)
{
	return strcmp(a->path, b->path) == 0 && a->type == b->type &&
	       a->size == b->size && a->mode == b->mode && a->uid == b->uid &&
	       a->gid == b->gid && a->mount == b->mount && !a->target == !b->target &&
	       (!a->target || strcmp(a->target, b->target) == 0) &&
	       memcmp(a->sha256, b->sha256, TREE_HASH_LEN) == 0;
}

static void a_walked_tree_comes_back_from_its_manifest(void)
{
	struct tree_folder f;
	struct tree *again = NULL;
	AUTO_BUFFER b = {0};
	char name[300];

	tf_make(&f);
	tf_dir(&f, "grub");
	tf_dir(&f, "kexecdir");
	tf_file(&f, "grub/grub.cfg", "menu");
	tf_file(&f, "kexecdir/x", "seen by nobody else");
	tf_file(&f, "a b\n\\\xff", "");
	memset(name, ' ', 255);
	name[255] = '\0';
	tf_file(&f, name, "spaces");
	tf_link(&f, "link", "to a\nplace \\ \xc3\xa9");
	struct tree *t = tf_walk(&f, 0);
	CHECK(manifest_full(t, &b) == OK && written_again(buffer_bytes(&b)));
	CHECK(manifest_full_parse(buffer_bytes(&b), &again) == OK && again->n == t->n &&
	      again->bytes == t->bytes && again->permissions);
	for (size_t i = 0; again && i < t->n; i++)
		CHECK_ROW(same_entry(&t->entry[i], &again->entry[i]), t->entry[i].path);
	again = tree_free(again);
	t = tree_free(t);
	tf_drop(&f);
}

static void what_is_left_out_is_left_out_by_its_whole_path(void)
{
	static const char *const out[] = {
	        "./kexec_hashes.txt",
	        "./kexec.txt",
	        "./kexec_bootlatch.txt",
	        "./kexec.sig",
	        "./kexec_hotp_counter",
	        "./kexec_bootlatch.stage",
	        "./kexec_bootlatch.stage/list",
	        "./kexec_bootlatch.stage/.list.a0bYcZ",
	        "./kexec_bootlatch.stage/kexec.sig",
	        "./kexec_bootlatch.stage/kexec_hashes.txt",
	};
	static const char *const in[] = {
	        "./",
	        "./kexec",
	        "./kexecdir",
	        "./kexecdir/kexec_x.txt",
	        "./sub/kexec.sig",
	        "./kexec_x.txt/grub.cfg",
	        "./kexec.sig2",
	        "./kexec_hotp_counter/grub.cfg",
	        "./kexec_bootlatch.stage2",
	        "./kexec_bootlatch.stage/grub.cfg",
	        "./kexec_bootlatch.stage/.list.grub.c",
	        "./kexec_bootlatch.stage/.list.12345",
	        "./kexec_bootlatch.stage/list/grub.cfg",
	        "./kexec_bootlatch.stage/.list.a/file",
	        "./kexec_bootlatch.stage/kexec_d.txt/x",
	        "./kexec_bootlatch.stage/kexec_hotp_counter",
	        "./.kexec.sig",
	};

	for (size_t i = 0; i < sizeof(out) / sizeof(out[0]); i++)
		CHECK_ROW(!manifest_full_lists(out[i]), out[i]);
	for (size_t i = 0; i < sizeof(in) / sizeof(in[0]); i++)
		CHECK_ROW(manifest_full_lists(in[i]), in[i]);
}

static void what_lies_in_a_folder_that_is_not_listed_is(void)
{
	struct tree_folder f;
	AUTO_BUFFER b = {0};

	tf_make(&f);
	tf_dir(&f, "kexec_bootlatch.stage");
	tf_file(&f, "kexec_bootlatch.stage/list", "");
	tf_file(&f, "kexec_bootlatch.stage/grub.cfg", "");
	tf_file(&f, "kexec_hashes.txt", "");
	struct tree *t = tf_walk(&f, 0);
	CHECK(manifest_full(t, &b) == OK && written_again(buffer_bytes(&b)));
	buffer_add(&b, "", 1);
	CHECK(strstr((const char *)b.p, " ./kexec_bootlatch.stage/grub.cfg\n") != NULL);
	CHECK(!strstr((const char *)b.p, "list") &&
	      !strstr((const char *)b.p, "_hashes"));
	t = tree_free(t);
	tf_drop(&f);
}

static void what_is_good_is_read_and_written_the_same(void)
{
	static const char *const rows[] = {
	        HEAD ROOT,
	        FOREIGN "d - - - - - ./\n",
	        FOREIGN "d - - - - - ./\nf - - - 0 " SHA " ./a\nl - - - - - ./b c\n"
	                "m - - - - - ./c\n",
	        HEAD ROOT "f 7777 4294967295 0 18446744073709551615 " SHA " ./a\n",
	        HEAD ROOT "p 0000 0 0 - - ./a\ns 0001 0 0 - - ./b\n"
	                  "b 0600 0 0 - - ./c 4294967295:0\n",
	        HEAD ROOT "l - 1 2 - - ./a \\20\\5c\\01\\7f\\ff~!\n",
	        HEAD ROOT "d 0755 0 0 - - ./a\nf 0644 0 0 0 " SHA " ./a.b\n"
	                  "f 0644 0 0 0 " SHA " ./a/b\nf 0644 0 0 0 " SHA " ./a0\n",
	        HEAD ROOT "d 0755 0 0 - - ./...\np 0755 0 0 - - ./.../..a\n",
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CHECK_ROW(written_again(bytes_of(rows[i])), rows[i]);
}

#define FILE_LINE "f 0644 0 0 3 " SHA " ./a\n"

static void what_would_not_be_written_is_refused(void)
{
	static const char *const rows[] = {
	        "",
	        "bootlatch boot manifest 1\n",
	        HEAD,
	        FOREIGN,
	        "bootlatch boot manifest 2\npermissions yes\n" ROOT,
	        "bootlatch boot manifest 1 \npermissions yes\n" ROOT,
	        "bootlatch boot manifest 1\r\npermissions yes\n" ROOT,
	        "\xef\xbb\xbf" HEAD ROOT,
	        "bootlatch boot manifest 1\npermissions maybe\n" ROOT,
	        "bootlatch boot manifest 1\n" ROOT,
	        HEAD "\n" ROOT,
	        HEAD ROOT "\n",
	        HEAD "d 0755 0 0 - - ./",
	        HEAD ROOT FILE_LINE "f 0644 0 0 3 " SHA " ./b",
	        HEAD ROOT HEAD,
	        /* the root */
	        HEAD FILE_LINE,
	        HEAD "m - - - - - ./\n",
	        HEAD "f 0644 0 0 3 " SHA " ./\n",
	        HEAD "p 0644 0 0 - - ./\n",
	        HEAD ROOT ROOT,
	        HEAD "d 0755 0 0 - - .\n",
	        /* types */
	        HEAD ROOT "x 0644 0 0 - - ./a\n",
	        HEAD ROOT "F 0644 0 0 3 " SHA " ./a\n",
	        HEAD ROOT "ff 0644 0 0 3 " SHA " ./a\n",
	        HEAD ROOT " 0644 0 0 3 " SHA " ./a\n",
	        HEAD ROOT "- 0644 0 0 3 " SHA " ./a\n",
	        /* modes */
	        HEAD ROOT "f 644 0 0 3 " SHA " ./a\n",
	        HEAD ROOT "f 00644 0 0 3 " SHA " ./a\n",
	        HEAD ROOT "f 0648 0 0 3 " SHA " ./a\n",
	        HEAD ROOT "f -644 0 0 3 " SHA " ./a\n",
	        HEAD ROOT "f - 0 0 3 " SHA " ./a\n",
	        HEAD ROOT "l 0777 0 0 - - ./a b\n",
	        HEAD ROOT "m 0755 0 0 - - ./a\n",
	        FOREIGN ROOT,
	        FOREIGN "d - - - - - ./\nl - 0 0 - - ./a b\n",
	        /* owners */
	        HEAD ROOT "f 0644 00 0 3 " SHA " ./a\n",
	        HEAD ROOT "f 0644 0 01 3 " SHA " ./a\n",
	        HEAD ROOT "f 0644 4294967296 0 3 " SHA " ./a\n",
	        HEAD ROOT "f 0644 0 4294967296 3 " SHA " ./a\n",
	        HEAD ROOT "f 0644 -1 0 3 " SHA " ./a\n",
	        HEAD ROOT "f 0644 root 0 3 " SHA " ./a\n",
	        HEAD ROOT "f 0644  0 3 " SHA " ./a\n",
	        HEAD ROOT "f 0644 - - 3 " SHA " ./a\n",
	        /* sizes and digests */
	        HEAD ROOT "f 0644 0 0 - " SHA " ./a\n",
	        HEAD ROOT "f 0644 0 0 03 " SHA " ./a\n",
	        HEAD ROOT "f 0644 0 0 +3 " SHA " ./a\n",
	        HEAD ROOT "f 0644 0 0 18446744073709551616 " SHA " ./a\n",
	        HEAD ROOT "f 0644 0 0 99999999999999999999 " SHA " ./a\n",
	        HEAD ROOT "f 0644 0 0 3 - ./a\n",
	        HEAD ROOT "f 0644 0 0 3 " SHA "00 ./a\n",
	        HEAD ROOT
	        "f 0644 0 0 3 "
	        "BA7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
	        " ./a\n",
	        HEAD ROOT
	        "f 0644 0 0 3 "
	        "a7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
	        " ./a\n",
	        HEAD ROOT "d 0755 0 0 0 - ./a\n",
	        HEAD ROOT "d 0755 0 0 - " SHA " ./a\n",
	        /* paths */
	        HEAD ROOT "p 0644 0 0 - - a\n",
	        HEAD ROOT "p 0644 0 0 - - /a\n",
	        HEAD ROOT "p 0644 0 0 - - ../a\n",
	        HEAD ROOT "p 0644 0 0 - - .//a\n",
	        HEAD ROOT "p 0644 0 0 - - ./a/\n",
	        HEAD ROOT "p 0644 0 0 - - ./.\n",
	        HEAD ROOT "p 0644 0 0 - - ./..\n",
	        HEAD ROOT "d 0755 0 0 - - ./a\np 0644 0 0 - - ./a/../b\n",
	        HEAD ROOT "d 0755 0 0 - - ./a\np 0644 0 0 - - ./a//b\n",
	        HEAD ROOT "p 0644 0 0 - - \n",
	        HEAD ROOT "p 0644 0 0 - -\n",
	        HEAD ROOT "p 0644 0 0 - - ./a b\n",
	        HEAD ROOT "p 0644 0 0 - - ./a \n",
	        HEAD ROOT "p 0644 0 0 - -  ./a\n",
	        HEAD ROOT "p 0644 0 0 - - ./a\tb\n",
	        HEAD ROOT "p 0644 0 0 - - ./a\r\n",
	        HEAD ROOT "p 0644 0 0 - - ./\xc3\xa9\n",
	        HEAD ROOT "p 0644 0 0 - - ./\x7f\n",
	        /* escapes: needless, in capitals, cut off, of NUL */
	        HEAD ROOT "p 0644 0 0 - - ./\\61\n",
	        HEAD ROOT "p 0644 0 0 - - ./\\2f\n",
	        HEAD ROOT "p 0644 0 0 - - ./\\FF\n",
	        HEAD ROOT "p 0644 0 0 - - ./\\5C\n",
	        HEAD ROOT "p 0644 0 0 - - ./\\\\\n",
	        HEAD ROOT "p 0644 0 0 - - ./\\f\n",
	        HEAD ROOT "p 0644 0 0 - - ./\\\n",
	        HEAD ROOT "p 0644 0 0 - - ./a\\00\n",
	        /* order, and folders that are none */
	        HEAD ROOT "p 0644 0 0 - - ./b\np 0644 0 0 - - ./a\n",
	        HEAD ROOT "p 0644 0 0 - - ./a\np 0644 0 0 - - ./a\n",
	        HEAD ROOT "p 0644 0 0 - - ./\\ff\np 0644 0 0 - - ./z\n",
	        HEAD ROOT "p 0644 0 0 - - ./a/b\n",
	        HEAD ROOT "p 0644 0 0 - - ./a\np 0644 0 0 - - ./a/b\n",
	        HEAD ROOT "m - - - - - ./a\np 0644 0 0 - - ./a/b\n",
	        HEAD ROOT "l - 0 0 - - ./a b\np 0644 0 0 - - ./a/b\n",
	        /* what is not listed */
	        HEAD ROOT "p 0644 0 0 - - ./kexec.sig\n",
	        HEAD ROOT "p 0644 0 0 - - ./kexec_a.txt\n",
	        HEAD ROOT "d 0644 0 0 - - ./kexec_bootlatch.stage\n",
	        /* targets */
	        HEAD ROOT "l - 0 0 - - ./a\n",
	        HEAD ROOT "l - 0 0 - - ./a \n",
	        HEAD ROOT "l - 0 0 - - ./a b c\n",
	        HEAD ROOT "l - 0 0 - - ./a \\00\n",
	        HEAD ROOT "d 0755 0 0 - - ./a b\n",
	        HEAD ROOT "f 0644 0 0 3 " SHA " ./a b\n",
	        HEAD ROOT "c 0644 0 0 - - ./a\n",
	        HEAD ROOT "c 0644 0 0 - - ./a 1\n",
	        HEAD ROOT "c 0644 0 0 - - ./a 1:\n",
	        HEAD ROOT "c 0644 0 0 - - ./a :1\n",
	        HEAD ROOT "c 0644 0 0 - - ./a 1:2:3\n",
	        HEAD ROOT "c 0644 0 0 - - ./a 01:2\n",
	        HEAD ROOT "b 0644 0 0 - - ./a 1:4294967296\n",
	};

	CHECK(written_again(bytes_of(HEAD ROOT FILE_LINE)));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CHECK_ROW(refused(bytes_of(rows[i])), rows[i]);
	CHECK(refused((struct bytes){(const uint8_t *)HEAD ROOT "\0",
	                             sizeof(HEAD ROOT "\0") - 1}));
}

/* A path of so many bytes, in folders so deep that each can be listed. */
static void long_paths_are_read_up_to_the_bound(void)
{
	char path[TREE_PATH_MAX + 8] = "./";
	AUTO_BUFFER b = {0};

	buffer_text(&b, HEAD ROOT);
	for (size_t n = 2; n + 256 < TREE_PATH_MAX; n += 256) {
		memset(path + n, 'd', 255);
		path[n + 255] = '\0';
		buffer_format(&b, "d 0755 0 0 - - %s\n", path);
		path[n + 255] = '/';
	}
	const size_t n = strlen(path), good = b.n;
	memset(path + n, 'f', TREE_PATH_MAX - 1 - n);
	path[TREE_PATH_MAX - 1] = '\0';
	buffer_format(&b, "p 0644 0 0 - - %s\n", path);
	CHECK(written_again(buffer_bytes(&b)));
	b.n = good;
	buffer_format(&b, "p 0644 0 0 - - %sf\n", path);
	CHECK(refused(buffer_bytes(&b)));
}

static void depth_is_bounded_as_in_a_walk(void)
{
	char path[4 * TREE_DEPTH_MAX] = ".";
	AUTO_BUFFER b = {0};

	buffer_text(&b, HEAD ROOT);
	for (size_t i = 0; i < TREE_DEPTH_MAX; i++) {
		(void)snprintf(path + strlen(path), 3, "/d");
		buffer_format(&b, "d 0755 0 0 - - %s\n", path);
	}
	CHECK(written_again(buffer_bytes(&b)));
	buffer_format(&b, "d 0755 0 0 - - %s/d\n", path);
	CHECK(refused(buffer_bytes(&b)));
}

/* Every byte of the example as every other byte, left out, and the text cut off there:
 * refused, or the canonical form of something else. */
static void no_two_texts_mean_the_same(void)
{
	AUTO_BUFFER text = {0};
	size_t good = 0;

	example(&text);
	uint8_t *cut = malloc(text.n + 1);
	for (size_t i = 0; cut && i < text.n; i++) {
		const uint8_t was = text.p[i];

		for (unsigned c = 0; c < 256; c++) {
			text.p[i] = (uint8_t)c;
			const bool same = written_again(buffer_bytes(&text));
			good += same;
			CHECK(same || refused(buffer_bytes(&text)));
		}
		text.p[i] = was;
		memcpy(cut, text.p, i);
		memcpy(cut + i, text.p + i + 1, text.n - i - 1);
		const struct bytes without = {cut, text.n - 1}, before = {text.p, i};
		CHECK(written_again(without) || refused(without));
		CHECK(written_again(before) || refused(before));
	}
	free(cut);
	CHECK(good > text.n); /* digits of digests, at least */
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"the_example_of_the_document_is_read_and_written",
	         the_example_of_the_document_is_read_and_written                                 },
	        {"a_walked_tree_comes_back_from_its_manifest",
	         a_walked_tree_comes_back_from_its_manifest                                      },
	        {"what_is_left_out_is_left_out_by_its_whole_path",
	         what_is_left_out_is_left_out_by_its_whole_path                                  },
	        {"what_lies_in_a_folder_that_is_not_listed_is",
	         what_lies_in_a_folder_that_is_not_listed_is                                     },
	        {"what_is_good_is_read_and_written_the_same",
	         what_is_good_is_read_and_written_the_same                                       },
	        {"what_would_not_be_written_is_refused",
	         what_would_not_be_written_is_refused                                            },
	        {"long_paths_are_read_up_to_the_bound",
	         long_paths_are_read_up_to_the_bound                                             },
	        {"depth_is_bounded_as_in_a_walk",                   depth_is_bounded_as_in_a_walk},
	        {"no_two_texts_mean_the_same",                      no_two_texts_mean_the_same   },
	};

	if (crypto_init() != OK)
		return 1;
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
