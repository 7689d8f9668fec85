/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bootlatch status: one screen of what there is, and with DEVICE: will the next boot ask
 * for the dongle? */
#include "cli/status.h"

#include "cli/output.h"
#include "cli/screen.h"

/* What keeps the boot from asking for it, before any image is looked at. */
static enum err judge(struct cli *c, const struct machine *m)
{
	const struct machine_volume *mv = &m->volume[0];

	out_bool(c, "crypttab", machine_names_us(mv));
	out_text(c, "record", record_state_text(mv->v->state));
	const enum err e = volume_trusted(mv->v);
	if (e != OK)
		return cli_untrusted(c, mv->v, e);
	if (!machine_names_us(mv))
		return cli_why(
		        c, ERR_NOT_ENROLLED,
		        "The boot will not ask for the dongle. To have it open %s: "
		        "bootlatch enroll %s --crypttab.",
		        c->device, c->device);
	return OK;
}

static enum err show(struct cli *c, struct machine *m)
{
	enum err e = c->doctor.no_card ? OK : status_dongles(c, m);

	if (e == OK)
		e = status_volumes(c, m);
	if (e != OK)
		return e;
	status_tpm(c, m);
	e = status_boot(c, m);
	if (e == OK && c->device)
		e = judge(c, m);
	if (e != OK)
		return e;
	e = status_images(c, m);
	/* Without DEVICE it shows; who wants a verdict names one, or asks doctor. */
	if (e == OK || c->device || e == ERR_NOMEM)
		return e;
	screen_row(c, SCREEN_WARN, "result", "%s", c->why);
	*c->why = '\0';
	return OK;
}

static enum err run(struct cli *c)
{
	AUTO_VOLUME *v = NULL;
	struct machine *m = NULL;

	enum err e = c->device ? cli_volume(c, &v) : OK; /* with its words */
	if (e == OK)
		e = machine_look(c, c->doctor.root ? c->doctor.root : "", &m);
	if (e == OK)
		e = show(c, m);
	m = machine_free(m);
	return e;
}

const struct verb verb_status = {
        .name = "status",
        .operands = "[DEVICE]",
        .max_operands = 1,
        .opts = OPT_BOOT | OPT_CONFIG | OPT_HEADER | OPT_CRYPTTAB_FILE | OPT_FILES_LIST |
                OPT_READER | OPT_SERIAL | OPT_TRANSPORT | OPT_WAIT | OPT_JSON |
                OPT_DEBUG | OPT_HELP,
        .own = machine_options,
        .summary = "dongles, volumes, ways in, /boot and images on one screen",
        .help = "Shows the dongles that are here, every LUKS volume of /etc/crypttab and "
                "of the root file\n"
                "system with its ways in, the TPM, the signature on /boot and what is "
                "pending, and for every\n"
                "kernel in /boot whether its initramfs image will ask for the dongle: "
                "all that files.list\n"
                "names, with the libraries and kernel modules that it brings, and "
                "records and encrypted\n"
                "passphrases as they are now. Sends no PIN and changes nothing.\n"
                "With DEVICE this volume alone, and the exit status tells whether the "
                "next boot asks for\n"
                "the dongle: 7 when the header does not fit, 8 when crypttab does not "
                "name us, 1 when an\n"
                "image lacks something. What else may be wrong, and how to mend it: "
                "bootlatch doctor.",
        .run = run,
};
