/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bootlatch setup: the steps, each by the functions of its own verb. */
#include <assert.h>
#include <stdio.h>

#include "cli/crypttab.h"
#include "cli/recovery.h"
#include "cli/setup.h"
#include "unlock/enroll_recovery.h"

/* One key for all volumes, so that one paper is enough. */
static enum err recovery(struct setup *x)
{
	AUTO_SECRET *key = NULL;
	struct cli *c = x->c;
	struct show_what what = {.n = 0};
	enum err e = OK;

	static_assert((int)SHOW_DEVICES_MAX >= (int)MACHINE_VOLUMES_MAX, "all");
	for (size_t i = 0; i < x->m->n; i++)
		if (x->wanted[i] && recovery_keyslot(x->m->volume[i].v) < 0)
			what.device[what.n++] = x->m->volume[i].device;
	for (size_t i = 0; e == OK && i < x->m->n; i++) {
		struct volume *v = x->m->volume[i].v;
		AUTO_SECRET *volume_key = NULL;
		int existing = -1, keyslot = -1;

		if (!x->wanted[i] || recovery_keyslot(v) >= 0)
			continue;
		e = enroll_volume_key(x->s, v, x->phrase, &volume_key, &existing);
		if (e == ERR_PASSPHRASE)
			return cli_why(
			        c, e,
			        "The passphrase does not open %s. Set that one up by "
			        "itself: bootlatch setup %s.",
			        v->where.device, v->where.device);
		if (e == OK)
			e = recovery_add(c, v, &what, volume_key, existing, &key,
			                 &keyslot);
		if (e == OK)
			cli_say(c, "The recovery key opens keyslot %d of %s.", keyslot,
			        v->where.device);
	}
	return e == OK ? setup_look_again(x) : e;
}

static enum err boot(struct setup *x)
{
	const struct volume *list[MACHINE_VOLUMES_MAX];
	size_t n = 0;

	for (size_t i = 0; i < x->m->n; i++)
		if (x->wanted[i])
			list[n++] = x->m->volume[i].v;
	/* Else doctor would find, and rightly, that an older kernel asks for nothing. */
	x->c->ways.all_images = true;
	return crypttab_enter_all(x->c, list, n);
}

static enum err sign(struct setup *x)
{
	struct cli *c = x->c;
	const char *named = c->device;

	c->device = NULL;
	c->sign.yes = true; /* the summary was confirmed */
	c->sign.has_boot = strcmp(c->where.boot_dir, "/boot") != 0;
	const enum err e = verb_sign.run(c);
	c->device = named;
	return e;
}

static enum err doctor(struct setup *x)
{
	x->c->doctor.no_card = x->c->doctor.in_setup = true;
	const enum err e = verb_doctor.run(x->c);
	/* What it found it has told: the setting up is done. */
	if (e == ERR_WARNED) {
		x->c->why[0] = '\0';
		return OK;
	}
	return e;
}

enum err setup_do(struct setup *x, enum setup_step step)
{
	static enum err (*const acts[SETUP_STEPS])(struct setup * x) = {
	        [SETUP_RECOVERY] = recovery,   [SETUP_KEYS] = setup_keys,
	        [SETUP_PINS] = setup_pins,     [SETUP_ENROLL] = setup_enroll,
	        [SETUP_SECOND] = setup_second, [SETUP_BOOT] = boot,
	        [SETUP_SIGN] = sign,           [SETUP_DOCTOR] = doctor,
	};

	return acts[step](x);
}
