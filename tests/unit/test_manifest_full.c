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

#define HEAD "bootlatch boot manifest 1\npermissions yes\n"
#define ROOT "d 0755 0 0 - - ./\n"
#define SHA  "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

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
	const bool same = manifest_write(MANIFEST_FULL, t, &b) == OK &&
	                  bytes_equal(buffer_bytes(&b), in);
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
	CHECK(manifest_write(MANIFEST_FULL, t, &b) == OK &&
	      written_again(buffer_bytes(&b)));
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
	CHECK(manifest_write(MANIFEST_FULL, t, &b) == OK &&
	      written_again(buffer_bytes(&b)));
	buffer_add(&b, "", 1);
	CHECK(strstr((const char *)b.p, " ./kexec_bootlatch.stage/grub.cfg\n") != NULL);
	CHECK(!strstr((const char *)b.p, "list") &&
	      !strstr((const char *)b.p, "_hashes"));
	t = tree_free(t);
	tf_drop(&f);
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
	         the_example_of_the_document_is_read_and_written                              },
	        {"a_walked_tree_comes_back_from_its_manifest",
	         a_walked_tree_comes_back_from_its_manifest                                   },
	        {"what_is_left_out_is_left_out_by_its_whole_path",
	         what_is_left_out_is_left_out_by_its_whole_path                               },
	        {"what_lies_in_a_folder_that_is_not_listed_is",
	         what_lies_in_a_folder_that_is_not_listed_is                                  },
	        {"no_two_texts_mean_the_same",                      no_two_texts_mean_the_same},
	};

	if (crypto_init() != OK)
		return 1;
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
