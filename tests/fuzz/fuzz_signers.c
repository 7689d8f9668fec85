/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files of keys: what is taken from one are keys, each once; the same file adds nothing a
 * second time; one that is refused leaves everything as it was. */
#include <stdlib.h>

#include "crypto/crypto.h"
#include "sign/signers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NOW = 1800000000 };

static void check(const struct signers *s)
{
	if (s->n > SIGNERS_MAX)
		abort();
	for (size_t i = 0; i < s->n; i++) {
		const struct pubkey *key = &s->key[i];
		struct pubkey again;

		if (signers_find(s, key->fpr) != key)
			abort();
		if (pubkey_parse((struct bytes){key->body, key->body_len}, &again) !=
		            OK ||
		    memcmp(again.fpr, key->fpr, PGP_FPR_LEN) != 0)
			abort();
	}
}

/* The first byte: whether keys without signatures count. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct signers s, before;
	static bool ready;
	const char *why = NULL;

	if (!ready && crypto_init() != OK)
		abort();
	ready = true;
	if (size == 0)
		return 0;
	const bool bare = (data[0] & 1) != 0;
	const struct bytes file = {data + 1, size - 1};

	s = (struct signers){0};
	const enum err e = signers_add(&s, file, bare, NOW, &why);
	check(&s);
	if (e != OK) {
		if (s.n != 0 || (e == ERR_NOT_FOUND && !why))
			abort();
		return 0;
	}
	if (s.n == 0)
		abort();
	before = s;
	if (signers_add(&s, file, bare, NOW, NULL) != OK || s.n != before.n)
		abort();
	/* Keys that count with signatures count without asking for them. */
	if (!bare && signers_add(&s, file, true, NOW, NULL) != OK)
		abort();
	check(&s);
	return 0;
}
