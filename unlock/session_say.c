/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a session says of cards and readers, each thing once. */
#include <string.h>

#include "unlock/session_impl.h"

enum { TOUCH_ANSWER_MAX = 16 };

/* A serial number that was never set is not known. */
static const struct session_known *known_as(const struct session *s, const char *ident)
{
	if (pick_serial_matches("00000000", ident))
		return NULL;
	for (size_t i = 0; i < s->n_known; i++)
		if (strcmp(s->known[i].ident, ident) == 0)
			return &s->known[i];
	return NULL;
}

static void say_foreign(struct session *s, const struct pick_seen *seen)
{
	for (size_t i = 0; i < s->n_told; i++)
		if (card_who_same(&s->told_card[i], &seen->who))
			return;
	if (s->n_told == READERS_MAX)
		return;
	s->told_card[s->n_told++] = seen->who;
	const struct session_known *k = known_as(s, seen->who.ident);
	words_say(s->o.ask,
	          s->wanted_key == CARD_KEY_SIG ? WORDS_SIGN_FOREIGN
	          : k                           ? WORDS_KEY_CHANGED
	                                        : WORDS_FOREIGN,
	          &(struct words_args){.reader = seen->reader,
	                               .card = seen->who.ident,
	                               .n = k ? k->keyslot : -1});
}

/* True the first time that it is called for `why`. */
static bool first_time(struct session *s, enum pick_why why)
{
	const unsigned bit = 1U << (unsigned)why;

	if (s->told & bit)
		return false;
	s->told |= bit;
	return true;
}

void session_say_obstacles(struct session *s, const struct pick_status *st)
{
	for (size_t i = 0; i < st->n_seen; i++) {
		const struct pick_seen *seen = &st->seen[i];

		if (seen->why == PICK_BUSY && first_time(s, PICK_BUSY))
			words_say(s->o.ask, WORDS_BUSY,
			          &(struct words_args){.reader = seen->reader});
		if (seen->why == PICK_NOT_WANTED)
			say_foreign(s, seen);
		if (seen->why == PICK_FAILED &&
		    (seen->e == ERR_UNSUPPORTED || seen->e == ERR_FORMAT) &&
		    first_time(s, PICK_FAILED))
			words_say(s->o.ask, WORDS_NOT_UNDERSTOOD,
			          &(struct words_args){.reader = seen->reader,
			                               .text = err_text(seen->e)});
	}
}

void session_tell_why(struct session *s, enum pick_why why)
{
	if (why == PICK_FOUND || why == PICK_USED || why >= PICK_WHYS_ ||
	    !first_time(s, why))
		return;
	if (s->o.ask)
		s->o.ask->ops->note(s->o.ask, why == PICK_NO_SERVICE && s->o.no_service
		                                      ? s->o.no_service
		                                      : pick_why_text(why));
}

bool session_why_needs_words(enum pick_why why)
{
	switch (why) {
	case PICK_NO_SUCH_READER:
	case PICK_NOT_OPENPGP:
	case PICK_MUTE:
	case PICK_HANGS:
	case PICK_TERMINATED:
	case PICK_FAILED:
	case PICK_OLD:
	case PICK_BLOCK_2:
	case PICK_NO_COUNTERS:
	case PICK_NO_KDF:
	case PICK_NO_FINGERPRINTS:
	case PICK_WRONG_SERIAL:
		return true;
	case PICK_FOUND:
	case PICK_NO_SERVICE:
	case PICK_STARTING:
	case PICK_NO_READER:
	case PICK_NO_CARD:
	case PICK_NOT_WANTED:
	case PICK_USED:
	case PICK_BUSY:
	case PICK_SEVERAL:
	case PICK_WHYS_:
		break;
	}
	return false;
}

void session_say_several(struct session *s, const struct pick_status *st)
{
	words_say(s->o.ask, WORDS_SEVERAL, NULL);
	for (size_t i = 0; i < st->n_seen; i++)
		if (st->seen[i].why == PICK_FOUND || st->seen[i].why == PICK_SEVERAL)
			words_say(s->o.ask, WORDS_SEVERAL_ONE,
			          &(struct words_args){.reader = st->seen[i].reader,
			                               .card = st->seen[i].who.ident});
}

bool session_touch_again(struct session *s)
{
	struct ask *a = s->o.ask;
	char hint[SENTENCE_MAX];
	AUTO_SECRET *answer = NULL;

	if (!a->ops->interactive(a, ASK_CONFIRM))
		return false;
	const struct ask_question q = {
	        .kind = ASK_CONFIRM,
	        .about = "",
	        .hint = words_fill(WORDS_TOUCH_MISSED, NULL, hint, sizeof(hint)),
	        .tries_left = -1,
	        .min = 0,
	        .max = TOUCH_ANSWER_MAX,
	};
	if (ask_wait(a, &q, -1, &answer) == OK && secret_len(answer) == 0)
		return true;
	if (session_other_way(s))
		session_set_wants_other_way(s);
	return false;
}

enum err session_say_why(struct session *s, const struct pick_status *st, enum err e)
{
	if (e != OK && session_why_needs_words(st->why))
		session_tell_why(s, st->why);
	for (size_t i = 0; i < st->n_seen && st->why == PICK_FAILED; i++)
		if (st->seen[i].e == ERR_UNSUPPORTED || st->seen[i].e == ERR_FORMAT)
			return ERR_CARD_STATE;
	return e;
}
