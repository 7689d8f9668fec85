/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Asks for the PINs that a card has now: what is asked, what is sent, what is never sent
 * again.  As unlock/session_pin.c does for the PIN that unlocks. */
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/card_work.h"
#include "core/log.h"

enum { LOOK_MS = 250, SUBJECT_MAX = 64, TRIES_FULL = 3, PW_LEN_MAX = 127 };

/* One of the three, and what one try of it is. */
struct pin_use {
	enum card_pw which;
	struct ask *from;
	struct pin_memory *memory;
	/* One command at most. */
	enum err (*send)(struct card *c, const struct secret *pin, bool spend_last,
	                 const struct secret *fresh);
	enum err (*send_on_pad)(struct card *c, bool spend_last); /* NULL: none */
	const struct secret *fresh;
};

const char *work_pw_name(enum card_pw which)
{
	static const char *const names[] = {
	        [CARD_PW_USER] = "PIN",
	        [CARD_PW_CODE] = "reset code",
	        [CARD_PW_ADMIN] = "Admin PIN",
	};

	return names[which];
}

/* --- one question --- */

enum err work_ask(struct card_work *w, struct ask *from, const struct ask_question *q,
                  struct secret **ret)
{
	enum err e = from->ops->begin(from, q);

	if (e != OK)
		return e == ERR_UNSUPPORTED ? ERR_USAGE : e;
	for (;;) {
		struct pollfd p = {.fd = from->ops->fd(from), .events = POLLIN};

		e = from->ops->step(from, ret);
		if (e != ERR_TIMEOUT)
			return e;
		e = work_card(w) ? card_alive(work_card(w)) : OK;
		if (e != OK) {
			from->ops->withdraw(from);
			return e;
		}
		(void)poll(&p, 1, LOOK_MS); /* a signal ends the nap early */
	}
}

static bool is_person(const struct pin_use *u)
{
	return u->from->ops->interactive(u->from, ASK_USER_PIN);
}

static enum err ask_pin(struct card_work *w, const struct pin_use *u, bool again,
                        struct secret **ret)
{
	char about[SUBJECT_MAX];

	(void)snprintf(about, sizeof(about), "card %s", w->ident);
	const struct ask_question q = {
	        .kind = ASK_USER_PIN,
	        .what = work_pw_name(u->which),
	        .about = about,
	        .tries_left = card_tries(work_info(w), u->which),
	        .again = again,
	        .min = is_person(u) ? work_info(w)->pin_min : 0,
	        .max = PW_LEN_MAX,
	};
	return work_ask(w, u->from, &q, ret);
}

/* --- what is said --- */

static enum err blocked(struct card_work *w, enum card_pw which)
{
	const struct card_info *info = work_info(w);

	switch (which) {
	case CARD_PW_ADMIN:
		return cli_why(w->c, ERR_PIN_BLOCKED,
		               "The Admin PIN of card %s is blocked. Its keys go on "
		               "working; only bootlatch card reset, which erases them, "
		               "makes it changeable again.",
		               w->ident);
	case CARD_PW_CODE:
		return cli_why(
		        w->c, ERR_PIN_BLOCKED,
		        "Card %s has no reset code, or it is blocked. Unblock with "
		        "the Admin PIN: bootlatch card unblock.",
		        w->ident);
	case CARD_PW_USER:
	case CARD_PWS:
		break;
	}
	return cli_why(w->c, ERR_PIN_BLOCKED, "The PIN of card %s is blocked. %s",
	               w->ident,
	               info->tries_admin > 0 ? "Unblock it: bootlatch card unblock."
	               : info->tries_reset > 0
	                       ? "Unblock it: bootlatch card unblock --reset-code."
	                       : "So is all that could unblock it: only bootlatch card "
	                         "reset, which erases its keys, makes it usable again.");
}

/* To a person who may type again as a note, else as the reason of the end. */
__attribute__((format(printf, 4, 5))) static enum err
tell(struct card_work *w, const struct pin_use *u, enum err e, const char *fmt, ...)
{
	char text[CLI_WHY_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (!is_person(u))
		return cli_why(w->c, e, "%s", text);
	work_note(w, "%s", text);
	return e;
}

static enum err refused(struct card_work *w, const struct pin_use *u, enum err e)
{
	const char *name = work_pw_name(u->which);
	const int left = card_tries(work_info(w), u->which);

	switch (e) {
	case ERR_PIN_BLOCKED:
		return blocked(w, u->which);
	case ERR_PIN_WRONG:
		return tell(w, u, e, "Wrong %s. Card %s has %d %s of it left.", name,
		            w->ident, left, left == 1 ? "try" : "tries");
	case ERR_PIN_LENGTH:
		if (u->fresh)
			return cli_why(w->c, e,
			               "Card %s does not take a new PIN of that length. "
			               "Nothing was changed, and no try was spent.",
			               w->ident);
		return tell(w, u, e,
		            "That %s is too short or too long for card %s. No try was "
		            "spent.",
		            name, w->ident);
	case ERR_PIN_UNKNOWN:
		return cli_why(
		        w->c, e,
		        "The connection failed while the %s of card %s was checked: "
		        "a try may have been spent%s. Look at bootlatch card status "
		        "before the next one.",
		        name, w->ident,
		        u->fresh ? ", and the PIN may be the new one" : "");
	case ERR_PIN_LAST_TRY:
		return tell(w, u, e,
		            "One try of the %s of card %s is left, and it was not spent: "
		            "it has to be given twice.",
		            name, w->ident);
	case ERR_CARD_STATE:
	case ERR_UNSUPPORTED:
		return cli_why(
		        w->c, e,
		        "Card %s refuses the %s, and not because it is wrong: no try "
		        "was spent. Take it out and put it in again; see bootlatch "
		        "card selftest.",
		        w->ident, name);
	default:
		return e;
	}
}

/* --- one try --- */

static enum err keep_good(struct card_work *w, const struct pin_use *u,
                          const struct secret *pin, int before)
{
	struct pin_memory *m = u->memory;
	struct secret *copy = NULL;

	if (pin == m->good)
		return OK;
	const enum err e = secret_copy(secret_view(pin), &copy);
	if (e != OK)
		return e;
	pin_memory_forget_good(m);
	m->good = copy;
	m->good_card = card_who(work_info(w));
	m->good_full = before == TRIES_FULL ? TRIES_FULL : -1;
	return OK;
}

/* Those of every new card. */
static bool is_factory(enum card_pw which, const struct secret *pin)
{
	const struct bytes b = secret_view(pin);
	const char *factory = which == CARD_PW_ADMIN ? "12345678" : "123456";

	return b.n == strlen(factory) && mem_equal_ct(b.p, factory, b.n);
}

static enum err send(struct card_work *w, const struct pin_use *u,
                     const struct secret *pin, bool last)
{
	const int before = card_tries(work_info(w), u->which);
	const struct card_who who = card_who(work_info(w));

	const enum err e = u->send(work_card(w), pin, last, u->fresh);
	if (e == OK) {
		w->factory[u->which] = is_factory(u->which, pin);
		return keep_good(w, u, pin, before);
	}
	if (e == ERR_PIN_WRONG || e == ERR_PIN_BLOCKED || e == ERR_PIN_UNKNOWN) {
		/* What cannot be remembered could be sent again. */
		const enum err kept = pin_memory_add_failed(u->memory, &who, pin);
		if (pin == u->memory->good)
			pin_memory_forget_good(u->memory);
		if (kept != OK)
			return kept;
	}
	return refused(w, u, e);
}

static enum err twice_for_last(struct card_work *w, const struct pin_use *u,
                               const struct secret *pin)
{
	AUTO_SECRET *second = NULL;

	const enum err e = ask_pin(w, u, true, &second);
	if (e == ERR_CANCELLED && !is_person(u))
		return refused(w, u, ERR_PIN_LAST_TRY);
	if (e != OK)
		return e;
	if (secret_equal(pin, second))
		return OK;
	return tell(w, u, ERR_PIN_LAST_TRY,
	            "The two differ: nothing was sent, and the last try is still there.");
}

static enum err ask_and_send(struct card_work *w, const struct pin_use *u)
{
	const int left = card_tries(work_info(w), u->which);
	const struct card_who who = card_who(work_info(w));
	AUTO_SECRET *pin = NULL;

	if (left <= 0)
		return blocked(w, u->which);
	if (left == 1 && u->which == CARD_PW_ADMIN)
		work_note(w, "A blocked Admin PIN is for good: then only a reset, which "
		             "erases "
		             "all keys, brings a new one.");
	enum err e = ask_pin(w, u, false, &pin);
	if (e == ERR_PIN_LENGTH)
		return refused(w, u, e);
	if (e != OK)
		return e;
	if (pin_memory_failed(u->memory, &who, pin))
		return tell(w, u, ERR_PIN_WRONG,
		            "That %s was refused before, so it was not sent again.",
		            work_pw_name(u->which));
	if (left == 1)
		e = twice_for_last(w, u, pin);
	return e == OK ? send(w, u, pin, left == 1) : e;
}

/* The person at the pad cannot be asked twice: so the last try is confirmed in words. */
static enum err use_pad(struct card_work *w, const struct pin_use *u)
{
	const int left = card_tries(work_info(w), u->which);
	const char *name = work_pw_name(u->which);
	enum err e = OK;

	if (left <= 0)
		return blocked(w, u->which);
	if (left == 1)
		e = work_confirm_word(
		        w, "yes",
		        "One try is left. It will be spent on what is typed "
		        "on the reader's pad.");
	if (e != OK)
		return e;
	work_note(w, "Type the %s of card %s on the reader's pad (%d %s left).", name,
	          w->ident, left, left == 1 ? "try" : "tries");
	e = u->send_on_pad(work_card(w), left == 1);
	return e == OK ? OK : refused(w, u, e);
}

static bool good_is_sent_again(const struct card_work *w, const struct pin_use *u)
{
	const struct pin_memory *m = u->memory;
	const struct card_who who = card_who(work_info(w));

	return m->good && m->good_full >= 0 &&
	       strcmp(who.ident, m->good_card.ident) == 0 &&
	       card_tries(work_info(w), u->which) >= m->good_full;
}

static enum err by_rules(struct card_work *w, const struct pin_use *u)
{
	if (!u->fresh && good_is_sent_again(w, u)) {
		log_line(LOG_DEBUG, "card: a PIN that was right is sent again");
		return send(w, u, u->memory->good, false);
	}
	for (;;) {
		const bool pad = u->send_on_pad && card_has_pad(work_card(w)) &&
		                 u->from == session_ask(w->s) &&
		                 session_answer(w->s, ASK_USER_PIN) != ANSWER_FD;
		const enum err e = pad ? use_pad(w, u) : ask_and_send(w, u);

		if (err_next(e) != NEXT_ASK_AGAIN || !is_person(u) || *w->c->why)
			return e;
	}
}

/* --- the three --- */

static struct ask *asker(const struct card_work *w, enum wish_fd which)
{
	return w->by_fd[which] ? w->by_fd[which] : session_ask(w->s);
}

static enum err send_admin(struct card *c, const struct secret *pin, bool last,
                           const struct secret *fresh)
{
	(void)fresh; /* there is none */
	return card_verify_admin(c, pin, last);
}

static enum err send_user(struct card *c, const struct secret *pin, bool last,
                          const struct secret *fresh)
{
	(void)fresh; /* there is none */
	return card_verify_user(c, pin, last);
}

static enum err send_code(struct card *c, const struct secret *pin, bool last,
                          const struct secret *fresh)
{
	return card_unblock_by_code(c, pin, fresh, last);
}

enum err work_admin(struct card_work *w)
{
	const struct pin_use u = {.which = CARD_PW_ADMIN,
	                          .from = asker(w, WISH_ADMIN_PIN),
	                          .memory = &w->admin,
	                          .send = send_admin,
	                          .send_on_pad = card_verify_admin_on_pad};

	return card_admin_holds(work_card(w)) ? OK : by_rules(w, &u);
}

enum err work_user(struct card_work *w, struct secret **ret)
{
	const struct pin_use u = {.which = CARD_PW_USER,
	                          .from = session_ask(w->s),
	                          .memory = &w->user,
	                          .send = send_user};

	const enum err e = by_rules(w, &u);
	return e == OK ? secret_copy(secret_view(w->user.good), ret) : e;
}

enum err work_unblock_by_code(struct card_work *w, const struct secret *fresh)
{
	const struct pin_use u = {.which = CARD_PW_CODE,
	                          .from = asker(w, WISH_RESET_CODE),
	                          .memory = &w->code,
	                          .send = send_code,
	                          .fresh = fresh};

	return by_rules(w, &u);
}
