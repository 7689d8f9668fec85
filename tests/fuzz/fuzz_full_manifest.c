/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The full manifest: what is read is written byte for byte the same, is sorted, and does
 * not differ from itself. */
#include <stdlib.h>

#include "crypto/crypto.h"
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

	if (!a || b || changes != CHANGE_REMOVED)
		abort();
	++*n;
}

static void look_at(struct bytes in, const struct tree *t)
{
	const struct tree none = {.permissions = true};
	uint8_t sum[2][TREE_HASH_LEN];
	size_t n = 0, size = 0;
	AUTO_BUFFER heads = {0};
	bool current = false;

	for (size_t i = 0; i < t->n; i++) {
		const struct tree_entry *a = &t->entry[i];

		if ((i > 0 && strcmp(t->entry[i - 1].path, a->path) >= 0) ||
		    tree_find(t, a->path) != a || !manifest_full_lists(a->path) ||
		    (a->mode & ~07777U) != 0)
			abort();
	}
	for (enum manifest_kind k = MANIFEST_HASHES; k <= MANIFEST_TREE; k++) {
		buffer_free(&heads);
		if (manifest_write(k, t, &heads) != OK ||
		    manifest_digest(k, t, sum[k], &size) != OK || size != heads.n)
			abort();
	}
	if (manifest_compare_full(in, t, sum[MANIFEST_HASHES], sum[MANIFEST_TREE],
	                          differs, NULL, &current) != OK ||
	    !current ||
	    manifest_compare_full(in, &none, sum[MANIFEST_HASHES], sum[MANIFEST_TREE],
	                          count, &n, &current) != OK ||
	    n != t->n)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct bytes in = {data, size};
	static bool ready;
	struct tree *t = NULL;
	AUTO_BUFFER out = {0};

	if (!ready && crypto_init() != OK)
		abort();
	ready = true;
	const enum err e = manifest_full_parse(in, &t);
	if (e != manifest_full_check(in))
		abort();
	if (e != OK) {
		if (e != ERR_FORMAT || t)
			abort();
		return 0;
	}
	look_at(in, t);
	if (manifest_write(MANIFEST_FULL, t, &out) != OK ||
	    !bytes_equal(buffer_bytes(&out), in))
		abort();
	t = tree_free(t);
	return 0;
}
