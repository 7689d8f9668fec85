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

/* A copy of an entry that is read and goes by. */
struct since_kept {
	struct since_kept *next;
	struct tree_entry entry;
	char text[]; /* path and target, each with its end */
};

/* Changes as they are gathered. */
struct found {
	struct since_change *p;
	size_t n, cap;
	struct since_kept *kept;
	bool failed;
};

static void add(struct found *f, struct since_change c)
{
	if (f->n == f->cap) {
		const size_t cap = 2 * f->cap + 64;
		struct since_change *more = realloc(f->p, cap * sizeof(*more));

		if (!more) {
			f->failed = true;
			return;
		}
		f->p = more;
		f->cap = cap;
	}
	f->p[f->n++] = c;
}

static const struct tree_entry *keep(struct found *f, const struct tree_entry *a)
{
	const size_t path = strlen(a->path) + 1;
	const size_t target = a->target ? strlen(a->target) + 1 : 0;
	struct since_kept *k = malloc(sizeof(*k) + path + target);

	if (!k) {
		f->failed = true;
		return NULL;
	}
	k->next = f->kept;
	f->kept = k;
	k->entry = *a;
	memcpy(k->text, a->path, path);
	k->entry.path = k->text;
	if (a->target) {
		memcpy(k->text + path, a->target, target);
		k->entry.target = k->text + path;
	}
	return &k->entry;
}

static void note(const struct tree_entry *a, const struct tree_entry *b, unsigned changes,
                 void *ctx)
{
	struct found *f = ctx;
	const struct tree_entry *was = a ? keep(f, a) : NULL;

	if (was || b)
		add(f, (struct since_change){b ? b->path : was->path, was, b, changes});
}

static struct since_kept *drop_kept(struct since_kept *k)
{
	while (k) {
		struct since_kept *next = k->next;

		free(k);
		k = next;
	}
	return NULL;
}

static void drop_found(struct found *f)
{
	free(f->p);
	f->kept = drop_kept(f->kept);
	*f = (struct found){0};
}

/* --- ours --- */

/*
 * Heads signs its lists anew and leaves ours as it is: then ours is of before.  Without
 * one that is understood, Heads' lists are all there is.
 */
static enum err by_full(const struct kexec_set *before, const struct tree *now,
                        struct found *to, enum since_by *ret)
{
	const struct kexec_file *f = kexec_find(before, KEXEC_FULL);
	const struct kexec_file *hashes = kexec_find(before, KEXEC_HASHES);
	const struct kexec_file *paths = kexec_find(before, KEXEC_TREE);
	AUTO_BUFFER own = {0};
	struct bytes text;
	bool current = false;

	*ret = SINCE_HEADS;
	if (!f || !hashes || !paths)
		return OK;
	enum err e = kexec_content(before, f, &own, &text);
	if (e != OK)
		return e;
	e = manifest_compare_full(text, now, hashes->sha256, paths->sha256, note, to,
	                          &current);
	if (e == OK)
		*ret = current ? SINCE_FULL : SINCE_STALE;
	else
		drop_found(to);
	return e == ERR_FORMAT ? OK : e;
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

/* One entry of now, or one path of the list, or both of the same name. */
static unsigned beside(const struct lists *l, int order, const struct tree_entry *b,
                       bool all)
{
	if (order < 0)
		return CHANGE_REMOVED;
	if (!tree_heads_sees(b->path))
		return all && manifest_full_lists(b->path) ? CHANGE_ADDED : 0;
	return order > 0 ? CHANGE_ADDED : differs(l, b);
}

/* all: what Heads does not look at is told too. */
static void merge(struct lists *l, const struct tree *now, bool all, struct found *to)
{
	const char *path = NULL;
	size_t i = 0;
	bool more = next_path(l, &path) == OK;

	while (more || i < now->n) {
		const struct tree_entry *b = i < now->n ? &now->entry[i] : NULL;
		const int d = !b ? -1 : !more ? 1 : strcmp(path, b->path);
		const unsigned changes = beside(l, d, b, all);

		if (changes != 0)
			add(to, (struct since_change){.path = d < 0 ? path : b->path,
			                              .b = d < 0 ? NULL : b,
			                              .changes = changes});
		i += d >= 0;
		if (d <= 0)
			more = next_path(l, &path) == OK;
	}
}

/* paths stays: what is told points into it. */
static enum err by_lists(const struct kexec_set *before, const struct tree *now, bool all,
                         struct found *to, struct buffer *paths)
{
	const struct kexec_file *hash_file = kexec_find(before, KEXEC_HASHES);
	const struct kexec_file *path_file = kexec_find(before, KEXEC_TREE);
	AUTO_BUFFER own = {0};
	struct bytes hashes;
	struct lists l = {0};

	if (!hash_file || !path_file)
		return ERR_FORMAT;
	enum err e = kexec_content(before, hash_file, &own, &hashes);
	if (e == OK)
		e = kexec_content(before, path_file, paths, &l.paths);
	if (e == OK)
		e = read_hashes(hashes, &l);
	if (e == OK)
		e = check_paths(&l);
	if (e == OK)
		merge(&l, now, all, to);
	free(l.line);
	return e;
}

/* --- both --- */

/* A file that was put back as we signed it first is not what Heads signed since. */
static void unite(const struct found *x, const struct found *y, struct found *to)
{
	size_t i = 0, k = 0;

	while (i < x->n || k < y->n) {
		const int d = i == x->n   ? 1
		              : k == y->n ? -1
		                          : strcmp(x->p[i].path, y->p[k].path);
		struct since_change c = d > 0 ? y->p[k] : x->p[i];

		if (d == 0)
			c.changes |= y->p[k].changes;
		add(to, c);
		i += d <= 0;
		k += d >= 0;
	}
}

static enum err compare(const struct kexec_set *before, const struct tree *now,
                        struct since *s, struct found *to)
{
	struct found full = {0}, lists = {0};

	enum err e = by_full(before, now, &full, &s->by);
	if (e == OK && s->by != SINCE_FULL)
		e = by_lists(before, now, s->by == SINCE_HEADS, &lists, &s->paths);
	if (e == OK)
		unite(&full, &lists, to);
	if (e == OK && (full.failed || lists.failed || to->failed))
		e = ERR_NOMEM;
	s->kept = full.kept;
	full.kept = NULL;
	drop_found(&full);
	drop_found(&lists);
	return e;
}

enum err since_compare(const struct kexec_set *before, const struct tree *now,
                       struct since **ret)
{
	struct since *s = calloc(1, sizeof(*s));
	struct found all = {0};

	if (!s)
		return ERR_NOMEM;
	const enum err e = compare(before, now, s, &all);
	s->change = all.p;
	s->n = all.n;
	if (e != OK)
		(void)since_free(s);
	else
		*ret = s;
	return e;
}

struct since *since_free(struct since *s)
{
	if (!s)
		return NULL;
	free(s->change);
	s->kept = drop_kept(s->kept);
	buffer_free(&s->paths);
	free(s);
	return NULL;
}
