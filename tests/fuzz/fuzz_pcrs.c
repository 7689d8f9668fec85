/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "crypto/crypto.h"
#include "unlock/sealed.h"
#include "unlock/tpm2_choice.h"
#include "unlock/tpm2_saved.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void saved(struct bytes in)
{
	struct tpm2_saved s = {0};
	char *a = NULL, *b = NULL;

	if (tpm2_saved_parse(in, &s) != OK)
		return;
	if (s.capped == 0 || s.n == 0 || tpm2_saved_format(&s, &a) != OK ||
	    tpm2_saved_parse(bytes_of(a), &s) != OK || tpm2_saved_format(&s, &b) != OK ||
	    strcmp(a, b) != 0)
		__builtin_trap();
	free(a);
	free(b);
}

/* Whatever was accepted is what it would be written as, but for its order. */
static void list(struct bytes in)
{
	char text[TPM2_LIST_MAX + 1], again[TPM2_LIST_MAX];
	struct tpm2_choice c, d;

	if (in.n >= sizeof(text) || memchr(in.p, 0, in.n) != NULL)
		return;
	memcpy(text, in.p, in.n);
	text[in.n] = '\0';
	if (tpm2_choice_list(text, &c) != OK)
		return;
	tpm2_list(c.mask, again);
	if (tpm2_choice_list(again, &d) != OK || d.mask != c.mask || d.cap_added ||
	    (c.mask & TPM2_PCRS_RESETTABLE) != 0 || (c.mask >> c.cap & 1) == 0)
		__builtin_trap();
}

/* Of whom the first byte chooses. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tpm2_sealed sealed;
	static bool ready;

	if (!ready && crypto_init() != OK) /* a sealed object has a digest in it */
		abort();
	ready = true;
	if (size == 0)
		return 0;
	const struct bytes in = {data + 1, size - 1};
	if (data[0] == 'l')
		list(in);
	else if (data[0] == 's')
		(void)(sealed_parse(in, &sealed) == OK); /* written in fuzz_token */
	else
		saved(in);
	return 0;
}
