/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The cases of a self-test as they end, and the report of them. */
#include "cli/card_report.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/card_words.h"
#include "cli/output.h"
#include "core/file.h"

enum { PATH_LEN = 4096, REPORT_MODE = 0600 };

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

static void put_cases(struct selftest *t)
{
	struct cli *c = t->c;

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
}

enum err cases_report(struct selftest *t, const struct card_facts *f, enum err how)
{
	if (t->n == 0)
		return OK;
	print_summary(t->to, t);
	put_cases(t);
	return t->c->report ? write_report(t, f, how) : OK;
}
