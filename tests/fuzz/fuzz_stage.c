/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of a stage: what is read is what would be written, and names nothing but
 * signed files. */
#include <stdlib.h>

#include "sign/stage.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct stage_list l;
	const struct bytes in = {data, n};
	AUTO_BUFFER text = {0};

	if (stage_list_parse(in, &l) != OK)
		return 0;
	for (size_t i = 0; i < l.n; i++)
		if (!stage_name_ok(l.item[i].name) || strchr(l.item[i].name, '/') ||
		    stage_find(&l, l.item[i].name) != &l.item[i])
			abort();
	stage_list_write(&l, &text);
	if (buffer_ok(&text) != OK || !bytes_equal(buffer_bytes(&text), in))
		abort();
	return 0;
}
