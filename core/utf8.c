/* SPDX-License-Identifier: GPL-2.0-or-later */
/* UTF-8: how long a character is, and whether it is one. */
#include "core/utf8.h"

size_t utf8_len(struct bytes b)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const uint8_t c = b.n > 0 ? b.p[0] : 0;
	const size_t n = c < 0x80                 ? 1
	                 : c >= 0xc2 && c <= 0xdf ? 2
	                 : c >= 0xe0 && c <= 0xef ? 3
	                 : c >= 0xf0 && c <= 0xf4 ? 4
	                                          : 0;

	if (n == 0 || n > b.n)
		return 0;
	uint32_t v = n == 1 ? c : c & (0x7fU >> n);

	for (size_t i = 1; i < n; i++) {
		if ((b.p[i] & 0xc0) != 0x80)
			return 0;
		v = v << 6 | (b.p[i] & 0x3fU);
	}
	if (v < least[n] || v > 0x10ffff || (v >= 0xd800 && v <= 0xdfff))
		return 0;
	return n;
}

bool utf8_is_text(struct bytes b)
{
	struct bytes part;

	while (b.n > 0)
		if (b.p[0] == '\0' || bytes_take(&b, utf8_len(b), &part) != OK ||
		    part.n == 0)
			return false;
	return true;
}
