/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bootlatch sign: the set of files as it is to be signed. */
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "cli/output.h"
#include "cli/sign.h"

enum { LISTED_MAX = 20 };

/* --- what is made anew, and what stays as Heads wrote it --- */

static enum err keep_old(struct signing *x)
{
	enum err e = kexec_new(&x->set);

	for (size_t i = 0; e == OK && i < x->old->n; i++) {
		const struct kexec_file *f = &x->old->file[i];

		if (sign_is_trigger(f->name))
			cli_say(x->c, "%s goes: a package left it there.", f->name);
		else if (!sign_is_made_anew(f->name))
			e = kexec_put(x->set, f->name, (struct bytes){f->data, f->n});
	}
	return e;
}

static enum err put_lists(struct signing *x)
{
	enum err e = OK;

	for (enum manifest_kind k = 0; e == OK && k < MANIFEST_KINDS; k++)
		e = kexec_put_list(x->set, k, x->tree);
	return e;
}

/* --- the default entry --- */

static void list_entry(const struct signing *x, size_t i)
{
	const struct boot_entry *b = &x->entries->entry[i];
	AUTO_BUFFER row = {0};

	buffer_format(&row, "%4zu  ", i + 1);
	sign_name(x, &row, b->name);
	if (b->unusable)
		buffer_format(&row, ": no default, as %s", b->unusable);
	sign_say_long(x, 6, &row);
}

static void list_entries(struct signing *x)
{
	const struct boot_entries *b = x->entries;

	cli_say(x->c, "Entries of the boot menu:");
	for (size_t i = 0; i < b->n && i < LISTED_MAX; i++)
		list_entry(x, i);
	if (b->n > LISTED_MAX)
		cli_say(x->c, "      and %zu more", b->n - LISTED_MAX);
}

static enum err no_default(struct signing *x)
{
	const struct sign_wish *w = &x->c->sign;

	if (x->entries->n == 0)
		return cli_why(
		        x->c, ERR_REFUSED,
		        "No boot menu with an entry was found in %s (grub.cfg, "
		        "loader/entries). Make it (update-grub), or sign without a "
		        "default: --default none.",
		        x->boot);
	list_entries(x);
	if (w->entry == DEFAULT_NUMBER)
		return cli_why(x->c, ERR_USAGE, "There is no entry %zu.", w->number);
	return cli_why(x->c, ERR_REFUSED,
	               "The default entry of before is gone from the menu. Choose "
	               "another one: --default N, first, or none.");
}

/* It was chosen, and cannot be put. */
static enum err bad_default(struct signing *x, enum err e)
{
	const size_t n = x->entry.number;
	const char *why = e == ERR_NOT_FOUND ? "it boots a file that is not there"
	                                     : x->entries->entry[n - 1].unusable;

	list_entries(x);
	return cli_why(x->c, ERR_REFUSED,
	               "Entry %zu cannot become the default: %s. Choose another one: "
	               "--default N, or none.",
	               n, why ? why : err_text(e));
}

/* Lines of before that nobody known signed keep nothing. */
static enum err check_base(struct signing *x)
{
	if (x->base || x->c->sign.entry != DEFAULT_KEEP || !sign_has_old(x))
		return OK;
	if (x->entries->n > 0)
		list_entries(x);
	return cli_why(x->c, ERR_REFUSED,
	               "Which entry was the default is not known, as no good signature "
	               "tells. Say which one is to be: --default N, first, or none.");
}

enum err sign_odd_for_agents(struct signing *x)
{
	return cli_why(x->c, ERR_REFUSED,
	               "What is to be told holds quotes or other odd characters, so "
	               "nobody is asked through the agents. Run at a terminal: bootlatch "
	               "sign");
}

/* What agents show is one line, with names and lines in quotes. */
static enum err check_for_agents(struct signing *x)
{
	const struct boot_entry *b =
	        x->entry.number > 0 ? &x->entries->entry[x->entry.number - 1] : NULL;

	if (!x->c->sign.agents || !b)
		return OK;
	if (sign_is_plain(bytes_of(b->name)) &&
	    (x->entry.why == DEFAULT_AS_BEFORE || sign_is_plain(bytes_of(b->line))))
		return OK;
	return sign_odd_for_agents(x);
}

/* Heads' order of the menu, from now on: as told, or as somebody known signed it. */
static enum err plan_order(struct signing *x)
{
	const struct sign_wish *w = &x->c->sign;
	const bool was = x->base && kexec_find(x->base, KEXEC_SORTED);

	if (!w->has_menu && !was && x->base && entries_seem_sorted(x->entries, x->base))
		cli_say(x->c, "The Heads that set the default entry seems to sort its "
		              "menu: sign with\n--menu sorted, or it asks at the next "
		              "boot.");
	if (!(w->has_menu ? w->sorted : was))
		return OK;
	entries_sort(x->entries);
	return kexec_put(x->set, KEXEC_SORTED, bytes_of("sorted\n"));
}

static enum err plan_default(struct signing *x)
{
	const struct sign_wish *w = &x->c->sign;

	enum err e = entries_read(x->dir, x->tree, &x->entries);
	if (e == ERR_BUSY)
		return cli_why(x->c, ERR_REFUSED,
		               "The boot menu changed while it was read. Wait until what "
		               "writes there (update-grub) has ended, then sign again.");
	if (e == ERR_UNSUPPORTED)
		return cli_why(x->c, ERR_REFUSED,
		               "The boot menu in %s is larger than is taken.", x->boot);
	if (e != OK)
		return e;
	e = plan_order(x);
	if (e == OK)
		e = check_base(x);
	if (e != OK)
		return e;
	e = default_choose(x->entries, x->base ? x->base : x->old, w->entry, w->number,
	                   &x->entry);
	if (e == ERR_NOT_FOUND)
		return no_default(x);
	if (e == OK)
		e = check_for_agents(x);
	if (e != OK)
		return e;
	e = default_put(x->entries, &x->entry, x->tree, x->set);
	return (e == ERR_NOT_FOUND || e == ERR_UNSUPPORTED) && x->entry.number > 0
	               ? bad_default(x, e)
	               : e;
}

/* --- the rollback counter --- */

/* Only what was asked for by name must be possible. */
static enum err no_bump(struct signing *x, const char *why)
{
	if (x->c->sign.rollback == ROLLBACK_BUMP)
		return cli_why(x->c, ERR_REFUSED, "The rollback counter cannot go up. %s",
		               why);
	cli_say(x->c, "The rollback counter stays as it is. %s", why);
	return OK;
}

/* The TPM's count, and whether the line of before still pins it. */
static enum err plan_bump(struct signing *x, const struct kexec_file *f)
{
	const bool keep = x->c->sign.rollback == ROLLBACK_KEEP;
	AUTO_BUFFER line = {0};

	enum err e = rollback_parse((struct bytes){f->data, f->n}, &x->rollback);
	if (e != OK)
		return keep ? OK : no_bump(x, "Its line is not understood.");
	if (!x->rollback.tpm2)
		return keep ? OK
		            : no_bump(x, "This is a TPM 1.2, whose counter only Heads "
		                         "raises.");
	e = x->counter->read(x->counter->ctx, &x->rollback, &x->count);
	if (e != OK)
		return keep ? OK : no_bump(x, counter_text(e));
	const bool stale = !rollback_pins(&x->rollback, x->count);

	if (keep && stale)
		cli_say(x->c, "The TPM's counter is not where kexec_rollback.txt says: "
		              "Heads will refuse to boot. Sign without --rollback keep.");
	/* What nothing has changed needs no new count. */
	if (keep || (x->same && !stale && x->c->sign.rollback == ROLLBACK_AUTO))
		return OK;
	e = rollback_line(&x->rollback, x->count + 1, &line);
	if (e == OK)
		e = buffer_ok(&line);
	if (e == OK)
		e = kexec_put(x->set, KEXEC_ROLLBACK, buffer_bytes(&line));
	x->bump = e == OK;
	return e;
}

static enum err plan_rollback(struct signing *x)
{
	const struct kexec_file *f = kexec_find(x->set, KEXEC_ROLLBACK);

	if (!f && x->c->sign.rollback == ROLLBACK_BUMP)
		return cli_why(
		        x->c, ERR_REFUSED,
		        "There is no rollback counter: Heads makes it when it signs "
		        "for the first time.");
	if (!f)
		return OK;
	if (x->c->sign.rollback == ROLLBACK_NONE) {
		kexec_drop(x->set, KEXEC_ROLLBACK);
		return OK;
	}
	return plan_bump(x, f);
}

/* --- all of it --- */

static bool has_all_of(const struct kexec_set *set, const struct kexec_set *of)
{
	for (size_t i = 0; i < of->n; i++) {
		const struct kexec_file *a = &of->file[i];
		const struct kexec_file *b = kexec_find(set, a->name);

		if (!b || memcmp(a->sha256, b->sha256, TREE_HASH_LEN) != 0)
			return false;
	}
	return true;
}

static bool all_same(const struct signing *x)
{
	return x->old->n == x->set->n && has_all_of(x->set, x->old);
}

/* The signature holds their content alone; what is written anew is root's. */
static bool all_ours(const struct signing *x)
{
	/* Who only looks is somebody else. */
	if (!x->tree->permissions || (x->c->sign.dry_run && geteuid() != 0) ||
	    (kexec_all_ours(x->dir, x->set) && kexec_is_ours(x->dir, KEXEC_SIG)))
		return true;
	cli_say(x->c, "Others have a say in files kexec* there, by mode or owner: they "
	              "are put right.");
	return false;
}

bool sign_nothing_to_do(const struct signing *x)
{
	return x->good && x->same && x->style == x->last_style &&
	       (!x->key_known ||
	        memcmp(x->signers->key[x->last.key].fpr, x->key.fpr, PGP_FPR_LEN) == 0);
}

/* Said before a PIN is typed for nothing. */
static enum err check_space(struct signing *x)
{
	struct statvfs fs;
	uint64_t want = KEXEC_SIG_MAX;
	char size[40];

	if (fstatvfs(x->dir, &fs) != 0)
		return OK; /* it is found out later then */
	for (size_t i = 0; i < x->set->n; i++)
		want += x->set->file[i].n + fs.f_frsize;
	if (want / (fs.f_frsize > 0 ? fs.f_frsize : 1) < fs.f_bavail)
		return OK;
	return cli_why(x->c, ERR_NO_SPACE,
	               "%s has no room for %s of new manifests beside the old ones. "
	               "Remove an old kernel, then sign again.",
	               x->boot, sign_size(want, size));
}

enum err sign_plan(struct signing *x)
{
	const struct sign_wish *w = &x->c->sign;

	x->style = w->has_style ? w->style : x->base ? x->last_style : KEXEC_RELATIVE;
	enum err e = keep_old(x);
	if (e == OK)
		e = put_lists(x);
	if (e == OK)
		e = plan_default(x);
	if (e != OK)
		return e;
	x->same = all_same(x);
	e = plan_rollback(x);
	x->same = x->same && all_same(x) && all_ours(x);
	return e == OK && !w->dry_run ? check_space(x) : e;
}
