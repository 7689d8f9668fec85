/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Our full manifest against /boot, and against Heads' lists: is it of the same signing as
 * they are? */
#include "sign/verify_parts.h"

struct compared {
	struct findings *to;
	bool lists;
	bool stale;
	size_t since;
};

static const struct {
	enum change change;
	enum finding finding;
} changes_table[] = {
        {CHANGE_ADDED,   FINDING_ADDED  },
        {CHANGE_REMOVED, FINDING_MISSING},
        {CHANGE_CONTENT, FINDING_CHANGED},
        {CHANGE_TYPE,    FINDING_TYPE   },
        {CHANGE_MODE,    FINDING_MODE   },
        {CHANGE_OWNER,   FINDING_OWNER  },
        {CHANGE_TARGET,  FINDING_TARGET },
};

/* What Heads' lists say of being there and of contents is told by them alone. */
static void tell(const struct tree_entry *a, const struct tree_entry *b, unsigned changes,
                 void *ctx)
{
	struct compared *c = ctx;
	const char *path = a ? a->path : b->path;
	const unsigned theirs = CHANGE_ADDED | CHANGE_REMOVED | CHANGE_CONTENT;

	if (c->lists && tree_heads_sees(path)) {
		c->since += (changes & theirs) != 0;
		changes &= ~theirs;
	}
	for (size_t i = 0; i < sizeof(changes_table) / sizeof(changes_table[0]); i++)
		if ((changes & (unsigned)changes_table[i].change) != 0)
			findings_add(c->to, changes_table[i].finding, path);
}

/*
 * bootlatch writes all three from one tree, so what it signed agrees.  Who cannot sign
 * cannot make signed files disagree: where they do, Heads wrote its lists anew.
 */
static enum err contradicts(const struct kexec_set *s, const struct tree *full, bool *ret)
{
	const struct kexec_file *hashes = kexec_find(s, KEXEC_HASHES);
	const struct kexec_file *tree = kexec_find(s, KEXEC_TREE);
	AUTO_BUFFER h = {0};
	AUTO_BUFFER t = {0};
	bool same = false;

	enum err e = manifest_hashes(full, &h);
	if (e == OK)
		e = manifest_tree(full, &t);
	if (e == OK)
		e = hashes_same(buffer_bytes(&h), (struct bytes){hashes->data, hashes->n},
		                &same);
	if (e != OK)
		return e;
	*ret = !same ||
	       !bytes_equal(buffer_bytes(&t), (struct bytes){tree->data, tree->n});
	return OK;
}

/* Is it byte for byte what we would write of this tree?  Then there is nothing to find.
 */
static enum err is_current(const struct kexec_file *f, const struct tree *t, bool *ret)
{
	AUTO_BUFFER b = {0};

	const enum err e = manifest_full(t, &b);
	if (e == OK)
		*ret = bytes_equal(buffer_bytes(&b), (struct bytes){f->data, f->n});
	return e;
}

enum err check_full(const struct kexec_set *s, const struct tree *t, bool lists,
                    struct findings *to, struct full_result *ret)
{
	const struct kexec_file *f = kexec_find(s, KEXEC_FULL);
	struct compared c = {.to = to, .lists = lists};
	struct tree *before = NULL;
	bool current = false;

	enum err e = is_current(f, t, &current);
	if (e == OK && current)
		*ret = (struct full_result){0};
	if (e != OK || current)
		return e;
	e = manifest_full_parse((struct bytes){f->data, f->n}, &before);
	if (e == ERR_NOMEM)
		return e;
	if (e != OK) {
		findings_add(to, FINDING_MALFORMED, f->name);
		*ret = (struct full_result){0};
		return OK;
	}
	if (lists)
		e = contradicts(s, before, &c.stale);
	if (e == OK) {
		manifest_compare(before, t, tell, &c);
		*ret = (struct full_result){.stale = c.stale, .since = c.since};
	}
	before = tree_free(before);
	return e;
}
