/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of crypttab changed, every other byte kept. */
#include "unlock/crypttab_edit.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unlock/crypttab_options.h"

enum { GROWTH = 512 }; /* more than any line of ours */

static void say(char *out, const char *what)
{
	(void)snprintf(out, CRYPTTAB_ABOUT_MAX, "%s", what ? what : "");
}

/* --- which line --- */

static bool name_is_good(const char *name)
{
	for (const char *c = name; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("._-+", *c))
			return false;
	return luks_name_ok(name) && !strstr(name, "none");
}

static enum crypttab_edit_why why_none(const struct crypttab_target *t,
                                       const struct crypttab_entry *other)
{
	if (!t->name)
		return CRYPTTAB_EDIT_NO_LINE;
	if (other)
		return CRYPTTAB_EDIT_OTHER;
	return name_is_good(t->name) ? CRYPTTAB_EDIT_FINE : CRYPTTAB_EDIT_BAD_NAME;
}

/* NULL: there is none yet, or `why` tells what is wrong. */
static const struct crypttab_entry *
find(const struct crypttab *tab, const struct crypttab_target *t, struct crypttab_edit *r)
{
	const struct crypttab_entry *found = NULL, *other = NULL;
	size_t n = 0;

	for (size_t i = 0; i < tab->n; i++) {
		const struct crypttab_entry *e = &tab->entry[i];

		if (crypttab_is_meant(e, t)) {
			found = found ? found : e;
			n++;
		} else if (crypttab_is_of(e, t)) {
			other = e;
		}
	}
	if (!found)
		r->why = why_none(t, other);
	else if (!crypttab_is_of(found, t))
		r->why = CRYPTTAB_EDIT_TAKEN;
	else if (n > 1)
		r->why = CRYPTTAB_EDIT_SEVERAL;
	if (r->why == CRYPTTAB_EDIT_OTHER && other)
		say(r->about, other->name);
	return r->why == CRYPTTAB_EDIT_FINE ? found : NULL;
}

/* --- is it a line that can be ours? --- */

static bool is_other_kind(const char *option)
{
	static const char *const kinds[] = {"plain", "tcrypt", "bitlk", "fvault2"};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (option && strcmp(option, kinds[i]) == 0)
			return true;
	return false;
}

static bool has_none_elsewhere(struct bytes text, const struct crypttab_entry *e)
{
	const struct bytes line = crypttab_part(text, e->line);
	const size_t key = e->field[CRYPTTAB_F_KEY].at - e->line.at;

	for (size_t i = 0; i + 4 <= line.n; i++)
		if (memcmp(line.p + i, "none", 4) == 0 && i != key)
			return true;
	return false;
}

static void about_bytes(struct crypttab_edit *r, struct bytes b)
{
	(void)snprintf(r->about, sizeof(r->about), "%.*s",
	               b.n < sizeof(r->about) ? (int)b.n : (int)sizeof(r->about) - 1,
	               (const char *)b.p);
}

static enum crypttab_edit_why judge(struct bytes text, const struct crypttab_entry *e,
                                    bool replace, struct crypttab_edit *r)
{
	const struct bytes line = crypttab_part(text, e->line);
	const struct crypttab_options o =
	        crypttab_options_look(crypttab_part(text, e->field[CRYPTTAB_F_OPTIONS]));

	if (e->why == CRYPTTAB_OPTION && is_other_kind(e->option)) {
		say(r->about, e->option);
		return CRYPTTAB_EDIT_NOT_LUKS;
	}
	if (e->why == CRYPTTAB_OPTION)
		say(r->left, e->option);
	else if (e->why != CRYPTTAB_FINE)
		return CRYPTTAB_EDIT_BROKEN;
	if (line.n > 0 && memchr(line.p, ':', line.n))
		return CRYPTTAB_EDIT_COLON;
	if (o.foreign.n > 0) {
		about_bytes(r, o.foreign);
		if (!replace)
			return CRYPTTAB_EDIT_KEYSCRIPT;
	} else if (strcmp(e->key, "none") != 0) {
		say(r->about, e->key);
		return CRYPTTAB_EDIT_KEY;
	}
	return has_none_elsewhere(text, e) ? CRYPTTAB_EDIT_NONE : CRYPTTAB_EDIT_FINE;
}

/* --- writing --- */

static enum err start(struct bytes text, struct writer *ret)
{
	const size_t cap = 2 * text.n + (size_t)GROWTH * (CRYPTTAB_ENTRIES_MAX + 1);
	const struct writer w = {malloc(cap), cap, 0, false};

	if (!w.p)
		return ERR_NOMEM;
	*ret = w;
	return OK;
}

static enum err finish(struct writer *w, struct bytes before, struct crypttab_edit *r)
{
	if (!writer_ok(w)) {
		free(w->p);
		return ERR_BUG;
	}
	r->changed = !bytes_equal(writer_bytes(w), before);
	if (!r->changed) {
		free(w->p);
		return OK;
	}
	r->text = w->p;
	r->len = w->n;
	return OK;
}

/* Up to a place in the text that comes next. */
static void put_until(struct writer *w, struct bytes text, size_t *from, size_t to)
{
	const struct bytes b =
	        crypttab_part(text, (struct crypttab_span){*from, to - *from});

	put_bytes(w, b.p, b.n);
	*from = to;
}

static void put_line_taken(struct writer *w, struct bytes text, size_t *at,
                           const struct crypttab_entry *e)
{
	const struct crypttab_span key = e->field[CRYPTTAB_F_KEY];
	const struct crypttab_span options = e->field[CRYPTTAB_F_OPTIONS];

	put_until(w, text, at, key.at);
	put_string(w, "none");
	*at += key.n;
	if (options.n > 0)
		put_until(w, text, at, options.at);
	else
		put_string(w, " ");
	crypttab_options_take(w, crypttab_part(text, options));
	*at += options.n;
}

/* The line that stands above in a comment of ours; n 0: there is none. */
static struct bytes kept_above(struct bytes text, const struct crypttab_entry *e)
{
	const struct bytes mark = bytes_of(CRYPTTAB_REPLACED);
	const size_t end = e->line.at > 0 ? e->line.at - 1 : 0; /* its newline */
	size_t start = end;

	while (start > 0 && text.p[start - 1] != '\n')
		start--;
	const struct bytes line =
	        crypttab_part(text, (struct crypttab_span){start, end - start});
	if (line.n <= mark.n || !bytes_begin(line, CRYPTTAB_REPLACED))
		return (struct bytes){NULL, 0};
	return crypttab_part(
	        text, (struct crypttab_span){start + mark.n, end - start - mark.n});
}

/* Is the line what we make of the kept one?  Else somebody has changed it since. */
static bool is_made_of(struct bytes text, const struct crypttab_entry *e,
                       struct bytes kept, const struct crypttab_target *t)
{
	struct crypttab tab = {0};
	struct writer w;
	size_t at = 0;
	bool same = false;

	if (kept.n == 0 || crypttab_parse(kept, &tab) != OK)
		return false;
	if (tab.n == 1 && crypttab_is_of(&tab.entry[0], t) && start(kept, &w) == OK) {
		put_line_taken(&w, kept, &at, &tab.entry[0]);
		put_until(&w, kept, &at, kept.n);
		same = writer_ok(&w) &&
		       bytes_equal(writer_bytes(&w), crypttab_part(text, e->line));
		free(w.p);
	}
	crypttab_clear(&tab);
	return same;
}

static void put_kept(struct writer *w, struct bytes text, size_t *at,
                     const struct crypttab_entry *e, struct bytes kept)
{
	put_until(w, text, at, e->line.at - 1 - kept.n - strlen(CRYPTTAB_REPLACED));
	put_bytes(w, kept.p, kept.n);
	*at = e->line.at + e->line.n;
}

static void put_line_given_back(struct writer *w, struct bytes text, size_t *at,
                                const struct crypttab_entry *e)
{
	const struct crypttab_span options = e->field[CRYPTTAB_F_OPTIONS];

	put_until(w, text, at, options.at);
	const size_t before = w->n;
	crypttab_options_give_back(w, crypttab_part(text, options));
	/* No options are left: the blank before them was ours as well. */
	if (w->n == before)
		w->n--;
	*at += options.n;
}

static void put_new_line(struct writer *w, struct bytes text,
                         const struct crypttab_target *t)
{
	size_t at = 0;

	put_until(w, text, &at, text.n);
	if (text.n > 0 && text.p[text.n - 1] != '\n')
		put_string(w, "\n");
	put_string(w, t->name);
	put_string(w, " UUID=");
	put_string(w, t->uuid);
	put_string(w, " none " CRYPTTAB_OUR_OPTION ",luks,initramfs\n");
}

static enum err take_over(struct bytes text, const struct crypttab *tab,
                          const struct crypttab_target *t, struct crypttab_edit *r)
{
	const struct crypttab_entry *e = find(tab, t, r);
	struct writer w;
	size_t at = 0;

	say(r->name, e ? e->name : t->name);
	if (e)
		r->why = judge(text, e, t->replace, r);
	if (r->why != CRYPTTAB_EDIT_FINE)
		return OK;
	const enum err err = start(text, &w);
	if (err != OK)
		return err;
	r->ours = e && e->ours;
	r->added = !e;
	if (e) {
		put_until(&w, text, &at, e->line.at);
		if (*r->about) { /* it loses that */
			const struct bytes line = crypttab_part(text, e->line);

			put_string(&w, CRYPTTAB_REPLACED);
			put_bytes(&w, line.p, line.n);
			put_string(&w, "\n");
		}
		put_line_taken(&w, text, &at, e);
		put_until(&w, text, &at, text.n);
	} else {
		put_new_line(&w, text, t);
	}
	return finish(&w, text, r);
}

static enum err give_back(struct bytes text, const struct crypttab *tab,
                          const struct crypttab_target *t, struct crypttab_edit *r)
{
	struct writer w;
	size_t at = 0;

	const enum err err = start(text, &w);
	if (err != OK)
		return err;
	for (size_t i = 0; i < tab->n; i++) {
		const struct crypttab_entry *e = &tab->entry[i];

		if (!crypttab_options_look(
		             crypttab_part(text, e->field[CRYPTTAB_F_OPTIONS]))
		             .ours ||
		    !crypttab_is_of(e, t))
			continue;
		const struct bytes kept = kept_above(text, e);
		r->ours = true;
		say(r->name, e->name);
		if (is_made_of(text, e, kept, t))
			put_kept(&w, text, &at, e, kept);
		else
			put_line_given_back(&w, text, &at, e);
	}
	put_until(&w, text, &at, text.n);
	return finish(&w, text, r);
}

static enum err edit(struct bytes text, const struct crypttab_target *t,
                     enum err (*how)(struct bytes, const struct crypttab *,
                                     const struct crypttab_target *,
                                     struct crypttab_edit *),
                     struct crypttab_edit *ret)
{
	struct crypttab tab = {0};
	struct crypttab_edit r = {0};

	enum err e = crypttab_parse(text, &tab);
	if (e != OK)
		return e;
	e = how(text, &tab, t, &r);
	crypttab_clear(&tab);
	if (e == OK)
		*ret = r;
	return e;
}

enum err crypttab_take_over(struct bytes text, const struct crypttab_target *t,
                            struct crypttab_edit *ret)
{
	return edit(text, t, take_over, ret);
}

enum err crypttab_give_back(struct bytes text, const struct crypttab_target *t,
                            struct crypttab_edit *ret)
{
	return edit(text, t, give_back, ret);
}

void crypttab_edit_clear(struct crypttab_edit *e)
{
	free(e->text);
	*e = (struct crypttab_edit){0};
}
