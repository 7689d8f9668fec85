/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Certificates, without any trust in their signatures' numbers. */
#include <stdlib.h>

#include "openpgp/pubkey.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

typedef enum err lookup(struct bytes cert, uint32_t now, struct pubkey *ret, size_t cap,
                        size_t *ret_n, const char **ret_why);

static void look_up(lookup *find, struct bytes in)
{
	struct pubkey keys[2];
	const char *why = NULL;
	size_t found = 0;

	switch (find(in, 1800000000, keys, 2, &found, &why)) {
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
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static bool ready;

	if (!ready && crypto_init() != OK)
		abort();
	ready = true;
	look_up(cert_encryption_keys, (struct bytes){data, n});
	look_up(cert_signing_keys, (struct bytes){data, n});
	return 0;
}
