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

	if (strncmp(path, stage, n) == 0 && path[n] == '/')
		return strchr(path + n + 1, '/') || !is_staged(path + n + 1);
	return strcmp(path, stage) != 0 && strcmp(path, "./" KEXEC_SIG) != 0 &&
	       strcmp(path, "./" KEXEC_HOTP) != 0 && !kexec_signed_name(path + 2);
}

static void write_text(struct buffer *out, const char *text)
{
	for (size_t i = 0; text[i] != '\0'; i++) {
		const uint8_t c = (uint8_t)text[i];

		if (full_escapes(c))
			buffer_format(out, "\\%02x", c);
		else
			buffer_add(out, &c, 1);
	}
}

static void write_owner(const struct tree *t, const struct tree_entry *a,
                        struct buffer *out)
{
	if (!t->permissions || a->mount)
		buffer_text(out, " - - -");
	else if (a->type == TREE_LINK)
		buffer_format(out, " - %u %u", a->uid, a->gid);
	else
		buffer_format(out, " %04o %u %u", a->mode, a->uid, a->gid);
}

static void write_entry(const struct tree *t, const struct tree_entry *a,
                        struct buffer *out)
{
	const uint8_t type = a->mount ? FULL_MOUNT : (uint8_t)a->type;
	char hex[2 * TREE_HASH_LEN + 1];

	buffer_add(out, &type, 1);
	write_owner(t, a, out);
	if (a->type == TREE_FILE) {
		hex_encode((struct bytes){a->sha256, TREE_HASH_LEN}, hex);
		buffer_format(out, " %llu %s ", (unsigned long long)a->size, hex);
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

enum err manifest_full(const struct tree *t, struct buffer *out)
{
	buffer_text(out, FULL_HEAD);
	buffer_text(out, t->permissions ? FULL_PERMISSIONS : FULL_FOREIGN);
	for (size_t i = 0; i < t->n; i++)
		if (manifest_full_lists(t->entry[i].path))
			write_entry(t, &t->entry[i], out);
	return buffer_ok(out);
}
