/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bootlatch sign: what changed, what is to be signed, in words and in JSON. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/output.h"
#include "cli/sign.h"

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

/* The default's line of before, without its newline; n == 0: none. */
static struct bytes line_before(const struct signing *x)
{
	for (size_t i = 0; x->base && i < x->base->n; i++) {
		const struct kexec_file *f = &x->base->file[i];
		struct bytes line = {f->data, f->n};

		if (strncmp(f->name, KEXEC_DEFAULT, strlen(KEXEC_DEFAULT)) != 0)
			continue;
		while (line.n > 0 && line.p[line.n - 1] == '\n')
			line.n--;
		return line;
	}
	return (struct bytes){0};
}

static void say_boot_line(const struct signing *x, const char *word, struct bytes line)
{
	AUTO_BUFFER row = {0};

	buffer_format(&row, "  %-6s ", word);
	if (x->c->sign.agents)
		sign_quote(&row, line);
	else
		sign_escape(&row, line);
	sign_say_long(x, 9, &row);
}

static void out_line(struct cli *c, const char *key, struct bytes line)
{
	if (line.n > 0)
		sign_out_escaped(c, key, line);
	else
		out_text(c, key, NULL);
}

static void show_default_name(const struct signing *x, const char *name)
{
	AUTO_BUFFER row = {0};

	buffer_format(&row, "Default entry: %zu%s, ", x->entry.number,
	              x->entries->sorted ? " of the sorted menu" : "");
	sign_name(x, &row, name);
	sign_say_long(x, 2, &row);
}

/* What would be booted is told unless it is what was signed before. */
static void show_default(struct signing *x)
{
	const size_t n = x->entry.number;
	const struct boot_entry *b =
	        n > 0 && n <= x->entries->n ? &x->entries->entry[n - 1] : NULL;
	const struct bytes was = line_before(x);
	const struct bytes line = b ? bytes_of(b->line) : (struct bytes){0};
	const bool same = x->entry.why == DEFAULT_AS_BEFORE && x->good;
	AUTO_BUFFER why = {0};

	if (b)
		show_default_name(x, b->name);
	else
		cli_say(x->c, "No default entry: Heads shows its menu.");
	buffer_format(&why, "  %s", default_why_text(x->entry.why));
	sign_say_long(x, 2, &why);
	if (b && (!same || x->c->sign.dry_run))
		say_boot_line(x, "boots", line);
	if (was.n > 0 && !bytes_equal(was, line))
		say_boot_line(x, "was", was);
	out_object(x->c, "default");
	out_number(x->c, "number", (long)n);
	out_text(x->c, "menu", x->entries->sorted ? "sorted" : "file");
	out_text(x->c, "why", default_why_text(x->entry.why));
	if (b)
		sign_out_escaped(x->c, "name", bytes_of(b->name));
	else
		out_text(x->c, "name", NULL);
	out_line(x->c, "line", line);
	out_line(x->c, "was", was);
	out_leave(x->c);
}

static void show_rollback(struct signing *x)
{
	const bool was = kexec_find(x->base ? x->base : x->old, KEXEC_ROLLBACK) != NULL;
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

	AUTO_BUFFER row = {0};

	buffer_format(&row, "  %-8s ", word);
	sign_name(x, &row, name);
	buffer_format(&row, " (%s)", sign_size(n, size));
	sign_say_long(x, 11, &row);
	out_enter(x->c, "files");
	sign_out_escaped(x->c, "name", bytes_of(name));
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
