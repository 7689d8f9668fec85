/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Detached signatures by keys whose private half nobody has. */
#include <stdlib.h>

#include "openpgp/detached.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Made in the year 2020: an RSA key of 2048 bits, and Ed25519's base point. */
static enum err make_keys(struct pubkey keys[static 2])
{
	static const uint8_t body[] = {
	        4,    0x5f, 0x5e, 0x10, 0,    22,   9,    0x2b, 0x06, 0x01, 0x04,
	        0x01, 0xda, 0x47, 0x0f, 0x01, 0x01, 0x07, 0x40, 0x58, 0x66, 0x66,
	        0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
	        0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
	        0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66};
	static const uint8_t e[] = {1, 0, 1};
	uint8_t modulus[256];

	memset(modulus, 0xd5, sizeof(modulus));
	enum err r = pubkey_make_rsa(1600000000, (struct bytes){modulus, sizeof(modulus)},
	                             (struct bytes){e, sizeof(e)}, &keys[0]);
	return r == OK ? pubkey_parse((struct bytes){body, sizeof(body)}, &keys[1]) : r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const uint8_t document[] = "a document";
	static struct pubkey keys[2];
	struct detached d = {0};

	if (keys[0].body_len == 0 && (crypto_init() != OK || make_keys(keys) != OK))
		abort();
	if (detached_verify((struct bytes){data, n},
	                    (struct bytes){document, sizeof(document)}, keys, 2,
	                    1800000000, &d) == OK)
		abort();
	if (detached_verify_every((struct bytes){data, n},
	                          (struct bytes){document, sizeof(document)}, keys, 2,
	                          1800000000, &d) == OK)
		abort();
	return 0;
}
