/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bootlatch card passwd and card unblock: PINs changed, set and unblocked. */
#include <stdio.h>

#include "cli/card_work.h"
#include "cli/output.h"

/* A pad that verifies is no pad that changes: what is new would come through this
 * machine, which the pad is there to avoid. */
static enum err refuse_pad(struct card_work *w, bool old_by_fd)
{
	if (!card_has_pad(work_card(w)) || (w->by_fd[WISH_NEW_PIN] && old_by_fd))
		return OK;
	return cli_why(
	        w->c, ERR_UNSUPPORTED,
	        "The reader of card %s has a pad of its own, on which this program "
	        "cannot change a PIN. Use a reader without one, or give the PINs "
	        "through this machine: --pin-fd or --admin-pin-fd, and --new-pin-fd.",
	        w->ident);
}

/* Of the command that sets a PIN, after the old one or the Admin PIN was right. */
static enum err not_set(struct card_work *w, enum card_pw which, enum err e)
{
	const char *name = work_pw_name(which);

	switch (e) {
	case ERR_PIN_LENGTH:
		return cli_why(w->c, e,
		               "Card %s does not take that as a new %s: it wants another "
		               "length. Nothing was changed, and no try was spent.",
		               w->ident, name);
	case ERR_CARD_STATE:
		return cli_why(
		        w->c, e,
		        "Card %s does not take a new %s now. Some take one only when "
		        "there are keys: bootlatch card generate. Nothing was "
		        "changed.",
		        w->ident, name);
	case ERR_PIN_UNKNOWN:
		return cli_why(
		        w->c, e,
		        "The connection failed while the %s of card %s was set: it may "
		        "be the old one or the new one. Try the new one first; each "
		        "wrong one costs a try.",
		        name, w->ident);
	case ERR_PIN_WRONG:
	case ERR_PIN_BLOCKED:
		return cli_why(
		        w->c, e,
		        "Card %s took the %s a moment ago and refuses it now: another "
		        "program may use it. It has %d tries left.",
		        w->ident, name, card_tries(work_info(w), which));
	default:
		return work_why(w, e,
		                which == CARD_PW_CODE ? "set a reset code" : "set a PIN",
		                "Nothing was changed.");
	}
}

static enum err change(struct card_work *w, enum card_pw which)
{
	AUTO_SECRET *old = NULL, *fresh = NULL;
	enum err e = OK;

	if (which == CARD_PW_USER)
		e = work_user(w, &old);
	else
		e = work_admin(w);
	if (e == OK && which == CARD_PW_ADMIN && w->admin.good)
		e = secret_copy(secret_view(w->admin.good), &old);
	if (e == OK && !old)
		e = ERR_BUG; /* typed on a pad, which refuse_pad() keeps from coming here
		              */
	if (e == OK)
		e = work_new_pin(w, which, old, &fresh);
	if (e != OK)
		return e;
	e = card_change_pin(work_card(w), which, old, fresh, false);
	if (e != OK)
		return not_set(w, which, e);
	pin_memory_clear(which == CARD_PW_USER ? &w->user : &w->admin);
	w->factory[which] = false;
	return OK;
}

static enum err set_code(struct card_work *w)
{
	AUTO_SECRET *fresh = NULL;

	enum err e = work_admin(w);
	if (e == OK)
		e = work_new_pin(w, CARD_PW_CODE, NULL, &fresh);
	if (e != OK)
		return e;
	e = card_set_code(work_card(w), fresh);
	return e == OK ? OK : not_set(w, CARD_PW_CODE, e);
}

enum err work_passwd(struct card_work *w, enum card_pw which)
{
	const bool old_by_fd = which == CARD_PW_CODE   ? true
	                       : which == CARD_PW_USER ? w->c->pin_fd >= 0
	                                               : w->by_fd[WISH_ADMIN_PIN] != NULL;

	enum err e = refuse_pad(w, old_by_fd);
	if (e == OK)
		e = which == CARD_PW_CODE ? set_code(w) : change(w, which);
	work_counters(w);
	if (e == OK)
		cli_say(w->c, "The %s of card %s is %s.", work_pw_name(which), w->ident,
		        which == CARD_PW_CODE ? "set" : "changed");
	return e;
}

static enum err unblock(struct card_work *w, bool by_code)
{
	AUTO_SECRET *fresh = NULL;

	enum err e = refuse_pad(w, !by_code || w->by_fd[WISH_RESET_CODE]);
	if (e == OK && by_code && work_info(w)->tries_reset == 0)
		e = cli_why(
		        w->c, ERR_PIN_BLOCKED,
		        "Card %s has no reset code, or it is blocked. Unblock with the "
		        "Admin PIN: bootlatch card unblock.",
		        w->ident);
	if (e == OK && !by_code)
		e = work_admin(w);
	if (e == OK)
		e = work_new_pin(w, CARD_PW_USER, NULL, &fresh);
	if (e == OK && by_code) {
		e = work_unblock_by_code(w, fresh);
		if (e == ERR_CARD_STATE || e == ERR_UNSUPPORTED)
			e = not_set(w, CARD_PW_USER, e);
	} else if (e == OK) {
		e = card_unblock_by_admin(work_card(w), fresh);
		if (e != OK)
			e = not_set(w, CARD_PW_USER, e);
	}
	work_counters(w);
	if (e == OK)
		cli_say(w->c, "The PIN of card %s is the new one, with %d tries.",
		        w->ident, work_info(w)->tries_user);
	return e;
}

static enum err run_unblock(struct cli *c)
{
	AUTO_SESSION *s = NULL;
	AUTO_WORK w = {0};

	enum err e = cli_session(c, &s);
	if (e == OK)
		e = work_begin(c, s, &w);
	return e == OK ? unblock(&w, c->card_wish.code) : e;
}

static enum err run_passwd(struct cli *c)
{
	AUTO_SESSION *s = NULL;
	AUTO_WORK w = {0};

	if (c->card_wish.admin && c->card_wish.code)
		return cli_why(c, ERR_USAGE,
		               "One of --admin and --reset-code at a time.");
	enum err e = cli_session(c, &s);
	if (e == OK)
		e = work_begin(c, s, &w);
	return e == OK ? work_passwd(&w, c->card_wish.admin  ? CARD_PW_ADMIN
	                                 : c->card_wish.code ? CARD_PW_CODE
	                                                     : CARD_PW_USER)
	               : e;
}

static const struct own_option passwd_options[] = {
        {"admin",        NULL, "change the Admin PIN",                                   card_take_admin},
        {"reset-code",   NULL, "set the reset code, which unblocks the PIN",
         card_take_code                                                                                 },
        {"admin-pin-fd", "N",  "read the Admin PIN from descriptor N",
         card_take_admin_pin_fd                                                                         },
        {"new-pin-fd",   "N",  "read the new PIN or reset code from descriptor N, once",
         card_take_new_pin_fd                                                                           },
        {NULL,           NULL, NULL,                                                     NULL           },
};

const struct verb verb_card_passwd = {
        .name = "card passwd",
        .operands = "",
        .opts = OPT_READERS | OPT_PIN_FD,
        .own = passwd_options,
        .summary = "change the PIN of a card, its Admin PIN or its reset code",
        .help = "Asks for the PIN that the card has, then for the new one, twice, and "
                "changes it: the PIN that\n"
                "unlocks and signs; with --admin the Admin PIN, which keys and settings "
                "are changed with; with\n"
                "--reset-code a code that unblocks the PIN and nothing else (the Admin "
                "PIN "
                "is asked for). The\n"
                "card says how long a PIN may be; the PINs of every new card (123456, "
                "12345678) are refused as\n"
                "new ones, and characters that depend on the keyboard layout are warned "
                "of. The tries left are\n"
                "shown, and the last one is spent only on a PIN that is typed twice.",
        .run = run_passwd,
};

static const struct own_option unblock_options[] = {
        {"reset-code",    NULL, "with the reset code instead of the Admin PIN",
         card_take_code                                                             },
        {"admin-pin-fd",  "N",  "read the Admin PIN from descriptor N",
         card_take_admin_pin_fd                                                     },
        {"reset-code-fd", "N",  "read the reset code from descriptor N",
         card_take_code_fd                                                          },
        {"new-pin-fd",    "N",  "read the new PIN from descriptor N, once",
         card_take_new_pin_fd                                                       },
        {NULL,            NULL, NULL,                                           NULL},
};

const struct verb verb_card_unblock = {
        .name = "card unblock",
        .operands = "",
        .opts = OPT_READERS,
        .own = unblock_options,
        .summary = "give a card a new PIN when the old one is blocked or forgotten",
        .help = "Asks for the Admin PIN, or with --reset-code for the reset code, and "
                "for a "
                "new PIN, twice: the\n"
                "card has that PIN then, and all its tries again. Its keys stay as they "
                "are.",
        .run = run_unblock,
};
