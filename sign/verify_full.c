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
 * cannot make signed files disagree: where they do, Heads wrote its lists anew.  Lines in
 * another order say the same.
 */
static enum err contradicts(const struct kexec_set *s, struct bytes text, bool *ret)
{
	const struct kexec_file *hashes = kexec_find(s, KEXEC_HASHES);
	const struct kexec_file *tree = kexec_find(s, KEXEC_TREE);
	AUTO_BUFFER own = {0}, h = {0};
	uint8_t sha256[TREE_HASH_LEN];
	struct tree *full = NULL;
	struct bytes theirs = {0};
	bool same = false;
	size_t n = 0;

	enum err e = manifest_full_parse(text, &full);
	if (e == OK)
		e = manifest_digest(MANIFEST_TREE, full, sha256, &n);
	if (e == OK)
		e = manifest_write(MANIFEST_HASHES, full, &h);
	full = tree_free(full);
	if (e == OK)
		e = kexec_content(s, hashes, &own, &theirs);
	if (e == OK)
		e = hashes_same(buffer_bytes(&h), theirs, &same);
	if (e == OK)
		*ret = !same || memcmp(sha256, tree->sha256, sizeof(sha256)) != 0;
	return e;
}

/* It is a manifest, and not of what lies there. */
static enum err compare(const struct kexec_set *s, const struct tree *t,
                        struct bytes text, struct compared *c)
{
	static const uint8_t none[TREE_HASH_LEN];
	const struct kexec_file *hashes = kexec_find(s, KEXEC_HASHES);
	const struct kexec_file *tree = kexec_find(s, KEXEC_TREE);
	bool current = false;

	enum err e = manifest_compare_full(text, t, hashes ? hashes->sha256 : none,
	                                   tree ? tree->sha256 : none, tell, c, &current);
	return e == OK && c->lists && !current ? contradicts(s, text, &c->stale) : e;
}

/* Is it byte for byte what we would write of this tree?  Then there is nothing to find.
 */
static enum err is_current(const struct kexec_file *f, const struct tree *t, bool *ret)
{
	uint8_t sha256[TREE_HASH_LEN];
	size_t n = 0;

	const enum err e = manifest_digest(MANIFEST_FULL, t, sha256, &n);
	if (e == OK)
		*ret = memcmp(sha256, f->sha256, sizeof(sha256)) == 0;
	return e;
}

enum err check_full(const struct kexec_set *s, const struct tree *t, bool lists,
                    struct findings *to, struct full_result *ret)
{
	const struct kexec_file *f = kexec_find(s, KEXEC_FULL);
	struct compared c = {.to = to, .lists = lists};
	AUTO_BUFFER own = {0};
	struct bytes text;
	bool current = false;

	enum err e = is_current(f, t, &current);
	if (e == OK && current)
		*ret = (struct full_result){0};
	if (e == OK && !current)
		e = kexec_content(s, f, &own, &text);
	if (e != OK || current)
		return e;
	e = manifest_full_check(text);
	if (e == ERR_FORMAT) {
		findings_add(to, FINDING_MALFORMED, f->name);
		*ret = (struct full_result){0};
		return OK;
	}
	if (e == OK)
		e = compare(s, t, text, &c);
	if (e == OK)
		*ret = (struct full_result){.stale = c.stale, .since = c.since};
	return e;
}
