/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Heads' two lists of a tree, and lines of such lists taken apart. */
#include "sign/manifest_parts.h"

enum { HEX = 2 * TREE_HASH_LEN };

/* As GNU's sha256sum writes them; such a line is none to hash_line_next. */
static void write_odd(struct buffer *out, const struct tree_entry *a)
{
	AUTO_BUFFER name = {0};

	for (size_t i = 0; a->path[i] != '\0'; i++) {
		if (a->path[i] == '\\')
			buffer_text(&name, "\\\\");
		else if (a->path[i] == '\n')
			buffer_text(&name, "\\n");
		else if (a->path[i] == '\r')
			buffer_text(&name, "\\r");
		else
			buffer_add(&name, &a->path[i], 1);
	}
	buffer_add(&name, "", 1);
	if (buffer_ok(&name) != OK) {
		out->failed = true;
		return;
	}
	buffer_text(out, "\\");
	hash_line_write(out, a->sha256, (const char *)name.p);
}

void manifest_line_hashes(const struct tree *t, const struct tree_entry *a,
                          struct buffer *out)
{
	(void)t;
	if (a->type != TREE_FILE || !tree_heads_sees(a->path))
		return;
	if (strpbrk(a->path, "\\\n\r"))
		write_odd(out, a);
	else
		hash_line_write(out, a->sha256, a->path);
}

void manifest_line_tree(const struct tree *t, const struct tree_entry *a,
                        struct buffer *out)
{
	(void)t;
	if (tree_heads_sees(a->path))
		buffer_add(out, a->path, strlen(a->path) + 1);
}

enum err digest_parse(struct bytes field, uint8_t ret[static TREE_HASH_LEN])
{
	if (field.n != HEX)
		return ERR_FORMAT;
	for (size_t i = 0; i < TREE_HASH_LEN; i++) {
		const unsigned v = from_hex(field.p + 2 * i);

		if (v > UINT8_MAX)
			return ERR_FORMAT;
		ret[i] = (uint8_t)v;
	}
	return OK;
}

static enum err take_digest(struct bytes *in, uint8_t ret[static TREE_HASH_LEN])
{
	struct bytes hex;

	const enum err e = bytes_take(in, HEX, &hex);
	return e == OK ? digest_parse(hex, ret) : e;
}

enum err hash_line_next(struct bytes *in, struct hash_line *ret)
{
	struct bytes rest = *in, part;
	struct hash_line line;

	if (rest.n == 0)
		return ERR_NOT_FOUND;
	enum err e = take_digest(&rest, line.sha256);
	if (e == OK)
		e = bytes_take(&rest, 2, &part);
	if (e == OK && !bytes_begin(part, "  "))
		e = ERR_FORMAT;
	if (e != OK)
		return e;
	const uint8_t *end = memchr(rest.p, '\n', rest.n);
	if (!end)
		return ERR_FORMAT;
	e = bytes_take(&rest, (size_t)(end - rest.p), &line.name);
	if (e == OK)
		e = bytes_take(&rest, 1, &part);
	if (e != OK)
		return e;
	if (line.name.n == 0 || memchr(line.name.p, '\0', line.name.n))
		return ERR_FORMAT;
	*in = rest;
	*ret = line;
	return OK;
}
