/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The PIN rules above one VERIFY: what is asked, what is sent, what is never sent again.
 */
#include "unlock/session_impl.h"

#include "core/log.h"

enum { YES_MAX = 16 };

/* The two things that a PIN allows, and how each is said. */
struct pin_use {
	enum err (*verify)(struct card *c, const struct secret *pin, bool spend_last);
	enum err (*verify_on_pad)(struct card *c, bool spend_last);
	enum words of_card, on_pad; /* with what it is for */
	enum words nobody;
	enum words blocked, blocked_admin, blocked_code, blocked_all;
};

static const struct pin_use to_unlock = {
        .verify = card_verify_user,
        .verify_on_pad = card_verify_on_pad,
        .of_card = WORDS_PIN_OF_CARD_FOR,
        .on_pad = WORDS_PIN_ON_PAD_FOR,
        .nobody = WORDS_NOBODY,
        .blocked = WORDS_PIN_BLOCKED,
        .blocked_admin = WORDS_PIN_BLOCKED_ADMIN,
        .blocked_code = WORDS_PIN_BLOCKED_CODE,
        .blocked_all = WORDS_PIN_BLOCKED_ALL,
};

static const struct pin_use to_sign = {
        .verify = card_verify_sign,
        .verify_on_pad = card_verify_sign_on_pad,
        .of_card = WORDS_SIGN_PIN_OF_CARD,
        .on_pad = WORDS_SIGN_PIN_ON_PAD,
        .nobody = WORDS_SIGN_NOBODY,
        .blocked = WORDS_SIGN_PIN_BLOCKED,
        .blocked_admin = WORDS_SIGN_PIN_BLOCKED_ADMIN,
        .blocked_code = WORDS_SIGN_PIN_BLOCKED_CODE,
        .blocked_all = WORDS_SIGN_PIN_BLOCKED_ALL,
};

/* --- PINs of this session --- */

/* DESIGN.md 1, rule 3: again within one command, only while the counter is full. */
static bool may_send_again(const struct session *s)
{
	if (!s->card || !s->pins.good || s->pins.good_full < 0)
		return false;
	const struct card_info *info = card_info(s->card);
	const struct card_who who = card_who(info);

	return card_who_same(&s->pins.good_card, &who) &&
	       info->tries_user >= s->pins.good_full;
}

bool session_pin_ready(const struct session *s)
{
	return s->card && (s->verified || may_send_again(s));
}

void session_pin_gone(struct session *s)
{
	s->verified = false;
}

/* --- sending --- */

static void say_pin(struct session *s, enum words w)
{
	const struct card_info *info = card_info(s->card);
	const struct words_args args = {.card = info->ident, .n = info->tries_user};

	words_say(s->o.ask, w, &args);
}

/* With the ways out that the card still has. */
static void say_blocked(struct session *s, const struct pin_use *use)
{
	const struct card_info *info = card_info(s->card);
	const bool admin = info->tries_admin > 0, code = info->tries_reset > 0;

	say_pin(s, admin && code ? use->blocked
	           : admin       ? use->blocked_admin
	           : code        ? use->blocked_code
	                         : use->blocked_all);
}

static enum err remember_good(struct session *s, const struct secret *pin, int before)
{
	const struct card_info *info = card_info(s->card);
	struct secret *copy = NULL;

	if (pin == s->pins.good)
		return OK;
	enum err e = secret_copy(secret_view(pin), &copy);
	if (e != OK)
		return e;
	pin_memory_forget_good(&s->pins);
	s->pins.good = copy;
	s->pins.good_card = card_who(info);
	/* Three is full on nearly every card.  A counter that started elsewhere says
	 * nothing of what full is, and to ask costs an APDU: then the person types again.
	 */
	s->pins.good_full = before == PIN_TRIES_FULL ? PIN_TRIES_FULL : -1;
	return OK;
}

/* What the card said of a PIN that it did not take. */
static enum err say_refused(struct session *s, const struct pin_use *use, enum err e,
                            bool sent)
{
	const struct card_info *info = card_info(s->card);

	switch (e) {
	case ERR_PIN_WRONG:
	case ERR_PIN_BLOCKED:
		if (e == ERR_PIN_BLOCKED || info->tries_user <= 0) {
			say_blocked(s, use);
			return ERR_PIN_BLOCKED;
		}
		say_pin(s, info->tries_user == 1 ? WORDS_PIN_WRONG_ONE_LEFT
		                                 : WORDS_PIN_WRONG);
		return e;
	case ERR_PIN_LENGTH:
		/* Within our limits it was sent, and the card has others. */
		words_say(s->o.ask, sent ? WORDS_PIN_LENGTH_CARD : WORDS_PIN_LENGTH,
		          &(struct words_args){.card = info->ident,
		                               .n = (int)info->pin_min,
		                               .m = (int)info->pin_max});
		return e;
	case ERR_PIN_UNKNOWN:
		say_pin(s, WORDS_PIN_UNKNOWN);
		return e;
	default:
		return e;
	}
}

/* One VERIFY at most, and what follows from its end. */
static enum err send_pin(struct session *s, const struct pin_use *use,
                         const struct secret *pin, bool last_try)
{
	const struct card_info *info = card_info(s->card);
	const int before = info->tries_user;
	const bool sent =
	        secret_len(pin) >= info->pin_min && secret_len(pin) <= info->pin_max;

	enum err e = use->verify(s->card, pin, last_try);
	if (e == OK) {
		s->verified = s->verified || use == &to_unlock;
		return remember_good(s, pin, before);
	}
	s->verified = false; /* most cards forget what held before, too */
	const bool refused = e == ERR_PIN_WRONG || e == ERR_PIN_BLOCKED;
	const struct card_who who = card_who(info);
	enum err kept = refused ? pin_memory_add_failed(&s->pins, &who, pin) : OK;
	/* The machine has no business sending this one again.  It may end pin itself. */
	if (pin == s->pins.good && (refused || e == ERR_PIN_UNKNOWN))
		pin_memory_forget_good(&s->pins);
	if (kept != OK)
		return kept; /* what cannot be remembered could be sent again */
	return say_refused(s, use, e, sent);
}

/* --- asking --- */

/* A question that a pulled card withdraws: ERR_CARD_LOST or ERR_CARD_RESET then. */
static enum err ask_beside_card(struct session *s, const struct ask_question *q,
                                struct secret **ret)
{
	struct ask *a = s->o.ask;

	enum err e = a->ops->begin(a, q);
	if (e != OK)
		return e;
	for (;;) {
		e = a->ops->step(a, ret);
		if (e != ERR_TIMEOUT)
			return e;
		e = card_alive(s->card);
		if (e != OK) {
			a->ops->withdraw(a);
			return e;
		}
		(void)session_pause(s, true);
	}
}

static enum err ask_once(struct session *s, const struct pin_use *use, const char *about,
                         bool again, struct secret **ret)
{
	const struct card_info *info = card_info(s->card);
	const bool person = session_answer(s, ASK_USER_PIN) == ANSWER_PERSON;
	const bool instead = person && s->other_way;
	char subject[SENTENCE_MAX];
	char hint[SENTENCE_MAX];
	AUTO_SECRET *pin = NULL;

	const struct words_args args = {.card = info->ident, .disk = about};
	const struct ask_question q = {
	        .kind = ASK_USER_PIN,
	        .about = words_fill(about ? use->of_card : WORDS_PIN_OF_CARD, &args,
	                            subject, sizeof(subject)),
	        .hint = instead && !again
	                        ? words_fill(WORDS_PIN_HINT, NULL, hint, sizeof(hint))
	                        : NULL,
	        .tries_left = info->tries_user,
	        .again = again,
	        .min = instead || !person ? 0 : info->pin_min,
	        .max = info->pin_max,
	};
	enum err e = ask_beside_card(s, &q, &pin);
	if (e == ERR_UNSUPPORTED) {
		words_say(s->o.ask, use->nobody, NULL);
		return ERR_USAGE;
	}
	if (e != OK)
		return e;
	if (secret_len(pin) == 0 && instead) {
		session_set_wants_other_way(s);
		return ERR_CANCELLED;
	}
	*ret = pin;
	pin = NULL;
	return OK;
}

/* The last try: only a PIN that was typed twice, after a warning. */
static enum err ask_again_for_last_try(struct session *s, const struct pin_use *use,
                                       const char *about, const struct secret *pin)
{
	AUTO_SECRET *second = NULL;

	enum err e = ask_once(s, use, about, true, &second);
	if (e == ERR_CANCELLED && session_answer(s, ASK_USER_PIN) != ANSWER_PERSON)
		return ERR_PIN_LAST_TRY; /* the descriptor has no second line */
	if (e != OK)
		return e;
	if (!secret_equal(pin, second)) {
		words_say(s->o.ask, WORDS_PIN_DIFFERS, NULL);
		return ERR_PIN_LAST_TRY;
	}
	return OK;
}

/* --- the reader's own pad --- */

/* The person at the pad cannot be asked twice: so the last try is confirmed in words. */
static enum err confirm_last_try(struct session *s)
{
	static const uint8_t yes[] = {'y', 'e', 's'};
	const struct words_args args = {.card = card_info(s->card)->ident};
	struct ask *a = s->o.ask;
	char hint[SENTENCE_MAX];
	AUTO_SECRET *answer = NULL;

	const struct ask_question q = {
	        .kind = ASK_CONFIRM,
	        .about = "yes",
	        .hint = words_fill(WORDS_PIN_PAD_LAST, &args, hint, sizeof(hint)),
	        .tries_left = -1,
	        .max = YES_MAX,
	};
	if (!a->ops->interactive(a, ASK_CONFIRM)) {
		say_pin(s, WORDS_PIN_PAD_LAST);
		return ERR_PIN_LAST_TRY;
	}
	const enum err e = ask_beside_card(s, &q, &answer);
	if (e != OK && e != ERR_CANCELLED)
		return e;
	return e == OK && bytes_equal(secret_view(answer),
	                              (struct bytes){yes, sizeof(yes)})
	               ? OK
	               : ERR_PIN_LAST_TRY;
}

/* One VERIFY at most.  The PIN is never ours, so it is never sent again. */
static enum err use_pad(struct session *s, const struct pin_use *use, const char *about)
{
	const struct card_info *info = card_info(s->card);
	const bool last_try = info->tries_user == 1;
	const struct words_args args = {
	        .card = info->ident, .disk = about, .n = info->tries_user};

	if (last_try) {
		const enum err e = confirm_last_try(s);
		if (e != OK)
			return e;
	}
	words_say(s->o.ask, about ? use->on_pad : WORDS_PIN_ON_PAD, &args);
	const enum err e = use->verify_on_pad(s->card, last_try);
	if (e == OK)
		s->verified = s->verified || use == &to_unlock;
	if (e != ERR_CANCELLED && e != ERR_TIMEOUT)
		return say_refused(s, use, e, true);
	say_pin(s, WORDS_PIN_PAD_NONE);
	if (s->other_way)
		session_set_wants_other_way(s);
	return ERR_CANCELLED;
}

/* --- one try --- */

/* One question (two for the last try), one VERIFY at most. */
static enum err ask_and_send(struct session *s, const struct pin_use *use,
                             const char *about)
{
	const struct card_info *info = card_info(s->card);
	const bool last_try = info->tries_user == 1;
	AUTO_SECRET *pin = NULL;

	if (info->tries_user <= 0) {
		say_blocked(s, use);
		return ERR_PIN_BLOCKED;
	}
	if (card_has_pad(s->card) && session_answer(s, ASK_USER_PIN) != ANSWER_FD)
		return use_pad(s, use, about);
	/* To a person the asker says it beside the prompt. */
	if (last_try && session_answer(s, ASK_USER_PIN) != ANSWER_PERSON)
		say_pin(s, WORDS_PIN_LAST_TRY);
	enum err e = ask_once(s, use, about, false, &pin);
	if (e != OK)
		return e;
	const struct card_who who = card_who(info);
	if (pin_memory_failed(&s->pins, &who, pin)) {
		say_pin(s, WORDS_PIN_FAILED_BEFORE);
		return ERR_PIN_WRONG;
	}
	if (last_try) {
		e = ask_again_for_last_try(s, use, about, pin);
		if (e != OK)
			return e;
	}
	return send_pin(s, use, pin, last_try);
}

static enum err verify_by_rules(struct session *s, const struct pin_use *use,
                                const char *about)
{
	if (may_send_again(s)) {
		log_line(LOG_DEBUG, "session: the PIN is sent again");
		enum err e = send_pin(s, use, s->pins.good, false);
		if (e != ERR_PIN_WRONG ||
		    session_answer(s, ASK_USER_PIN) != ANSWER_PERSON)
			return e;
	}
	for (;;) {
		enum err e = ask_and_send(s, use, about);
		if (err_next(e) != NEXT_ASK_AGAIN ||
		    session_answer(s, ASK_USER_PIN) != ANSWER_PERSON)
			return e;
	}
}

enum err session_verify_pin(struct session *s, const char *about)
{
	if (!s->card)
		return ERR_NO_CARD;
	return s->verified ? OK : verify_by_rules(s, &to_unlock, about);
}

enum err session_verify_sign_pin(struct session *s, const char *about)
{
	if (!s->card)
		return ERR_NO_CARD;
	return card_signs(s->card) ? OK : verify_by_rules(s, &to_sign, about);
}
