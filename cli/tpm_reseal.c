/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bootlatch tpm reseal: what this boot measured is good from now on. */
#include <stdio.h>

#include "cli/crypttab.h"
#include "cli/enroll_tpm2.h"
#include "cli/heads.h"
#include "cli/output.h"
#include "cli/tpm_each.h"
#include "cli/tpm_words.h"
#include "core/file.h"
#include "unlock/tpm2_admin.h"
#include "unlock/tpm2_way.h"
#include "unlock/unlock.h"

/* What several volumes share. */
struct resealing {
	struct session *s;
	struct secret *pin;
};

/* --- what was chosen before --- */

static enum err wish_of(struct cli *c, const struct enrolment *en, struct tpm_order *o,
                        struct tpm2_sealed *ret_old, bool *ret_whole)
{
	struct tpm2_seal_wish *w = &o->wish;
	size_t at = 0;

	*ret_whole = tpm2_way_next(en, &at, ret_old) == OK;
	o->no_pin = c->tpm.no_pin || (!c->tpm.pin && !en->needs_pin);
	o->confirmed = !en->needs_pin;
	w->bank = c->tpm.bank;
	w->srk = c->tpm.srk;
	/* Another key is another TPM, or somebody between us and it. */
	w->srk_name = w->srk == 0 ? en->srk_name : NULL;
	if (*ret_whole && w->bank == HASH_NONE)
		w->bank = ret_old->pcrs.bank;
	if (*ret_whole && w->srk == 0 && ret_old->srk != TPM2_SRK)
		w->srk = ret_old->srk;
	if (w->bank == HASH_NONE)
		w->bank = HASH_SHA256;
	if (c->tpm.has_list || c->tpm.has_profile)
		w->choice = c->tpm.choice;
	else if (*ret_whole)
		w->choice = tpm2_choice_of(ret_old->pcrs.mask, en->cap);
	else
		return tpm2_choice_profile("uefi", &w->choice);
	return OK;
}

static bool asks_for_more(const struct cli *c)
{
	return c->tpm.has_list || c->tpm.has_profile || c->tpm.bank != HASH_NONE ||
	       c->tpm.srk != 0 || c->tpm.pin || c->tpm.no_pin || c->force;
}

/* --- who may --- */

static enum err keep(void *ctx, struct volume *v, int slot, const struct secret *pass)
{
	(void)v, (void)slot;
	return secret_copy(secret_view(pass), ctx);
}

/* Whoever opens the disk may: by card, passphrase or, where it still does, the TPM. */
static enum err existing(struct cli *c, struct session *s, struct volume *v,
                         struct secret **ret)
{
	struct unlock_result r = {0};
	const struct unlock_goal goal = {
	        .passphrase_first = c->passphrase_fd >= 0,
	        .deliver = keep,
	        .ctx = ret,
	};

	if (!c->key_file)
		return unlock_volume(s, v, &goal, &r);
	const enum err e = file_read_secret(c->key_file, CLI_KEY_FILE_MAX, ret);
	return e == OK ? OK
	               : cli_why(c, e, "The key file %s cannot be read: %s.", c->key_file,
	                         err_text(e));
}

/* --- done --- */

static enum err drop_others(struct cli *c, struct volume *v, int keep_slot)
{
	int left = -1;

	const enum err e = enroll_tpm2_drop_others(v, keep_slot, &left);
	if (e != OK)
		return cli_why(
		        c, e,
		        "The new way in stands, but the old one could not be removed: "
		        "%s. Run bootlatch tpm reseal %s again.",
		        err_text(e), c->device);
	if (left != -1)
		cli_say(c,
		        "Keyslot %d, which was the TPM's, does not look as we made it, "
		        "or is "
		        "the last one, and was left:\nbootlatch unenroll %s --keyslot %d",
		        left, c->device, left);
	return OK;
}

static enum err make_new(struct cli *c, struct resealing *r, struct volume *v,
                         struct tpm_order *o, const struct tpm2_found *found)
{
	AUTO_SECRET *key = NULL;
	struct enroll_result done;

	enum err e = existing(c, r->s, v, &key);
	if (e != OK)
		return *c->why ? e : cli_untrusted(c, v, e);
	if (!o->no_pin && r->pin == NULL)
		e = tpm_ask_pin(c, r->s, &r->pin);
	if (e != OK)
		return e;
	o->key = key;
	o->pin = o->no_pin ? NULL : r->pin;
	e = tpm_order_fill(c, r->s, v, o, found, &done);
	return e == OK ? drop_others(c, v, done.keyslot) : e;
}

/* An earlier reseal that was cut short leaves two: the one that fits stays. */
static const struct enrolment *fitting(const struct volume *v, const struct tpm2_pcrs *to,
                                       uint32_t *ret_differ)
{
	for (size_t i = 0; i < v->n_enrolled; i++) {
		const struct enrolment *en = &v->enrolled[i];
		struct tpm2_sealed s;
		size_t at = 0;

		if (!en->complete || !tpm_is_way(v, en) ||
		    tpm2_way_next(en, &at, &s) != OK)
			continue;
		if (s.pcrs.bank != to->bank || s.pcrs.mask != to->mask)
			continue;
		*ret_differ = tpm2_pcrs_differ(&s.pcrs, to);
		if (*ret_differ == 0)
			return en;
	}
	return NULL;
}

static void say_differ(const struct cli *c, uint32_t differ)
{
	for (unsigned i = 0; i < TPM2_PCRS; i++)
		if ((differ >> i & 1) != 0)
			cli_say(c, "  PCR %2u has changed: %s", i, tpm2_pcr_measures(i));
}

/* docs/adr/0016: all that an image knows of it. */
static bool same_in_image(const struct enrolment *a, const struct enrolment *b)
{
	return b != NULL && a->needs_pin == b->needs_pin && a->cap == b->cap &&
	       memcmp(a->srk_name, b->srk_name, sizeof(a->srk_name)) == 0;
}

static enum err reseal(struct cli *c, struct volume *v, void *ctx)
{
	struct resealing *r = ctx;
	struct tpm_order o = {.replace = true};
	struct tpm2_found found;
	struct tpm2_sealed old;
	uint32_t differ = 0;
	bool whole = false;

	const enum err trusted = volume_trusted(v);
	if (trusted != OK)
		return cli_untrusted(c, v, trusted);
	const struct enrolment *en = enroll_tpm2_find(v);
	if (en == NULL)
		return ERR_BUG;
	const struct enrolment before = *en; /* that one is moved by what follows */
	enum err e = wish_of(c, &before, &o, &old, &whole);
	cli_say(c, "%s:", c->device);
	if (e == OK)
		e = tpm_order_check(c, r->s, &o, &found);
	if (e != OK)
		return e;
	const struct enrolment *fits = fitting(v, &found.to, &differ);
	out_bool(c, "already", fits != NULL && !asks_for_more(c));
	if (fits != NULL && !asks_for_more(c)) {
		cli_say(c,
		        "Sealed to what this boot measured already. Nothing was changed "
		        "(--pin sets another PIN).");
		return drop_others(c, v, fits->keyslot); /* cut short before */
	}
	say_differ(c, differ);
	heads_warn(c);
	e = make_new(c, r, v, &o, &found);
	if (e == OK && !same_in_image(&before, enroll_tpm2_find(v)))
		crypttab_remind(c, v);
	return e;
}

static enum err run(struct cli *c)
{
	AUTO_SESSION *s = NULL;

	if (!tpm2_built())
		return tpm_why(c, ERR_UNSUPPORTED, NULL);
	if (c->key_file && c->passphrase_fd >= 0)
		return cli_why(c, ERR_USAGE,
		               "Give --key-file or --passphrase-fd, not both.");
	if (c->tpm.no_pin && c->pin_fd >= 0 && c->passphrase_fd >= 0)
		return cli_why(
		        c, ERR_USAGE,
		        "--no-pin is confirmed on a terminal: leave --pin-fd out.");
	enum err e = cli_session(c, &s);
	if (e != OK)
		return e;
	struct resealing r = {.s = s};
	e = tpm_each(c, reseal, &r);
	r.pin = secret_free(r.pin);
	return e;
}

static const struct own_option own[] = {
        {"pcrs",                                   "LIST", "to these PCRs from now on, as 4+7+8+9", take_pcrs},
        {"profile", "NAME", "to those of uefi (4+7+8+9) or heads (0-5+7)", take_profile},
        {"pin",                                        NULL, "set another PIN, or one from now on", take_pin},
        {"no-pin",                                  NULL, "without one from now on, confirmed on a terminal", take_no_pin},
        {"bank",                            "NAME", "PCRs of sha256, sha384 or sha512", take_bank},
        {"srk",                                    "HANDLE", "under this persistent storage root key", take_srk},
        {"tpm-device",   "TCTI", TPM_DEVICE_HELP, take_tpm_device},
        {0                                       },
};

const struct verb verb_tpm_reseal = {
        .name = "tpm reseal",
        .operands = "[DEVICE]",
        .min_operands = 0,
        .max_operands = 1,
        .opts = OPT_VOLUME | OPT_KEYSLOT | OPT_KEY_FILE | OPT_CRYPTTAB_FILE | OPT_FORCE,
        .own = own,
        .summary = "have the TPM open at boots like this one",
        .help = "After an update of kernel, initramfs or boot loader the TPM no longer "
                "opens "
                "DEVICE (default:\n"
                "every volume of this machine that it opened). When card or passphrase "
                "opened it, this seals\n"
                "it anew: a new secret in a new keyslot, to what this boot measured, as "
                "it "
                "was noted before\n"
                "the TPM was shut. Then the old way in is removed. It asks for what "
                "opens "
                "the volume and twice\n"
                "for a PIN of the TPM, which may be the one of before. Without --pcrs, "
                "--profile, --bank\n"
                "and --no-pin all stays as it was chosen; --force seals anew also where "
                "nothing has changed.\n"
                "Run it only when you know why something has changed.",
        .run = run,
};
