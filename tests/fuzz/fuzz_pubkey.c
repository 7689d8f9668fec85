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
	if (k.alg == PGP_ECDH)
		(void)!pubkey_match_ecdh(k.created, k.curve, k.point, k.fpr, &found);
	else if (k.n.n > 0)
		(void)!pubkey_match_rsa(k.created, k.n, k.e, k.fpr, &found);
	return 0;
}
