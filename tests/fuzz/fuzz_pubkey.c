/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Public-key packets: what is parsed and made again from its parts has the same
 * fingerprint. */
#include <stdlib.h>

#include "openpgp/pubkey.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static bool ready;
	struct pubkey k, copy, found;

	if (!ready && crypto_init() != OK)
		abort();
	ready = true;
	if (pubkey_parse((struct bytes){data, n}, &k) != OK)
		return 0;
	pubkey_copy(&copy, &k);
	if (copy.point.n > 0 && memcmp(copy.point.p, k.point.p, k.point.n) != 0)
		abort();
	const struct key_parts parts = {
	        .alg = k.n.n > 0 ? PGP_RSA : k.alg,
	        .n = k.n,
	        .e = k.e,
	        .curve = k.curve,
	        .point = k.point,
	};
	if (!pubkey_has_parts(&k, &parts))
		abort();
	if (pubkey_match(&parts, k.created, k.fpr, &found) == OK &&
	    !pubkey_has_parts(&found, &parts))
		abort();
	return 0;
}
