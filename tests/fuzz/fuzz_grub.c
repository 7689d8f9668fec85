/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sign/entry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool exists(const char *path, const void *ctx)
{
	(void)ctx;
	return strlen(path) % 5 != 0;
}

/* What may become the default is one line, of its name and its files, without anything
 * that a shell or a terminal would act upon. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct boot_entries e = {0};

	if (entries_parse_grub((struct bytes){data, size}, "./g", exists, NULL, &e) ==
	            OK &&
	    e.n > ENTRIES_MAX)
		__builtin_trap();
	for (size_t i = 0; i < e.n; i++) {
		const struct boot_entry *b = &e.entry[i];

		if (strlen(b->line) > ENTRY_LINE_MAX ||
		    strncmp(b->line, b->name, strlen(b->name)) != 0)
			__builtin_trap();
		for (const char *c = b->line; *c; c++)
			if ((unsigned char)*c < 0x20 || *c == 0x7f ||
			    (!b->unusable && strchr("`\\\"", *c)) ||
			    (!b->unusable && c[0] == '$' && c[1] == '('))
				__builtin_trap();
		if (!b->unusable && b->n_files == 0)
			__builtin_trap();
		for (size_t k = 0; k < b->n_files; k++)
			if (b->file[k][0] != '/' || strstr(b->file[k], "/../") ||
			    strpbrk(b->file[k], " \t'\"$`\\;"))
				__builtin_trap();
	}
	entries_clear(&e);
	return 0;
}
