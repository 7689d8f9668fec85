/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A word that is typed before what cannot be undone. */
#include "cli/confirm.h"

#include "core/secret.h"

enum { WORD_MAX = 64 };

enum err cli_confirm(struct cli *c, struct ask *a, const char *word, const char *hint)
{
	AUTO_SECRET *answer = NULL;
	const struct ask_question q = {
	        .kind = ASK_CONFIRM,
	        .about = word,
	        .hint = hint,
	        .tries_left = -1,
	        .max = WORD_MAX,
	};

	const enum err e = ask_wait(a, &q, -1, &answer);
	if (e != OK && e != ERR_CANCELLED)
		return e;
	if (e == OK && bytes_equal(secret_view(answer), bytes_of(word)))
		return OK;
	return cli_why(c, ERR_CANCELLED, "Not confirmed. Nothing was changed.");
}
