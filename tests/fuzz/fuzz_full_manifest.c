/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The full manifest: what is read is written byte for byte the same, is sorted, and does
 * not differ from itself. */
#include <stdlib.h>

#include "sign/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void differs(const struct tree_entry *a, const struct tree_entry *b,
                    unsigned changes, void *ctx)
{
	(void)a;
	(void)b;
	(void)changes;
	(void)ctx;
	abort();
}

static void count(const struct tree_entry *a, const struct tree_entry *b,
                  unsigned changes, void *ctx)
{
	size_t *n = ctx;

	if (a || !b || changes != CHANGE_ADDED)
		abort();
	++*n;
}

static void look_at(const struct tree *t)
{
	const struct tree none = {.permissions = true};
	size_t n = 0;
	AUTO_BUFFER heads = {0};

	for (size_t i = 0; i < t->n; i++) {
		const struct tree_entry *a = &t->entry[i];

		if ((i > 0 && strcmp(t->entry[i - 1].path, a->path) >= 0) ||
		    tree_find(t, a->path) != a || !manifest_full_lists(a->path) ||
		    (a->mode & ~07777U) != 0)
			abort();
	}
	manifest_compare(t, t, differs, NULL);
	manifest_compare(&none, t, count, &n);
	if (n != t->n || manifest_hashes(t, &heads) != OK ||
	    manifest_tree(t, &heads) != OK)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct bytes in = {data, size};
	struct tree *t = NULL;
	AUTO_BUFFER out = {0};

	const enum err e = manifest_full_parse(in, &t);
	if (e != OK) {
		if (e != ERR_FORMAT || t)
			abort();
		return 0;
	}
	look_at(t);
	if (manifest_full(t, &out) != OK || !bytes_equal(buffer_bytes(&out), in))
		abort();
	t = tree_free(t);
	return 0;
}
