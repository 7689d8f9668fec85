/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bootlatch sign: changes in words and in JSON. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/output.h"
#include "cli/sign.h"

enum { SHOWN_MAX = 20, FOLDERS_MAX = 10, SPECIAL = 07000 };

static const struct kind {
	unsigned bit;
	const char *word;
} kinds[] = {
        {CHANGE_ADDED,   "added"  },
        {CHANGE_REMOVED, "removed"},
        {CHANGE_CONTENT, "changed"},
        {CHANGE_TYPE,    "type"   },
        {CHANGE_MODE,    "mode"   },
        {CHANGE_OWNER,   "owner"  },
        {CHANGE_TARGET,  "target" },
};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

/* --- each of them --- */

static const char *type_word(const struct tree_entry *e)
{
	switch (e->type) {
	case TREE_FILE:
		return "a file";
	case TREE_FOLDER:
		return "a folder";
	case TREE_LINK:
		return "a link";
	default:
		return "a special file";
	}
}

static void add_target(const struct signing *x, struct buffer *out, const char *between,
                       const struct tree_entry *e)
{
	if (!e || !e->target)
		return;
	buffer_text(out, between);
	sign_name(x, out, e->target);
}

/* What it is now, and what it was when that is known: Heads' lists do not tell. */
static void detail(const struct signing *x, unsigned bit, const struct since_change *c,
                   struct buffer *out)
{
	const struct tree_entry *a = c->a, *b = c->b;

	if (bit == CHANGE_MODE && a && b) {
		buffer_format(out, "  %04o, was %04o", (unsigned)b->mode,
		              (unsigned)a->mode);
	} else if (bit == CHANGE_OWNER && a && b) {
		buffer_format(out, "  %u:%u, was %u:%u", (unsigned)b->uid,
		              (unsigned)b->gid, (unsigned)a->uid, (unsigned)a->gid);
	} else if (bit == CHANGE_TARGET && a && b) {
		add_target(x, out, " -> ", b);
		add_target(x, out, ", was ", a);
	} else if (bit == CHANGE_TYPE && b) {
		buffer_format(out, "  %s", type_word(b));
		add_target(x, out, " -> ", b);
		if (a)
			buffer_format(out, ", was %s", type_word(a));
	} else if (bit == CHANGE_ADDED && b) {
		add_target(x, out, " -> ", b);
		if (b->type == TREE_FILE && (b->mode & SPECIAL) != 0)
			buffer_format(out, "  mode %04o", (unsigned)b->mode);
	}
}

static void tell(const struct signing *x, const struct since_change *c)
{
	for (size_t i = 0; i < KINDS; i++) {
		AUTO_BUFFER row = {0};

		if ((c->changes & kinds[i].bit) == 0)
			continue;
		buffer_format(&row, "  %-8s ", kinds[i].word);
		sign_name(x, &row, sign_path(c->path));
		detail(x, kinds[i].bit, c, &row);
		sign_say_long(x, 11, &row);
	}
}

static void out_change(struct cli *c, const struct since_change *change)
{
	for (size_t i = 0; i < KINDS; i++) {
		if ((change->changes & kinds[i].bit) == 0)
			continue;
		out_enter(c, "changes");
		sign_out_escaped(c, "path", bytes_of(sign_path(change->path)));
		out_text(c, "change", kinds[i].word);
		if (change->b && change->b->target)
			sign_out_escaped(c, "target", bytes_of(change->b->target));
		out_leave(c);
	}
}

/* --- all of them --- */

/* "2 added, 1 changed" */
static void sum(const struct sign_told *t, size_t n, struct buffer *out)
{
	const char *between = "";

	for (size_t k = 0; k < KINDS; k++) {
		size_t of = 0;

		for (size_t i = 0; i < n; i++)
			of += (t[i].c.changes & kinds[k].bit) != 0;
		if (of == 0)
			continue;
		buffer_format(out, "%s%zu %s", between, of, kinds[k].word);
		between = ", ";
	}
}

/* Two folders deep: "grub/i386-pc". */
static size_t folder_of(const char *path)
{
	const char *name = sign_path(path);
	const char *first = strchr(name, '/');
	const char *second = first ? strchr(first + 1, '/') : NULL;

	return second ? (size_t)(second - name) : first ? (size_t)(first - name) : 0;
}

static int by_folder(const void *a, const void *b)
{
	const struct sign_told *x = a, *y = b;
	const size_t n = folder_of(x->c.path), m = folder_of(y->c.path);
	const int d = memcmp(sign_path(x->c.path), sign_path(y->c.path), n < m ? n : m);

	return d != 0 ? d : (n > m) - (n < m);
}

static void tell_folder(const struct signing *x, const struct sign_told *t, size_t n)
{
	const size_t len = folder_of(t->c.path);
	char name[TREE_PATH_MAX];
	AUTO_BUFFER row = {0};

	(void)snprintf(name, sizeof(name), "%.*s", (int)len, sign_path(t->c.path));
	buffer_text(&row, "    ");
	if (len > 0)
		sign_name(x, &row, name);
	else
		buffer_text(&row, "in no folder");
	buffer_text(&row, ": ");
	sum(t, n, &row);
	sign_say_long(x, 6, &row);
}

/* What is not told by name. */
static void tell_rest(const struct signing *x, struct sign_told *t, size_t n)
{
	size_t folders = 0, i = 0;

	qsort(t, n, sizeof(*t), by_folder);
	while (i < n && folders < FOLDERS_MAX) {
		size_t k = i + 1;

		while (k < n && by_folder(&t[i], &t[k]) == 0)
			k++;
		tell_folder(x, &t[i], k - i);
		folders++;
		i = k;
	}
	if (i < n)
		cli_say(x->c, "    in other folders: %zu", n - i);
}

void sign_tell_changes(const struct signing *x, struct sign_told *t, size_t n)
{
	const struct sign_wish *w = &x->c->sign;
	AUTO_BUFFER all = {0};
	size_t i = 0;

	/* No number of others pushes out what boots. */
	while (i < n && t[i].rank == RANK_BOOTS)
		i++;
	const size_t most = w->diff || w->agents ? n : i > SHOWN_MAX ? i : SHOWN_MAX;
	for (i = 0; i < n; i++) {
		if (i < most)
			tell(x, &t[i].c);
		out_change(x->c, &t[i].c);
	}
	sum(t, n, &all);
	if (n == 0)
		cli_say(x->c, "  nothing has changed");
	else if (n <= most)
		cli_say(x->c, "  %s", sign_text(&all));
	else
		cli_say(x->c, "  and %zu more: %s in all (--diff lists them)", n - most,
		        sign_text(&all));
	if (n > most)
		tell_rest(x, t + most, n - most);
}
