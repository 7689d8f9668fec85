/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Heads' two lists as they lie on /boot, against a tree: only the tree's own lists leave
 * nothing to be found. */
#include <stdlib.h>

#include "crypto/crypto.h"
#include "sign/verify_parts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put(struct kexec_set *s, const char *name, struct bytes content)
{
	if (kexec_put(s, name, content) != OK)
		abort();
}

static bool same(const struct tree *t, enum manifest_kind kind, struct bytes wanted)
{
	AUTO_BUFFER b = {0};

	return manifest_write(kind, t, &b) == OK && bytes_equal(buffer_bytes(&b), wanted);
}

/* The input: kexec_hashes.txt, a byte 0xfe (which is in no honest name), kexec_tree.txt.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct tree_entry entry[] = {
	        {.path = "./",        .type = TREE_FOLDER, .target = NULL},
	        {.path = "./a",       .type = TREE_FILE,   .target = NULL},
	        {.path = "./d",       .type = TREE_FOLDER, .target = NULL},
	        {.path = "./d/b c",   .type = TREE_FILE,   .target = NULL},
	        {.path = "./kexec_x", .type = TREE_FILE,   .target = NULL},
	        {.path = "./l",       .type = TREE_LINK,   .target = "a" },
	};
	const struct tree t = {.entry = entry, .n = sizeof(entry) / sizeof(entry[0])};
	struct findings found = {0};
	struct kexec_set *s = NULL;
	bool usable = false;
	size_t n = 0;

	if (crypto_init() != OK || kexec_new(&s) != OK)
		abort();
	while (n < size && data[n] != 0xfe)
		n++;
	const struct bytes hashes = {data, n};
	const struct bytes tree =
	        n < size ? (struct bytes){data + n + 1, size - n - 1} : (struct bytes){0};
	put(s, KEXEC_HASHES, hashes);
	put(s, KEXEC_TREE, tree);
	if (check_lists(s, &t, &found, &usable) != OK)
		abort();
	const bool honest = same(&t, MANIFEST_TREE, tree);
	/* Order and repetition of hash lines mean nothing; the tree is byte for byte. */
	if (found.n + found.left_out == 0 && (!honest || !usable))
		abort();
	if (same(&t, MANIFEST_HASHES, hashes) && honest && found.n + found.left_out != 0)
		abort();
	findings_free(&found);
	s = kexec_free(s);
	return 0;
}
