/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keys from a terminal: the first byte limits the line, the others are typed.  What the
 * events say must fit what is in the line, or the stars on the screen would lie. */
#include <stdlib.h>

#include "core/ask_line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool fits(enum line_event event, size_t before, size_t after)
{
	switch (event) {
	case LINE_NOTHING:
	case LINE_FULL:
	case LINE_ENTER:
		return after == before;
	case LINE_ADDED:
		return after == before + 1;
	case LINE_REMOVED:
		/* Continuation bytes without a beginning never had a star. */
		return before == 0 ? after == 0 : after == before - 1;
	case LINE_CLEARED:
		return after == 0;
	case LINE_EOF:
		return before == 0 && after == 0;
	}
	return false;
}

static void check(const struct line *l, enum line_event event, size_t before,
                  bool was_cut)
{
	const struct bytes text = secret_view(l->text);

	if (!fits(event, before, line_chars(l)) || text.n > l->max)
		abort();
	/* What was dropped is not forgotten before all is cleared. */
	if (event == LINE_FULL ? !l->cut : event == LINE_ADDED && l->cut)
		abort();
	if (event == LINE_CLEARED ? l->cut : was_cut && !l->cut)
		abort();
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] < 0x20 || text.p[i] == 0x7f)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct line l = {0};

	if (size == 0 || line_start(&l, data[0]) != OK)
		return 0;
	for (size_t i = 1; i < size; i++) {
		const size_t before = line_chars(&l);
		const bool was_cut = l.cut;

		check(&l, line_key(&l, data[i]), before, was_cut);
	}
	line_end(&l);
	return 0;
}
