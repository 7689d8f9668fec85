/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bootlatch-unlock --cap: no more is unsealed in this boot. */
#include <stdio.h>

#include "core/ask_boot.h"
#include "unlock/cap.h"
#include "unlock/main_options.h"
#include "unlock/tpm2_saved.h"
#include "unlock/words.h"

static void say_failed(const struct options *o, enum err e)
{
	const struct words_args args = {.text = err_text(e)};
	char text[SENTENCE_MAX];
	struct ask *a = NULL;

	if (o->wish.at_boot && ask_open_boot(&a) == OK)
		words_say(a, WORDS_TPM_NOT_CAPPED, &args);
	else
		(void)fprintf(
		        stderr, "bootlatch-unlock: %s\n",
		        words_fill(WORDS_TPM_NOT_CAPPED, &args, text, sizeof(text)));
	(void)ask_close(a);
}

enum err cap(const struct options *o, bool *ret_told)
{
	const struct tpm2 t = {.tcti = o->wish.tpm};

	const enum err e = cap_tpm(&t, o->config_dir, o->wish.run);
	if (e != OK)
		say_failed(o, e);
	*ret_told = true;
	return e;
}
