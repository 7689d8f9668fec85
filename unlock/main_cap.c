/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bootlatch-unlock --cap: no more is unsealed in this boot. */
#include <stdio.h>

#include "core/ask_boot.h"
#include "unlock/cap.h"
#include "unlock/main_options.h"
#include "unlock/tpm2_saved.h"
#include "unlock/words.h"

enum { HUNG_MS = 3000, AGAIN_MS = 1000 };

static void say_failed(const struct options *o, enum err e)
{
	const struct words_args args = {.text = tpm2_trouble(e)};
	char text[SENTENCE_MAX];
	struct ask *a = NULL;

	if (o->wish.at_boot && ask_open_boot(&a) == OK)
		words_say(a,
		          e == ERR_TPM_ABSENT ? WORDS_TPM_NONE_TO_CAP
		                              : WORDS_TPM_NOT_CAPPED,
		          &args);
	else
		(void)fprintf(
		        stderr, "bootlatch-unlock: %s\n",
		        words_fill(WORDS_TPM_NOT_CAPPED, &args, text, sizeof(text)));
	(void)ask_close(a);
}

/* Whoever comes to type, or waits for the system, is not kept from it each time by a TPM
 * that does not answer.  What --cap alone is asked for, a shell may hang on: that waits.
 */
static int limit_ms(const struct options *o, bool hung, bool failed_before)
{
	const bool waits = o->cap && !o->crypttab && o->source_wait_s != 0;

	if (!waits && failed_before)
		return AGAIN_MS;
	return hung ? HUNG_MS : 0; /* it may be at a command that was given up */
}

enum err cap(const struct options *o, bool hung, bool *ret_told)
{
	const enum err before = cap_failure(o->wish.run);
	const struct tpm2 t = {.tcti = o->wish.tpm,
	                       .limit_ms = limit_ms(o, hung, before != OK)};

	const enum err e = cap_tpm(&t, o->config_dir, o->wish.run);
	/* Cryptroot's rounds come every second: either is said once a boot. */
	const bool said = before != OK && o->wish.at_boot &&
	                  (before == ERR_TPM_ABSENT) == (e == ERR_TPM_ABSENT);
	if (e != OK && !said)
		say_failed(o, e);
	*ret_told = true;
	return e;
}
