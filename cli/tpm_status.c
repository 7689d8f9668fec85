/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bootlatch tpm status: what is sealed to what, and will it open? */
#include <stdio.h>
#include <string.h>

#include "cli/output.h"
#include "cli/tpm_each.h"
#include "cli/tpm_look.h"
#include "cli/tpm_words.h"
#include "core/hex.h"

/* The machine's TPM, looked at once. */
struct seen {
	bool named; /* the volume was */
	struct tpm2 tpm;
	enum err tpm_e; /* of looking at it */
	struct tpm2_saved saved;
	bool was_saved; /* before the cap */
	size_t shut;    /* ways in that would not open at a boot as this one */
};

/* --- the TPM --- */

/* Those that were to be extended and are still as they were. */
static uint32_t open_still(const struct seen *s)
{
	struct tpm2_pcrs now;

	if (s->tpm_e != OK ||
	    tpm2_read_pcrs(&s->tpm, s->saved.bank[0].bank, s->saved.capped, &now) != OK)
		return 0; /* it is not known, and nothing can be unsealed now */
	return s->saved.capped & ~tpm2_pcrs_differ(&now, &s->saved.bank[0]);
}

static void say_uncapped(struct cli *c, const char *how)
{
	cli_say(c,
	        "Warning: this boot was NOT shut: %s.\n"
	        "Root of this system can ask the TPM for what needs no PIN; %s.",
	        strcmp(how, "absent") == 0 ? "the initramfs saw no TPM"
	                                   : "the TPM did not do it, or did not answer",
	        strcmp(how, "absent") == 0 ? "see bootlatch doctor"
	                                   : "start the machine again");
}

static void say_cap(struct cli *c, struct seen *s)
{
	const char *failed = tpm_uncapped();
	char list[TPM2_LIST_MAX];

	s->was_saved = tpm2_saved_read(TPM2_SAVED_RUN, &s->saved) == OK;
	const uint32_t open = s->was_saved ? open_still(s) : 0;
	out_bool(c, "capped", s->was_saved && open == 0 && !failed);
	out_text(c, "uncapped", failed);
	if (failed && open == 0)
		say_uncapped(c, failed);
	if (!s->was_saved || (failed && open == 0))
		return;
	tpm2_list(open != 0 ? open : s->saved.capped, list);
	if (open != 0)
		cli_say(c,
		        "Warning: this boot was NOT shut: PCR %s is still as it was. "
		        "Root of this system can unseal\nwhat needs no PIN; start the "
		        "machine again.",
		        list);
	else
		cli_say(c,
		        "This boot was shut with PCR %s: nothing is unsealed until the "
		        "machine starts again.",
		        list);
}

static void see_tpm(struct cli *c, struct seen *s)
{
	struct tpm2_lockout l = {0};

	s->tpm = (struct tpm2){.tcti = c->tpm.device};
	s->tpm_e = tpm2_lockout(&s->tpm, &l);
	out_bool(c, "tpm", s->tpm_e == OK);
	if (s->tpm_e == OK) {
		tpm_out_lockout(c, &l);
		tpm_say_lockout(c, &l);
	}
	say_cap(c, s);
}

/* --- a way in --- */

static void say_pcr(struct cli *c, unsigned pcr, unsigned cap,
                    const struct tpm2_pcrs *then, const struct tpm2_pcrs *now)
{
	char was[2 * HASH_MAX_LEN + 1], is[2 * HASH_MAX_LEN + 1];
	const size_t n = hash_len(then->bank);
	const bool known = now != NULL;
	const bool same = known && memcmp(then->value[pcr], now->value[pcr], n) == 0;

	hex_encode((struct bytes){then->value[pcr], n}, was);
	out_enter(c, "pcrs");
	out_number(c, "pcr", pcr);
	out_text(c, "measures", tpm2_pcr_measures(pcr));
	out_text(c, "sealed", was);
	if (known) {
		hex_encode((struct bytes){now->value[pcr], n}, is);
		out_text(c, "now", is);
		out_bool(c, "same", same);
	}
	out_leave(c);
	cli_say(c, "    PCR %2u  %-9s  %s", pcr,
	        !known ? "unknown"
	        : same ? "as sealed"
	               : "CHANGED",
	        pcr == cap ? "the cap: shuts the TPM once all is open"
	                   : tpm2_pcr_measures(pcr));
	if (known && !same)
		cli_say(c, "      sealed %s\n      now    %s", was, is);
}

/* In words for scripts, and for people. */
static const struct {
	const char *word, *sentence;
} states[] = {
        [TPM_OPENS] = {"opens",        "opens at a boot like this one"                           },
        [TPM_CHANGED] = {"changed",      "does NOT open at a boot like this one; bless it "
                                    "with: bootlatch tpm reseal"},
        [TPM_UNREADABLE] = {"unknown",      NULL                                                      },
        [TPM_NO_RECORD] = {"no-record",
                       "not used, as this machine's record does not know it"                     },
        [TPM_NO_KEYSLOT] = {"no-keyslot",   "its keyslot is gone: tpm forget, then enroll"            },
        [TPM_NOT_RECORDED] = {"not-recorded",
                       "NOT what the record says it is: it is not used"                          },
        [TPM_DAMAGED] = {"damaged",      "damaged: tpm reseal makes it anew"                       },
};

static void say_way(struct cli *c, struct seen *s, const struct volume *v,
                    const struct enrolment *en)
{
	struct tpm_look l;

	tpm_look(&s->tpm, s->was_saved ? &s->saved : NULL, v, en, &l);
	const char *sentence = states[l.state].sentence;
	s->shut += l.state != TPM_OPENS;
	out_number(c, "keyslot", en->keyslot);
	out_bool(c, "needs_pin", en->needs_pin);
	if (l.state <= TPM_UNREADABLE) {
		out_text(c, "bank", tpm2_bank_name(l.sealed.pcrs.bank));
		out_number(c, "cap", en->cap);
	}
	out_text(c, "state", states[l.state].word);
	cli_say(c, "  keyslot %d, %s: %s", en->keyslot,
	        en->needs_pin ? "with the PIN" : "without a PIN",
	        sentence ? sentence : err_text(l.e));
	for (unsigned i = 0; l.state <= TPM_UNREADABLE && i < TPM2_PCRS; i++)
		if ((l.sealed.pcrs.mask >> i & 1) != 0)
			say_pcr(c, i, en->cap, &l.sealed.pcrs,
			        l.state < TPM_UNREADABLE ? &l.now : NULL);
	if (l.state <= TPM_UNREADABLE && (l.sealed.pcrs.mask & TPM2_PCR_LOADER) == 0)
		cli_say(c,
		        "    The boot loader is not in this (PCR 4): who boots another "
		        "one puts into the rest by hand what belongs there. To add it: "
		        "bootlatch tpm reseal --profile uefi %s",
		        v->where.device);
}

static enum err say_volume(struct cli *c, struct volume *v, void *ctx)
{
	struct seen *s = ctx;

	if (s->named) /* else it is in that list */
		out_enter(c, "volumes");
	out_text(c, "device", v->where.device);
	out_text(c, "uuid", luks_uuid(v->luks));
	out_text(c, "record", record_state_text(v->state));
	cli_say(c, "%s", v->where.device);
	for (size_t i = 0; i < v->n_enrolled; i++) {
		if (!tpm_is_way(v, &v->enrolled[i]))
			continue;
		out_enter(c, "ways");
		say_way(c, s, v, &v->enrolled[i]);
		out_leave(c);
	}
	if (s->named)
		out_leave(c);
	return cli_untrusted(c, v, volume_trusted(v));
}

static enum err run(struct cli *c)
{
	struct seen s = {.named = c->device != NULL};

	see_tpm(c, &s);
	const enum err e = tpm_each(c, say_volume, &s);
	if (s.tpm_e != OK && (e == OK || e == ERR_NOT_ENROLLED)) {
		*c->why = '\0';
		return tpm_why(c, s.tpm_e, NULL);
	}
	if (e == OK && s.shut > 0)
		return cli_why(
		        c, ERR_TPM_PCRS,
		        "%zu way%s in of the TPM would not open at a boot like this "
		        "one. After an update, once card or passphrase opened the "
		        "disk: bootlatch tpm reseal.",
		        s.shut, s.shut == 1 ? "" : "s");
	return e;
}

static const struct own_option own[] = {
        {"tpm-device",     "TCTI", TPM_DEVICE_HELP, take_tpm_device},
        {0},
};

const struct verb verb_tpm_status = {
        .name = "tpm status",
        .operands = "[DEVICE]",
        .min_operands = 0,
        .max_operands = 1,
        .opts = OPT_BOOT | OPT_CONFIG | OPT_HEADER | OPT_CRYPTTAB_FILE | OPT_JSON |
                OPT_DEBUG | OPT_HELP,
        .own = own,
        .summary = "what the TPM is sealed to, and whether it opens",
        .help = "Shows for DEVICE, or for every volume of this machine that the TPM "
                "opens, "
                "to which PCRs its\n"
                "way in is sealed, what is measured into them, and which of them are no "
                "longer what they\n"
                "were; how many wrong PINs were counted, and whether this boot was shut. "
                "Asks for nothing\n"
                "and changes nothing. Exit status 7 when a way in would not open at a "
                "boot "
                "like this one,\n"
                "8 when there is none.",
        .run = run,
};
