/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bootlatch unlock and bootlatch test: open a volume, or go through the motions. */
#include "unlock/unlock.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/output.h"

#define MAPPER "/dev/mapper"

/* What deliver() is to do, and how it ended. */
struct target {
	const struct cli *c;
	enum err mapped;
};

static enum err map(void *ctx, struct volume *v, int slot, const struct secret *pass)
{
	struct target *t = ctx;
	const struct luks_activation a = {.name = t->c->name, .readonly = t->c->readonly};

	if (t->c->name)
		t->mapped = luks_activate(v->luks, &a, slot, pass);
	return t->mapped;
}

/* Could it be mapped under that name?  Found out before a PIN is typed. */
static enum err check_name(struct cli *c)
{
	char path[sizeof(MAPPER) + 1 + LUKS_NAME_MAX];
	const char *name = c->name;

	if (!name)
		return OK;
	if (!luks_name_ok(name))
		return cli_why(c, ERR_USAGE,
		               "\"%s\" cannot be the name of a mapping: up to %d "
		               "characters, no \"/\".",
		               name, LUKS_NAME_MAX);
	(void)snprintf(path, sizeof(path), MAPPER "/%s", name);
	if (faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return cli_why(c, ERR_EXISTS,
		               "A mapping named %s exists already. Choose another name, "
		               "or close it: cryptsetup close %s.",
		               name, name);
	if (geteuid() != 0 &&
	    faccessat(AT_FDCWD, MAPPER "/control", W_OK, AT_EACCESS) != 0)
		return cli_why(c, ERR_ACCESS,
		               "Only root may map a volume. Run this as root; without "
		               "NAME it only shows that it would open.");
	return OK;
}

/* The passphrase was right, but nothing was mapped. */
static enum err not_mapped(struct cli *c, enum err e)
{
	switch (e) {
	case ERR_EXISTS:
		return cli_why(c, e, "A mapping named %s exists already.", c->name);
	case ERR_UNSUPPORTED:
		return cli_why(c, e,
		               "The volume opens, but this kernel cannot map it (no "
		               "device-mapper). Load it (modprobe dm_crypt), or leave "
		               "NAME out.");
	case ERR_BUSY: /* no card: the status of that would mislead */
		return cli_why(c, ERR_EXISTS,
		               "The volume opens, but %s is in use: mapped or mounted "
		               "already.",
		               c->device);
	default:
		return cli_why(c, err_exit(e) == EXIT_FAILED ? e : ERR_IO,
		               "The volume opens, but it could not be mapped: %s. See "
		               "the kernel's log (dmesg).",
		               err_text(e));
	}
}

/* How it ended, where the error's own sentence would mislead or say it twice. */
static enum err not_opened(struct cli *c, const struct volume *v, enum err e)
{
	switch (e) {
	case ERR_NOT_ENROLLED:
		if (v->n_enrolled > 0)
			return cli_why(c, e,
			               "What was enrolled on %s is gone. See bootlatch "
			               "list %s, then unenroll it and enroll again.",
			               c->device, c->device);
		return e;
	case ERR_WRONG_CARD:
		if (c->serial)
			return cli_why(c, e,
			               "Card %s is not here, or not enrolled. Insert it, "
			               "or see bootlatch list %s.",
			               c->serial, c->device);
		return cli_why(c, e,
		               "No card that is here opens %s. Do as said above, or "
		               "insert the one that was enrolled: bootlatch list %s "
		               "shows which.",
		               c->device, c->device);
	case ERR_NO_READER:
		if (c->reader)
			return cli_why(c, e,
			               "No reader with \"%s\" in its name is here. "
			               "Plug it in, or leave --reader out.",
			               c->reader);
		return e;
	case ERR_FORMAT:
	case ERR_CRYPTO:
	case ERR_UNSUPPORTED:
		return cli_why(c, e,
		               "What is enrolled no longer opens %s. Use the "
		               "passphrase, then unenroll it and enroll it again.",
		               c->device);
	case ERR_PIN_BLOCKED:
		return cli_why(c, e,
		               "The PIN is blocked. The passphrase opens %s as before.",
		               c->device);
	case ERR_REFUSED:
		return cli_why(c, e, "Not confirmed. Nothing was opened.");
	default:
		return cli_untrusted(c, v, e);
	}
}

/* Refusals that need no session: said before anything is asked. */
static enum err check(struct cli *c, const struct volume *v, bool card_only)
{
	const enum err trusted = volume_trusted(v);

	if (v->strange)
		return cli_untrusted(c, v, ERR_TAMPERED);
	if (c->no_record)
		return OK;
	if (v->n_enrolled == 0 &&
	    (v->state == RECORD_MISSING || (card_only && trusted == OK)))
		return cli_why(c, ERR_NOT_ENROLLED,
		               "Nothing is enrolled on %s. To give a dongle a way in: "
		               "bootlatch enroll %s.",
		               c->device, c->device);
	return cli_untrusted(c, v, trusted);
}

static bool has_card_way(const struct volume *v)
{
	for (size_t i = 0; i < v->n_enrolled; i++)
		if (enrolment_is(&v->enrolled[i], BACKEND_CARD))
			return true;
	return false;
}

static enum err open_volume(struct cli *c, bool card_only)
{
	AUTO_VOLUME *v = NULL;
	AUTO_SESSION *s = NULL;
	struct unlock_result r = {0};
	struct target t = {.c = c};

	enum err e = check_name(c);
	if (e == OK)
		e = cli_volume(c, &v);
	if (e == OK)
		e = check(c, v, card_only);
	if (e != OK)
		return e;
	c->no_card = !has_card_way(v);
	e = cli_session(c, &s);
	if (e != OK)
		return e;
	const struct unlock_goal goal = {
	        .no_record = c->no_record,
	        .card_only = card_only,
	        .passphrase_first = c->passphrase_fd >= 0 && c->pin_fd < 0,
	        .deliver = map,
	        .ctx = &t,
	};
	e = unlock_volume(s, v, &goal, &r);
	if (t.mapped != OK)
		return not_mapped(c, t.mapped);
	if (e != OK)
		return not_opened(c, v, e);
	out_text(c, "backend", r.backend);
	out_number(c, "keyslot", r.keyslot);
	out_text(c, "serial", *r.ident ? r.ident : NULL);
	out_text(c, "name", c->name);
	if (card_only && *r.ident == '\0')
		cli_say(c, "The TPM opens keyslot %d of %s.", r.keyslot, c->device);
	else if (card_only)
		cli_say(c, "Card %s opens keyslot %d of %s.", r.ident, r.keyslot,
		        c->device);
	else if (c->name)
		cli_say(c, "Opened %s as /dev/mapper/%s (keyslot %d, %s%s%s).", c->device,
		        c->name, r.keyslot, r.backend, *r.ident ? " " : "", r.ident);
	else
		cli_say(c,
		        "%s opens: keyslot %d, %s%s%s. No NAME was given, so it was not "
		        "mapped.",
		        c->device, r.keyslot, r.backend, *r.ident ? " " : "", r.ident);
	return OK;
}

static enum err unlock(struct cli *c)
{
	return open_volume(c, false);
}

static enum err test(struct cli *c)
{
	return open_volume(c, true);
}

static const struct own_option own[] = {
        {"tpm-device",     "TCTI", TPM_DEVICE_HELP, take_tpm_device},
        {0},
};

const struct verb verb_unlock = {
        .name = "unlock",
        .operands = "DEVICE [NAME]",
        .min_operands = 1,
        .max_operands = 2,
        .opts = OPT_VOLUME | OPT_NO_RECORD | OPT_READONLY,
        .own = own,
        .summary = "open a volume with dongle and PIN, or a passphrase",
        .help = "Opens DEVICE with an enrolled dongle and its PIN, or with a passphrase, "
                "and maps it to\n"
                "/dev/mapper/NAME. Without NAME nothing is mapped: it only shows that it "
                "would open.\n"
                "The LUKS header is compared with this machine's record before anything "
                "is asked.",
        .run = unlock,
};

const struct verb verb_test = {
        .name = "test",
        .operands = "DEVICE",
        .min_operands = 1,
        .max_operands = 1,
        .opts = OPT_VOLUME,
        .own = own,
        .summary = "try a dongle without opening anything",
        .help = "Goes through everything that the boot does with the dongle: record, "
                "header, PIN,\n"
                "decryption, keyslot. Maps nothing and changes nothing.",
        .run = test,
};
