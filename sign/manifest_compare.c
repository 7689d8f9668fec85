/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A tree beside the full manifest of another, which is read meanwhile. */
#include "sign/manifest.h"

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

/* Two sides that are told as they are gone through. */
struct sides {
	const struct tree *after;
	size_t k;         /* where we are in it */
	bool permissions; /* both have them */
	/* Modes and owners were signed, and what is there now has none: the root, which
	 * comes first, stands for all. */
	unsigned lost;
	manifest_tell *tell;
	void *ctx;
};

static struct sides sides_of(bool permissions, const struct tree *after,
                             manifest_tell *tell, void *ctx)
{
	return (struct sides){
	        .after = after,
	        .permissions = permissions && after->permissions,
	        .lost = permissions && !after->permissions ? CHANGE_MODE | CHANGE_OWNER
	                                                   : 0,
	        .tell = tell,
	        .ctx = ctx,
	};
}

/* a, and what comes before it on the other side; NULL: whatever is left there. */
static void tell_until(struct sides *s, const struct tree_entry *a)
{
	const struct tree_entry *b = NULL;
	int order = 1;

	while ((b = listed(s->after, &s->k)) != NULL) {
		order = a ? strcmp(a->path, b->path) : 1;
		if (order <= 0)
			break;
		s->tell(NULL, b, CHANGE_ADDED, s->ctx);
		s->k++;
	}
	if (!a)
		return;
	if (!b || order < 0) {
		s->tell(a, NULL, CHANGE_REMOVED, s->ctx);
		return;
	}
	const unsigned c = changes_of(a, b, s->permissions) | s->lost;
	if (c != 0)
		s->tell(a, b, c, s->ctx);
	s->lost = 0;
	s->k++;
}

/* Ends the sum; is it this digest? */
static enum err is_digest(struct manifest_sum *sum, const uint8_t *want, bool *ret)
{
	uint8_t is[TREE_HASH_LEN];
	size_t n = 0;

	const enum err e = manifest_sum_end(sum, is, &n);
	if (e == OK)
		*ret = memcmp(is, want, sizeof(is)) == 0;
	return e;
}

static enum err compare_each(struct full_reader *r, struct sides *s,
                             struct manifest_sum *hashes, struct manifest_sum *paths)
{
	const struct tree_entry *a = NULL;
	enum err e = OK;

	while ((e = full_reader_next(r, &a)) == OK) {
		manifest_sum_add(hashes, a);
		manifest_sum_add(paths, a);
		tell_until(s, a);
	}
	if (e != ERR_NOT_FOUND)
		return e;
	tell_until(s, NULL);
	return OK;
}

enum err manifest_compare_full(struct bytes before, const struct tree *after,
                               const uint8_t hashes[static TREE_HASH_LEN],
                               const uint8_t paths[static TREE_HASH_LEN],
                               manifest_tell *tell, void *ctx, bool *ret_current)
{
	struct manifest_sum *h = NULL, *p = NULL;
	struct full_reader *r = NULL;
	bool same_h = false, same_p = false;

	enum err e = full_reader_new(before, &r);
	if (e != OK)
		return e;
	struct sides s = sides_of(full_reader_permissions(r), after, tell, ctx);
	e = manifest_sum_new(MANIFEST_HASHES, after, &h);
	if (e == OK)
		e = manifest_sum_new(MANIFEST_TREE, after, &p);
	if (e == OK)
		e = compare_each(r, &s, h, p);
	r = full_reader_free(r);
	if (e != OK) {
		h = manifest_sum_free(h);
		p = manifest_sum_free(p);
		return e;
	}
	e = is_digest(h, hashes, &same_h);
	const enum err e_paths = is_digest(p, paths, &same_p);
	e = e == OK ? e_paths : e;
	if (e == OK)
		*ret_current = same_h && same_p;
	return e;
}
