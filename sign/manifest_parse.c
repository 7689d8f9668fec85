/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The full manifest taken apart: what is accepted is what would be written. */
#include "core/hex.h"
#include "sign/manifest_parts.h"
#include "sign/tree_parts.h"

enum { HEX = 2 * TREE_HASH_LEN };

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

static bool is_hex(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

static enum err digest(struct bytes field, uint8_t ret[static TREE_HASH_LEN])
{
	for (size_t i = 0; i < field.n; i++)
		if (!is_hex(field.p[i]))
			return ERR_FORMAT;
	return hex_decode((const char *)field.p, field.n, ret, TREE_HASH_LEN);
}

/* One byte of a name, escaped when and only when it must be. */
static enum err take_byte(struct bytes *in, uint8_t *ret)
{
	struct bytes one, hex;
	uint8_t c = 0;

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
	if (e == OK)
		e = is_hex(hex.p[0]) && is_hex(hex.p[1]) ? OK : ERR_FORMAT;
	if (e == OK)
		e = hex_decode((const char *)hex.p, hex.n, &c, 1);
	if (e == OK && (c == '\0' || !full_escapes(c)))
		e = ERR_FORMAT;
	if (e == OK)
		*ret = c;
	return e;
}

static enum err text(struct tree *t, struct bytes field, const char **ret)
{
	uint8_t plain[TREE_PATH_MAX];
	size_t n = 0;

	while (field.n > 0) {
		if (n == sizeof(plain) - 1)
			return ERR_FORMAT;
		const enum err e = take_byte(&field, &plain[n++]);
		if (e != OK)
			return e;
	}
	if (n == 0)
		return ERR_FORMAT;
	*ret = tree_keep(t, plain, n);
	return *ret ? OK : ERR_NOMEM;
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
static bool in_place(const struct tree *t, const char *path)
{
	char parent[TREE_PATH_MAX];
	const size_t at = t->n - 1;

	if (at == 0)
		return strcmp(path, "./") == 0;
	if (strcmp(t->entry[at - 1].path, path) >= 0 || !manifest_full_lists(path))
		return false;
	const size_t n = (size_t)(strrchr(path, '/') - path);
	memcpy(parent, path, n);
	parent[n] = '\0';
	const struct tree before = {.entry = t->entry, .n = at};
	const char *in = n == 1 ? "./" : parent;
	const struct tree_entry *folder = tree_find(&before, in);
	if (!folder)
		return !manifest_full_lists(in);
	return folder->type == TREE_FOLDER && !folder->mount;
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
static enum err owner(const struct tree *t, struct bytes *line, struct tree_entry *to)
{
	const struct bytes m = take_until(line, ' '), u = take_until(line, ' '),
	                   g = take_until(line, ' ');
	enum err e = OK;

	if (!t->permissions || to->mount)
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
	return e == OK ? digest(sha256, to->sha256) : e;
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

static enum err entry(struct tree *t, struct bytes line)
{
	struct tree_entry *to = NULL;

	enum err e = tree_add(t, &to);
	if (e != OK)
		return e == ERR_NOMEM ? e : ERR_FORMAT;
	const struct bytes letter = take_until(&line, ' ');
	e = type(letter, to);
	if (e == OK)
		e = owner(t, &line, to);
	if (e == OK)
		e = content(&line, to);
	const bool more = e == OK && memchr(line.p, ' ', line.n);
	if (e == OK && more != full_has_target(to->type))
		e = ERR_FORMAT;
	const struct bytes path = take_until(&line, ' ');
	if (e == OK)
		e = text(t, path, &to->path);
	if (e == OK && (!path_ok(to->path) || !in_place(t, to->path)))
		e = ERR_FORMAT;
	if (e == OK && more)
		e = text(t, line, &to->target);
	if (e == OK && more && to->type != TREE_LINK)
		e = device(to->target);
	t->bytes += to->size;
	return e;
}

static enum err parse(struct bytes in, struct tree *t)
{
	enum err e = take_text(&in, FULL_HEAD);

	if (e != OK)
		return e;
	t->permissions = bytes_begin(in, FULL_PERMISSIONS);
	e = take_text(&in, t->permissions ? FULL_PERMISSIONS : FULL_FOREIGN);
	if (e == OK && (in.n == 0 || in.p[in.n - 1] != '\n'))
		e = ERR_FORMAT;
	while (e == OK && in.n > 0)
		e = entry(t, take_until(&in, '\n'));
	if (e == OK && (t->entry[0].type != TREE_FOLDER || t->entry[0].mount))
		e = ERR_FORMAT;
	return e;
}

enum err manifest_full_parse(struct bytes in, struct tree **ret)
{
	struct tree *t = tree_new();

	if (!t)
		return ERR_NOMEM;
	const enum err e = parse(in, t);
	if (e != OK) {
		(void)tree_free(t);
		return e;
	}
	tree_trim(t);
	*ret = t;
	return OK;
}
