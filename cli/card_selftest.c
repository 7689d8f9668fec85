/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bootlatch card selftest: our card code against a real card. */
#include <stdlib.h>
#include <string.h>

#include "cli/card.h"
#include "cli/card_cases.h"
#include "cli/card_words.h"
#include "cli/output.h"

enum { WAIT_S = 10, CONFIRM_MAX = 32 };

/* A card that can be read, and only one of them; else one that cannot. */
static enum err choose(struct cli *c, const struct card_facts *list, size_t n,
                       const struct card_facts **ret)
{
	const struct card_facts *found = NULL;

	for (size_t i = 0; i < n; i++) {
		if (list[i].why != PICK_FOUND)
			continue;
		if (found) {
			(void)cli_why(c, ERR_USAGE,
			              "Several cards are here: %s, %s. Leave one in, or "
			              "say which: --serial.",
			              found->info.ident, list[i].info.ident);
			return ERR_USAGE;
		}
		found = &list[i];
	}
	*ret = found ? found : &list[0];
	return OK;
}

static enum err confirm(struct cli *c, struct session *s, const struct card_facts *f)
{
	const struct ask_question q = {
	        .kind = ASK_CONFIRM,
	        .about = f->info.ident,
	        .hint = "A wrong PIN will be sent to this card on purpose, once, and it "
	                "will sign, which its counter of signatures shows. Have the "
	                "right PIN ready: it fills the counter of tries again.",
	        .tries_left = -1,
	        .min = 1,
	        .max = CONFIRM_MAX,
	};
	char typed[CONFIRM_MAX + 1] = "";
	AUTO_SECRET *answer = NULL;

	if (session_answer(s, ASK_CONFIRM) != ANSWER_PERSON)
		return cli_why(c, ERR_REFUSED,
		               "--destructive needs a person who types the card's serial "
		               "number. Run it at a terminal.");
	const enum err e = ask_wait(session_ask(s), &q, -1, &answer);
	if (e != OK)
		return e;
	const struct bytes b = secret_view(answer);
	if (b.n < sizeof(typed) && b.n > 0)
		memcpy(typed, b.p, b.n);
	if (!pick_serial_matches(typed, f->info.ident))
		return cli_why(c, ERR_REFUSED,
		               "That is not the serial number of this card. Nothing was "
		               "sent to it.");
	return OK;
}

static enum err run_reading(struct selftest *t, struct readers *r,
                            const struct card_facts *f)
{
	struct transport *tr = NULL;

	const enum err e = r->ops->connect(r, f->reader, &tr);
	if (e != OK) {
		case_err(t, "the card is connected to", e);
		return e;
	}
	return read_cases(t, f, tr);
}

static enum err run_cases(struct selftest *t, struct readers *r,
                          const struct card_facts *f)
{
	struct cli *c = t->c;
	AUTO_SESSION *s = NULL;
	enum err e = OK;

	if (f->why == PICK_FOUND) {
		c->serial = f->info.ident;
		if (c->wait_s <
		    0) /* it is here; one that does not come back is a fault */
			c->wait_s = WAIT_S;
		e = cli_session(c, &s);
	}
	if (e == OK && c->destructive)
		e = s ? confirm(c, s, f)
		      : cli_why(c, ERR_REFUSED, "%s", card_obstacle(f));
	if (e == OK)
		e = run_reading(t, r, f);
	if (e == OK && s)
		e = pin_cases(t, f, s, c->destructive);
	return e;
}

static enum err verdict(struct selftest *t, const struct card_facts *f, enum err e)
{
	if (f->why != PICK_FOUND && e != OK && !*t->c->why)
		return cli_why(t->c, e, "%s", card_obstacle(f));
	if (e == ERR_WRONG_CARD)
		return cli_why(
		        t->c, e,
		        "Another card is in the reader than at the start. Leave it "
		        "in place and run this again.");
	if (e == OK && t->count[CASE_FAIL] > 0)
		return cli_why(t->c, ERR_CARD_STATE,
		               "%zu of %zu cases failed. Send the report in (--report): "
		               "this card needs a look.",
		               t->count[CASE_FAIL], t->n);
	return e;
}

static enum err test_one(struct selftest *t, struct readers *r,
                         const struct card_facts *f)
{
	struct cli *c = t->c;

	out_text(c, "version", BOOTLATCH_VERSION);
	out_bool(c, "destructive", c->destructive);
	card_json(c, f, c->with_serial);
	card_describe(t->to, c, f, c->with_serial);
	enum err e = verdict(t, f, run_cases(t, r, f));
	const enum err written = cases_report(t, f, e);
	return e == OK ? written : e;
}

static enum err selftest(struct cli *c)
{
	struct card_facts *list = calloc(READERS_MAX, sizeof(*list));
	struct selftest *t = calloc(1, sizeof(*t));
	const struct card_facts *f = NULL;
	struct readers *r = NULL;
	struct look_end end;
	size_t n = 0;

	enum err e = list && t ? cli_readers(c, &r) : ERR_NOMEM;
	if (e == OK)
		e = cli_look(c, r, list, &n, &end);
	if (e == OK)
		e = choose(c, list, n, &f);
	if (e == OK) {
		t->c = c;
		t->to = c->json ? stderr : stdout;
		e = test_one(t, r, f);
	}
	c->serial = NULL; /* it pointed into the list */
	(void)readers_close(r);
	free(t);
	free(list);
	return e;
}

const struct verb verb_card_selftest = {
        .name = "card selftest",
        .operands = "",
        .opts = OPT_READERS | OPT_PIN_FD | OPT_DESTRUCTIVE | OPT_REPORT | OPT_WITH_SERIAL,
        .summary = "test a card, and write a report of it",
        .help = "Reads everything that this program uses, in every form, and compares; "
                "then "
                "asks for the PIN,\n"
                "has the card decipher something that was encrypted to it a moment ago, "
                "and looks whether a\n"
                "reset takes the PIN away. Writes nothing to the card. --destructive "
                "sends one wrong PIN too\n"
                "and has the card sign, after the serial number was typed, never with "
                "fewer than three tries\n"
                "left. The report has no serial number, fingerprint or time in it, "
                "unless --with-serial.",
        .run = selftest,
};
