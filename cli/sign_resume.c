/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bootlatch sign: what an interrupted signing left, judged, and finished with --resume.
 */
#include <stdio.h>
#include <string.h>

#include "cli/confirm.h"
#include "cli/output.h"
#include "cli/sign.h"
#include "core/hex.h"
#include "sign/last.h"
#include "sign/publish.h"

/* --- thrown away --- */

static enum err in_the_way(struct signing *x, enum err e)
{
	char what[KEXEC_NAME_MAX + 32];

	(void)stage_strange(x->dir, what, sizeof(what));
	return cli_why(x->c, e == ERR_IO ? e : ERR_REFUSED,
	               "%s/%s is in the way, and could not be removed (%s). Look at what "
	               "it is, remove it (umount, or rm -r), then sign again.",
	               x->boot, what, err_text(e));
}

static enum err throw_away(struct signing *x)
{
	const enum err e = stage_drop(x->dir);

	return e == OK || e == ERR_READ_ONLY ? e : in_the_way(x, e);
}

static enum err drop(struct signing *x, const char *why)
{
	const enum err e = throw_away(x);

	if (e != OK)
		return e;
	return cli_why(x->c, ERR_REFUSED,
	               "%s It was thrown away: sign again (bootlatch sign).", why);
}

/* --- is it to be believed? --- */

static enum err read_stage(struct signing *x)
{
	const enum err e = stage_read(x->dir, &x->set);

	switch (e) {
	case ERR_FORMAT:
		return drop(x, "What was staged is damaged.");
	case ERR_EXISTS:
		return drop(x, "Somebody has signed since what was staged was signed.");
	case ERR_REFUSED:
		return in_the_way(x, e); /* and what is whole stays */
	default:
		return e;
	}
}

static enum err older(struct signing *x, uint32_t staged, uint32_t newest)
{
	char was[40], is[40], why[200];

	(void)snprintf(
	        why, sizeof(why),
	        "What was staged was signed on %s, and %s since, on %s: it is older.",
	        sign_day(staged, was), x->boot, sign_day(newest, is));
	return drop(x, why);
}

/*
 * By a known key, and not older than what lies there or was signed here last: who can
 * write to /boot can put a stage there, with old files that were signed once.
 */
static enum err judge_stage(struct signing *x, struct detached *ret)
{
	enum err e = kexec_verify(x->set, x->signers->key, x->signers->n, x->now,
	                          &x->style, ret);

	if (e == ERR_NOT_FOUND || e == ERR_SIGNATURE || e == ERR_FORMAT)
		return drop(x, "What was staged is not signed by a key that is known on "
		               "this machine.");
	if (e == OK)
		e = kexec_read(x->dir, &x->old, NULL);
	if (e == OK)
		e = sign_find_base(x);
	if (e != OK)
		return e;
	if (x->base && x->last.created > ret->created)
		return older(x, ret->created, x->last.created);
	return OK;
}

enum err sign_no_stage(struct signing *x)
{
	struct detached staged = {0};

	enum err e = stage_read(x->dir, &x->set);
	switch (e) {
	case OK:
		e = judge_stage(x, &staged);
		break;
	case ERR_NOT_FOUND: /* or one that was never finished */
	case ERR_FORMAT:
	case ERR_EXISTS:
		return throw_away(x); /* now, and not after the signature */
	case ERR_REFUSED:
		return in_the_way(x, e);
	default:
		break;
	}
	if (e != OK)
		return e;
	return cli_why(x->c, ERR_REFUSED,
	               "A signing of %s was interrupted when it was nearly done. "
	               "Finish it first, without a PIN: bootlatch sign --resume.",
	               x->boot);
}

/* Are the lists in the set those of this tree? */
static enum err says(const struct kexec_set *set, const struct tree *t, bool *ret)
{
	uint8_t sha256[TREE_HASH_LEN];
	bool all = true;
	size_t n = 0;

	for (enum manifest_kind k = 0; all && k < MANIFEST_KINDS; k++) {
		const struct kexec_file *f = kexec_find(set, manifest_name(k));
		const enum err e = manifest_digest(k, t, sha256, &n);

		if (e != OK)
			return e;
		all = f && memcmp(f->sha256, sha256, sizeof(sha256)) == 0;
	}
	*ret = all;
	return OK;
}

/* Is it over what lies there now? */
static enum err check_files(struct signing *x)
{
	bool same = false;

	enum err e = sign_walk(x);
	if (e == OK)
		e = says(x->set, x->tree, &same);
	if (e != OK)
		return e;
	if (!same)
		return drop(x, "Files have changed since what was staged was signed.");
	return OK;
}

static bool in_place(const struct signing *x, const char *name)
{
	const struct kexec_file *a = kexec_find(x->set, name);
	const struct kexec_file *b = kexec_find(x->old, name);

	return a && b && memcmp(a->sha256, b->sha256, TREE_HASH_LEN) == 0;
}

/* Does the counter still have to go up?  The line that lies there already was put there
 * after that, or it stays as it was. */
static enum err check_counter(struct signing *x)
{
	const struct kexec_file *f = kexec_find(x->set, KEXEC_ROLLBACK);

	if (!f || in_place(x, KEXEC_ROLLBACK))
		return OK;
	enum err e = rollback_parse((struct bytes){f->data, f->n}, &x->rollback);
	if (e == OK)
		e = x->counter->read(x->counter->ctx, &x->rollback, &x->count);
	if (e != OK)
		return sign_with_resume(x, e, "The TPM's counter cannot be read");
	if (rollback_pins(&x->rollback, x->count))
		return OK;
	x->bump = rollback_pins(&x->rollback, x->count + 1);
	return x->bump ? OK : drop(x, "What was staged is for another count of the TPM.");
}

/* --- shown, and asked for --- */

static enum err show_stage(struct signing *x, const struct detached *staged)
{
	char day[40];

	hex_encode_up((struct bytes){x->key.fpr, PGP_FPR_LEN}, x->fpr);
	cli_say(x->c, "Signed on %s and not published yet, by the key\n  %s",
	        sign_day(staged->created, day), x->fpr);
	out_text(x->c, "key", x->fpr);
	out_text(x->c, "signed", day);
	const enum err e = sign_show_since(x);
	if (e == OK)
		sign_show_files(x);
	return e;
}

static enum err ask_person(struct signing *x)
{
	char hint[200];
	struct ask *a = NULL;

	if (x->c->sign.yes)
		return OK;
	enum err e = x->seams->ask(&a);
	if (e != OK)
		return cli_why(x->c, ERR_USAGE,
		               "Nobody can be asked whether to finish it. Run this at a "
		               "terminal, or add --yes.");
	(void)snprintf(hint, sizeof(hint), "Put this signature in place in %s?", x->boot);
	e = cli_confirm(x->c, a, "yes", hint);
	a = ask_close(a);
	/* It may have taken hours. */
	return e == OK ? sign_still_same(x) : e;
}

/* --- finished --- */

static enum err publish(struct signing *x)
{
	enum err e = x->bump ? sign_raise_counter(x) : OK;

	if (e == OK) {
		e = stage_publish(x->dir);
		if (e != OK)
			e = sign_with_resume(
			        x, e, "The new files could not all be put in place");
	}
	return e == OK ? sign_finish(x) : e;
}

enum err sign_resume(struct signing *x)
{
	struct detached staged = {0};

	enum err e = read_stage(x);
	if (e == ERR_NOT_FOUND) {
		cli_say(x->c, "No signing of %s was interrupted: nothing to finish.",
		        x->boot);
		out_bool(x->c, "published", false);
		return throw_away(x); /* one that was never finished */
	}
	if (e == OK)
		e = judge_stage(x, &staged);
	if (e != OK)
		return e;
	pubkey_copy(&x->key, &x->signers->key[staged.key]);
	/* What is noted from here on stays. */
	if (pending_read(x->seams->state, &x->pending) != OK)
		x->pending = (struct pending){0};
	e = check_files(x);
	if (e == OK)
		e = sign_check_content(x);
	if (e == OK)
		e = check_counter(x);
	if (e == OK)
		e = show_stage(x, &staged);
	if (e == OK)
		e = ask_person(x);
	return e == OK ? publish(x) : e;
}
