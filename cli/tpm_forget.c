/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bootlatch tpm forget: take the TPM's way in away. */
#include "cli/heads.h"
#include "cli/tpm_each.h"
#include "cli/tpm_words.h"
#include "cli/unenroll.h"
#include "unlock/enroll.h"

static enum err forget(struct cli *c, struct volume *v, void *ctx)
{
	int slots[LUKS_SLOTS_MAX];
	enum err refused = OK;
	size_t n = 0;

	(void)ctx;
	if (v->state == RECORD_BROKEN || v->state == RECORD_DIFFERS)
		return cli_untrusted(c, v, ERR_TAMPERED);
	for (size_t i = 0; i < v->n_enrolled; i++)
		if (tpm_is_way(v, &v->enrolled[i]))
			slots[n++] = v->enrolled[i].keyslot;
	heads_warn(c);
	/* Without a record a token says so, which may be anybody's: what does not look as
	 * we make it is refused, and keeps nothing else from being removed. */
	for (size_t i = 0; i < n; i++) {
		const enum err e = unenroll_way(c, v, slots[i], NULL);

		if (e != OK && e != ERR_REFUSED)
			return cli_untrusted(c, v, e);
		refused = e == OK ? refused : e;
	}
	if (refused != OK)
		return refused;
	unenroll_tell_old(c, BACKEND_TPM2);
	return unenroll_at_boot(c);
}

static enum err run(struct cli *c)
{
	return tpm_each(c, forget, NULL);
}

const struct verb verb_tpm_forget = {
        .name = "tpm forget",
        .operands = "[DEVICE]",
        .min_operands = 0,
        .max_operands = 1,
        .opts = OPT_BOOT | OPT_CONFIG | OPT_HEADER | OPT_FORCE | OPT_CRYPTTAB_FILE |
                OPT_NO_INITRAMFS | OPT_JSON | OPT_DEBUG | OPT_HELP,
        .summary = "take the TPM's way in away",
        .help = "Kills the TPM's keyslot of DEVICE, or of every volume of this machine, "
                "and "
                "removes its token,\n"
                "its file on /boot and its record. Neither the TPM nor its PIN is "
                "needed. "
                "The last way into a\n"
                "volume is only removed with --force and words typed on a terminal.",
        .run = run,
};
