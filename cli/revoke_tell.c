/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bootlatch revoke: what will be done, and what is left to the person. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "cli/output.h"
#include "cli/revoke.h"
#include "core/hex.h"
#include "sign/signers.h"
#include "unlock/import.h"

static size_t active(const struct volume *v)
{
	size_t n = 0;

	for (int i = 0; i < luks_slots(v->luks); i++) {
		struct luks_slot s;

		n += luks_slot(v->luks, i, &s) == OK && s.active;
	}
	return n;
}

static void tell_way(struct revocation *r, const struct revoke_volume *rv,
                     const struct enrolment *en)
{
	struct cli *c = r->c;

	out_number(c, "keyslot", en->keyslot);
	cli_say(c, "  %s: keyslot %d, its token, its file on /boot, its record",
	        rv->device, en->keyslot);
	for (size_t k = 1; k < RECORD_SERIALS && *en->ident[k]; k++)
		cli_say(c, "    Card %s holds the same key: it is locked out too.",
		        en->ident[k]);
}

static void tell_volume(struct revocation *r, const struct revoke_volume *rv)
{
	const struct volume *v = rv->v;
	struct cli *c = r->c;

	const size_t ways = revoke_ways(r, v);
	if (ways == 0)
		return;
	out_enter(c, "volumes");
	out_text(c, "device", rv->device);
	out_text(c, "uuid", rv->uuid);
	for (size_t i = 0; i < v->n_enrolled; i++)
		if (revoke_is_meant(r, v, &v->enrolled[i]))
			tell_way(r, rv, &v->enrolled[i]);
	const bool last = active(v) <= ways;
	out_bool(c, "last_way", last);
	out_text(c, "refused", v->strange);
	out_leave(c);
	if (v->strange)
		cli_say(c, "    REFUSED: %s", v->strange);
	else if (last)
		cli_say(c,
		        "    This is the LAST way in. %s Add another first: "
		        "bootlatch enroll %s --recovery",
		        c->force ? "It goes only when you confirm that in words."
		                 : "It is left as it is.",
		        rv->device);
}

void revoke_tell_plan(struct revocation *r)
{
	struct cli *c = r->c;

	for (size_t i = 0; i < r->n_keys; i++) {
		char fpr[2 * FPR_LEN + 1];

		hex_encode_up((struct bytes){r->key[i], FPR_LEN}, fpr);
		out_enter(c, "keys");
		out_text(c, "fingerprint", fpr);
		out_leave(c);
		cli_say(c, "Revoked is the dongle with the decryption key %s:", fpr);
	}
	for (size_t i = 0; i < r->n; i++) {
		if (r->volume[i].v) {
			tell_volume(r, &r->volume[i]);
			continue;
		}
		if (!revoke_absent(r, &r->volume[i]))
			continue;
		out_enter(c, "absent");
		out_text(c, "device", r->volume[i].device);
		out_leave(c);
		cli_say(c,
		        "  %s: not here, so nothing is done there. Run this again when "
		        "it is.",
		        r->volume[i].device);
	}
	cli_say(c,
	        "  %s: our line goes where neither a dongle nor the TPM opens the volume "
	        "any more%s",
	        c->crypttab_file,
	        c->no_initramfs ? "" : "; then the image of the next boot is made anew");
}

/* --- the rest --- */

static void tell_old_headers(struct revocation *r)
{
	struct cli *c = r->c;

	cli_say(c, "\nWho has an older copy of a LUKS header, the dongle and its PIN can "
	           "still open that disk with\n"
	           "it. Only a new volume key ends that. It takes hours, the disk can be "
	           "used meanwhile (LUKS2):");
	for (size_t i = 0; i < r->n; i++)
		if (r->volume[i].v && !r->volume[i].v->strange)
			cli_say(c,
			        "  cryptsetup reencrypt %s\n"
			        "  bootlatch record renew %s && update-initramfs -u",
			        r->volume[i].device, r->volume[i].device);
	cli_say(c, "Nothing of that is done by itself. While it runs the disk opens by a "
	           "passphrase only:\n"
	           "have one at hand, or a recovery key.");
}

static void tell_signers(struct revocation *r)
{
	struct signers *s = calloc(1, sizeof(*s));
	struct cli *c = r->c;

	if (!s)
		return;
	if (signers_load(s, c->where.config_dir, (uint32_t)time(NULL)) == OK) {
		cli_say(c,
		        "\n/boot has changed, and is to be signed with another dongle: "
		        "bootlatch sign\n"
		        "These keys may sign it. If one is the lost dongle's, remove it "
		        "here, and in Heads put the\n"
		        "other dongle's key into the keyring (reflash, or change the GPG "
		        "key) without it:");
		for (size_t i = 0; i < s->n; i++) {
			char fpr[2 * PGP_FPR_LEN + 1];

			hex_encode_up((struct bytes){s->key[i].fpr, PGP_FPR_LEN}, fpr);
			out_enter(c, "signers");
			out_text(c, "fingerprint", fpr);
			out_leave(c);
			cli_say(c, "  rm %s/signers/%s.pgp", c->where.config_dir, fpr);
		}
	}
	free(s);
}

void revoke_tell_rest(struct revocation *r)
{
	struct cli *c = r->c;

	cli_say(c, "Images of other kernels, if there are any, keep a file for the "
	           "dongle, which opens\nnothing any more. To have them made anew too: "
	           "update-initramfs -u -k all");
	tell_old_headers(r);
	tell_signers(r);
	if (access(IMPORT_KEY_FILE, F_OK) == 0)
		cli_say(c,
		        "\n" IMPORT_KEY_FILE " is there: if the lost dongle opens it,\n"
		        "kill the keyslot that it is for too (cryptsetup "
		        "luksKillSlot) and remove it.");
}
