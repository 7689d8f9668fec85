/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bootlatch sign: what has changed, what boots first. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/output.h"
#include "cli/sign.h"

enum { SPECIAL = 07000 };

#define PRIMHDL "kexec_primhdl_hash.txt"

struct view {
	struct signing *x;
	struct sign_told *told;
	size_t n;
};

/* --- in which order --- */

/* Is it a boot menu, a file of an entry, or a link by which that is found? */
static bool boots(const struct signing *x, const char *path)
{
	const struct boot_entries *b = x->entries;
	const char *base = strrchr(path, '/');

	if (base && strcmp(base, "/grub.cfg") == 0)
		return true;
	for (size_t i = 0; b && i < b->n; i++) {
		if (strcmp(b->entry[i].from, path) == 0)
			return true;
		for (size_t k = 0; k < b->entry[i].n_files; k++) {
			const char *file = b->entry[i].file[k];
			const struct tree_entry *to = entry_file(x->tree, file);

			if (strcmp(path + 1, file) == 0 ||
			    (to && strcmp(to->path, path) == 0))
				return true;
		}
	}
	return false;
}

static enum sign_rank rank_of(const struct signing *x, const struct since_change *c)
{
	const unsigned rights =
	        CHANGE_REMOVED | CHANGE_TYPE | CHANGE_TARGET | CHANGE_MODE | CHANGE_OWNER;

	if (boots(x, c->path))
		return RANK_BOOTS;
	if ((c->changes & rights) != 0 ||
	    (c->b && (c->changes & CHANGE_ADDED) != 0 && (c->b->mode & SPECIAL) != 0 &&
	     c->b->type == TREE_FILE))
		return RANK_RIGHTS;
	return (c->changes & CHANGE_ADDED) != 0 ? RANK_ADDED : RANK_CONTENT;
}

static int by_rank(const void *a, const void *b)
{
	const struct sign_told *x = a, *y = b;

	return x->rank != y->rank ? (x->rank > y->rank) - (x->rank < y->rank)
	                          : strcmp(x->c.path, y->c.path);
}

/* --- the files kexec*.txt --- */

/* What bootlatch makes anew is no change of anybody's. */
static bool is_kept(const char *name)
{
	return !sign_is_trigger(name) && !sign_is_made_anew(name);
}

static void add_kexec(struct view *v, const char *name, unsigned changes)
{
	v->told[v->n++] = (struct sign_told){
	        {.path = name, .changes = changes},
                RANK_BOOTS
        };
}

static void gather_kexec(struct view *v)
{
	const struct kexec_set *was = v->x->base, *is = v->x->old;

	for (size_t i = 0; i < is->n; i++) {
		const struct kexec_file *f = &is->file[i];
		const struct kexec_file *old = kexec_find(was, f->name);

		if (!is_kept(f->name))
			continue;
		if (!old)
			add_kexec(v, f->name, CHANGE_ADDED);
		else if (memcmp(old->sha256, f->sha256, TREE_HASH_LEN) != 0)
			add_kexec(v, f->name, CHANGE_CONTENT);
	}
	for (size_t i = 0; i < was->n; i++)
		if (is_kept(was->file[i].name) && !kexec_find(is, was->file[i].name))
			add_kexec(v, was->file[i].name, CHANGE_REMOVED);
}

static enum err gather(struct view *v, const struct since *s)
{
	v->told = calloc(s->n + v->x->old->n + v->x->base->n + 1, sizeof(*v->told));
	if (!v->told)
		return ERR_NOMEM;
	gather_kexec(v);
	for (size_t i = 0; i < s->n; i++)
		v->told[v->n++] =
		        (struct sign_told){s->change[i], rank_of(v->x, &s->change[i])};
	qsort(v->told, v->n, sizeof(*v->told), by_rank);
	return OK;
}

/* --- nothing tells --- */

static const char *why_none(const struct signing *x)
{
	if (!x->old->sig)
		return "No signature is there yet (kexec.sig).";
	if (x->signers->n == 0)
		return "There is a signature, but no key is known on this machine to "
		       "judge it by.";
	return "The signature that is there is not good: by none of the known keys, or "
	       "not over this.";
}

/* They steer Heads, and would be signed with the rest. */
static void tell_unsigned(struct signing *x)
{
	const bool counter = kexec_find(x->old, KEXEC_ROLLBACK) != NULL;
	const bool header = kexec_find(x->old, PRIMHDL) != NULL;
	size_t n = 0;

	for (size_t i = 0; i < x->old->n; i++) {
		AUTO_BUFFER row = {0};

		if (!is_kept(x->old->file[i].name))
			continue;
		if (n++ == 0)
			cli_say(x->c, "These tell Heads what to do, and are signed by "
			              "nobody who is known here:");
		buffer_text(&row, "  unsigned ");
		sign_name(x, &row, x->old->file[i].name);
		sign_say_long(x, 11, &row);
		out_enter(x->c, "unsigned");
		sign_out_escaped(x->c, "path", bytes_of(x->old->file[i].name));
		out_leave(x->c);
	}
	AUTO_BUFFER row = {0};
	buffer_format(&row, "There is no %s%s%s: whether there was one is not known.",
	              counter ? "" : "rollback counter (" KEXEC_ROLLBACK ")",
	              counter || header ? "" : ", and no ", header ? "" : PRIMHDL);
	if (!counter || !header)
		sign_say_long(x, 2, &row);
}

static enum err not_by_agents(struct signing *x)
{
	return cli_why(x->c, ERR_REFUSED,
	               "No good signature tells what has changed, so nobody is asked "
	               "through the agents. Run at a terminal: bootlatch sign");
}

static enum err first_time(struct signing *x, const char *why)
{
	AUTO_BUFFER first = {0}, all = {0};
	char n[40], size[40];

	buffer_text(&first, why);
	sign_say_long(x, 0, &first);
	buffer_format(&all,
	              "Nothing tells what has changed: all of it (%s, %s) is taken on "
	              "trust as it lies there now.",
	              sign_count(x->files, "file", "files", n),
	              sign_size(x->bytes, size));
	sign_say_long(x, 0, &all);
	out_text(x->c, "since", NULL);
	out_text(x->c, "base", NULL);
	if (sign_has_old(x))
		tell_unsigned(x);
	return x->c->sign.agents ? not_by_agents(x) : OK;
}

/* --- what tells --- */

static const char *const base_words[] = {
        [BASE_NONE] = NULL,         [BASE_BOOT] = "boot", [BASE_AHEAD] = "ahead",
        [BASE_TRIGGER] = "trigger", [BASE_VOID] = "kept", [BASE_OLDER] = "newer",
};

static void head(struct signing *x, const char *day)
{
	switch (x->base_kind) {
	case BASE_TRIGGER:
		cli_say(x->c,
		        "A package left its trigger file beside what is signed: Heads "
		        "refuses it.");
		break;
	case BASE_VOID:
		cli_say(x->c, x->old->sig
		                      ? "The signature there is no longer good. This is "
		                        "told from what was signed here."
		                      : "The signature is gone (kexec.sig). This is told "
		                        "from what was signed here.");
		break;
	case BASE_OLDER:
		cli_say(x->c,
		        "The signature there is older than what was signed here on %s:\n"
		        "somebody put an older state back. This is told from that.",
		        day);
		break;
	default:
		break;
	}
	if (x->last.created > x->now)
		cli_say(x->c, "That signature is dated later than now: the clock is "
		              "behind.");
	cli_say(x->c, "Since it was signed on %s:", day);
}

/* Quotes and escapes in a message of one line can be misread. */
static enum err check_for_agents(struct view *v, enum since_by by)
{
	struct signing *x = v->x;

	if (!x->c->sign.agents)
		return OK;
	if (x->base_kind != BASE_BOOT || by == SINCE_HEADS)
		return not_by_agents(x);
	for (size_t i = 0; i < v->n; i++) {
		const struct since_change *c = &v->told[i].c;

		if (!sign_is_plain(bytes_of(c->path)) ||
		    (c->a && c->a->target && !sign_is_plain(bytes_of(c->a->target))) ||
		    (c->b && c->b->target && !sign_is_plain(bytes_of(c->b->target))))
			return sign_odd_for_agents(x);
	}
	return OK;
}

static void tell_by(const struct signing *x, enum since_by by)
{
	if (by == SINCE_HEADS)
		cli_say(x->c, "  (by the lists of Heads, which hold no modes, owners and "
		              "links, and nothing\n  whose name begins with kexec)");
	if (by == SINCE_STALE)
		cli_say(x->c, "  (Heads has signed since bootlatch did: what it signed "
		              "is told too)");
}

static enum err show(struct signing *x, const struct since *s)
{
	struct view v = {.x = x};
	char day[40];

	(void)sign_day(x->last.created, day);
	enum err e = gather(&v, s);
	if (e == OK)
		e = check_for_agents(&v, s->by);
	if (e == OK) {
		head(x, day);
		sign_tell_changes(x, v.told, v.n);
		tell_by(x, s->by);
		out_text(x->c, "since", day);
		out_text(x->c, "base", base_words[x->base_kind]);
		out_number(x->c, "changed", (long)v.n);
	}
	free(v.told);
	return e;
}

enum err sign_show_since(struct signing *x)
{
	struct since *s = NULL;

	if (!x->base)
		return first_time(x, why_none(x));
	/* Which files boot; what is wrong with the menu is said when it is used. */
	enum err e = entries_read(x->dir, x->tree, &x->entries);
	if (e != OK)
		x->entries = NULL;
	e = since_compare(x->base, x->tree, &s);
	if (e == ERR_FORMAT) {
		x->base = NULL;
		x->base_kind = BASE_NONE;
		x->good = false;
		return first_time(x, "The signed lists are missing or not understood.");
	}
	if (e == OK)
		e = show(x, s);
	s = since_free(s);
	x->entries = entries_free(x->entries);
	return e;
}
