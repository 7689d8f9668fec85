/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "crypto/crypto.h"
#include "unlock/recovery.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever is read is read to the same, letter for letter, from what came out. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_SECRET *typed = NULL, *key = NULL, *again = NULL;
	static bool ready;

	if (!ready && crypto_init() != OK)
		abort();
	ready = true;
	if (size > 4096 || secret_copy((struct bytes){data, size}, &typed) != OK ||
	    recovery_read(typed, &key) != OK)
		return 0;
	if (secret_len(key) != RECOVERY_LEN || recovery_read(key, &again) != OK ||
	    !secret_equal(key, again))
		__builtin_trap();
	for (size_t i = 0; i < RECOVERY_GROUPS; i++) {
		AUTO_SECRET *group = NULL;

		if (secret_copy(recovery_group(key, i), &group) != OK ||
		    !recovery_group_is(key, i, group))
			__builtin_trap();
	}
	return 0;
}
