/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "unlock/journal.h"
#include "unlock/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever parses can be written, and what was written parses to the same text. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct bytes in = {data, size};
	char *a = NULL, *b = NULL;
	struct journal j;
	struct record r;

	if (journal_parse(in, &j) == OK && (j.keyslot < 0 || j.keyslot >= LUKS_SLOTS_MAX))
		__builtin_trap();
	if (record_parse(in, &r) != OK)
		return 0;
	if (record_format(&r, &a) != OK)
		__builtin_trap();
	if (record_parse((struct bytes){(const uint8_t *)a, strlen(a)}, &r) != OK ||
	    record_format(&r, &b) != OK || strcmp(a, b) != 0)
		__builtin_trap();
	free(a);
	free(b);
	return 0;
}
