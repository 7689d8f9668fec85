/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sign/entry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool exists(const char *path, const void *ctx)
{
	(void)ctx;
	return strlen(path) % 5 != 0;
}

static void look_at(const struct boot_entries *e)
{
	for (size_t i = 0; i < e->n; i++) {
		const struct boot_entry *b = &e->entry[i];

		if (strlen(b->line) > ENTRY_LINE_MAX)
			__builtin_trap();
		for (const char *c = b->line; *c; c++)
			if ((unsigned char)*c < 0x20 || *c == 0x7f ||
			    (!b->unusable && strchr("`\\\"", *c)))
				__builtin_trap();
		for (size_t k = 0; k < b->n_files; k++)
			if (b->file[k][0] != '/' || strstr(b->file[k], "/../"))
				__builtin_trap();
	}
}

/* The first line are the options of elsewhere; the rest is an entry, then a menu. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct boot_entries e = {0};
	struct bytes in = {data, size}, opts = {0};
	const uint8_t *nl = size > 0 ? memchr(data, '\n', size) : NULL;

	if (nl && bytes_take(&in, (size_t)(nl - data), &opts) != OK)
		__builtin_trap();
	if (entries_parse_bls(in, "./e", opts, exists, NULL, &e) == OK && e.n > 1)
		__builtin_trap();
	look_at(&e);
	entries_clear(&e);
	(void)entries_parse_menu(in, "./m", exists, NULL, &e);
	look_at(&e);
	entries_clear(&e);
	return 0;
}
