/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bootlatch card touch: whether a key wants the dongle's button pressed. */
#include <string.h>

#include "cli/card_names.h"
#include "cli/card_words.h"
#include "cli/card_work.h"
#include "cli/output.h"

static const char fixed_hint[] =
        "Fixed is for good: only a reset of the card, which erases its keys, undoes it. "
        "The key then never works again without somebody who touches the dongle.";

static enum err parse(struct cli *c, unsigned *ret_uif, int *ret_mode)
{
	*ret_uif = wish_slot(c->device, strlen(c->device));
	if (*ret_uif == CARD_UIFS)
		return cli_why(
		        c, ERR_USAGE,
		        "The key is one of sig, dec, aut and att (attestation), not "
		        "\"%s\".",
		        c->device);
	for (int mode = UIF_OFF; mode <= UIF_CACHED; mode++)
		if (strcmp(c->name, card_touch_word(mode)) == 0) {
			*ret_mode = mode;
			return OK;
		}
	return cli_why(c, ERR_USAGE,
	               "The setting is one of off, on, fixed and cached, not "
	               "\"%s\".",
	               c->name);
}

/* What can be known before anything is asked. */
static enum err check(struct card_work *w, const struct card_extra *x, unsigned uif)
{
	const int now = x->touch[uif];

	if (now == UIF_NOT_TOLD)
		return cli_why(w->c, ERR_UNSUPPORTED,
		               "Card %s has no touch setting for that key: it has no "
		               "button, or does not let one choose.",
		               w->ident);
	if (now == UIF_FIXED || now == UIF_CACHED_FIXED)
		return cli_why(
		        w->c, ERR_REFUSED,
		        "The touch setting of that key of card %s is fixed (%s). Only "
		        "a reset, which erases its keys, changes it.",
		        w->ident, card_touch_word(now));
	return OK;
}

static enum err not_taken(struct card_work *w, enum err e)
{
	if (e == ERR_UNSUPPORTED)
		return cli_why(
		        w->c, e,
		        "Card %s does not know the touch setting \"%s\". Nothing was "
		        "changed.",
		        w->ident, w->c->name);
	return work_why(w, e, "set whether a key wants a touch",
	                "See bootlatch card status for what is set.");
}

static enum err set(struct card_work *w, unsigned uif, int mode)
{
	struct card_extra x, after = {0};

	enum err e = card_read_extra(work_card(w), &x);
	if (e != OK)
		return work_why(w, e, "tell its touch settings", "");
	if (x.touch[uif] == mode) {
		cli_say(w->c, "It is %s already.", w->c->name);
		return OK;
	}
	e = check(w, &x, uif);
	if (e == OK && mode == UIF_FIXED)
		e = work_confirm_word(w, "fixed", fixed_hint);
	if (e == OK)
		e = work_admin(w);
	if (e != OK)
		return e;
	e = card_put_touch(work_card(w), uif, (uint8_t)mode, x.button[uif]);
	if (e == OK)
		e = card_read_extra(work_card(w), &after);
	if (e == OK && after.touch[uif] != mode)
		e = ERR_CARD_STATE;
	if (e != OK)
		return not_taken(w, e);
	cli_say(w->c, "The touch setting of the %s key of card %s is %s.",
	        uif < CARD_KEYS ? card_key_use((enum card_key)uif) : "attestation",
	        w->ident, w->c->name);
	return OK;
}

static enum err touch(struct cli *c)
{
	AUTO_SESSION *s = NULL;
	AUTO_WORK w = {0};
	unsigned uif = 0;
	int mode = 0;

	enum err e = parse(c, &uif, &mode);
	if (e == OK)
		e = cli_session(c, &s);
	if (e == OK)
		e = work_begin(c, s, &w);
	if (e != OK)
		return e;
	e = set(&w, uif, mode);
	out_text(c, "key", c->device);
	if (e == OK)
		out_text(c, "touch", c->name);
	work_counters(&w);
	return e;
}

static const struct own_option options[] = {
        {"admin-pin-fd", "N",  "read the Admin PIN from descriptor N",
         card_take_admin_pin_fd                                            },
        {NULL,           NULL, NULL,                                   NULL},
};

const struct verb verb_card_touch = {
        .name = "card touch",
        .operands = "KEY SETTING",
        .min_operands = 2,
        .max_operands = 2,
        .opts = OPT_READERS,
        .own = options,
        .summary = "set whether a key of the card wants a touch",
        .help = "KEY is sig, dec, aut or att; SETTING is off, on, fixed or cached (some "
                "cards: a touch counts\n"
                "for a few seconds). The Admin PIN is asked for. fixed cannot be undone "
                "but "
                "by a reset, so the\n"
                "word has to be typed. What is set now is in bootlatch card status.",
        .run = touch,
};
