/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "unlock/crypttab.h"
#include "unlock/source.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool inside(struct crypttab_span s, size_t size)
{
	return s.at <= size && s.n <= size - s.at;
}

static bool is_clean(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return false;
	return true;
}

/* What is fine can be opened: a name, a path, values in range; everything lies where it
 * is said to lie. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct crypttab t = {0};
	char path[CRYPTTAB_PATH_MAX];

	if (crypttab_parse((struct bytes){data, size}, &t) != OK)
		return 0;
	if (t.n > CRYPTTAB_ENTRIES_MAX)
		__builtin_trap();
	for (size_t i = 0; i < t.n; i++) {
		const struct crypttab_entry *e = &t.entry[i];

		if (!inside(e->line, size) || !is_clean(e->name) || !is_clean(e->key) ||
		    e->keyslot < -1 || e->keyslot >= LUKS_SLOTS_MAX || e->tries < -1 ||
		    (size_t)e->why >= CRYPTTAB_WHYS_)
			__builtin_trap();
		for (size_t k = 0; k < 4; k++)
			if (!inside(e->field[k], size))
				__builtin_trap();
		if (e->why != CRYPTTAB_FINE)
			continue;
		if (!luks_name_ok(e->name) || (e->header && e->header[0] != '/') ||
		    source_path(e->source, path, sizeof(path)) != OK || path[0] != '/')
			__builtin_trap();
		for (size_t k = 0; k < i; k++)
			if (strcmp(t.entry[k].name, e->name) == 0)
				__builtin_trap();
	}
	crypttab_clear(&t);
	return 0;
}
