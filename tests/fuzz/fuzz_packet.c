/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packet framing: joined bodies stay inside the input, and reading always moves on. */
#include <stdlib.h>

#include "openpgp/packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	uint8_t *own = malloc(n + 1);
	struct packets in = {own, n};
	struct packet p;
	struct bytes number;

	if (own == NULL)
		return 0;
	if (n > 0)
		memcpy(own, data, n);
	while (in.n > 0) {
		const size_t before = in.n;

		if (packet_next(&in, &p) != OK)
			break;
		if (in.n >= before || p.body.n >= before || p.body.p < own ||
		    p.body.p + p.body.n > own + n)
			abort();
		while (p.body.n > 0 && take_mpi(&p.body, &number) == OK)
			continue;
	}
	free(own);
	return 0;
}
