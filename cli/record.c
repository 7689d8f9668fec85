/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bootlatch record renew: trust a LUKS header as it is now. */
#include <string.h>

#include "cli/crypttab.h"
#include "cli/output.h"
#include "core/file.h"
#include "core/hex.h"
#include "unlock/enroll.h"

/* A key that opens the volume: from --key-file, or asked for.  Only someone who can open
 * the volume may have its header trusted. */
static enum err proof(struct cli *c, struct volume *v, struct secret **ret)
{
	AUTO_SESSION *s = NULL;
	int slot = -1;

	if (c->key_file)
		return file_read_secret(c->key_file, CLI_KEY_FILE_MAX, ret);
	enum err e = cli_session(c, &s);
	return e == OK ? enroll_ask_key(s, v, ret, &slot) : e;
}

static bool has_key(const struct record *r, const struct record_entry *of)
{
	for (size_t i = 0; i < r->n; i++)
		if (record_entry_is(&r->entry[i], of->backend) &&
		    memcmp(r->entry[i].fpr, of->fpr, FPR_LEN) == 0)
			return true;
	return false;
}

/* Reencrypting keeps only the keyslots whose passphrases it was given. */
static void say_lost(struct cli *c, const struct record *before, const struct record *now)
{
	for (size_t i = 0; i < before->n; i++) {
		const struct record_entry *en = &before->entry[i];
		const char *option = "";

		if (has_key(now, en))
			continue;
		out_enter(c, "lost");
		out_number(c, "keyslot", en->keyslot);
		out_text(c, "backend", en->backend);
		out_text(c, "serial", *en->ident[0] ? en->ident[0] : NULL);
		out_leave(c);
		if (record_entry_is(en, BACKEND_TPM2))
			option = " --tpm2";
		else if (record_entry_is(en, BACKEND_RECOVERY))
			option = " --recovery";
		cli_say(c,
		        "A way in is lost: keyslot %d, %s%s%s. To enroll it again: "
		        "bootlatch enroll%s %s",
		        en->keyslot, en->backend, *en->ident[0] ? " " : "", en->ident[0],
		        option, c->device);
	}
}

static enum err renew(struct cli *c)
{
	AUTO_VOLUME *v = NULL;
	AUTO_SECRET *pass = NULL;
	char pin[2 * HEADER_PIN_LEN + 1];
	struct record before = {0}, fresh = {0};

	enum err e = cli_volume(c, &v);
	if (e != OK)
		return e;
	if (v->strange)
		return cli_untrusted(c, v, ERR_TAMPERED);
	hex_encode((struct bytes){v->pin, HEADER_PIN_LEN}, pin);
	cli_say(c, "%s: header pin now %s", c->device, pin);
	if (v->state == RECORD_DIFFERS) {
		hex_encode((struct bytes){v->record.pin, HEADER_PIN_LEN}, pin);
		cli_say(c, "in the record so far    %s", pin);
	}
	if (v->state == RECORD_DIFFERS || v->state == RECORD_MATCHES)
		before = v->record;
	e = proof(c, v, &pass);
	if (e == OK)
		e = record_renew(v, pass, &fresh);
	if (e == ERR_PASSPHRASE)
		return cli_why(
		        c, e,
		        "That passphrase does not open %s. The record was not changed.",
		        c->device);
	if (e != OK)
		return e;
	out_hex(c, "header_pin", (struct bytes){fresh.pin, HEADER_PIN_LEN});
	out_number(c, "enrolled", (long)fresh.n);
	cli_say(c, "The record was renewed; ways in of ours: %zu.", fresh.n);
	say_lost(c, &before, &fresh);
	crypttab_remind(c, v);
	return OK;
}

const struct verb verb_record_renew = {
        .name = "record renew",
        .operands = "DEVICE",
        .min_operands = 1,
        .max_operands = 1,
        .opts = OPT_VOLUME | OPT_KEY_FILE,
        .summary = "trust a LUKS header as it is now",
        .help = "Writes this machine's record of DEVICE anew from the LUKS header: after "
                "cryptsetup\n"
                "reencrypt, or for a disk that came from another machine. It asks for a "
                "passphrase\n"
                "that opens the volume. A header with a null cipher is refused all the "
                "same.",
        .run = renew,
};
