/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bootlatch-unlock --image-record: what an image is told of a volume (docs/adr/0016). */
#include <stdio.h>
#include <stdlib.h>

#include "core/file.h"
#include "unlock/main_options.h"
#include "unlock/record.h"

enum err image_record(const struct options *o)
{
	struct record r, small;
	uint8_t *text = NULL;
	char *out = NULL;
	size_t n = 0;

	enum err e = file_read_path(o->image_record, RECORD_MAX, &text, &n);
	if (e == OK)
		e = record_parse((struct bytes){text, n}, &r);
	free(text);
	if (e == OK)
		e = record_for_image(&r, &small);
	if (e == OK)
		e = record_format(&small, &out);
	if (e == OK && (fputs(out, stdout) < 0 || fflush(stdout) != 0))
		e = ERR_IO;
	free(out);
	return e;
}
