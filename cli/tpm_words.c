/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the verbs of the TPM say of it. */
#include "cli/tpm_words.h"

#include <stdio.h>

#include "cli/heads.h"
#include "cli/output.h"
#include "unlock/tpm2_admin.h"

/* --- why not --- */

static enum err why_unsupported(struct cli *c, enum err e)
{
	const struct tpm2 tpm = {.tcti = c->tpm.device};
	struct tpm2_lockout l = {0};

	if (!tpm2_built())
		return cli_why(
		        c, e,
		        "This bootlatch was built without TPM support (tss2). Install "
		        "one that was built with it, or enroll a dongle.");
	if (tpm2_lockout(&tpm, &l) == ERR_UNSUPPORTED)
		return cli_why(c, e,
		               "This machine has a TPM 1.2, which cannot seal as is "
		               "needed here. With Heads its own disk unlock key serves "
		               "(set a default boot there); else enroll a dongle: "
		               "bootlatch enroll DEVICE.");
	return e;
}

static enum err why_locked(struct cli *c, enum err e)
{
	const struct tpm2 tpm = {.tcti = c->tpm.device};
	struct tpm2_lockout l = {0};
	char time[DURATION_MAX];

	if (tpm2_lockout(&tpm, &l) != OK)
		return cli_why(c, e, "%s. %s", err_text(e), err_advice(e));
	return cli_why(c, e,
	               "The TPM is locked: %u wrong PINs were counted, and it takes none "
	               "for %s, not even the right one. Wait, or see bootlatch tpm "
	               "lockout --help.",
	               l.failed, words_duration(l.interval_s, time));
}

enum err tpm_why(struct cli *c, enum err e, const struct tpm2_seal_wish *wish)
{
	if (*c->why != '\0')
		return e;
	switch (e) {
	case ERR_TPM_ABSENT:
		return cli_why(c, e,
		               "There is no TPM 2.0 here (/dev/tpmrm0). Switch it on in "
		               "the firmware's setup, where it may be called security "
		               "device, PTT or fTPM, or enroll a dongle.");
	case ERR_UNSUPPORTED:
		return why_unsupported(c, e);
	case ERR_TPM_LOCKED:
		return why_locked(c, e);
	case ERR_NOT_FOUND:
		return wish == NULL
		               ? e
		               : cli_why(c, e,
		                         "The TPM has no PCRs of bank %s. Take another "
		                         "with --bank, or leave it out.",
		                         tpm2_bank_name(wish->bank));
	case ERR_TPM_OTHER:
		if (wish != NULL && wish->srk_name != NULL)
			return cli_why(
			        c, e,
			        "The TPM's storage root key is not the one that was "
			        "enrolled: the TPM was cleared or exchanged, or somebody "
			        "sits between it and you. Nothing was changed, nothing "
			        "told to it. If you did that: bootlatch tpm forget, then "
			        "bootlatch enroll --tpm2.");
		return wish == NULL
		               ? e
		               : cli_why(c, e,
		                         "%08x is no storage root key of use (ECC P-256, "
		                         "restricted to decryption, without a password). "
		                         "Leave --srk out.",
		                         wish->srk);
	case ERR_ACCESS:
		return cli_why(c, e, "The TPM may not be used. Run this as root.");
	default:
		return e;
	}
}

/* --- guessing --- */

void tpm_say_lockout(const struct cli *c, const struct tpm2_lockout *l)
{
	char time[DURATION_MAX];

	if (l->interval_s == 0) {
		cli_say(c, "Warning: this TPM counts no wrong PINs, so who has the "
		           "machine may "
		           "try them all.\nTo change that: bootlatch tpm lockout --set "
		           "32,600,86400");
		return;
	}
	cli_say(c,
	        "The TPM locks itself after %u wrong PINs (%u counted now); one is "
	        "forgotten every %s.",
	        l->max, l->failed, words_duration(l->interval_s, time));
	if (l->locked != 0)
		cli_say(c,
		        "It IS locked: no PIN is taken until one is forgotten, not even "
		        "the right one.");
}

void tpm_out_lockout(struct cli *c, const struct tpm2_lockout *l)
{
	out_object(c, "lockout");
	out_number(c, "failed", l->failed);
	out_number(c, "max", l->max);
	out_number(c, "interval_s", l->interval_s);
	out_number(c, "recovery_s", l->recovery_s);
	out_bool(c, "locked", l->locked != 0);
	out_bool(c, "password", l->password != 0);
	out_leave(c);
}

/* --- PCRs --- */

void tpm_say_doubts(const struct cli *c, const struct tpm2_choice *choice,
                    const struct tpm2_pcrs *to, unsigned doubts)
{
	char list[TPM2_LIST_MAX];

	if ((doubts & TPM2_DOUBT_SET) != 0 && choice->profile != TPM2_HEADS) {
		tpm2_list(choice->mask, list);
		cli_say(c,
		        "Warning: into none of PCRs %s initramfs or kernel command line "
		        "are "
		        "measured.\nWho boots another initramfs on this machine is asked "
		        "for "
		        "the PIN all the same.",
		        list);
	}
	if ((doubts & TPM2_DOUBT_EMPTY) != 0) {
		tpm2_list(tpm2_pcrs_empty(to) & ~(1U << choice->cap), list);
		cli_say(c,
		        "Warning: PCRs %s are empty: nothing measures the initramfs on "
		        "this "
		        "machine,\nso the TPM cannot tell this boot from another%s.",
		        list, heads_here(c) ? ". With Heads take --profile heads" : "");
	}
	if ((doubts & TPM2_DOUBT_LOADER) != 0) {
		tpm2_list(choice->mask, list);
		cli_say(c,
		        "Warning: the boot loader is not measured into PCRs %s%s.\nWho "
		        "boots one of their own here puts into them by "
		        "hand what belongs there, and is\nasked for the PIN all the "
		        "same.",
		        list,
		        (choice->mask & TPM2_PCR_LOADER) != 0 ? " (4 is empty)"
		                                              : "; it would be into 4");
	}
	if ((doubts & TPM2_DOUBT_CAP) != 0)
		cli_say(c,
		        "Warning: PCR %u, which is to shut the TPM after the boot, is "
		        "not "
		        "empty. If it is not\nthe same at the next boot, the TPM will "
		        "not open "
		        "the disk; then: bootlatch tpm reseal.",
		        choice->cap);
	if ((doubts & TPM2_DOUBT_MOVING) != 0)
		cli_say(c, "Warning: PCRs 10, 11 and 15 go on changing after the disk is "
		           "open, "
		           "and these are not\nthe values of then. After the next boot: "
		           "bootlatch "
		           "tpm reseal.");
}

void tpm_say_pcrs(struct cli *c, const struct tpm2_pcrs *to, unsigned cap)
{
	const uint32_t empty = tpm2_pcrs_empty(to);

	for (unsigned i = 0; i < TPM2_PCRS; i++) {
		if ((to->mask >> i & 1) == 0)
			continue;
		out_enter(c, "pcrs");
		out_number(c, "pcr", i);
		out_text(c, "measures", tpm2_pcr_measures(i));
		out_hex(c, "value", (struct bytes){to->value[i], hash_len(to->bank)});
		out_leave(c);
		cli_say(c, "  PCR %2u  %s%s", i,
		        i == cap ? "the cap: shuts the TPM once all is open"
		                 : tpm2_pcr_measures(i),
		        i != cap && (empty >> i & 1) != 0 ? " (empty)" : "");
	}
}

/* --- typed words --- */

enum err tpm_confirm(struct cli *c, const char *words, const char *hint)
{
	AUTO_SECRET *answer = NULL;
	struct ask *ask = NULL;

	if (ask_open_tty(&ask) != OK)
		return cli_why(
		        c, ERR_REFUSED,
		        "%s There is no terminal to confirm that on, so nothing was "
		        "done.",
		        hint);
	const struct ask_question q = {
	        .kind = ASK_CONFIRM,
	        .about = words,
	        .hint = hint,
	        .tries_left = -1,
	        .max = 64,
	};
	const enum err e = ask_wait(ask, &q, -1, &answer);
	ask = ask_close(ask);
	if (e != OK)
		return e;
	return bytes_equal(secret_view(answer), bytes_of(words))
	               ? OK
	               : cli_why(c, ERR_REFUSED, "Not confirmed. Nothing was changed.");
}
