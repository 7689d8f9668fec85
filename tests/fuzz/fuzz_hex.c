/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What decodes must encode back to the same text: both encodings are canonical. */
#include <stdlib.h>

#include "core/hex.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void base64(struct bytes text, bool pad)
{
	uint8_t out[768];
	uint8_t again[1024];
	size_t n = 0;

	if (base64_decode(text, pad, out, sizeof(out), &n) != OK)
		return;
	if (base64_len(n, pad) != text.n)
		abort();
	base64_encode((struct bytes){out, n}, pad, again);
	if (!bytes_equal((struct bytes){again, text.n}, text))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t out[512];
	uint8_t back[512];
	char text[1025];

	if (size > 1024)
		return 0;
	base64((struct bytes){data, size}, true);
	base64((struct bytes){data, size}, false);
	if (hex_decode((const char *)data, size, out, size / 2) != OK)
		return 0;
	hex_encode((struct bytes){out, size / 2}, text);
	if (hex_decode(text, size, back, size / 2) != OK ||
	    memcmp(out, back, size / 2) != 0)
		abort();
	return 0;
}
