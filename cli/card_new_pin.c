/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A new PIN: its rules, typed twice. */
#include <stdio.h>
#include <string.h>

#include "cli/card_work.h"

enum { USER_MIN = 6, OTHER_MIN = 8, HASHED_MAX = 127, SUBJECT_MAX = 64, WHAT_MAX = 32 };

struct rules {
	enum card_pw which;
	struct ask *from;
	bool person;
	size_t min, max;
	const struct secret *old; /* NULL: not known */
};

static enum err read_rules(struct card_work *w, struct rules *r)
{
	const struct card_info *info = work_info(w);
	struct card_extra x = {0};

	const enum err e = card_read_extra(work_card(w), &x);
	if (e != OK)
		return e;
	r->min = r->which == CARD_PW_USER ? USER_MIN : OTHER_MIN;
	r->max = r->which == CARD_PW_USER   ? info->pin_max
	         : r->which == CARD_PW_CODE ? x.code_max
	                                    : x.admin_max;
	if (info->kdf.active) /* the card sees a hash of it */
		r->max = HASHED_MAX;
	if (r->min < info->pin_min)
		r->min = info->pin_min;
	return OK;
}

static bool is(const struct secret *pin, const char *text)
{
	const struct bytes b = secret_view(pin);

	return b.n == strlen(text) && mem_equal_ct(b.p, text, b.n);
}

/* The same key on QWERTY, QWERTZ and AZERTY, or a digit, whose keys say what they are. */
static bool layout_safe(const struct secret *pin)
{
	static const char safe[] = "0123456789bcdefghijklnoprstuvxBCDEFGHIJKLNOPRSTUVX";
	const struct bytes b = secret_view(pin);
	bool all = true;

	for (size_t i = 0; i < b.n; i++) {
		bool one = false;

		for (size_t k = 0; k < sizeof(safe) - 1; k++)
			one = one | (b.p[i] == (uint8_t)safe[k]);
		all = all & one;
	}
	return all;
}

/* NULL: it may be set. */
static const char *complaint(const struct rules *r, const struct secret *pin)
{
	if (secret_len(pin) < r->min || secret_len(pin) > r->max)
		return "That is too short or too long.";
	if (is(pin, "123456") || is(pin, "12345678"))
		return "That is a PIN that every new card has: anybody would try it "
		       "first.";
	if (r->old && secret_equal(r->old, pin))
		return "That is the PIN that it has already.";
	return NULL;
}

static enum err ask_new(struct card_work *w, const struct rules *r, bool again,
                        const char *hint, struct secret **ret)
{
	char about[SUBJECT_MAX], what[WHAT_MAX];

	(void)snprintf(about, sizeof(about), "card %s", w->ident);
	(void)snprintf(what, sizeof(what), "%s %s%s", again ? "The same" : "New",
	               work_pw_name(r->which), again ? " again" : "");
	const struct ask_question q = {
	        .kind = ASK_USER_PIN,
	        .what = what,
	        .about = about,
	        .hint = hint,
	        .tries_left = -1,
	        .min = r->person ? r->min : 0,
	        .max = r->max,
	        .bytes = ASK_TYPED,
	};
	return work_ask(w, r->from, &q, ret);
}

static const char layout_hint[] =
        "It has characters that lie elsewhere, or not at all, on other keyboard layouts, "
        "and at boot the layout may be another. Digits are safe. To keep it, type it "
        "again; ^D ends this.";

/* One round.  ERR_PIN_LENGTH: another one, please. */
static enum err one_round(struct card_work *w, const struct rules *r, struct secret **ret)
{
	AUTO_SECRET *first = NULL, *second = NULL;
	char hint[CLI_WHY_MAX];

	(void)snprintf(
	        hint, sizeof(hint),
	        "The new %s has %zu to %zu characters. Digits are the same on every "
	        "keyboard.",
	        work_pw_name(r->which), r->min, r->max);
	enum err e = ask_new(w, r, false, r->person ? hint : NULL, &first);
	if (e == ERR_PIN_LENGTH)
		return cli_why(w->c, e, "%s It was not set.", hint);
	if (e != OK)
		return e;
	const char *why = complaint(r, first);
	if (why && !r->person)
		return cli_why(w->c, ERR_REFUSED, "%s Nothing was changed. %s", why,
		               hint);
	if (why) {
		work_note(w, "%s", why);
		return ERR_PIN_LENGTH;
	}
	const bool safe = layout_safe(first);
	if (!safe && !r->person)
		work_note(w,
		          "The new %s has characters that depend on the keyboard "
		          "layout: at boot it may be another one.",
		          work_pw_name(r->which));
	if (r->person) {
		e = ask_new(w, r, true, safe ? NULL : layout_hint, &second);
		if (e != OK)
			return e;
		if (!secret_equal(first, second)) {
			work_note(w, "The two differ. Once more.");
			return ERR_PIN_LENGTH;
		}
	}
	*ret = first;
	first = NULL;
	return OK;
}

enum err work_new_pin(struct card_work *w, enum card_pw which, const struct secret *old,
                      struct secret **ret)
{
	struct ask *from =
	        w->by_fd[WISH_NEW_PIN] ? w->by_fd[WISH_NEW_PIN] : session_ask(w->s);
	struct rules r = {.which = which,
	                  .from = from,
	                  .person = from->ops->interactive(from, ASK_USER_PIN),
	                  .old = old};

	enum err e = read_rules(w, &r);
	while (e == OK) {
		e = one_round(w, &r, ret);
		if (e != ERR_PIN_LENGTH || !r.person)
			return e;
		e = OK;
	}
	return e;
}
