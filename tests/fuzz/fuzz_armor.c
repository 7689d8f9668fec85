/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ASCII armor: what is read is not empty and not longer than its text. */
#include <stdlib.h>

#include "openpgp/armor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const struct bytes in = {data, n};
	uint8_t *out = NULL;
	size_t len = 0;

	if (armor_read(in, &out, &len) == OK && (!armor_is(in) || len == 0 || len > n))
		abort();
	free(out);
	return 0;
}
