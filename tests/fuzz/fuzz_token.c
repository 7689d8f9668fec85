/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "crypto/crypto.h"
#include "unlock/token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever parses can be written, and what was written parses to the same token. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct token t = {0}, again = {0};
	char *json = NULL;
	static bool ready;

	if (!ready && crypto_init() != OK) /* a sealed object has a digest in it */
		abort();
	ready = true;
	if (token_parse((struct bytes){data, size}, &t) != OK)
		return 0;
	if (t.n_fpr == 0 || t.n_fpr > TOKEN_RECIPIENTS ||
	    (t.blob_len == 0) != (strcmp(t.backend, BACKEND_RECOVERY) == 0) ||
	    token_format(&t, &json) != OK ||
	    token_parse((struct bytes){(const uint8_t *)json, strlen(json)}, &again) !=
	            OK ||
	    again.keyslot != t.keyslot ||
	    !bytes_equal((struct bytes){t.blob, t.blob_len},
	                 (struct bytes){again.blob, again.blob_len}))
		__builtin_trap();
	free(json);
	token_clear(&again);
	token_clear(&t);
	return 0;
}
