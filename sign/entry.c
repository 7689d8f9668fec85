/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Entries kept: what Heads' menu has of each, which files it boots, whether it may become
 * the default. */
#include "sign/entry.h"

#include <stdlib.h>

#include "sign/entry_impl.h"

static const char why_files[] = "it names more files than we take";
static const char why_path[] = "a file's name in it is no plain path";
static const char why_gone[] = "a file that it boots is not there";
static const char why_menu[] = "Heads' shell would evaluate a part of it";

static char *copy(struct bytes b)
{
	return strndup(b.n > 0 ? (const char *)b.p : "", b.n);
}

/* From the root of /boot, no "..", nothing that xargs or a shell would take apart. */
static bool plain_path(struct bytes path)
{
	static const char odd[] = "\"'\\`$*?[]();&<>|";
	struct bytes rest = path;

	if (path.n < 2 || path.n >= TREE_PATH_MAX - 1 || path.p[0] != '/')
		return false;
	for (size_t i = 0; i < path.n; i++)
		if (path.p[i] <= ' ' || path.p[i] >= 0x7f || strchr(odd, path.p[i]))
			return false;
	while (rest.n > 0) {
		const struct bytes part = text_field(rest, '/', 1);

		if (bytes_equal(part, bytes_of("..")))
			return false;
		rest = part.n < rest.n ? text_from_field(rest, '/', 2)
		                       : (struct bytes){0};
	}
	return true;
}

/* "kernel /vmlinuz ...": names a file?  The words are one blank apart. */
static bool names_file(struct bytes field)
{
	const struct bytes key = text_field(field, ' ', 1);

	return bytes_equal(key, bytes_of("kernel")) ||
	       bytes_equal(key, bytes_of("initrd")) ||
	       bytes_equal(key, bytes_of("module"));
}

static enum err add_file(struct boot_entry *b, struct bytes path,
                         const struct entry_context *c)
{
	if (b->n_files == ENTRY_FILES_MAX) {
		b->unusable = why_files;
		return OK;
	}
	if (!plain_path(path)) {
		b->unusable = why_path;
		return OK;
	}
	char *file = copy(path);
	if (!file)
		return ERR_NOMEM;
	b->file[b->n_files++] = file;
	if (!c->exists(file, c->ctx))
		b->unusable = why_gone;
	return OK;
}

/* Fields from the third on, as Heads takes its line apart when it boots. */
static enum err add_files(struct boot_entry *b, struct bytes line,
                          const struct entry_context *c)
{
	size_t nth = 3;
	enum err e = OK;
	struct bytes rest = text_from_field(line, '|', nth);

	while (e == OK && rest.n > 0 && !b->unusable) {
		const struct bytes field = text_field(rest, '|', 1);

		if (names_file(text_trim(field)))
			e = add_file(b, text_field(text_trim(field), ' ', 2), c);
		rest = field.n < rest.n ? text_from_field(rest, '|', 2)
		                        : (struct bytes){0};
	}
	if (e == OK && !b->unusable && b->n_files == 0)
		b->unusable = why_path;
	return e;
}

static void entry_clear(struct boot_entry *b)
{
	free(b->name);
	free(b->line);
	free(b->from);
	for (size_t i = 0; i < b->n_files; i++)
		free(b->file[i]);
	*b = (struct boot_entry){0};
}

/* Room for one more, not yet counted. */
static enum err make_room(struct boot_entries *to)
{
	if (to->n >= ENTRIES_MAX)
		return ERR_UNSUPPORTED;
	struct boot_entry *p = realloc(to->entry, (to->n + 1) * sizeof(*p));
	if (!p)
		return ERR_NOMEM;
	to->entry = p;
	to->entry[to->n] = (struct boot_entry){0};
	return OK;
}

static enum err fill(struct boot_entry *b, struct bytes line,
                     const struct entry_context *c)
{
	b->name = copy(text_field(line, '|', 1));
	b->line = copy(line);
	b->from = strdup(c->from);
	if (!b->name || !b->line || !b->from)
		return ERR_NOMEM;
	return b->unusable ? OK : add_files(b, line, c);
}

enum err entry_add(const struct entry_context *c, const struct text *raw)
{
	struct text *line = calloc(1, sizeof(*line));

	enum err e = line ? make_room(c->to) : ERR_NOMEM;
	if (e == OK) {
		struct boot_entry *b = &c->to->entry[c->to->n];

		b->unusable = text_expand(raw, line);
		if (c->as_it_is && !b->unusable &&
		    !bytes_equal(text_bytes(raw), text_bytes(line))) {
			b->unusable = why_menu;
			text_to_show(line, text_bytes(raw));
		}
		e = fill(b, text_bytes(line), c);
		if (e == OK)
			c->to->n++;
		else
			entry_clear(b);
	}
	free(line);
	return e;
}

enum err entries_parse_menu(struct bytes in, const char *from, entry_exists *exists,
                            const void *ctx, struct boot_entries *to)
{
	const struct entry_context c = {
	        .from = from, .exists = exists, .ctx = ctx, .to = to, .as_it_is = true};
	struct text *raw = calloc(1, sizeof(*raw));
	enum err e = raw ? OK : ERR_NOMEM;

	if (e == OK && in.n > GRUB_CFG_MAX)
		e = ERR_UNSUPPORTED;
	while (e == OK && in.n > 0) {
		const struct bytes line = text_field(in, '\n', 1);

		in = line.n < in.n ? text_from_field(in, '\n', 2) : (struct bytes){0};
		text_set(raw, line);
		e = entry_add(&c, raw);
	}
	free(raw);
	return e;
}

static int by_line(const void *a, const void *b)
{
	const struct boot_entry *x = a, *y = b;

	return strcmp(x->line, y->line);
}

void entries_sort(struct boot_entries *e)
{
	if (e->n == 0 || e->from_menu)
		return;
	const char *const first = e->entry[e->first].line; /* moved along, not copied */

	qsort(e->entry, e->n, sizeof(*e->entry), by_line);
	e->first = 0;
	while (e->entry[e->first].line != first)
		e->first++;
	e->sorted = true;
}

void entries_clear(struct boot_entries *e)
{
	for (size_t i = 0; i < e->n; i++)
		entry_clear(&e->entry[i]);
	free(e->entry);
	*e = (struct boot_entries){0};
}

struct boot_entries *entries_free(struct boot_entries *e)
{
	if (e)
		entries_clear(e);
	free(e);
	return NULL;
}
