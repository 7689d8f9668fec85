/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The full manifest taken apart: what is accepted is what would be written. */
#include <stdlib.h>

#include "sign/manifest_parts.h"
#include "sign/tree_parts.h"

struct full_reader {
	struct bytes in; /* what is left of it */
	bool permissions;
	struct tree *folders; /* those that something may lie in, so far */
	struct tree_entry entry;
	char path[TREE_PATH_MAX], target[TREE_PATH_MAX];
	char before[TREE_PATH_MAX]; /* the path of the entry before; "": none yet */
};

/* What comes before the next `end` or, without one, all; the end itself goes. */
static struct bytes take_until(struct bytes *in, uint8_t end)
{
	struct bytes part = {in->p, 0};

	while (part.n < in->n && in->p[part.n] != end)
		part.n++;
	const size_t gone = part.n < in->n ? part.n + 1 : part.n;
	in->p += gone;
	in->n -= gone;
	return part;
}

static enum err take_text(struct bytes *in, const char *text)
{
	struct bytes part;

	return bytes_begin(*in, text) ? bytes_take(in, strlen(text), &part) : ERR_FORMAT;
}

static bool is_absent(struct bytes field)
{
	return bytes_equal(field, bytes_of("-"));
}

/* Decimal, in the shortest spelling. */
static enum err number(struct bytes field, uint64_t max, uint64_t *ret)
{
	uint64_t v = 0;

	if (field.n == 0 || (field.n > 1 && field.p[0] == '0'))
		return ERR_FORMAT;
	for (size_t i = 0; i < field.n; i++) {
		const uint64_t digit = (uint64_t)field.p[i] - '0';

		if (field.p[i] < '0' || field.p[i] > '9' || v > (max - digit) / 10)
			return ERR_FORMAT;
		v = 10 * v + digit;
	}
	*ret = v;
	return OK;
}

static enum err number32(struct bytes field, uint32_t *ret)
{
	uint64_t v = 0;
	const enum err e = number(field, UINT32_MAX, &v);

	if (e == OK)
		*ret = (uint32_t)v;
	return e;
}

/* Four octal digits. */
static enum err mode(struct bytes field, uint32_t *ret)
{
	uint32_t v = 0;

	if (field.n != 4)
		return ERR_FORMAT;
	for (size_t i = 0; i < field.n; i++) {
		if (field.p[i] < '0' || field.p[i] > '7')
			return ERR_FORMAT;
		v = 8 * v + (uint32_t)(field.p[i] - '0');
	}
	*ret = v;
	return OK;
}

/* One byte of a name, escaped when and only when it must be. */
static enum err take_byte(struct bytes *in, uint8_t *ret)
{
	struct bytes one, hex;

	enum err e = bytes_take(in, 1, &one);
	if (e != OK)
		return e;
	if (one.p[0] != '\\') {
		if (full_escapes(one.p[0]))
			return ERR_FORMAT;
		*ret = one.p[0];
		return OK;
	}
	e = bytes_take(in, 2, &hex);
	if (e != OK)
		return e;
	const unsigned c = from_hex(hex.p);
	if (c == '\0' || c > UINT8_MAX || !full_escapes((uint8_t)c))
		return ERR_FORMAT;
	*ret = (uint8_t)c;
	return OK;
}

static enum err text(struct bytes field, char out[static TREE_PATH_MAX])
{
	uint8_t c = 0;
	size_t n = 0;

	while (field.n > 0) {
		if (n == TREE_PATH_MAX - 1)
			return ERR_FORMAT;
		const enum err e = take_byte(&field, &c);
		if (e != OK)
			return e;
		out[n++] = (char)c;
	}
	out[n] = '\0';
	return n > 0 ? OK : ERR_FORMAT;
}

/* "./" alone, or components behind it: none empty, "." or "..", not too many. */
static bool path_ok(const char *path)
{
	size_t depth = 0;

	if (strncmp(path, "./", 2) != 0)
		return false;
	for (path += 2; *path != '\0' || depth > 0; depth++) {
		const size_t n = strcspn(path, "/");

		if (n == 0 || (n == 1 && path[0] == '.') ||
		    (n == 2 && path[0] == '.' && path[1] == '.') ||
		    depth == TREE_DEPTH_MAX)
			return false;
		if (path[n] == '\0')
			return true;
		path += n + 1;
	}
	return true;
}

/* Sorted, and in a folder that is listed (what is staged has none). */
static bool in_place(const struct full_reader *r, const char *path)
{
	char parent[TREE_PATH_MAX];

	if (r->before[0] == '\0')
		return strcmp(path, "./") == 0;
	if (strcmp(r->before, path) >= 0 || !manifest_full_lists(path))
		return false;
	const size_t n = (size_t)(strrchr(path, '/') - path);
	memcpy(parent, path, n);
	parent[n] = '\0';
	const char *in = n == 1 ? "./" : parent;
	return tree_find(r->folders, in) != NULL || !manifest_full_lists(in);
}

/* The letter: of a type, or of a mount point. */
static enum err type(struct bytes field, struct tree_entry *to)
{
	static const char types[] = {TREE_FILE,   TREE_FOLDER, TREE_LINK,  TREE_FIFO,
	                             TREE_SOCKET, TREE_CHAR,   TREE_BLOCK, FULL_MOUNT};

	if (field.n != 1 || !memchr(types, field.p[0], sizeof(types)))
		return ERR_FORMAT;
	to->mount = field.p[0] == FULL_MOUNT;
	to->type = to->mount ? TREE_FOLDER : (enum tree_type)field.p[0];
	return OK;
}

/* Three fields, each absent when it is not known or says nothing. */
static enum err owner(const struct full_reader *r, struct bytes *line,
                      struct tree_entry *to)
{
	const struct bytes m = take_until(line, ' '), u = take_until(line, ' '),
	                   g = take_until(line, ' ');
	enum err e = OK;

	if (!r->permissions || to->mount)
		return is_absent(m) && is_absent(u) && is_absent(g) ? OK : ERR_FORMAT;
	if (to->type == TREE_LINK) {
		e = is_absent(m) ? OK : ERR_FORMAT;
		to->mode = 0777;
	} else {
		e = mode(m, &to->mode);
	}
	if (e == OK)
		e = number32(u, &to->uid);
	return e == OK ? number32(g, &to->gid) : e;
}

static enum err content(struct bytes *line, struct tree_entry *to)
{
	const struct bytes size = take_until(line, ' '), sha256 = take_until(line, ' ');

	if (to->type != TREE_FILE)
		return is_absent(size) && is_absent(sha256) ? OK : ERR_FORMAT;
	const enum err e = number(size, UINT64_MAX, &to->size);
	return e == OK ? digest_parse(sha256, to->sha256) : e;
}

/* "MAJOR:MINOR" */
static enum err device(const char *target)
{
	struct bytes in = bytes_of(target);
	const struct bytes major = take_until(&in, ':');
	uint32_t n;

	const enum err e = number32(major, &n);
	return e == OK ? number32(in, &n) : e;
}

/* Into r->entry. */
static enum err entry(struct full_reader *r, struct bytes line)
{
	struct tree_entry *to = &r->entry;

	*to = (struct tree_entry){.path = r->path};
	const struct bytes letter = take_until(&line, ' ');
	enum err e = type(letter, to);
	if (e == OK)
		e = owner(r, &line, to);
	if (e == OK)
		e = content(&line, to);
	const bool more = e == OK && memchr(line.p, ' ', line.n);
	if (e == OK && more != full_has_target(to->type))
		e = ERR_FORMAT;
	const struct bytes path = take_until(&line, ' ');
	if (e == OK)
		e = text(path, r->path);
	if (e == OK && (!path_ok(r->path) || !in_place(r, r->path)))
		e = ERR_FORMAT;
	if (e == OK && more) {
		e = text(line, r->target);
		to->target = r->target;
	}
	if (e == OK && more && to->type != TREE_LINK)
		e = device(r->target);
	return e;
}

/* Everything else must lie in one of them. */
static enum err keep_folder(struct full_reader *r)
{
	struct tree_entry *to = NULL;

	if (r->entry.type != TREE_FOLDER || r->entry.mount)
		return OK;
	const enum err e = tree_add(r->folders, &to);
	if (e != OK)
		return e == ERR_NOMEM ? e : ERR_FORMAT;
	*to = r->entry;
	to->path = tree_keep(r->folders, r->path, strlen(r->path));
	return to->path ? OK : ERR_NOMEM;
}

static enum err begin(struct full_reader *r)
{
	enum err e = take_text(&r->in, FULL_HEAD);

	if (e != OK)
		return e;
	r->permissions = bytes_begin(r->in, FULL_PERMISSIONS);
	e = take_text(&r->in, r->permissions ? FULL_PERMISSIONS : FULL_FOREIGN);
	if (e == OK && (r->in.n == 0 || r->in.p[r->in.n - 1] != '\n'))
		e = ERR_FORMAT;
	return e;
}

enum err full_reader_new(struct bytes in, struct full_reader **ret)
{
	struct full_reader *r = calloc(1, sizeof(*r));

	if (!r)
		return ERR_NOMEM;
	r->in = in;
	r->folders = tree_new();
	const enum err e = r->folders ? begin(r) : ERR_NOMEM;
	if (e == OK)
		*ret = r;
	else
		(void)full_reader_free(r);
	return e;
}

struct full_reader *full_reader_free(struct full_reader *r)
{
	if (r)
		(void)tree_free(r->folders);
	free(r);
	return NULL;
}

bool full_reader_permissions(const struct full_reader *r)
{
	return r->permissions;
}

enum err full_reader_next(struct full_reader *r, const struct tree_entry **ret)
{
	if (r->in.n == 0)
		return ERR_NOT_FOUND;
	const bool root = r->before[0] == '\0';
	enum err e = entry(r, take_until(&r->in, '\n'));
	if (e == OK && root && (r->entry.type != TREE_FOLDER || r->entry.mount))
		e = ERR_FORMAT;
	if (e == OK)
		e = keep_folder(r);
	if (e != OK)
		return e;
	memcpy(r->before, r->path, strlen(r->path) + 1);
	*ret = &r->entry;
	return OK;
}

enum err manifest_full_check(struct bytes in)
{
	const struct tree_entry *a = NULL;
	struct full_reader *r = NULL;

	enum err e = full_reader_new(in, &r);
	while (e == OK)
		e = full_reader_next(r, &a);
	r = full_reader_free(r);
	return e == ERR_NOT_FOUND ? OK : e;
}

/* A copy that lives as long as the tree. */
static enum err keep_entry(struct tree *t, const struct tree_entry *a)
{
	struct tree_entry *to = NULL;

	const enum err e = tree_add(t, &to);
	if (e != OK)
		return e == ERR_NOMEM ? e : ERR_FORMAT;
	*to = *a;
	to->path = tree_keep(t, a->path, strlen(a->path));
	if (a->target)
		to->target = tree_keep(t, a->target, strlen(a->target));
	t->bytes += a->size;
	return to->path && !a->target == !to->target ? OK : ERR_NOMEM;
}

enum err manifest_full_parse(struct bytes in, struct tree **ret)
{
	const struct tree_entry *a = NULL;
	struct full_reader *r = NULL;

	enum err e = full_reader_new(in, &r);
	if (e != OK)
		return e;
	struct tree *t = tree_new();
	if (!t)
		e = ERR_NOMEM;
	else
		t->permissions = r->permissions;
	while (e == OK) {
		e = full_reader_next(r, &a);
		if (e == OK)
			e = keep_entry(t, a);
	}
	r = full_reader_free(r);
	if (e != ERR_NOT_FOUND) {
		(void)tree_free(t);
		return e;
	}
	tree_trim(t);
	*ret = t;
	return OK;
}
