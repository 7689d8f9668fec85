/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The card that is worked on: waited for, opened again, spoken of. */
#include "cli/card_work.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/output.h"

enum { CONFIRM_MAX = 32, LATEST_YEARS = 60 };

/* --- its life --- */

static enum err open_askers(struct card_work *w)
{
	enum err e = OK;

	for (int i = 0; e == OK && i < WISH_FDS; i++)
		if (w->c->card_wish.fd[i] > 0)
			e = ask_open_fds(w->c->card_wish.fd[i] - 1, -1, NULL,
			                 &w->by_fd[i]);
	return e;
}

enum err work_begin(struct cli *c, struct session *s, struct card_work *ret)
{
	struct card_work w = {.c = c, .s = s};

	enum err e = open_askers(&w);
	if (e == OK)
		e = session_wait_card(s, NULL, 0);
	if (e != OK) {
		work_end(&w);
		if (e == ERR_WRONG_CARD && c->serial)
			return cli_why(c, e,
			               "Card %s is not here. Insert it, or see bootlatch "
			               "card status.",
			               c->serial);
		if (e == ERR_USAGE)
			return cli_why(
			        c, e,
			        "Several cards are here. Leave one in, or say which: "
			        "--serial.");
		return e;
	}
	memcpy(w.ident, session_card(s)->ident, sizeof(w.ident));
	*ret = w;
	out_text(c, "serial", w.ident);
	return OK;
}

void work_end(struct card_work *w)
{
	for (int i = 0; i < WISH_FDS; i++)
		w->by_fd[i] = ask_close(w->by_fd[i]);
	pin_memory_clear(&w->admin);
	pin_memory_clear(&w->user);
	pin_memory_clear(&w->code);
}

const struct card_info *work_info(const struct card_work *w)
{
	return session_card(w->s);
}

struct card *work_card(struct card_work *w)
{
	return session_card_handle(w->s);
}

enum err work_again(struct card_work *w)
{
	session_drop_card(w->s);
	const enum err e = session_wait_card(w->s, NULL, 0);
	if (e != OK)
		return e;
	if (strcmp(w->ident, work_info(w)->ident) == 0)
		return OK;
	return cli_why(w->c, ERR_WRONG_CARD,
	               "Another card is in the reader than at the start (%s, not %s). "
	               "Nothing is done with it.",
	               work_info(w)->ident, w->ident);
}

/* --- to the person --- */

void work_note(struct card_work *w, const char *fmt, ...)
{
	struct ask *a = session_ask(w->s);
	char text[CLI_WHY_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	a->ops->note(a, text);
}

enum err work_why(struct card_work *w, enum err e, const char *what, const char *state)
{
	struct cli *c = w->c;
	const char *space = *state ? " " : "";

	if (*c->why)
		return e;
	switch (e) {
	case ERR_UNSUPPORTED:
		return cli_why(c, e, "Card %s does not let one %s.%s%s", w->ident, what,
		               space, state);
	case ERR_CARD_STATE:
		return cli_why(c, e, "Card %s refuses to %s now.%s%s", w->ident, what,
		               space, state);
	case ERR_PIN_GONE:
		return cli_why(c, e,
		               "Card %s refuses to %s: it no longer knows that its Admin "
		               "PIN was verified. Close other programs that use it.%s%s",
		               w->ident, what, space, state);
	case ERR_CARD_LOST:
	case ERR_CARD_RESET:
	case ERR_CARD_MUTE:
	case ERR_IO:
	case ERR_NO_CARD:
	case ERR_NO_READER:
		return cli_why(c, e,
		               "The connection to card %s failed while it was to %s: "
		               "%s.%s%s",
		               w->ident, what, err_text(e), space,
		               *state ? state : "Insert it again and leave it in place.");
	case ERR_TOUCH:
		return cli_why(c, e, "Nobody touched the dongle in time.%s%s", space,
		               state);
	case ERR_FORMAT:
	case ERR_CRYPTO:
		return cli_why(c, e,
		               "What card %s answered, when it was to %s, makes no sense "
		               "(%s).%s%s",
		               w->ident, what, err_text(e), space, state);
	default:
		return e;
	}
}

static enum err confirm(struct card_work *w, const char *about, const char *hint,
                        char typed[static CONFIRM_MAX + 1])
{
	const struct ask_question q = {.kind = ASK_CONFIRM,
	                               .about = about,
	                               .hint = hint,
	                               .tries_left = -1,
	                               .min = 1,
	                               .max = CONFIRM_MAX};
	AUTO_SECRET *answer = NULL;

	if (session_answer(w->s, ASK_CONFIRM) != ANSWER_PERSON)
		return cli_why(
		        w->c, ERR_REFUSED,
		        "This needs a person who types \"%s\". Nothing was changed: "
		        "run it at a terminal.",
		        about);
	const enum err e = work_ask(w, session_ask(w->s), &q, &answer);
	if (e != OK)
		return e;
	const struct bytes b = secret_view(answer);
	if (b.n <= CONFIRM_MAX && b.n > 0)
		memcpy(typed, b.p, b.n);
	return OK;
}

enum err work_confirm_card(struct card_work *w, const char *hint)
{
	char typed[CONFIRM_MAX + 1] = "";

	const enum err e = confirm(w, w->ident, hint, typed);
	if (e != OK || pick_serial_matches(typed, w->ident))
		return e;
	return cli_why(
	        w->c, ERR_REFUSED,
	        "That is not the serial number of this card. Nothing was changed.");
}

enum err work_confirm_word(struct card_work *w, const char *word, const char *hint)
{
	char typed[CONFIRM_MAX + 1] = "";

	const enum err e = confirm(w, word, hint, typed);
	if (e != OK || strcmp(typed, word) == 0)
		return e;
	return cli_why(w->c, ERR_REFUSED, "That is not \"%s\". Nothing was changed.",
	               word);
}

void work_counters(struct card_work *w)
{
	const struct card_info *info = work_info(w);

	if (!info)
		return;
	out_number(w->c, "tries_user", info->tries_user);
	out_number(w->c, "tries_reset_code", info->tries_reset);
	out_number(w->c, "tries_admin", info->tries_admin);
}

const char *work_day(uint32_t t, char out[static WORK_DAY_LEN])
{
	const time_t at = t;
	struct tm parts;

	if (!gmtime_r(&at, &parts) ||
	    strftime(out, WORK_DAY_LEN, "%Y-%m-%d %H:%M UTC", &parts) == 0)
		out[0] = '\0';
	return out;
}

/* Keys, like signatures, that are dated wrongly are refused by others for good. */
enum err work_clock(struct card_work *w, uint32_t *ret_now)
{
	static const int64_t latest =
	        WORK_EARLIEST + (int64_t)LATEST_YEARS * 365 * 24 * 3600;
	const struct card_info *info = work_info(w);
	const int64_t now = time(NULL);
	char is[WORK_DAY_LEN], was[WORK_DAY_LEN];

	if (now < WORK_EARLIEST || now > latest)
		return cli_why(
		        w->c, ERR_REFUSED,
		        "The clock says %s, which cannot be. Nothing was changed: "
		        "set it, then run this again.",
		        work_day(now > 0 && now <= UINT32_MAX ? (uint32_t)now : 0, is));
	for (int k = 0; k < CARD_KEYS; k++)
		if (info->key[k].present && info->key[k].created > now)
			return cli_why(
			        w->c, ERR_REFUSED,
			        "The clock says %s, but a key of card %s was made on "
			        "%s. Nothing was changed: set the clock, then run "
			        "this again.",
			        work_day((uint32_t)now, is), w->ident,
			        work_day(info->key[k].created, was));
	*ret_now = (uint32_t)now;
	return OK;
}
