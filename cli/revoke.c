/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bootlatch revoke: a lost dongle, in every volume of this machine. */
#include "cli/revoke.h"

#include <stdlib.h>

#include "cli/confirm.h"
#include "cli/crypttab.h"
#include "cli/heads.h"
#include "cli/output.h"
#include "cli/unenroll.h"
#include "unlock/fields.h"

enum err ways_take_yes(struct cli *c, const char *arg)
{
	(void)arg;
	c->ways.yes = true;
	return OK;
}

enum err ways_take_dry_run(struct cli *c, const char *arg)
{
	(void)arg;
	c->ways.dry_run = true;
	return OK;
}

enum err ways_take_fingerprint(struct cli *c, const char *arg)
{
	if (field_fpr(arg, c->ways.key) != OK)
		return cli_why(
		        c, ERR_USAGE,
		        "--fingerprint takes the 40 hexadecimal digits of bootlatch "
		        "list, in capitals, not \"%s\".",
		        arg);
	c->ways.has_key = true;
	return OK;
}

static enum err confirm(struct revocation *r)
{
	struct ask *a = NULL;

	if (r->c->ways.yes)
		return OK;
	enum err e = ask_open_tty(&a);
	if (e == ERR_NOT_FOUND)
		return cli_why(r->c, ERR_USAGE,
		               "Nobody can be asked whether to revoke it. Run this at a "
		               "terminal, or add --yes.");
	if (e != OK)
		return e;
	e = cli_confirm(r->c, a, "yes",
	                "The dongle opens none of these volumes any more then.");
	a = ask_close(a);
	return e;
}

/* --- one volume --- */

static int next_slot(const struct revocation *r, const struct volume *v)
{
	for (size_t i = 0; i < v->n_enrolled; i++)
		if (revoke_is_meant(r, v, &v->enrolled[i]))
			return v->enrolled[i].keyslot;
	return -1;
}

static enum err kill_ways(struct revocation *r, struct revoke_volume *rv)
{
	enum err e = OK;
	int slot;

	if (next_slot(r, rv->v) < 0)
		return OK;
	if (rv->v->strange)
		return cli_untrusted(r->c, rv->v, ERR_TAMPERED);
	heads_warn(r->c);
	while (e == OK && (slot = next_slot(r, rv->v)) >= 0) {
		out_enter(r->c, "removed");
		out_text(r->c, "device", rv->device);
		e = unenroll_way(r->c, rv->v, slot, NULL);
		if (e != OK && !*r->c->why)
			e = cli_untrusted(r->c, rv->v, e);
		out_leave(r->c);
		r->changed = r->changed || e == OK;
		if (e == OK && next_slot(r, rv->v) == slot) /* it would go on for ever */
			e = ERR_IO;
	}
	return e;
}

/* What went wrong with one volume is told at once: the others are gone through too. */
static void tell_error(struct revocation *r, struct revoke_volume *rv)
{
	struct cli *c = r->c;

	cli_say(c, "%s: %s", rv->device, *c->why ? c->why : err_text(rv->e));
	c->why[0] = '\0';
}

static void one(struct revocation *r, struct revoke_volume *rv)
{
	if (!rv->v)
		return;
	r->c->device = r->c->where.device = rv->device;
	const bool was = next_slot(r, rv->v) >= 0;
	rv->e = rv->v->state == RECORD_BROKEN ? cli_untrusted(r->c, rv->v, ERR_TAMPERED)
	                                      : kill_ways(r, rv);
	/* Also what a run before this one may have left. */
	if (rv->e == OK && (was || (r->again && unenroll_none_at_boot(rv->v)))) {
		rv->e = unenroll_at_boot(r->c);
		r->line_left = r->line_left || rv->e != OK;
	}
	if (rv->e != OK)
		tell_error(r, rv);
}

/* --- all --- */

static bool any_is_ours(const struct revocation *r)
{
	for (size_t i = 0; i < r->m->n; i++)
		if (machine_names_us(&r->m->volume[i]))
			return true;
	return false;
}

static enum err at_end(struct revocation *r)
{
	struct cli *c = r->c;
	enum err first = OK;

	for (size_t i = 0; i < r->n; i++) {
		const struct revoke_volume *rv = &r->volume[i];

		if (first == OK && (rv->v ? rv->e != OK : revoke_absent(r, rv)))
			first = rv->e == OK ? ERR_NOT_FOUND : rv->e;
	}
	if (first == OK) {
		cli_say(c, "The dongle opens no volume of this machine any more.");
		return OK;
	}
	return cli_why(c, first,
	               "Not every volume is done: see above. Mend that and run this "
	               "again; what is done stays done.");
}

static enum err image_failed(struct cli *c, enum err e)
{
	char before[CLI_WHY_MAX];

	memcpy(before, c->why, sizeof(before));
	return cli_why(c, e,
	               "The keyslots are gone. %.300s. Mend that and run this again.",
	               *before ? before : err_text(e));
}

static enum err act(struct revocation *r, bool ours)
{
	struct cli *c = r->c;

	enum err e = revoke_note_save(r);
	if (e != OK)
		return cli_why(c, e, "%s cannot be written: %s. Nothing was changed.",
		               c->where.config_dir, err_text(e));
	c->ways.image_later = true;
	for (size_t i = 0; i < r->n; i++)
		one(r, &r->volume[i]);
	c->ways.image_later = false;
	c->device = c->where.device = NULL; /* it was the list's */
	if (ours && (r->changed || r->again)) {
		e = crypttab_make_image(c);
		if (e != OK)
			return image_failed(c, e);
	}
	/* Without it nothing would tell the next run what to finish. */
	e = r->line_left ? OK : revoke_note_remove(r);
	if (e == OK) {
		revoke_tell_rest(r);
		e = at_end(r);
	}
	return e;
}

/* Who has a way in there nobody knows. */
static enum err broken(struct revocation *r)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct volume *v = r->volume[i].v;

		if (!v || v->state != RECORD_BROKEN)
			continue;
		r->c->device = r->volume[i].device; /* for the sentence */
		const enum err e = cli_untrusted(r->c, v, ERR_TAMPERED);
		r->c->device = NULL;
		return e;
	}
	return OK;
}

static enum err nothing(struct revocation *r)
{
	struct cli *c = r->c;

	const enum err e = broken(r);
	if (e != OK)
		return e;
	if (c->serial)
		return cli_why(c, ERR_NOT_ENROLLED,
		               "No volume of this machine has a way in for card %s. See "
		               "bootlatch list DEVICE for those that have one.",
		               c->serial);
	return cli_why(c, ERR_NOT_ENROLLED,
	               "No volume of this machine has a way in for %s.",
	               c->ways.has_key ? "that key" : "a dongle");
}

static enum err course(struct revocation *r)
{
	struct cli *c = r->c;

	enum err e = revoke_find(r);
	if (e == OK)
		e = revoke_note_load(r);
	if (e == OK && r->again && c->device)
		e = cli_why(
		        c, ERR_REFUSED,
		        "A revocation was cut short before. Finish it first: bootlatch "
		        "revoke, without %s.",
		        c->device);
	if (e == OK && r->again)
		cli_say(c, "A revocation was cut short before. It is finished now.");
	if (e == OK)
		e = revoke_choose(r);
	if (e != OK)
		return e;
	if (r->n_keys == 0)
		return nothing(r);
	revoke_tell_plan(r);
	if (c->ways.dry_run) {
		cli_say(c, "Nothing was changed.");
		return OK;
	}
	const bool ours = any_is_ours(r);
	e = confirm(r);
	return e == OK ? act(r, ours) : e;
}

static enum err run(struct cli *c)
{
	struct revocation *r = calloc(1, sizeof(*r));

	if (!r)
		return ERR_NOMEM;
	if (c->serial && c->ways.has_key) {
		free(r);
		return cli_why(c, ERR_USAGE, "Either --serial or --fingerprint.");
	}
	r->c = c;
	const enum err e = course(r);
	revoke_clear(r);
	free(r);
	return e;
}

static const struct own_option own[] = {
        {"fingerprint",                          "F", "the dongle with this decryption key",
         ways_take_fingerprint},
        {"dry-run", NULL, "only show what would be done", ways_take_dry_run},
        {"yes",                                      NULL, "do not ask whether to do it", ways_take_yes},
        {0                                 },
};

const struct verb verb_revoke = {
        .name = "revoke",
        .operands = "[DEVICE]",
        .min_operands = 0,
        .max_operands = 1,
        .opts = OPT_BOOT | OPT_CONFIG | OPT_HEADER | OPT_SERIAL | OPT_FORCE |
                OPT_CRYPTTAB_FILE | OPT_NO_INITRAMFS | OPT_JSON | OPT_DEBUG | OPT_HELP,
        .own = own,
        .summary = "take a lost dongle's ways in away, in every volume",
        .help = "For a dongle that is lost or stolen; it is not needed. In every volume "
                "of this machine, or in\n"
                "DEVICE alone, it kills the dongle's keyslot and removes its token, its "
                "file on /boot and its\n"
                "record; where no dongle is left our keyscript goes out of crypttab; "
                "then update-initramfs is\n"
                "run. Which dongle: --serial, --fingerprint, or from a list. What nobody "
                "but you can do is told\n"
                "at the end: the volume key made anew, and who may sign /boot. Cut "
                "short, it is finished by\n"
                "running it again. The last way into a volume goes only with --force "
                "and words typed on a\n"
                "terminal.",
        .run = run,
};
