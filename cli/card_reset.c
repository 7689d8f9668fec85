/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bootlatch card reset: a card as it was when it was new. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/card.h"
#include "cli/card_work.h"
#include "cli/output.h"

static const char erases[] =
        "All keys, certificates, settings and PINs of this card will be erased. What was "
        "encrypted to its keys and to nothing else is lost for good.";
static const char blocks[] =
        "PINs that are made up will be sent until both its PINs are blocked, and then it "
        "is reset: the Admin PIN is not needed for that.";

/* --- a card that is in use --- */

static enum err check_life(struct card_work *w)
{
	struct card_extra x;

	const enum err e = card_read_extra(work_card(w), &x);
	if (e != OK)
		return work_why(w, e, "tell what it can do", "Nothing was changed.");
	if (x.life != CARD_LIFE_NONE || w->c->force)
		return OK;
	return cli_why(
	        w->c, ERR_UNSUPPORTED,
	        "Card %s says that it cannot be reset. Its maker's own program may; "
	        "--force has it tried all the same.",
	        w->ident);
}

static enum err confirm(struct card_work *w)
{
	struct used used;

	card_used_here(w->c->where.config_dir, work_info(w), &used);
	work_tell_used(w, &used);
	return work_confirm_card(w, erases);
}

/* OK: it is terminated. */
static enum err block_and_terminate(struct card_work *w)
{
	enum err e = work_confirm_word(w, "block", blocks);

	if (e == OK)
		e = card_block(work_card(w), CARD_PW_USER);
	if (e == OK)
		e = card_block(work_card(w), CARD_PW_ADMIN);
	if (e == OK)
		e = card_terminate(work_card(w));
	if (e == OK || e == ERR_REFUSED || e == ERR_CANCELLED || e == ERR_USAGE)
		return e;
	return work_why(w, e, "end its application",
	                "Its PINs may be blocked now: run bootlatch card reset again.");
}

/* The Admin PIN where the person has it; a blocked one is as good. */
static enum err terminate(struct card_work *w)
{
	const bool blocked = work_info(w)->tries_admin == 0;
	enum err e = OK;

	if (!blocked) {
		work_note(w,
		          "With the Admin PIN the card is reset at once. Without it: end "
		          "the question with ^D.");
		e = work_admin(w);
		if (e == ERR_CANCELLED || e == ERR_PIN_BLOCKED || e == ERR_PIN_LAST_TRY) {
			w->c->why[0] = '\0';
			return block_and_terminate(w);
		}
	}
	if (e == OK)
		e = card_terminate(work_card(w));
	if (e == ERR_PIN_GONE) {
		work_note(w, "This card is reset only once both its PINs are blocked.");
		return block_and_terminate(w);
	}
	return work_why(w, e, "end its application",
	                "It is as it was: run bootlatch card reset again.");
}

static enum err end_card(struct cli *c, char reader[static READER_NAME_MAX],
                         char ident[static CARD_IDENT_LEN])
{
	AUTO_SESSION *s = NULL;
	AUTO_WORK w = {0};

	enum err e = cli_session(c, &s);
	if (e == OK)
		e = work_begin(c, s, &w);
	if (e == OK)
		e = check_life(&w);
	if (e == OK)
		e = confirm(&w);
	if (e == OK) {
		(void)snprintf(reader, READER_NAME_MAX, "%s", card_reader(work_card(&w)));
		memcpy(ident, w.ident, CARD_IDENT_LEN);
		e = terminate(&w);
	}
	return e;
}

/* --- a card whose application has ended --- */

static enum err activate(struct cli *c, struct readers *r, const char *reader)
{
	struct transport *t = NULL;

	enum err e = r->ops->connect(r, reader, &t);
	if (e == OK)
		e = card_activate(t);
	if (e == OK)
		return OK;
	return cli_why(c, e,
	               "The card in reader %s is ended, and could not be begun anew: %s. "
	               "Nothing is on it any more: run bootlatch card reset again.",
	               reader, err_text(e));
}

/* As new: no key, and tries as a new card has them. */
static enum err check_new(struct cli *c, struct readers *r, const char *reader,
                          const char *ident)
{
	struct transport *t = NULL;
	struct card *card = NULL;
	bool keys = false;

	enum err e = r->ops->connect(r, reader, &t);
	if (e == OK)
		e = card_open(t, &card);
	if (e != OK)
		return cli_why(c, e,
		               "The card was reset, and cannot be read now: %s. Take "
		               "it out and put it in again.",
		               err_text(e));
	const struct card_info *info = card_info(card);
	for (enum card_key k = CARD_KEY_SIG; k < CARD_KEYS; k++) {
		enum slot_state state = SLOT_UNKNOWN;

		keys = keys || info->key[k].present ||
		       slot_look(card, k, &state, NULL) != OK || state == SLOT_WHOLE ||
		       state == SLOT_OTHER_FPR || state == SLOT_NO_FPR;
	}
	const bool fresh = !keys && info->tries_user > 0 && info->tries_admin > 0 &&
	                   info->tries_reset == 0;
	out_text(c, "serial", info->ident);
	out_number(c, "tries_user", info->tries_user);
	out_number(c, "tries_reset_code", info->tries_reset);
	out_number(c, "tries_admin", info->tries_admin);
	if (!fresh)
		e = cli_why(
		        c, ERR_CARD_STATE,
		        "Card %s took the reset, and is not as a new one: it has keys, "
		        "a reset code, or a blocked PIN. Do not trust it.",
		        info->ident);
	else if (*ident && strcmp(ident, info->ident) != 0)
		e = cli_why(
		        c, ERR_WRONG_CARD,
		        "Another card is in the reader than at the start (%s, not %s).",
		        info->ident, ident);
	else
		cli_say(c,
		        "Card %s is as when it was new: no keys, PIN 123456, Admin PIN "
		        "12345678. Change both: bootlatch card passwd, bootlatch card "
		        "passwd "
		        "--admin.",
		        info->ident);
	(void)card_close(card);
	return e;
}

static enum err begin_anew(struct cli *c, struct readers *r, const char *reader,
                           const char *ident)
{
	enum err e = activate(c, r, reader);

	return e == OK ? check_new(c, r, reader, ident) : e;
}

/* --- which of the two --- */

static const struct card_facts *ended(const struct card_facts *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (list[i].why == PICK_TERMINATED)
			return &list[i];
	return NULL;
}

/* A card that is ended cannot tell its number: it is meant when no other is there. */
static enum err look_for_ended(struct cli *c, char reader[static READER_NAME_MAX])
{
	struct card_facts *list = calloc(READERS_MAX, sizeof(*list));
	struct readers *r = NULL;
	struct look_end end;
	size_t n = 0;

	reader[0] = '\0';
	enum err e = list ? cli_readers(c, &r) : ERR_NOMEM;
	if (e == OK)
		e = cli_look(c, r, list, &n, &end);
	const struct card_facts *f = e == OK && !c->serial ? ended(list, n) : NULL;
	if (f && n == 1)
		(void)snprintf(reader, READER_NAME_MAX, "%s", f->reader);
	else if (f)
		e = cli_why(c, ERR_USAGE,
		            "Several cards are here, one of which is ended (reader %s). "
		            "Leave "
		            "one in, or say which: --reader, --serial.",
		            f->reader);
	(void)readers_close(r);
	free(list);
	return e;
}

static enum err confirm_ended(struct cli *c, const char *reader)
{
	AUTO_SESSION *s = NULL;
	AUTO_WORK w = {.c = c};
	char hint[CLI_WHY_MAX];

	enum err e = cli_session(c, &s);
	if (e != OK)
		return e;
	w.s = s;
	(void)snprintf(
	        hint, sizeof(hint),
	        "The card in reader %s was ended before, as a reset that is cut short "
	        "leaves it: nothing on it can be used any more. It is begun anew now.",
	        reader);
	if (session_answer(s, ASK_CONFIRM) != ANSWER_PERSON) {
		work_note(&w, "%s", hint);
		return OK; /* there is nothing left to lose */
	}
	return work_confirm_word(&w, "new", hint);
}

static enum err reset(struct cli *c)
{
	char reader[READER_NAME_MAX] = "", ident[CARD_IDENT_LEN] = "";
	struct readers *r = NULL;

	enum err e = look_for_ended(c, reader);
	if (e == OK && *reader)
		e = confirm_ended(c, reader);
	else if (e == OK)
		e = end_card(c, reader, ident);
	if (e == OK)
		e = cli_readers(c, &r);
	if (e == OK)
		e = begin_anew(c, r, reader, ident);
	(void)readers_close(r);
	return e;
}

static const struct own_option options[] = {
        {"admin-pin-fd", "N",  "read the Admin PIN from descriptor N",
         card_take_admin_pin_fd                                            },
        {NULL,           NULL, NULL,                                   NULL},
};

const struct verb verb_card_reset = {
        .name = "card reset",
        .operands = "",
        .opts = OPT_READERS | OPT_CONFIG | OPT_FORCE,
        .own = options,
        .summary = "erase a card: as it was when it was new",
        .help = "Erases all keys, settings and PINs of the card, after it was said which "
                "volumes of this machine\n"
                "would lose their way in, and the card's number was typed. The Admin PIN "
                "is asked for; without it,\n"
                "and with cards that want it so, both PINs are blocked first with "
                "made-up "
                "ones, after that was\n"
                "confirmed. A reset that was cut short is finished by the same command. "
                "Afterwards it is verified\n"
                "that the card is as new.",
        .run = reset,
};
