/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Certificates, without any trust in their signatures' numbers. */
#include <stdlib.h>

#include "openpgp/pubkey.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static bool ready;
	struct pubkey keys[2];
	const char *why = NULL;
	size_t found = 0;

	if (!ready && crypto_init() != OK)
		abort();
	ready = true;
	switch (cert_encryption_keys((struct bytes){data, n}, 1700000000, keys, 2, &found,
	                             &why)) {
	case OK:
		if (found == 0 || found > 2)
			abort();
		break;
	case ERR_NOT_FOUND:
		if (why == NULL)
			abort();
		break;
	default:
		break;
	}
	return 0;
}
