/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two trees beside each other. */
#include "sign/manifest.h"

static bool both_permissions(const struct tree *before, const struct tree *after)
{
	return before->permissions && after->permissions;
}

static unsigned changes_of(const struct tree_entry *a, const struct tree_entry *b,
                           bool permissions)
{
	unsigned c = 0;

	if (a->type != b->type)
		return CHANGE_TYPE; /* what else differs, differs by that */
	if (a->type == TREE_FILE &&
	    (a->size != b->size || memcmp(a->sha256, b->sha256, TREE_HASH_LEN) != 0))
		c |= CHANGE_CONTENT;
	if (a->target && b->target && strcmp(a->target, b->target) != 0)
		c |= CHANGE_TARGET;
	if (!permissions || a->mount || b->mount)
		return c;
	if (a->mode != b->mode)
		c |= CHANGE_MODE;
	if (a->uid != b->uid || a->gid != b->gid)
		c |= CHANGE_OWNER;
	return c;
}

/* The first from `at` on that the full manifest lists; NULL: none. */
static const struct tree_entry *listed(const struct tree *t, size_t *at)
{
	while (*at < t->n && !manifest_full_lists(t->entry[*at].path))
		++*at;
	return *at < t->n ? &t->entry[*at] : NULL;
}

void manifest_compare(const struct tree *before, const struct tree *after,
                      void (*tell)(const struct tree_entry *a, const struct tree_entry *b,
                                   unsigned changes, void *ctx),
                      void *ctx)
{
	const bool permissions = both_permissions(before, after);
	/* Modes and owners were signed, and what is there now has none. */
	unsigned lost = before->permissions && !after->permissions
	                        ? CHANGE_MODE | CHANGE_OWNER
	                        : 0;
	size_t i = 0, k = 0;

	for (;;) {
		const struct tree_entry *a = listed(before, &i), *b = listed(after, &k);

		if (!a && !b)
			return;
		const int order = !a ? 1 : !b ? -1 : strcmp(a->path, b->path);
		if (order < 0) {
			tell(a, NULL, CHANGE_REMOVED, ctx);
		} else if (order > 0) {
			tell(NULL, b, CHANGE_ADDED, ctx);
		} else {
			/* The root, which comes first, stands for all. */
			const unsigned c = changes_of(a, b, permissions) | lost;

			if (c != 0)
				tell(a, b, c, ctx);
			lost = 0;
		}
		i += order <= 0;
		k += order >= 0;
	}
}
