/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bootlatch setup: what is done already, found out by looking: no state is kept. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/image.h"
#include "cli/setup.h"
#include "core/file.h"
#include "sign/pending.h"
#include "unlock/enroll_recovery.h"

/* --- volumes --- */

static enum err nothing(struct setup *x)
{
	struct cli *c = x->c;

	if (c->device)
		return cli_why(c, ERR_NOT_FOUND,
		               "%s is no LUKS volume that can be read. Run this as root, "
		               "and name the encrypted partition.",
		               c->device);
	if (x->m->tab_e != OK)
		return cli_why(c, x->m->tab_e, "%s cannot be read: %s. Run this as root.",
		               c->crypttab_file, err_text(x->m->tab_e));
	return cli_why(c, ERR_NOT_FOUND,
	               "%s has no LUKS volume that is here. A disk has to be encrypted "
	               "when the system is installed.",
	               c->crypttab_file);
}

/* What a key file opens needs no dongle: it lies on another volume. */
static bool is_for_dongle(const struct machine_volume *mv)
{
	const struct crypttab_entry *l = mv->line;

	return !l || l->ours || !l->key || strcmp(l->key, "none") == 0 ||
	       strcmp(l->key, "-") == 0;
}

static enum err check_volume(struct setup *x, const struct machine_volume *mv)
{
	struct cli *c = x->c;

	c->device = mv->device; /* for the sentence */
	const enum err e = volume_trusted(mv->v);
	const enum err told =
	        e == OK || e == ERR_NO_RECORD ? OK : cli_untrusted(c, mv->v, e);
	c->device = NULL;
	return told;
}

enum err setup_look_volumes(struct setup *x)
{
	enum err e = machine_look(x->c, "", &x->m);

	if (e != OK)
		return e;
	x->n_wanted = 0;
	for (size_t i = 0; e == OK && i < x->m->n; i++) {
		const struct machine_volume *mv = &x->m->volume[i];

		x->wanted[i] = mv->v && (x->c->device ||
		                         ((mv->line || mv->root) && is_for_dongle(mv)));
		if (!x->wanted[i])
			continue;
		x->n_wanted++;
		if (!x->c->device)
			e = check_volume(x, mv);
	}
	if (e == OK && x->n_wanted == 0)
		e = nothing(x);
	return e;
}

enum err setup_look_again(struct setup *x)
{
	x->m = machine_free(x->m);
	return setup_look_volumes(x);
}

/* --- the dongle --- */

enum err setup_look_card(struct setup *x)
{
	enum err e = session_wait_card(x->s, NULL, 0);

	if (e == ERR_USAGE)
		return cli_why(x->c, e, "%s", pick_why_text(PICK_SEVERAL));
	if (e != OK)
		return e;
	const struct card_info *info = session_card(x->s);
	const struct card_key_info *dec = &info->key[CARD_KEY_DEC];

	memcpy(x->ident, info->ident, sizeof(x->ident));
	x->has_keys = dec->present && info->key[CARD_KEY_SIG].present;
	memcpy(x->fpr, dec->fpr, sizeof(x->fpr));
	return OK;
}

/* --- steps --- */

__attribute__((format(printf, 4, 5))) static void
set(struct setup *x, enum setup_step step, enum setup_state state, const char *fmt, ...)
{
	va_list ap;

	x->state[step] = state;
	va_start(ap, fmt);
	(void)vsnprintf(x->why[step], SETUP_WHY_MAX, fmt, ap);
	va_end(ap);
}

static bool has_key(const struct volume *v, const uint8_t fpr[static FPR_LEN])
{
	for (size_t i = 0; i < v->n_enrolled; i++)
		if (v->enrolled[i].complete && v->interrupted_slot < 0 &&
		    memcmp(v->enrolled[i].fpr, fpr, FPR_LEN) == 0)
			return true;
	return false;
}

bool setup_all_have(const struct setup *x, const uint8_t fpr[static FPR_LEN])
{
	for (size_t i = 0; i < x->m->n; i++)
		if (x->wanted[i] && !has_key(x->m->volume[i].v, fpr))
			return false;
	return true;
}

bool setup_in_use(const struct setup *x, const uint8_t fpr[static FPR_LEN])
{
	for (size_t i = 0; i < x->m->n; i++)
		if (x->wanted[i] && has_key(x->m->volume[i].v, fpr))
			return true;
	return false;
}

static bool all_have_recovery(const struct setup *x)
{
	for (size_t i = 0; i < x->m->n; i++)
		if (x->wanted[i] && recovery_keyslot(x->m->volume[i].v) < 0)
			return false;
	return true;
}

/* Another dongle than this one, into all of them. */
static bool have_second(const struct setup *x)
{
	for (size_t i = 0; i < x->m->n; i++) {
		const struct volume *v = x->m->volume[i].v;
		bool found = false;

		for (size_t k = 0; x->wanted[i] && k < v->n_enrolled; k++)
			found = found ||
			        (v->enrolled[k].complete &&
			         enrolment_is(&v->enrolled[k], BACKEND_CARD) &&
			         memcmp(v->enrolled[k].fpr, x->fpr, FPR_LEN) != 0);
		if (x->wanted[i] && !found)
			return false;
	}
	return true;
}

static bool all_named(const struct setup *x)
{
	for (size_t i = 0; i < x->m->n; i++)
		if (x->wanted[i] && !machine_names_us(&x->m->volume[i]))
			return false;
	return true;
}

/* Do the images of all kernels know all of it?  One that cannot be judged does not. */
static bool images_know(struct setup *x)
{
	struct image_needs *needs = NULL;
	bool ready = x->m->kernels_e == OK && x->m->kernels.n > 0;
	int dir = -1;

	if (!ready || machine_needs(x->m, true, &needs) != OK)
		return false;
	ready = dir_open(x->m->boot, &dir) == OK;
	for (size_t i = 0; ready && i < x->m->kernels.n; i++) {
		char lacks[IMAGE_LACKS_MAX] = "";

		ready = image_look(needs, dir, x->m->kernels.version[i], lacks) == OK &&
		        *lacks == '\0';
	}
	if (dir >= 0)
		(void)close(dir); /* only read */
	needs = image_needs_free(needs);
	return ready;
}

static void look_pins(struct setup *x)
{
	if (!x->has_keys)
		set(x, SETUP_PINS, SETUP_DUE, "PIN and Admin PIN of your own");
	else if (setup_in_use(x, x->fpr))
		set(x, SETUP_PINS, SETUP_DONE, "the dongle is in use");
	else
		set(x, SETUP_PINS, SETUP_DUE, "where they are those it came with");
}

static void look_boot(struct setup *x)
{
	const bool named = all_named(x);

	if (x->c->no_initramfs && named)
		set(x, SETUP_BOOT, SETUP_DONE, "the image is left as it is");
	else if (named && x->state[SETUP_ENROLL] == SETUP_DONE &&
	         x->state[SETUP_RECOVERY] == SETUP_DONE && images_know(x))
		set(x, SETUP_BOOT, SETUP_DONE, "the images of all kernels are ready");
	else
		set(x, SETUP_BOOT, SETUP_DUE, "%s%s", x->c->crypttab_file,
		    x->c->no_initramfs ? "" : ", update-initramfs");
}

void setup_look_steps(struct setup *x)
{
	struct cli *c = x->c;

	set(x, SETUP_RECOVERY, all_have_recovery(x) ? SETUP_DONE : SETUP_DUE,
	    "a key on paper, should every dongle be lost");
	set(x, SETUP_KEYS, x->has_keys ? SETUP_DONE : SETUP_DUE, "card %s%s", x->ident,
	    x->has_keys ? " has keys, which are taken" : ": keys are made on it");
	look_pins(x);
	set(x, SETUP_ENROLL,
	    x->has_keys && setup_all_have(x, x->fpr) ? SETUP_DONE : SETUP_DUE,
	    "card %s opens %zu volume%s", x->ident, x->n_wanted,
	    x->n_wanted == 1 ? "" : "s");
	set(x, SETUP_SECOND,
	    have_second(x)           ? SETUP_DONE
	    : c->serial || c->reader ? SETUP_NOT
	                             : SETUP_DUE,
	    c->serial || c->reader ? "by bootlatch enroll, as one was named"
	                           : "should this one be lost");
	look_boot(x);
	if (pending_signed_here(c->where.config_dir, c->where.boot_dir))
		set(x, SETUP_SIGN, SETUP_DUE, "as it is then");
	else
		set(x, SETUP_SIGN, SETUP_NOT,
		    "not signed here; for Heads: bootlatch sign");
	set(x, SETUP_DOCTOR, SETUP_DUE, "will the next boot work?");
	for (int i = 0; i < SETUP_STEPS; i++)
		if ((c->ways.skip & 1U << i) != 0 && x->state[i] == SETUP_DUE)
			x->state[i] = SETUP_SKIPPED;
}
