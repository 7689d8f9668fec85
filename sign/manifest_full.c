/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The full manifest written, and what is left out of it (docs/FORMAT.md). */
#include "core/hex.h"
#include "sign/manifest_parts.h"
#include "sign/stage.h"

static const char stage[] = "./" STAGE_FOLDER;

/* What lies in a stage, and its list while core/publish.c writes it: ".list.XXXXXX". */
static bool is_staged(const char *name)
{
	static const char aside[] = "." STAGE_LIST ".";
	const size_t n = sizeof(aside) - 1;

	if (strncmp(name, aside, n) == 0)
		return strlen(name) == n + 6 && !strchr(name + n, '.');
	return stage_name_ok(name) || strcmp(name, STAGE_LIST) == 0;
}

bool manifest_full_lists(const char *path)
{
	const size_t n = sizeof(stage) - 1;

	if (tree_heads_sees(path)) /* what is left out begins with kexec */
		return true;
	if (strncmp(path, stage, n) == 0 && path[n] == '/')
		return strchr(path + n + 1, '/') || !is_staged(path + n + 1);
	return strcmp(path, stage) != 0 && strcmp(path, "./" KEXEC_SIG) != 0 &&
	       strcmp(path, "./" KEXEC_HOTP) != 0 && !kexec_signed_name(path + 2);
}

/* Names are plain for the most part. */
static void write_text(struct buffer *out, const char *text)
{
	size_t from = 0;

	for (size_t i = 0; text[i] != '\0'; i++) {
		const uint8_t c = (uint8_t)text[i];

		if (!full_escapes(c))
			continue;
		buffer_add(out, text + from, i - from);
		buffer_format(out, "\\%02x", c);
		from = i + 1;
	}
	buffer_text(out, text + from);
}

/* A blank and the number, with at least `width` digits. */
static void write_number(struct buffer *out, uint64_t v, unsigned base, unsigned width)
{
	char text[32];
	size_t at = sizeof(text);

	do {
		text[--at] = (char)('0' + v % base);
		v /= base;
	} while (v > 0 || sizeof(text) - at < width);
	text[--at] = ' ';
	buffer_add(out, text + at, sizeof(text) - at);
}

static void write_owner(const struct tree *t, const struct tree_entry *a,
                        struct buffer *out)
{
	if (!t->permissions || a->mount)
		buffer_text(out, " - - -");
	if (!t->permissions || a->mount)
		return;
	if (a->type == TREE_LINK)
		buffer_text(out, " -");
	else
		write_number(out, a->mode, 8, 4);
	write_number(out, a->uid, 10, 1);
	write_number(out, a->gid, 10, 1);
}

void manifest_line_full(const struct tree *t, const struct tree_entry *a,
                        struct buffer *out)
{
	const uint8_t type = a->mount ? FULL_MOUNT : (uint8_t)a->type;
	char hex[2 * TREE_HASH_LEN + 1];

	if (!manifest_full_lists(a->path))
		return;
	buffer_add(out, &type, 1);
	write_owner(t, a, out);
	if (a->type == TREE_FILE) {
		hex_encode((struct bytes){a->sha256, TREE_HASH_LEN}, hex);
		write_number(out, a->size, 10, 1);
		buffer_text(out, " ");
		buffer_text(out, hex);
		buffer_text(out, " ");
	} else {
		buffer_text(out, " - - ");
	}
	write_text(out, a->path);
	if (full_has_target(a->type)) {
		buffer_text(out, " ");
		write_text(out, a->target);
	}
	buffer_text(out, "\n");
}
