/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A volume that this machine does not know: refused in words, or vouched for by the
 * person. */
#include "core/hex.h"
#include "unlock/unlock_run.h"

static void say_text(struct run *r, enum words w, const char *text)
{
	words_say(session_ask(r->s), w,
	          &(struct words_args){.disk = r->disk, .text = text});
}

enum err run_refuse(struct run *r, enum err e)
{
	if (r->goal->refusal_told)
		return e;
	if (r->f.strange)
		say_text(r, WORDS_STRANGE,
		         r->v->strange ? r->v->strange
		                       : "Its header is not an honest one.");
	else if (e == ERR_NOT_ENROLLED)
		say_text(r, WORDS_NOT_ENROLLED, NULL);
	else if (e == ERR_REFUSED)
		say_text(r, WORDS_NOT_VOUCHED, NULL);
	else if (r->f.record == RECORD_MISSING)
		say_text(r, WORDS_RECORD_MISSING, NULL);
	else if (r->f.record == RECORD_BROKEN)
		say_text(r, WORDS_RECORD_BROKEN, NULL);
	else
		say_text(r, WORDS_RECORD_DIFFERS, NULL);
	return e;
}

static bool is_yes(const struct secret *answer)
{
	static const uint8_t yes[] = {'y', 'e', 's'};

	return bytes_equal(secret_view(answer), (struct bytes){yes, sizeof(yes)});
}

enum err run_confirm(struct run *r, enum err unused)
{
	char pin[2 * HEADER_PIN_LEN + 1];
	char hint[SENTENCE_MAX];
	const struct words_args args = {.disk = r->disk};
	AUTO_SECRET *answer = NULL;

	(void)unused;
	hex_encode((struct bytes){r->v->pin, HEADER_PIN_LEN}, pin);
	say_text(r, WORDS_VOUCH_PIN, pin);
	const struct ask_question q = {
	        .kind = ASK_CONFIRM,
	        .about = "yes",
	        .hint = words_fill(WORDS_VOUCH, &args, hint, sizeof(hint)),
	        .tries_left = -1,
	        .max = CONFIRM_MAX,
	};
	const enum err e = ask_wait(session_ask(r->s), &q, -1, &answer);

	if (e != OK && e != ERR_CANCELLED)
		return e;
	if (e == ERR_CANCELLED || !is_yes(answer)) {
		say_text(r, WORDS_NOT_VOUCHED, NULL);
		return ERR_REFUSED;
	}
	r->f.vouched = true;
	return run_count_ways(r);
}
