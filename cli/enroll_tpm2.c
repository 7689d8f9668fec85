/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bootlatch enroll --tpm2: give this machine's TPM a way in. */
#include "cli/enroll_tpm2.h"

#include <stdio.h>

#include "cli/heads.h"
#include "cli/output.h"
#include "cli/tpm_words.h"
#include "core/file.h"
#include "core/hex.h"
#include "unlock/enroll_recovery.h"

static void step(void *ctx, const char *text)
{
	cli_say(ctx, "  %s", text);
}

static void why(void *ctx, const char *text)
{
	(void)cli_why(ctx, OK, "%s", text);
}

/* --- usage --- */

enum err enroll_tpm2_usage(struct cli *c)
{
	const struct tpm_wish *t = &c->tpm;

	if (!t->tpm2)
		return t->has_list || t->has_profile || t->bank != HASH_NONE ||
		                       t->srk != 0 || t->pin || t->no_pin || t->device
		               ? cli_why(c, ERR_USAGE,
		                         "--pcrs, --profile, --pin, --no-pin, --bank, "
		                         "--srk "
		                         "and --tpm-device go with --tpm2.")
		               : OK;
	if (c->card || c->n_certs > 0 || c->import || c->recovery || c->serial)
		return cli_why(c, ERR_USAGE,
		               "With --tpm2 the TPM is enrolled: leave --card, --cert, "
		               "--import, --recovery and --serial out.");
	if (c->key_file && c->passphrase_fd >= 0)
		return cli_why(c, ERR_USAGE,
		               "Give --key-file or --passphrase-fd, not both.");
	if (t->no_pin && c->pin_fd >= 0)
		return cli_why(c, ERR_USAGE, "Give --no-pin or --pin-fd, not both.");
	return OK;
}

/* --- before anything is asked --- */

static enum err refuse_doubts(struct cli *c, const struct tpm_order *o,
                              const struct tpm2_found *f)
{
	char list[TPM2_LIST_MAX];

	tpm2_list(o->wish.choice.mask, list);
	if ((f->doubts & TPM2_DOUBT_SET) != 0)
		return cli_why(c, ERR_REFUSED,
		               "Refused without a PIN: into none of PCRs %s initramfs or "
		               "kernel command line are measured, so who has the machine "
		               "boots another initramfs and has the disk. Enroll with a "
		               "PIN, or with --profile uefi.",
		               list);
	if ((f->doubts & TPM2_DOUBT_LOADER) != 0 &&
	    (o->wish.choice.mask & TPM2_PCR_LOADER) != 0)
		return cli_why(c, ERR_REFUSED,
		               "Refused without a PIN: PCR 4 is empty, as this firmware "
		               "measures no boot loader, so who has the machine boots "
		               "another one, puts into the others by hand what belongs "
		               "there, and has the disk. Enroll with a PIN.");
	if ((f->doubts & TPM2_DOUBT_LOADER) != 0)
		return cli_why(c, ERR_REFUSED,
		               "Refused without a PIN: the boot loader is not measured "
		               "into PCRs %s (it would be into 4), so who has the "
		               "machine boots another one, puts into them by hand what "
		               "belongs there, and has the disk. Enroll with a PIN, or "
		               "with --profile uefi.",
		               list);
	tpm2_list(tpm2_pcrs_empty(&f->to) & ~(1U << o->wish.choice.cap), list);
	return cli_why(
	        c, ERR_REFUSED,
	        "Refused without a PIN: PCRs %s are empty, as nothing measures the "
	        "initramfs on this machine, so who has it boots another one and has "
	        "the disk. Enroll with a PIN%s.",
	        list, heads_here(c) ? ", and with --profile heads" : "");
}

/* Our token lies in the header that Heads measures into it. */
static enum err refuse_heads(struct cli *c, const struct tpm_order *o)
{
	if ((o->wish.choice.mask & 1U << 6) == 0 || !heads_here(c))
		return OK;
	return cli_why(
	        c, ERR_REFUSED,
	        "Heads measures the LUKS header into PCR 6, and what is sealed is kept "
	        "in that header: it would never open. Take --profile heads.");
}

enum err tpm_order_check(struct cli *c, struct session *s, const struct tpm_order *o,
                         struct tpm2_found *ret)
{
	const struct tpm2_choice *choice = &o->wish.choice;
	struct tpm2_found f;

	enum err e = refuse_heads(c, o);
	if (e != OK)
		return e;
	e = enroll_tpm2_look(s, &o->wish, &f);
	if (e != OK)
		return tpm_why(c, e, &o->wish);
	if (choice->cap_added)
		cli_say(c,
		        "PCR %u was added: it is extended once all is open, so that "
		        "nobody "
		        "unseals after that.",
		        choice->cap);
	if (o->no_pin && (f.doubts & TPM2_DOUBTS_WITHOUT_PIN) != 0)
		return refuse_doubts(c, o, &f);
	tpm_say_doubts(c, choice, &f.to, f.doubts);
	if (o->no_pin && !o->confirmed)
		e = tpm_confirm(c, "no pin",
		                "Without a PIN the disk opens for whoever switches this "
		                "machine on and changes nothing.");
	if (!o->no_pin)
		tpm_say_lockout(c, &f.lockout);
	if (e == OK)
		*ret = f;
	return e;
}

/* --- told --- */

/* docs/adr/0016: the image is measured, and has to know of a way in that is new. */
static void say_what_follows(const struct cli *c, const struct volume *v,
                             const struct tpm_order *o)
{
	const bool image = (o->wish.choice.mask & TPM2_PCRS_OF_IMAGE) != 0;

	if (image && luks_version(v->luks) == 1)
		cli_say(c,
		        "At boot it will not be used: LUKS1 has no room for what is "
		        "sealed, and "
		        "in the image,\nwhich is measured, it cannot lie. To change "
		        "that: "
		        "cryptsetup convert --type luks2 %s",
		        v->where.device);
	else if (image && !o->replace)
		cli_say(c,
		        "The image of the boot has to know of it, and is measured "
		        "itself. So: "
		        "update-initramfs -u,\nstart again (with card or passphrase once "
		        "more), "
		        "then bootlatch tpm reseal %s;\nfrom then on the TPM opens it.",
		        v->where.device);
	if (image)
		cli_say(c,
		        "After each update of kernel, initramfs, GRUB or its menu, and a "
		        "boot with "
		        "card or passphrase:\n  bootlatch tpm reseal %s",
		        v->where.device);
}

static void tell(struct cli *c, const struct volume *v, const struct tpm_order *o,
                 const struct tpm2_found *f, const struct enroll_result *r)
{
	char object[2 * FPR_LEN + 1];

	hex_encode_up((struct bytes){r->fpr, FPR_LEN}, object);
	out_number(c, "keyslot", r->keyslot);
	out_text(c, "object", object);
	out_bool(c, "needs_pin", !o->no_pin);
	out_text(c, "bank", tpm2_bank_name(f->to.bank));
	out_number(c, "cap", o->wish.choice.cap);
	out_bool(c, "sealed_to_saved", f->saved);
	out_bool(c, "proven", r->proven);
	out_bool(c, "cleaned_up", r->resumed);
	tpm_out_lockout(c, &f->lockout);
	if (r->resumed)
		cli_say(c, "What an interrupted enrolment had left behind was removed "
		           "first.");
	cli_say(c, "The TPM opens keyslot %d of %s%s, for a boot that measures the same:",
	        r->keyslot, v->where.device, o->no_pin ? "" : " with the PIN");
	tpm_say_pcrs(c, &f->to, o->wish.choice.cap);
	if (f->saved)
		cli_say(c,
		        "This boot was shut already: it is sealed to what was measured "
		        "before that.");
	say_what_follows(c, v, o);
}

/* --- done --- */

static enum err said_better(struct cli *c, const struct volume *v, enum err e,
                            const struct tpm2_seal_wish *wish)
{
	if (*c->why)
		return e;
	if (e == ERR_TAMPERED || e == ERR_NO_RECORD)
		return cli_untrusted(c, v, e);
	if (e == ERR_EXISTS && c->keyslot >= 0 && wish != NULL)
		return cli_why(
		        c, e,
		        "Keyslot %d is in use. Leave --keyslot out to take a free one.",
		        c->keyslot);
	if (e == ERR_EXISTS)
		return cli_why(c, e,
		               "The TPM has a way into %s already. To seal it anew: "
		               "bootlatch tpm reseal %s; to take it away: bootlatch tpm "
		               "forget %s.",
		               c->device, c->device, c->device);
	if (e == ERR_PASSPHRASE && c->key_file)
		return cli_why(
		        c, e,
		        "The key file %s does not open %s. Every byte counts: look for "
		        "a newline at its end.",
		        c->key_file, c->device);
	/* What the TPM itself means by these is in c->why. */
	return e == ERR_NOT_FOUND || e == ERR_ACCESS ? e : tpm_why(c, e, wish);
}

enum err tpm_ask_pin(struct cli *c, struct session *s, struct secret **ret)
{
	const enum err e = enroll_tpm2_ask_pin(s, c->device, ret);

	if (e == ERR_PIN_LENGTH)
		return cli_why(c, e, "The PIN of a TPM has %d to %d characters.",
		               TPM2_PIN_MIN, TPM2_PIN_MAX);
	if (e == ERR_REFUSED)
		return cli_why(
		        c, e,
		        "The PIN was never typed twice in the same way. Nothing was "
		        "changed.");
	return e;
}

enum err tpm_order_fill(struct cli *c, struct session *s, struct volume *v,
                        const struct tpm_order *o, const struct tpm2_found *found,
                        struct enroll_result *ret)
{
	AUTO_SECRET *pin = NULL;
	struct enroll_result r = {0};
	const struct enroll_request req = {
	        .keyslot = c->keyslot,
	        .force = c->force,
	        .key = o->key,
	        .step = step,
	        .why = why,
	        .ctx = c,
	};

	enum err e = o->no_pin || o->pin ? OK : tpm_ask_pin(c, s, &pin);
	if (e != OK)
		return e;
	const struct enroll_tpm2 tpm = {.wish = &o->wish,
	                                .found = found,
	                                .pin = o->pin ? o->pin : pin,
	                                .replace = o->replace};
	e = enroll_with_tpm2(s, v, &req, &tpm, &r);
	if (e != OK)
		return said_better(c, v, e, &o->wish);
	tell(c, v, o, found, &r);
	*ret = r;
	return OK;
}

static enum err load(struct cli *c, struct volume **ret)
{
	AUTO_VOLUME *v = NULL;

	enum err e = cli_volume(c, &v);
	if (e != OK)
		return e;
	e = volume_trusted(v);
	if (e != OK && e != ERR_NO_RECORD)
		return cli_untrusted(c, v, e);
	if (enroll_tpm2_find(v) != NULL) {
		e = recovery_settle(v); /* cut short after the record was there */
		return e == OK ? said_better(c, v, ERR_EXISTS, NULL) : e;
	}
	*ret = v;
	v = NULL;
	return OK;
}

enum err enroll_tpm2_run(struct cli *c, struct volume **ret)
{
	AUTO_VOLUME *v = NULL;
	AUTO_SESSION *s = NULL;
	AUTO_SECRET *key = NULL;
	struct tpm2_found found;
	struct enroll_result r;
	struct tpm_order o = {
	        .wish = {.choice = c->tpm.choice,
	                 .bank = c->tpm.bank != HASH_NONE ? c->tpm.bank : HASH_SHA256,
	                 .srk = c->tpm.srk},
	        .no_pin = c->tpm.no_pin,
	};

	c->no_card = true;
	enum err e = load(c, &v);
	if (e == OK && !c->tpm.has_list && !c->tpm.has_profile)
		e = tpm2_choice_profile("uefi", &o.wish.choice);
	if (e == OK)
		e = cli_session(c, &s);
	if (e == OK)
		e = tpm_order_check(c, s, &o, &found);
	if (e == OK && c->key_file) {
		e = file_read_secret(c->key_file, CLI_KEY_FILE_MAX, &key);
		if (e != OK)
			(void)cli_why(c, e, "The key file %s cannot be read: %s.",
			              c->key_file, err_text(e));
	}
	if (e != OK)
		return e;
	heads_warn(c);
	o.key = key;
	e = tpm_order_fill(c, s, v, &o, &found, &r);
	if (e != OK)
		return e;
	*ret = v;
	v = NULL;
	return OK;
}
