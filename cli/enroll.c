/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bootlatch enroll: give a dongle a way in. */
#include "unlock/enroll.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cli/crypttab.h"
#include "cli/enroll_tpm2.h"
#include "cli/heads.h"
#include "cli/import.h"
#include "cli/output.h"
#include "cli/recovery.h"
#include "core/file.h"
#include "core/hex.h"

enum { CERT_FILE_MAX = 1024 * 1024, CERT_KEYS = 8 };

static void step(void *ctx, const char *text)
{
	cli_say(ctx, "  %s", text);
}

static void why(void *ctx, const char *text)
{
	(void)cli_why(ctx, OK, "%s", text);
}

/* The newest encryption key of a certificate file. */
static enum err read_cert(struct cli *c, const char *path, struct pubkey *ret)
{
	uint8_t *file = NULL;
	size_t len = 0, n = 0;
	const char *reason = NULL;

	enum err e = file_read_path(path, CERT_FILE_MAX, &file, &len);
	if (e != OK)
		return cli_why(c, e, "The certificate %s cannot be read: %s.", path,
		               err_text(e));

	struct pubkey *keys = calloc(CERT_KEYS, sizeof(*keys));
	if (!keys) {
		free(file);
		return ERR_NOMEM;
	}
	e = cert_encryption_keys((struct bytes){file, len}, (uint32_t)time(NULL), keys,
	                         CERT_KEYS, &n, &reason);
	if (e == OK)
		e = enroll_check_key(&keys[0], &reason);
	if (e == OK)
		pubkey_copy(ret, &keys[0]);
	else
		(void)cli_why(c, e, "%s has no encryption key that can be used. %s", path,
		              reason ? reason : "Export it anew: gpg --export KEYID.");
	free(keys);
	free(file);
	return e;
}

static void tell(struct cli *c, const struct volume *v, const struct enroll_result *r)
{
	char fpr[2 * FPR_LEN + 1];

	hex_encode_up((struct bytes){r->fpr, FPR_LEN}, fpr);
	out_number(c, "keyslot", r->keyslot);
	out_text(c, "fingerprint", fpr);
	out_text(c, "serial", *r->ident ? r->ident : NULL);
	out_bool(c, "already_enrolled", r->already);
	out_bool(c, "proven", r->proven);
	out_bool(c, "cleaned_up", r->resumed);
	if (r->resumed)
		cli_say(c, "What an interrupted enrolment had left behind was removed "
		           "first.");
	if (r->already) {
		cli_say(c,
		        "Already enrolled: key %s opens keyslot %d of %s. Nothing was "
		        "changed.",
		        fpr, r->keyslot, v->where.device);
		return;
	}
	cli_say(c, "Enrolled in keyslot %d of %s:\n  key  %s\n  card %s", r->keyslot,
	        v->where.device, fpr,
	        *r->ident ? r->ident : "not seen (from a certificate)");
	if (!r->proven)
		cli_say(c,
		        "Nothing has proven yet that the dongle opens it. When you have "
		        "it at hand, run:\n"
		        "  bootlatch test %s",
		        v->where.device);
}

/* Refused before anything is asked. */
static enum err load_trusted(struct cli *c, struct volume **ret)
{
	AUTO_VOLUME *v = NULL;

	enum err e = cli_volume(c, &v);
	if (e != OK)
		return e;
	e = volume_trusted(v);
	if (e != OK && e != ERR_NO_RECORD)
		return cli_untrusted(c, v, e);
	*ret = v;
	v = NULL;
	return OK;
}

static enum err one(struct cli *c, struct session *s, const struct pubkey *cert,
                    const struct secret *key, const struct import *import)
{
	AUTO_VOLUME *v = NULL;
	struct enroll_result r = {0};

	/* Loaded anew each time: the header has changed since the one before. */
	enum err e = load_trusted(c, &v);
	if (e != OK || !v)
		return e;
	const struct enroll_request req = {
	        .cert = cert,
	        .keyslot = c->keyslot,
	        .force = c->force,
	        .key = key,
	        .import = import,
	        .step = step,
	        .why = why,
	        .ctx = c,
	};
	e = enroll(s, v, &req, &r);
	if (e != OK && *c->why)
		return e; /* told better than below */
	if (e == ERR_TAMPERED && v->state != RECORD_MATCHES)
		return cli_untrusted(c, v, e);
	if (e == ERR_REFUSED && c->keyslot == 0)
		return cli_why(c, e,
		               "Keyslot 0 is reserved for your own passphrase. Leave "
		               "--keyslot out.");
	if (e == ERR_REFUSED && c->keyslot > 0)
		return cli_why(c, e, "Keyslot %d is reserved. Leave --keyslot out%s.",
		               c->keyslot, c->force ? "" : ", or add --force");
	if (e == ERR_EXISTS && c->keyslot >= 0)
		return cli_why(
		        c, e,
		        "Keyslot %d is in use. Leave --keyslot out to take a free one.",
		        c->keyslot);
	if (e == ERR_WRONG_CARD)
		return cli_why(
		        c, e,
		        "The card is not an OpenPGP card, or not the one that was asked "
		        "for. Insert the right one, or choose it with --serial.");
	if (e == ERR_PASSPHRASE && c->key_file)
		return cli_why(
		        c, e,
		        "The key file %s does not open %s. Every byte counts: look "
		        "for a newline at its end.",
		        c->key_file, c->device);
	if (e == ERR_PIN_BLOCKED) /* what unblocks it has been said */
		return cli_why(c, e, "The PIN is blocked. Nothing was changed on %s.",
		               c->device);
	if (e != OK)
		return e;
	tell(c, v, &r);
	if (import)
		import_tell(c, v, &r);
	return OK;
}

enum err enroll_dongle(struct cli *c, struct session *s, const struct secret *key)
{
	return one(c, s, NULL, key, NULL);
}

static enum err read_key_file(struct cli *c, struct secret **ret)
{
	enum err e = file_read_secret(c->key_file, CLI_KEY_FILE_MAX, ret);

	if (e != OK)
		(void)cli_why(c, e, "The key file %s cannot be read: %s.", c->key_file,
		              err_text(e));
	return e;
}

/* One passphrase for several keys, asked once, after the volume and the card's key were
 * found to be in order. */
static enum err ask_once(struct cli *c, struct session *s, bool card, struct secret **ret)
{
	AUTO_VOLUME *v = NULL;
	const char *reason = NULL;
	struct pubkey key;
	int slot = -1;

	enum err e = load_trusted(c, &v);
	if (e == OK && card)
		e = enroll_card_key(s, &key, &reason);
	if (reason)
		return cli_why(
		        c, e, "%s%s",
		        e == ERR_USAGE ? "" : "The card cannot be enrolled: ", reason);
	return e == OK ? enroll_ask_key(s, v, ret, &slot) : e;
}

static enum err check_usage(struct cli *c, size_t keys)
{
	if (c->key_file && c->passphrase_fd >= 0)
		return cli_why(c, ERR_USAGE,
		               "Give --key-file or --passphrase-fd, not both.");
	if (c->import && (c->key_file || c->passphrase_fd >= 0 || c->n_certs > 0))
		return cli_why(c, ERR_USAGE,
		               "With --import the card opens the volume: leave "
		               "--key-file, --passphrase-fd and --cert out.");
	if (c->keyslot >= 0 && keys > 1)
		return cli_why(c, ERR_USAGE,
		               "--keyslot names one keyslot, but several keys are to be "
		               "enrolled.");
	return OK;
}

static enum err enroll_all(struct cli *c, const struct import *import)
{
	AUTO_SECRET *key = NULL;
	AUTO_SESSION *s = NULL;
	struct pubkey *certs = NULL;
	const bool card = c->card || c->n_certs == 0;
	const size_t keys = c->n_certs + (card ? 1 : 0);
	enum err e = check_usage(c, keys);

	if (e != OK)
		return e;
	if (c->n_certs > 0) {
		certs = calloc(c->n_certs, sizeof(*certs));
		if (!certs)
			return ERR_NOMEM;
	}
	for (size_t i = 0; e == OK && i < c->n_certs; i++)
		e = read_cert(c, c->cert[i], &certs[i]);
	if (e == OK && c->key_file)
		e = read_key_file(c, &key);
	if (e == OK)
		e = cli_session(c, &s);
	if (e == OK)
		heads_warn(c);
	if (e == OK && !key && keys > 1)
		e = ask_once(c, s, card, &key);
	if (e == OK && card)
		e = one(c, s, NULL, key, import);
	for (size_t i = 0; e == OK && i < c->n_certs; i++)
		e = one(c, s, &certs[i], key, NULL);
	free(certs);
	return e;
}

/* The line of crypttab, with the volume as it is by now. */
static enum err at_boot(struct cli *c,
                        enum err (*what)(struct cli *c, const struct volume *v))
{
	AUTO_VOLUME *v = NULL;

	const enum err e = load_trusted(c, &v);
	return e == OK ? what(c, v) : e;
}

static enum err remind(struct cli *c, const struct volume *v)
{
	crypttab_remind(c, v);
	return OK;
}

static enum err look_for_import(struct cli *c, struct import *ret)
{
	AUTO_VOLUME *v = NULL;

	const enum err e = load_trusted(c, &v);
	return e == OK ? import_find(c, v, ret) : e;
}

static enum err run(struct cli *c)
{
	struct import import = {0};
	AUTO_VOLUME *v = NULL;

	enum err e = enroll_tpm2_usage(c);
	if (e != OK)
		return e;
	if (c->no_qr && !c->recovery)
		return cli_why(c, ERR_USAGE, "--no-qr goes with --recovery.");
	if (c->recovery)
		return recovery_run(c);
	/* What cannot be done is said before anything is asked. */
	if (c->import)
		e = look_for_import(c, &import);
	if (e == OK && c->crypttab)
		e = at_boot(c, crypttab_check);
	if (e == OK)
		e = c->tpm.tpm2 ? enroll_tpm2_run(c, &v)
		                : enroll_all(c, c->import ? &import : NULL);
	import_clear(&import);
	if (e == OK && v && !c->crypttab)
		e = remind(c, v);
	else if (e == OK)
		e = at_boot(c, c->crypttab ? crypttab_enter : remind);
	return e;
}

static const struct own_option own[] = {
        {"recovery",                                          NULL, "a recovery key for your safe instead of a dongle",
         recovery_take},
        {"recovery-fd", "N", "write that key to descriptor N, asking nothing back",
         recovery_take_fd},
        {"no-qr",                                                   NULL, "show it without a QR code", recovery_take_no_qr},
        {"tpm2",                                                NULL, "the TPM of this machine instead of a dongle", take_tpm2},
        {"pcrs",                                    "LIST", "seal to these PCRs, as 4+7+8+9", take_pcrs},
        {"profile",                                             "NAME", "to those of uefi (4+7+8+9, the default) or heads (0-5+7)",
         take_profile},
        {"pin",                        NULL, "with a PIN (the default)", take_pin},
        {"no-pin",                                                   NULL, "without one, which is confirmed on a terminal", take_no_pin},
        {"bank","NAME", "PCRs of sha256 (the default), sha384 or sha512", take_bank},
        {"srk",                                          "HANDLE", "under this persistent storage root key", take_srk},
        {"tpm-device",                                              "TCTI", TPM_DEVICE_HELP, take_tpm_device},
        {0                  },
};

const struct verb verb_enroll = {
        .name = "enroll",
        .operands = "DEVICE",
        .min_operands = 1,
        .max_operands = 1,
        .opts = OPT_VOLUME | OPT_CARD | OPT_CERT | OPT_KEYSLOT | OPT_KEY_FILE |
                OPT_FORCE | OPT_CRYPTTAB | OPT_CRYPTTAB_NAME | OPT_CRYPTTAB_FILE |
                OPT_REPLACE_KEYSCRIPT | OPT_NO_INITRAMFS | OPT_IMPORT,
        .own = own,
        .summary = "give a dongle a way in",
        .help = "Gives a dongle a way into the LUKS volume DEVICE: a keyslot of its own "
                "with a random\n"
                "passphrase, which is stored encrypted to the dongle on /boot and in the "
                "LUKS header.\n"
                "The existing ways in are left alone. With the dongle present the new "
                "way in is gone\n"
                "through before success is reported; with --cert the dongle can stay in "
                "the safe.\n"
                "You need the dongle's PIN and a passphrase (or key file) that opens the "
                "volume.\n"
                "With --crypttab the dongle opens it at boot: "
                "keyscript=decrypt_bootlatch is "
                "put into\n"
                "its line of /etc/crypttab, and update-initramfs is run.\n"
                "With --import no passphrase is asked for: the card opens the key that "
                "the keyscript\n"
                "decrypt_gnupg-sc, smartcard-key-luks or luks-root-smartcard has for it "
                "(the file that\n"
                "the line of crypttab names, else " IMPORT_KEY_FILE ",\n"
                "else a token in the header). What they set up stays as it is; with "
                "--crypttab the line\n"
                "is ours afterwards.\n"
                "With --tpm2 this machine's TPM 2.0 opens it, for a boot that measures "
                "the same as this one\n"
                "(Secure Boot's keys, GRUB, kernel, command line and initramfs, unless "
                "--pcrs or --profile\n"
                "say otherwise) and for a PIN of 6 to 127 characters, which is set here. "
                "What measures\n"
                "nothing is told, and refused without a PIN. After an update: bootlatch "
                "tpm reseal.\n"
                "With --recovery a key for your safe is made: 72 letters with a "
                "checksum, shown once on the\n"
                "terminal and wiped again, two groups typed back before it counts. It is "
                "taken at every\n"
                "prompt for the passphrase, at boot too. What records the terminal keeps "
                "it.",
        .run = run,
};
