/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bootlatch unenroll: take a way in away: a dongle's, the TPM's or a recovery key. */
#include <stdio.h>
#include <string.h>

#include "cli/crypttab.h"
#include "cli/heads.h"
#include "cli/output.h"
#include "cli/unenroll.h"
#include "unlock/enroll.h"

/* The person types the words in clear; nothing but a terminal will do. */
static enum err confirm(struct cli *c)
{
	static const char words[] = "lock me out";
	struct ask *ask = NULL;
	AUTO_SECRET *answer = NULL;

	enum err e = ask_open_tty(&ask);
	if (e != OK)
		return cli_why(c, ERR_REFUSED,
		               "This may be the last way into %s, and there is no "
		               "terminal to confirm that on. "
		               "Add another key first: cryptsetup luksAddKey %s.",
		               c->device, c->device);
	const struct ask_question q = {
	        .kind = ASK_CONFIRM,
	        .about = words,
	        .hint = "This is the last way in, or a keyslot that may be somebody "
	                "else's: what only it "
	                "opens is lost for ever.",
	        .tries_left = -1,
	        .max = 64,
	};
	e = ask_wait(ask, &q, -1, &answer);
	ask = ask_close(ask);
	if (e != OK)
		return e;
	const struct bytes typed = secret_view(answer);
	if (!bytes_equal(typed, (struct bytes){(const uint8_t *)words, strlen(words)}))
		return cli_why(c, ERR_REFUSED, "Not confirmed. Nothing was changed.");
	return OK;
}

bool unenroll_none_at_boot(const struct volume *v)
{
	for (size_t i = 0; i < v->n_enrolled; i++)
		if (!enrolment_is(&v->enrolled[i], BACKEND_RECOVERY))
			return false;
	return true;
}

/* Our prompt takes one however it is typed; where that is gone every sign counts. */
static void tell_recovery(const struct cli *c, const struct volume *v)
{
	for (size_t i = 0; i < v->n_enrolled; i++)
		if (v->enrolled[i].complete) {
			cli_say(c,
			        "A recovery key still opens %s. cryptsetup, which asks "
			        "for the passphrase at boot now, takes it only as it was "
			        "shown: in small letters, with the dashes.",
			        v->where.device);
			return;
		}
}

enum err unenroll_at_boot(struct cli *c)
{
	AUTO_VOLUME *v = NULL;
	bool left = false;

	enum err e = cli_volume(c, &v);
	if (e != OK)
		return e;
	if (!unenroll_none_at_boot(v)) {
		crypttab_remind(c, v);
		return OK;
	}
	e = crypttab_leave(c, v, &left);
	if (e == OK && left)
		tell_recovery(c, v);
	return e;
}

void unenroll_tell_old(const struct cli *c, const char *backend)
{
	static const struct {
		const char *backend, *text;
	} kinds[] = {
	        {BACKEND_CARD,
	         "Who kept an older copy of the LUKS header and gets the dongle with its "
	         "PIN can still open the disk with that copy; only cryptsetup reencrypt "
	         "ends that."	                                 },
	        {BACKEND_TPM2,
	         "In the TPM itself nothing was kept. Who has an older copy of the LUKS "
	         "header, this machine as it was and the PIN, if there was one, can "
	         "still "
	         "open the disk; only cryptsetup reencrypt ends that."},
	        {BACKEND_RECOVERY,
	         "That recovery key is void now: destroy the paper. Who kept an older "
	         "copy of "
	         "the LUKS header and has read it can still open the disk with that "
	         "copy; only cryptsetup reencrypt ends that."         },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].backend, backend) == 0)
			cli_say(c, "%s", kinds[i].text);
}

/* What opened it, before it is gone; "" for what an enrolment left unfinished. */
static const char *kind_of(const struct volume *v, int keyslot)
{
	static const char *const known[] = {BACKEND_CARD, BACKEND_TPM2, BACKEND_RECOVERY};
	const struct enrolment *en = keyslot >= 0 ? volume_find(v, keyslot) : NULL;

	if (keyslot < 0)
		return BACKEND_CARD; /* by its serial */
	for (size_t i = 0; en && i < sizeof(known) / sizeof(known[0]); i++)
		if (enrolment_is(en, known[i]))
			return known[i];
	return "";
}

/* Cut short before, it may have left the line of crypttab. */
static enum err nothing_there(struct cli *c, const struct volume *v)
{
	bool left = false;

	if (unenroll_none_at_boot(v)) {
		const enum err e = crypttab_leave(c, v, &left);
		if (e == OK && left)
			tell_recovery(c, v);
		if (e != OK || left)
			return e;
	}
	return cli_why(c, ERR_NOT_ENROLLED,
	               "Nothing of ours is there to remove; see bootlatch list %s.",
	               c->device);
}

/* Not all of them need be honest: a token in the header may be anybody's. */
static enum err several(struct cli *c, const struct volume *v)
{
	char list[CLI_WHY_MAX / 2] = "";
	size_t len = 0;

	for (size_t i = 0; i < v->n_enrolled; i++) {
		const struct enrolment *en = &v->enrolled[i];
		bool same = false;

		for (size_t k = 0; k < RECORD_SERIALS && *en->ident[k]; k++)
			same = same || pick_serial_matches(c->serial, en->ident[k]);
		if (same && len < sizeof(list))
			len += (size_t)snprintf(
			        list + len, sizeof(list) - len, "%s%d (%s)",
			        len > 0 ? ", " : "", en->keyslot,
			        en->in_record && v->state == RECORD_MATCHES
			                ? "enrolled here"
			                : "a token says so");
	}
	return cli_why(c, ERR_USAGE,
	               "Several keyslots belong to card %s: %s. Name one with --keyslot.",
	               c->serial, list);
}

enum err unenroll_way(struct cli *c, struct volume *v, int wanted, const char *serial)
{
	struct unenroll_request req = {.keyslot = wanted, .ident = serial};
	int keyslot = -1;

	enum err e = unenroll(v, &req, &keyslot);
	if (e == ERR_REFUSED && c->force) {
		e = confirm(c);
		if (e != OK)
			return e;
		req.force = true;
		e = unenroll(v, &req, &keyslot);
	}
	if (e == ERR_REFUSED)
		return cli_why(c, e,
		               "Refused: that would remove the last way into %s, or a "
		               "keyslot that does not look "
		               "like one of ours. Add another key first (cryptsetup "
		               "luksAddKey %s), or add --force.",
		               v->where.device, v->where.device);
	if (e != OK)
		return e;
	out_number(c, "keyslot", keyslot);
	cli_say(c, "Keyslot %d of %s is gone.", keyslot, v->where.device);
	return OK;
}

static enum err run(struct cli *c)
{
	AUTO_VOLUME *v = NULL;

	if ((c->keyslot < 0) == (c->serial == NULL))
		return cli_why(c, ERR_USAGE,
		               "Say which one: --keyslot N or --serial S (see bootlatch "
		               "list %s).",
		               c->device);
	enum err e = cli_volume(c, &v);
	if (e != OK)
		return e;
	if (v->strange)
		return cli_untrusted(c, v, ERR_TAMPERED);
	const char *kind = kind_of(v, c->keyslot);
	heads_warn(c);
	e = unenroll_way(c, v, c->keyslot, c->serial);
	if (e == ERR_REFUSED || e == ERR_CANCELLED)
		return e;
	if (e == ERR_NOT_ENROLLED)
		return nothing_there(c, v);
	if (e == ERR_USAGE)
		return several(c, v);
	if (e != OK)
		return cli_untrusted(c, v, e);
	unenroll_tell_old(c, kind);
	return unenroll_at_boot(c);
}

const struct verb verb_unenroll = {
        .name = "unenroll",
        .operands = "DEVICE",
        .min_operands = 1,
        .max_operands = 1,
        .opts = OPT_VOLUME | OPT_KEYSLOT | OPT_FORCE | OPT_CRYPTTAB_FILE |
                OPT_NO_INITRAMFS,
        .summary = "take a way in away",
        .help = "Kills the keyslot of one dongle, recovery key or TPM (--keyslot N; "
                "--serial S for a dongle)\n"
                "and removes its token, its file on /boot and its record. Nothing of "
                "what it is for is\n"
                "needed. The last way into a volume is only removed with --force and "
                "words typed on a\n"
                "terminal. With the last dongle or TPM our keyscript goes out of "
                "/etc/crypttab too; from\n"
                "then on cryptsetup asks, and takes a recovery key only exactly as it "
                "was shown.",
        .run = run,
};
