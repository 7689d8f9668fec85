/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Heads' two lists, kexec_hashes.txt and kexec_tree.txt, against what lies on /boot. */
#include <stdlib.h>

#include "sign/verify_parts.h"

/* A hash list taken apart, sorted by name. */
struct hashes {
	struct hash_line *line; /* malloc'ed */
	size_t n;
};
/* The paths of kexec_tree.txt, sorted. */
struct paths {
	struct bytes *path; /* malloc'ed */
	size_t n;
};

static int compare(struct bytes a, struct bytes b)
{
	const int d = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);

	return d != 0 ? d : (a.n > b.n) - (a.n < b.n);
}

static int by_path(const void *a, const void *b)
{
	const struct bytes *x = a, *y = b;

	return compare(*x, *y);
}

static int by_name(const void *a, const void *b)
{
	const struct hash_line *x = a, *y = b;
	const int d = compare(x->name, y->name);

	return d != 0 ? d : memcmp(x->sha256, y->sha256, sizeof(x->sha256));
}

static size_t count(struct bytes in, uint8_t end)
{
	size_t n = 0;

	for (size_t i = 0; i < in.n; i++)
		n += in.p[i] == end;
	return n;
}

static bool sound_path(struct bytes path)
{
	return path.n >= 2 && path.n < TREE_PATH_MAX && path.p[0] == '.' &&
	       path.p[1] == '/' && !memchr(path.p, '\0', path.n);
}

/* Not NULL on OK. */
static enum err hashes_parse(struct bytes in, struct hashes *ret)
{
	const size_t cap = count(in, '\n') + 1;
	struct hash_line *line = calloc(cap, sizeof(*line));
	enum err e = line ? OK : ERR_NOMEM;
	size_t n = 0;

	while (e == OK && n < cap) {
		e = hash_line_next(&in, &line[n]);
		if (e == OK && !sound_path(line[n].name))
			e = ERR_FORMAT;
		n += e == OK;
	}
	if (e != ERR_NOT_FOUND) {
		free(line);
		return e == OK ? ERR_FORMAT : e;
	}
	qsort(line, n, sizeof(*line), by_name);
	*ret = (struct hashes){line, n};
	return OK;
}

/* Not NULL on OK. */
static enum err paths_parse(struct bytes in, struct paths *ret)
{
	const size_t cap = count(in, '\0');
	struct bytes *path = calloc(cap + 1, sizeof(*path));
	size_t n = 0;

	if (!path)
		return ERR_NOMEM;
	while (in.n > 0) {
		const uint8_t *end = memchr(in.p, '\0', in.n);
		const size_t len = end ? (size_t)(end - in.p) : 0;
		struct bytes past;

		if (!end || bytes_take(&in, len, &path[n]) != OK ||
		    bytes_take(&in, 1, &past) != OK || !sound_path(path[n])) {
			free(path);
			return ERR_FORMAT;
		}
		n++;
	}
	qsort(path, n, sizeof(*path), by_path);
	*ret = (struct paths){path, n};
	return OK;
}

static bool is_listed(const struct paths *in, struct bytes path)
{
	return bsearch(&path, in->path, in->n, sizeof(path), by_path) != NULL;
}

static bool is_hashed(const struct hashes *in, struct bytes name)
{
	size_t low = 0, high = in->n;

	while (low < high) {
		const size_t mid = low + (high - low) / 2;
		const int d = compare(in->line[mid].name, name);

		if (d == 0)
			return true;
		if (d < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return false;
}

/* sound_path has made sure that it fits. */
static const struct tree_entry *find(const struct tree *t, struct bytes path)
{
	char text[TREE_PATH_MAX];

	memcpy(text, path.p, path.n);
	text[path.n] = '\0';
	return tree_find(t, text);
}

/* sha256sum -c follows links, and hashes nothing that is not in the list: Heads notices
 * neither a link in the place of a file nor the other way round. */
static void compare_hashes(const struct hashes *h, const struct paths *p,
                           const struct tree *t, struct findings *to)
{
	for (size_t i = 0; i < h->n; i++) {
		const struct hash_line *l = &h->line[i];
		const struct tree_entry *entry = find(t, l->name);

		if (!entry)
			findings_add_bytes(to, FINDING_MISSING, l->name);
		else if (entry->type != TREE_FILE)
			findings_add_bytes(to, FINDING_TYPE, l->name);
		else if (memcmp(entry->sha256, l->sha256, TREE_HASH_LEN) != 0)
			findings_add_bytes(to, FINDING_CHANGED, l->name);
	}
	for (size_t i = 0; i < t->n; i++) {
		const struct tree_entry *entry = &t->entry[i];
		const struct bytes path = bytes_of(entry->path);

		if (entry->type == TREE_FILE && tree_heads_sees(entry->path) &&
		    !is_hashed(h, path))
			findings_add(to,
			             is_listed(p, path) ? FINDING_TYPE : FINDING_ADDED,
			             entry->path);
	}
}

/* The bytes of the two differ already. */
static void compare_paths(const struct paths *p, const struct tree *t,
                          struct findings *to)
{
	const size_t before = to->n + to->left_out + to->hidden;

	for (size_t i = 0; i < p->n; i++)
		if (!find(t, p->path[i]))
			findings_add_bytes(to, FINDING_MISSING, p->path[i]);
	for (size_t i = 0; i < t->n; i++)
		if (tree_heads_sees(t->entry[i].path) &&
		    !is_listed(p, bytes_of(t->entry[i].path)))
			findings_add(to, FINDING_ADDED, t->entry[i].path);
	if (to->n + to->left_out + to->hidden == before)
		findings_add(to, FINDING_TREE, KEXEC_TREE);
}

/* Are they byte for byte what we would write?  Mostly so, and it costs least. */
static enum err is_as_written(const struct kexec_file *f, enum manifest_kind kind,
                              const struct tree *t, bool *ret)
{
	uint8_t sha256[TREE_HASH_LEN];
	size_t n = 0;

	const enum err e = manifest_digest(kind, t, sha256, &n);
	if (e == OK)
		*ret = memcmp(sha256, f->sha256, sizeof(sha256)) == 0;
	return e;
}

static enum err look_closer(const struct kexec_set *s, const struct kexec_file *hashes,
                            const struct kexec_file *tree, bool tree_same,
                            const struct tree *t, struct findings *to, bool *ret_usable)
{
	AUTO_BUFFER own_hashes = {0}, own_tree = {0};
	struct bytes hash_text, tree_text;
	struct hashes h = {0};
	struct paths p = {0};

	const enum err e = kexec_content(s, hashes, &own_hashes, &hash_text);
	const enum err e_tree = kexec_content(s, tree, &own_tree, &tree_text);
	if (e != OK || e_tree != OK)
		return e != OK ? e : e_tree;
	const enum err eh = hashes_parse(hash_text, &h);
	const enum err ep = paths_parse(tree_text, &p);
	if (eh == ERR_FORMAT)
		findings_add(to, FINDING_MALFORMED, hashes->name);
	if (ep == ERR_FORMAT)
		findings_add(to, FINDING_MALFORMED, tree->name);
	if (eh == OK && ep == OK) {
		compare_hashes(&h, &p, t, to);
		if (!tree_same)
			compare_paths(&p, t, to);
		*ret_usable = true;
	}
	free(h.line);
	free(p.path);
	return eh == ERR_NOMEM || ep == ERR_NOMEM ? ERR_NOMEM : OK;
}

enum err check_lists(const struct kexec_set *s, const struct tree *t, struct findings *to,
                     bool *ret_usable)
{
	const struct kexec_file *hashes = kexec_find(s, KEXEC_HASHES);
	const struct kexec_file *tree = kexec_find(s, KEXEC_TREE);
	bool hashes_same = false, tree_same = false, usable = false;

	if (!hashes)
		findings_add(to, FINDING_NO_FILE, KEXEC_HASHES);
	if (!tree)
		findings_add(to, FINDING_NO_FILE, KEXEC_TREE);
	if (hashes && tree) {
		enum err e = is_as_written(hashes, MANIFEST_HASHES, t, &hashes_same);
		if (e == OK)
			e = is_as_written(tree, MANIFEST_TREE, t, &tree_same);
		if (e == OK && !(hashes_same && tree_same))
			e = look_closer(s, hashes, tree, tree_same, t, to, &usable);
		if (e != OK)
			return e;
		usable = usable || (hashes_same && tree_same);
	}
	*ret_usable = usable;
	return OK;
}

enum err hashes_same(struct bytes a, struct bytes b, bool *ret)
{
	struct hashes x = {0}, y = {0};

	enum err e = hashes_parse(a, &x);
	if (e == OK)
		e = hashes_parse(b, &y);
	if (e == OK) {
		bool same = x.n == y.n;

		for (size_t i = 0; same && i < x.n; i++)
			same = by_name(&x.line[i], &y.line[i]) == 0;
		*ret = same;
	}
	free(x.line);
	free(y.line);
	return e;
}
