/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a session says of cards and readers, each thing once. */
#include <string.h>

#include "unlock/session_impl.h"

static const struct session_known *known_as(const struct session *s, const char *ident)
{
	for (size_t i = 0; i < s->n_known; i++)
		if (strcmp(s->known[i].ident, ident) == 0)
			return &s->known[i];
	return NULL;
}

static void say_foreign(struct session *s, const struct pick_seen *seen)
{
	for (size_t i = 0; i < s->n_told; i++)
		if (strcmp(s->told_ident[i], seen->ident) == 0)
			return;
	if (s->n_told == READERS_MAX)
		return;
	memcpy(s->told_ident[s->n_told++], seen->ident, CARD_IDENT_LEN);
	const struct session_known *k = known_as(s, seen->ident);
	words_say(s->o.ask, k ? WORDS_KEY_CHANGED : WORDS_FOREIGN,
	          &(struct words_args){.reader = seen->reader,
	                               .card = seen->ident,
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
	case PICK_WRONG_SERIAL:
		return true;
	case PICK_FOUND:
	case PICK_NO_SERVICE:
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
			                               .card = st->seen[i].ident});
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
