/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bootlatch setup: the steps with the dongle in hand, and the second one. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/setup.h"

enum { YES_MAX = 16, SWAP_MS = 120000, SLICE_MS = 500 };

enum err setup_yes(struct setup *x, const char *hint, bool *ret)
{
	AUTO_SECRET *answer = NULL;
	const struct ask_question q = {
	        .kind = ASK_CONFIRM,
	        .what = "yes or no",
	        .hint = hint,
	        .tries_left = -1,
	        .min = 1,
	        .max = YES_MAX,
	};

	const enum err e = ask_wait(session_ask(x->s), &q, -1, &answer);
	if (e == OK)
		*ret = bytes_equal(secret_view(answer), bytes_of("yes"));
	return e;
}

static enum err begin_work(struct setup *x)
{
	if (x->working)
		return OK;
	const enum err e = work_begin(x->c, x->s, &x->work);
	x->working = e == OK;
	return e;
}

void setup_end_work(struct setup *x)
{
	if (x->working)
		work_end(&x->work);
	x->working = false;
}

enum err setup_keys(struct setup *x)
{
	const struct generate_wish wish = {
	        .slots = (1U << CARD_KEYS) - 1,
	        .algorithm = x->c->card_wish.algorithm,
	        .pins_next = x->state[SETUP_PINS] != SETUP_SKIPPED,
	};

	cli_say(x->c,
	        "Keys are made on card %s now. A new card's Admin PIN is\n"
	        "12345678 and its PIN 123456, unless its maker says otherwise.",
	        x->ident);
	enum err e = begin_work(x);
	if (e == OK)
		e = work_generate(&x->work, &wish);
	if (e == OK)
		x->made_keys = true;
	return e == OK ? setup_look_card(x) : e;
}

/* No card tells whether its Admin PIN is the one it came with, and a run that was cut
 * short between the two changes leaves it so.  It is not tried: that might cost a try. */
static enum err admin_pin(struct setup *x)
{
	bool yes = false;

	if (session_answer(x->s, ASK_CONFIRM) != ANSWER_PERSON) {
		cli_say(x->c, "That is not the PIN that such cards come with: it stays. "
		              "If the Admin PIN was never changed:\n"
		              "bootlatch card passwd --admin");
		return OK;
	}
	const enum err e = setup_yes(
	        x,
	        "That is not the PIN that such cards come with: it stays. The Admin PIN "
	        "is another one. If it was never changed, it is still 12345678, also "
	        "after a setup that was cut short: then type yes, to change it now. Else "
	        "type no.",
	        &yes);
	return e == OK && yes ? work_passwd(&x->work, CARD_PW_ADMIN) : e;
}

/* Of a dongle whose keys were made just now both are those that it came with. */
enum err setup_pins(struct setup *x)
{
	AUTO_SECRET *pin = NULL;

	enum err e = begin_work(x);
	if (e == OK && !x->made_keys) {
		e = work_user(&x->work, &pin);
		if (e == OK && !x->work.factory[CARD_PW_USER]) {
			e = session_know_pin(x->s, &x->work.user);
			return e == OK ? admin_pin(x) : e;
		}
	}
	if (e == OK)
		e = work_passwd(&x->work, CARD_PW_USER);
	return e == OK ? work_passwd(&x->work, CARD_PW_ADMIN) : e;
}

/* The dongle in the session into every volume that it does not open yet. */
enum err setup_enroll(struct setup *x)
{
	struct cli *c = x->c;
	enum err e = OK;

	setup_end_work(x);
	for (size_t i = 0; e == OK && i < x->m->n; i++) {
		if (!x->wanted[i])
			continue;
		const char *named = c->device;

		c->device = c->where.device = x->m->volume[i].device;
		e = enroll_dongle(c, x->s, x->phrase);
		c->device = c->where.device = named;
	}
	return e == OK ? setup_look_again(x) : e;
}

/* Until another card than the first is there. */
static enum err wait_other(struct setup *x, const char first[static CARD_IDENT_LEN])
{
	for (int ms = 0; ms < SWAP_MS; ms += SLICE_MS) {
		enum pick_why why;

		session_drop_card(x->s);
		session_look_again(x->s);
		const enum err e = session_look(x->s, &why);
		if (e == OK && strcmp(session_card(x->s)->ident, first) != 0)
			return OK;
		if (e == ERR_USAGE)
			return cli_why(x->c, e,
			               "Several dongles are here. Leave the second one "
			               "alone in its reader, and run this again.");
		(void)session_pause(x->s, false);
	}
	return cli_why(x->c, ERR_TIMEOUT, "No other dongle than %s came.", first);
}

static enum err second(struct setup *x)
{
	AUTO_SECRET *enter = NULL;
	const struct ask_question q = {
	        .kind = ASK_CONFIRM,
	        .about = "",
	        .hint = "To sign /boot, take this one out and put the first one in "
	                "again.",
	        .tries_left = -1,
	};

	enum err e = setup_look_card(x);
	if (e == OK && !x->has_keys)
		e = setup_keys(x);
	if (e == OK && (x->made_keys || (x->state[SETUP_PINS] != SETUP_SKIPPED &&
	                                 !setup_in_use(x, x->fpr))))
		e = setup_pins(x);
	if (e == OK)
		e = setup_enroll(x);
	if (e != OK || x->state[SETUP_SIGN] != SETUP_DUE)
		return e;
	char other[CARD_IDENT_LEN];
	memcpy(other, x->ident, sizeof(other));
	e = ask_wait(session_ask(x->s), &q, -1, &enter);
	if (e == OK)
		e = wait_other(x, other);
	return e == OK ? setup_look_card(x) : e;
}

enum err setup_second(struct setup *x)
{
	char first[CARD_IDENT_LEN];
	bool yes = false;

	if (session_answer(x->s, ASK_CONFIRM) != ANSWER_PERSON) {
		cli_say(x->c, "Nobody is here to change dongles: the second one is left "
		              "out.");
		x->state[SETUP_SECOND] = SETUP_SKIPPED;
		return OK;
	}
	setup_end_work(x);
	memcpy(first, x->ident, sizeof(first));
	enum err e = setup_yes(x,
	                       "A second dongle opens the disk when the first is lost. "
	                       "Take the first one out, put the second one in, and type "
	                       "yes; or no, to do without.",
	                       &yes);
	if (e != OK || !yes) {
		if (e == OK)
			x->state[SETUP_SECOND] = SETUP_SKIPPED;
		return e;
	}
	const bool made = x->made_keys;
	x->made_keys = false;
	e = wait_other(x, first);
	if (e == OK)
		e = second(x);
	x->made_keys = made;
	return e;
}
