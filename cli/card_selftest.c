/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bootlatch card selftest: our card code against a real card, and a report of it. */
#include "cli/card_selftest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/card_words.h"
#include "cli/output.h"
#include "core/file.h"

enum { WAIT_S = 10, CONFIRM_MAX = 32, PATH_LEN = 4096, REPORT_MODE = 0600 };

static const struct {
	const char *word, *json;
	enum paint paint;
} outcomes[] = {
        [CASE_OK] = {"ok  ", "ok",   PAINT_GOOD},
        [CASE_FAIL] = {"FAIL", "fail", PAINT_BAD },
        [CASE_SKIP] = {"skip", "skip", PAINT_WARN},
};

static void print_case(FILE *to, const struct selftest *t, size_t i)
{
	const char *why = t->cases[i].why;

	card_print(to, outcomes[t->cases[i].outcome].paint,
	           outcomes[t->cases[i].outcome].word, "  %s%s%s%s", t->cases[i].what,
	           *why ? " (" : "", why, *why ? ")" : "");
}

void case_add(struct selftest *t, const char *what, enum outcome o, const char *why)
{
	t->count[o]++;
	if (t->n == CASES_MAX)
		abort(); /* a bug: there are not that many */
	(void)snprintf(t->cases[t->n].what, CASE_WHAT_MAX, "%s", what);
	(void)snprintf(t->cases[t->n].why, CASE_WHY_MAX, "%s", why);
	t->cases[t->n].outcome = o;
	print_case(t->to, t, t->n);
	t->n++;
}

void case_err(struct selftest *t, const char *what, enum err e)
{
	case_add(t, what, e == OK ? CASE_OK : CASE_FAIL, e == OK ? "" : err_text(e));
}

static void print_summary(FILE *to, const struct selftest *t)
{
	card_print(to, PAINT_GOOD, "", "%zu passed, %zu failed, %zu skipped",
	           t->count[CASE_OK], t->count[CASE_FAIL], t->count[CASE_SKIP]);
}

/* --- the report --- */

static enum err publish(struct cli *c, const char *ending, struct bytes content)
{
	char path[PATH_LEN], *name;
	int dir = -1;

	const int n = snprintf(path, sizeof(path), "%s%s", c->report, ending);
	enum err e = n < (int)sizeof(path) ? OK : ERR_USAGE;
	char *slash = strrchr(path, '/');
	name = slash ? slash + 1 : path;
	if (slash && slash != path)
		*slash = '\0';
	if (e == OK)
		e = dir_open(!slash ? "." : slash == path ? "/" : path, &dir);
	if (e == OK)
		e = file_publish(dir, name, content, REPORT_MODE);
	if (dir >= 0)
		(void)close(dir); /* read-only */
	if (e != OK)
		return cli_why(c, e, "The report %s%s cannot be written: %s.", c->report,
		               ending, err_text(e));
	return OK;
}

static enum err write_text(struct selftest *t, const struct card_facts *f)
{
	char *text = NULL;
	size_t n = 0;

	FILE *to = open_memstream(&text, &n);
	if (!to)
		return ERR_NOMEM;
	card_print(to, PAINT_GOOD, "", "bootlatch %s, card selftest%s", BOOTLATCH_VERSION,
	           t->c->destructive ? " --destructive" : "");
	card_describe(to, t->c, f, t->c->with_serial);
	for (size_t i = 0; i < t->n; i++)
		print_case(to, t, i);
	print_summary(to, t);
	enum err e = fclose(to) == 0 ? OK : ERR_NOMEM;
	if (e == OK)
		e = publish(t->c, ".txt", (struct bytes){(const uint8_t *)text, n});
	free(text);
	return e;
}

static enum err write_report(struct selftest *t, const struct card_facts *f, enum err how)
{
	if (!t->c->report)
		return OK;
	enum err e = write_text(t, f);
	if (e == OK) {
		const char *json = out_string(t->c, how);
		char *text = NULL;
		const int n = asprintf(&text, "%s\n", json);

		if (n < 0)
			return ERR_NOMEM;
		e = publish(t->c, ".json",
		            (struct bytes){(const uint8_t *)text, (size_t)n});
		free(text);
	}
	if (e == OK)
		cli_say(t->c, "Written: %s.txt and %s.json.%s", t->c->report,
		        t->c->report,
		        t->c->with_serial
		                ? ""
		                : " They tell no serial number, fingerprint or time.");
	return e;
}

/* --- the run --- */

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
	        .hint = "A wrong PIN will be sent to this card on purpose, once. Have "
	                "the "
	                "right one ready: it fills the counter again.",
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
	if (t->n == 0)
		return e;
	print_summary(t->to, t);
	for (size_t i = 0; i < t->n; i++) {
		out_enter(c, "cases");
		out_text(c, "what", t->cases[i].what);
		out_text(c, "outcome", outcomes[t->cases[i].outcome].json);
		out_text(c, "why", *t->cases[i].why ? t->cases[i].why : NULL);
		out_leave(c);
	}
	out_number(c, "passed", (long)t->count[CASE_OK]);
	out_number(c, "failed", (long)t->count[CASE_FAIL]);
	out_number(c, "skipped", (long)t->count[CASE_SKIP]);
	const enum err written = write_report(t, f, e);
	return e == OK ? written : e;
}

static enum err selftest(struct cli *c)
{
	struct card_facts *list = calloc(READERS_MAX, sizeof(*list));
	struct selftest *t = calloc(1, sizeof(*t));
	const struct card_facts *f = NULL;
	struct readers *r = NULL;
	size_t n = 0;

	enum err e = list && t ? cli_readers(c, &r) : ERR_NOMEM;
	if (e == OK)
		e = cli_look(c, r, list, &n);
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
                "sends one wrong PIN too,\n"
                "after the serial number was typed, never with fewer than three tries "
                "left. The report has\n"
                "no serial number, fingerprint or time in it, unless --with-serial.",
        .run = selftest,
};
