/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text of the system's own tables, cut into lines and words. */
#include "cli/lines.h"

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

bool word_next(struct bytes *line, struct bytes *ret)
{
	struct bytes skipped;
	size_t n = 0;

	while (line->n > 0 && is_blank(line->p[0]))
		if (bytes_take(line, 1, &skipped) != OK)
			return false;
	while (n < line->n && !is_blank(line->p[n]))
		n++;
	return n > 0 && bytes_take(line, n, ret) == OK;
}

bool line_next(struct bytes *text, struct bytes *ret)
{
	struct bytes end;
	size_t n = 0;

	if (text->n == 0)
		return false;
	while (n < text->n && text->p[n] != '\n')
		n++;
	return bytes_take(text, n, ret) == OK &&
	       (text->n == 0 || bytes_take(text, 1, &end) == OK);
}
