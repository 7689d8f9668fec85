/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of what is pending, as whoever damaged it left it. */
#include <stdlib.h>
#include <string.h>

#include "sign/pending.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void tell(const struct pending *p)
{
	for (size_t cap = 1; cap < 700; cap += 233) {
		char text[700];

		memset(text, 'z', sizeof(text));
		pending_words(p, 4, text, cap);
		if (strlen(text) >= cap)
			abort();
		for (const char *c = text; *c != '\0'; c++)
			if (*c < 0x20 || *c > 0x7e)
				abort(); /* it goes to terminals */
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct bytes in = {data, size};
	AUTO_BUFFER out = {0};
	struct pending p = {0};

	if (pending_parse(in, &p) != OK) {
		if (p.n != 0)
			abort();
		return 0;
	}
	pending_write(&p, &out);
	if (p.n == 0 || buffer_ok(&out) != OK || !bytes_equal(buffer_bytes(&out), in))
		abort();
	tell(&p);
	return 0;
}
