/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bootlatch list and bootlatch record show: what is known of a volume. */
#include <stdio.h>

#include "cli/output.h"
#include "core/hex.h"
#include "unlock/enroll.h"

static const char *state(const struct volume *v, const struct enrolment *en)
{
	if (en->complete)
		return en->has_blob_file || enrolment_is(en, BACKEND_RECOVERY)
		               ? "ready"
		               : "ready (no file on /boot; the header's copy serves)";
	if (!en->slot_active)
		return "its keyslot is gone: unenroll it";
	if (!en->in_record && en->keyslot == v->interrupted_slot)
		return "left by an enrolment that was cut short: enroll again";
	if (v->state != RECORD_MATCHES)
		return "not used while the record does not fit";
	if (!en->in_record && record_would_take(v, en))
		return "not in this machine's record: record renew";
	if (!en->in_record)
		return "not in the record, and not as we make it: enroll again";
	return "nothing left to decrypt: enroll again";
}

static void others(const struct cli *c, const struct volume *v)
{
	for (int i = 0; i < luks_slots(v->luks); i++) {
		const bool cut = i == v->interrupted_slot;
		struct luks_slot s;

		if (luks_slot(v->luks, i, &s) != OK || !s.active || volume_find(v, i))
			continue;
		cli_say(c, "%7d  %-12s  %s", i, cut ? "interrupted" : "passphrase",
		        cut ? "left by an enrolment that was cut short: enroll again "
		              "cleans it up"
		            : s.kdf);
	}
}

static void head(const struct cli *c, const struct volume *v)
{
	static const char *const record[] = {
	        [RECORD_MATCHES] = "matches the header",
	        [RECORD_MISSING] = "missing: this machine has never enrolled it",
	        [RECORD_DIFFERS] = "DIFFERS: the header is not the one that was enrolled",
	        [RECORD_BROKEN] = "cannot be read",
	};
	char pin[2 * HEADER_PIN_LEN + 1];

	hex_encode((struct bytes){v->pin, HEADER_PIN_LEN}, pin);
	cli_say(c, "%s: LUKS%d %s\nheader pin %s\nrecord %s", v->where.device,
	        luks_version(v->luks), luks_uuid(v->luks), pin, record[v->state]);
	if (v->strange)
		cli_say(c, "REFUSED: %s", v->strange);
}

static enum err list(struct cli *c)
{
	AUTO_VOLUME *v = NULL;

	enum err e = cli_volume(c, &v);
	if (e != OK)
		return e;
	out_volume(c, v);
	if (c->json)
		return OK;
	head(c, v);
	cli_say(c, "\nkeyslot  %-12s  %-13s  state", "way in", "card");
	for (size_t i = 0; i < v->n_enrolled; i++) {
		const struct enrolment *en = &v->enrolled[i];
		char fpr[2 * FPR_LEN + 1];

		hex_encode_up((struct bytes){en->fpr, FPR_LEN}, fpr);
		const bool tpm = enrolment_is(en, BACKEND_TPM2),
		           paper = enrolment_is(en, BACKEND_RECOVERY);
		cli_say(c, "%7d  %-12s  %-13s  %s\n%23s %s %s", en->keyslot,
		        en->backend ? en->backend : "?",
		        tpm             ? "-"
		        : paper         ? "on paper"
		        : *en->ident[0] ? en->ident[0]
		                        : "not seen yet",
		        state(v, en), "",
		        tpm     ? "object"
		        : paper ? "id"
		                : "key",
		        fpr);
	}
	others(c, v);
	if (v->n_enrolled == 0)
		cli_say(c,
		        "\nNothing is enrolled. To give a dongle a way in: bootlatch "
		        "enroll %s",
		        c->device);
	return OK;
}

static enum err show(struct cli *c)
{
	AUTO_VOLUME *v = NULL;
	char pin[2 * HEADER_PIN_LEN + 1];

	enum err e = cli_volume(c, &v);
	if (e != OK)
		return e;
	out_volume(c, v);
	if (!c->json)
		head(c, v);
	if (v->state == RECORD_DIFFERS) {
		hex_encode((struct bytes){v->record.pin, HEADER_PIN_LEN}, pin);
		out_text(c, "enrolled_pin", pin);
		if (!c->json)
			cli_say(c, "enrolled pin %s", pin);
	}
	/* Scripts ask this verb whether the next boot will work. */
	return cli_untrusted(c, v, volume_trusted(v));
}

const struct verb verb_list = {
        .name = "list",
        .operands = "DEVICE",
        .min_operands = 1,
        .max_operands = 1,
        .opts = OPT_VOLUME,
        .summary = "show the ways in",
        .help = "Shows the keyslots of DEVICE, which dongles open them, and whether this "
                "machine's\n"
                "record fits the LUKS header. Asks for nothing and changes nothing.",
        .run = list,
};

const struct verb verb_record_show = {
        .name = "record show",
        .operands = "DEVICE",
        .min_operands = 1,
        .max_operands = 1,
        .opts = OPT_VOLUME,
        .summary = "show what this machine trusts about a volume",
        .help = "Shows the header pin of DEVICE beside the one in this machine's "
                "enrolment record.\n"
                "Exit status 7 when they differ or there is no record.",
        .run = show,
};
