/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bootlatch sign: what changed, what is to be signed, in words and in JSON. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/output.h"
#include "cli/sign.h"

enum { SHOWN_MAX = 20 };

/* --- numbers --- */

const char *sign_count(uint64_t n, const char *one, const char *many, char out[static 40])
{
	(void)snprintf(out, 40, "%llu %s", (unsigned long long)n, n == 1 ? one : many);
	return out;
}

const char *sign_size(uint64_t bytes, char out[static 40])
{
	static const char *const units[] = {"bytes", "kB", "MB", "GB"};
	double v = (double)bytes;
	size_t i = 0;

	for (; v >= 1000 && i + 1 < sizeof(units) / sizeof(units[0]); i++)
		v /= 1000;
	(void)snprintf(out, 40, v < 10 && i > 0 ? "%.1f %s" : "%.0f %s", v, units[i]);
	return out;
}

const char *sign_day(uint32_t t, char out[static 40])
{
	const time_t when = (time_t)t;
	struct tm tm = {0};

	if (!gmtime_r(&when, &tm) || strftime(out, 40, "%Y-%m-%d %H:%M UTC", &tm) == 0)
		(void)snprintf(out, 40, "?");
	return out;
}

/* --- what changed --- */

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

struct since_view {
	struct signing *x;
	size_t n, n_of[KINDS];
};

static void one_line(struct cli *c, unsigned bit, const char *word,
                     const struct tree_entry *a, const struct tree_entry *b)
{
	const char *path = sign_path(b ? b->path : a->path);
	/* What Heads' lists do not tell is not said to have been something else. */
	const bool both = a && b;

	if (bit == CHANGE_MODE && both)
		cli_say(c, "  %-8s %s  %04o, was %04o", word, path, (unsigned)b->mode,
		        (unsigned)a->mode);
	else if (bit == CHANGE_OWNER && both)
		cli_say(c, "  %-8s %s  %u:%u, was %u:%u", word, path, (unsigned)b->uid,
		        (unsigned)b->gid, (unsigned)a->uid, (unsigned)a->gid);
	else if (bit == CHANGE_TARGET && both && a->target && b->target)
		cli_say(c, "  %-8s %s -> %s, was %s", word, path, b->target, a->target);
	else
		cli_say(c, "  %-8s %s", word, path);
}

static void tell(const struct tree_entry *a, const struct tree_entry *b, unsigned changes,
                 void *ctx)
{
	struct since_view *v = ctx;
	struct cli *c = v->x->c;
	const bool shown = v->n < SHOWN_MAX || c->sign.diff || c->sign.agents;

	v->n++;
	for (size_t i = 0; i < KINDS; i++) {
		if ((changes & kinds[i].bit) == 0)
			continue;
		v->n_of[i]++;
		if (shown)
			one_line(c, kinds[i].bit, kinds[i].word, a, b);
		out_enter(c, "changes");
		out_text(c, "path", sign_path(b ? b->path : a->path));
		out_text(c, "change", kinds[i].word);
		out_leave(c);
	}
}

/* "2 added, 1 changed" */
static void sum(const struct since_view *v, char *out, size_t cap)
{
	size_t n = 0;

	for (size_t i = 0; i < KINDS && n < cap; i++)
		if (v->n_of[i] > 0)
			n += (size_t)snprintf(out + n, cap - n, "%s%zu %s",
			                      n > 0 ? ", " : "", v->n_of[i],
			                      kinds[i].word);
}

static enum err first_time(struct signing *x, const char *why)
{
	char n[40], size[40];

	cli_say(x->c,
	        "%s\nNothing tells what has changed: all of it (%s, %s) is taken "
	        "on "
	        "trust\nas it lies there now.",
	        why, sign_count(x->files, "file", "files", n), sign_size(x->bytes, size));
	out_text(x->c, "since", NULL);
	if (!x->c->sign.agents)
		return OK;
	return cli_why(x->c, ERR_REFUSED,
	               "No good signature tells what has changed, so nobody is asked "
	               "through the agents. Run at a terminal: bootlatch sign");
}

enum err sign_show_since(struct signing *x)
{
	struct since_view v = {.x = x};
	enum since by = SINCE_FULL;
	char text[160] = "", day[40];

	if (!x->good)
		return first_time(
		        x, !x->old->sig ? "No signature is there yet (kexec.sig)."
		           : x->signers->n == 0
		                   ? "There is a signature, but no key is known on "
		                     "this machine to judge it by."
		                   : "The signature that is there is not good: by none "
		                     "of the known keys, or not over this.");
	(void)sign_day(x->last.created, day);
	cli_say(x->c, "Since it was signed on %s:", day);
	const enum err e = since_compare(x->old, x->tree, tell, &v, &by);
	if (e == ERR_FORMAT)
		return first_time(x, "The signed lists are missing or not understood.");
	if (e != OK)
		return e;
	sum(&v, text, sizeof(text));
	if (v.n == 0)
		cli_say(x->c, "  nothing has changed");
	else if (v.n > SHOWN_MAX && !x->c->sign.diff && !x->c->sign.agents)
		cli_say(x->c, "  and %zu more: %s in all (--diff lists them)",
		        v.n - SHOWN_MAX, text);
	else
		cli_say(x->c, "  %s", text);
	if (by == SINCE_HEADS)
		cli_say(x->c, "  (by the lists of Heads, which hold no modes, owners and "
		              "links)");
	out_text(x->c, "since", day);
	out_number(x->c, "changed", (long)v.n);
	return OK;
}

/* --- what is to be --- */

/* "0123 4567 ...": as gpg writes it. */
static void spaced(const char *fpr, char out[static 64])
{
	size_t n = 0;

	for (size_t i = 0; fpr[i] != '\0' && n < 60; i++) {
		if (i > 0 && i % 4 == 0)
			out[n++] = ' ';
		if (i == 20)
			out[n++] = ' ';
		out[n++] = fpr[i];
	}
	out[n] = '\0';
}

void sign_show_key(struct signing *x)
{
	const struct card_info *info = session_card(x->session);
	char fpr[64];

	spaced(x->fpr, fpr);
	cli_say(x->c, "Card %s, signing key\n  %s", info->ident, fpr);
	if (x->signers->n == 0)
		cli_say(x->c,
		        "Nothing was signed on this machine before: from now on this "
		        "key's signatures\nare taken here. Heads must know the key "
		        "too.");
	else if (!signers_find(x->signers, x->key.fpr))
		cli_say(x->c,
		        "This key is new on this machine: from now on its signatures "
		        "are taken here too.\nHeads must know it as well.");
	out_text(x->c, "key", x->fpr);
	out_text(x->c, "serial", info->ident);
}

static void show_default(struct signing *x)
{
	const size_t n = x->entry.number;
	const char *name =
	        n > 0 && n <= x->entries->n ? x->entries->entry[n - 1].name : NULL;

	if (name)
		cli_say(x->c, "Default entry: %zu, %s\n  %s", n, name,
		        default_why_text(x->entry.why));
	else
		cli_say(x->c, "No default entry: Heads shows its menu.\n  %s",
		        default_why_text(x->entry.why));
	out_object(x->c, "default");
	out_number(x->c, "number", (long)n);
	out_text(x->c, "why", default_why_text(x->entry.why));
	out_text(x->c, "name", name);
	out_leave(x->c);
}

static void show_rollback(struct signing *x)
{
	const bool was = kexec_find(x->old, KEXEC_ROLLBACK) != NULL;
	const bool is = kexec_find(x->set, KEXEC_ROLLBACK) != NULL;

	if (x->bump)
		cli_say(x->c, "Rollback counter: goes up from %llu to %llu.",
		        (unsigned long long)x->count, (unsigned long long)x->count + 1);
	else if (was && !is)
		cli_say(x->c,
		        "Rollback counter: taken out. An older /boot with its old "
		        "signature would boot\nagain, until Heads signs the next time.");
	out_text(x->c, "rollback",
	         x->bump ? "bump"
	         : is    ? "keep"
	         : was   ? "removed"
	                 : "none");
}

void sign_show_plan(struct signing *x)
{
	show_default(x);
	show_rollback(x);
	if (!x->good || x->style != x->last_style || x->c->sign.has_style)
		cli_say(x->c, "Manifest: %s names, as %s.", kexec_style_text(x->style),
		        x->style == KEXEC_RELATIVE
		                ? "Heads reads them since April 2026"
		                : "PureBoot and older Heads read them");
	out_text(x->c, "style", kexec_style_text(x->style));
}

static void one_file(struct signing *x, const char *word, const char *name, size_t n)
{
	char size[40];

	cli_say(x->c, "  %-8s %s (%s)", word, name, sign_size(n, size));
	out_enter(x->c, "files");
	out_text(x->c, "name", name);
	out_text(x->c, "what", word);
	out_leave(x->c);
}

void sign_show_files(struct signing *x)
{
	cli_say(x->c, "What would be written:");
	for (size_t i = 0; i < x->set->n; i++) {
		const struct kexec_file *f = &x->set->file[i];
		const struct kexec_file *was = kexec_find(x->old, f->name);
		const bool same =
		        was && memcmp(was->sha256, f->sha256, TREE_HASH_LEN) == 0;

		one_file(x, same ? "stays" : was ? "changed" : "new", f->name, f->n);
	}
	for (size_t i = 0; i < x->old->n; i++)
		if (!kexec_find(x->set, x->old->file[i].name))
			one_file(x, "goes", x->old->file[i].name, x->old->file[i].n);
	cli_say(x->c, "  %-8s %s", "changed", KEXEC_SIG);
}
