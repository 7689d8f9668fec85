/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tree of now against what was signed: our manifest, or the two lists of Heads. */
#include "sign/since.h"

#include <stdlib.h>

struct lists {
	struct hash_line *line; /* sorted by name */
	size_t n;
	struct bytes paths; /* of kexec_tree.txt, what is left of it */
	const char *last;   /* the path before */
};

/* --- ours --- */

static bool wrote(const struct kexec_set *set, const char *name,
                  enum err (*write)(const struct tree *t, struct buffer *out),
                  const struct tree *t)
{
	const struct kexec_file *f = kexec_find(set, name);
	AUTO_BUFFER text = {0};

	return f && write(t, &text) == OK && buffer_ok(&text) == OK &&
	       bytes_equal(buffer_bytes(&text), (struct bytes){f->data, f->n});
}

/* Heads signs its lists anew and leaves ours as it is: then ours is of before. */
static struct tree *full_of(const struct kexec_set *set)
{
	const struct kexec_file *f = kexec_find(set, KEXEC_FULL);
	struct tree *t = NULL;

	if (!f || manifest_full_parse((struct bytes){f->data, f->n}, &t) != OK)
		return NULL;
	if (wrote(set, KEXEC_HASHES, manifest_hashes, t) &&
	    wrote(set, KEXEC_TREE, manifest_tree, t))
		return t;
	return tree_free(t);
}

/* --- Heads' --- */

static int by_name(const void *a, const void *b)
{
	const struct hash_line *x = a, *y = b;
	const size_t n = x->name.n < y->name.n ? x->name.n : y->name.n;
	const int d = n == 0 ? 0 : memcmp(x->name.p, y->name.p, n);

	return d != 0 ? d : (x->name.n > y->name.n) - (x->name.n < y->name.n);
}

static enum err read_hashes(struct bytes in, struct lists *l)
{
	size_t lines = 0;

	for (size_t i = 0; i < in.n; i++)
		lines += in.p[i] == '\n';
	l->line = calloc(lines + 1, sizeof(*l->line));
	if (!l->line)
		return ERR_NOMEM;
	enum err e = OK;
	while (e == OK && l->n <= lines) {
		e = hash_line_next(&in, &l->line[l->n]);
		l->n += e == OK;
	}
	if (e != ERR_NOT_FOUND)
		return e == OK ? ERR_FORMAT : e;
	qsort(l->line, l->n, sizeof(*l->line), by_name);
	return OK;
}

static const struct hash_line *hash_of(const struct lists *l, const char *path)
{
	const struct hash_line key = {.name = bytes_of(path)};

	return l->n == 0 ? NULL : bsearch(&key, l->line, l->n, sizeof(*l->line), by_name);
}

/* The next path of the sorted list, each ended by NUL.  ERR_NOT_FOUND: the end. */
static enum err next_path(struct lists *l, const char **ret)
{
	struct bytes part;

	if (l->paths.n == 0)
		return ERR_NOT_FOUND;
	const uint8_t *end = memchr(l->paths.p, 0, l->paths.n);
	if (!end)
		return ERR_FORMAT;
	enum err e = bytes_take(&l->paths, (size_t)(end - l->paths.p) + 1, &part);
	if (e != OK)
		return e;
	const char *path = (const char *)part.p;
	if (l->last && strcmp(l->last, path) >= 0)
		return ERR_FORMAT;
	l->last = path;
	*ret = path;
	return OK;
}

static enum err check_paths(const struct lists *l)
{
	struct lists look = *l;
	const char *path = NULL;
	enum err e = OK;

	while (e == OK)
		e = next_path(&look, &path);
	return e == ERR_NOT_FOUND ? OK : e;
}

static unsigned differs(const struct lists *l, const struct tree_entry *now)
{
	const struct hash_line *h = hash_of(l, now->path);

	if ((h != NULL) != (now->type == TREE_FILE))
		return CHANGE_TYPE;
	return h && memcmp(h->sha256, now->sha256, TREE_HASH_LEN) != 0 ? CHANGE_CONTENT
	                                                               : 0;
}

static void merge(struct lists *l, const struct tree *now,
                  void (*tell)(const struct tree_entry *a, const struct tree_entry *b,
                               unsigned changes, void *ctx),
                  void *ctx)
{
	const char *path = NULL;
	size_t i = 0;
	bool more = next_path(l, &path) == OK;

	while (more || i < now->n) {
		const struct tree_entry *b = i < now->n ? &now->entry[i] : NULL;

		if (b && !tree_heads_sees(b->path)) {
			i++;
			continue;
		}
		const int d = !b ? -1 : !more ? 1 : strcmp(path, b->path);
		const struct tree_entry a = {.path = path};
		const unsigned changes = d < 0   ? CHANGE_REMOVED
		                         : d > 0 ? CHANGE_ADDED
		                                 : differs(l, b);

		if (changes != 0)
			tell(d > 0 ? NULL : &a, d < 0 ? NULL : b, changes, ctx);
		i += d >= 0;
		if (d <= 0)
			more = next_path(l, &path) == OK;
	}
}

enum err since_compare(const struct kexec_set *before, const struct tree *now,
                       void (*tell)(const struct tree_entry *a,
                                    const struct tree_entry *b, unsigned changes,
                                    void *ctx),
                       void *ctx, enum since *ret)
{
	const struct kexec_file *hashes = kexec_find(before, KEXEC_HASHES);
	const struct kexec_file *paths = kexec_find(before, KEXEC_TREE);
	struct lists l = {0};
	struct tree *full = full_of(before);

	if (full) {
		manifest_compare(full, now, tell, ctx);
		(void)tree_free(full);
		*ret = SINCE_FULL;
		return OK;
	}
	if (!hashes || !paths)
		return ERR_FORMAT;
	l.paths = (struct bytes){paths->data, paths->n};
	enum err e = read_hashes((struct bytes){hashes->data, hashes->n}, &l);
	if (e == OK)
		e = check_paths(&l);
	if (e == OK) {
		merge(&l, now, tell, ctx);
		*ret = SINCE_HEADS;
	}
	free(l.line);
	return e;
}
