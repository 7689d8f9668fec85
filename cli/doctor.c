/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bootlatch doctor: will the next boot work?  Runs the checks and tells what they find.
 */
#include "cli/doctor.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/output.h"
#include "cli/screen.h"

enum { TEXT_MAX = 1024 };

static const struct {
	const char *what; /* that it looks at */
	enum err (*look)(struct doctor *d);
} checks[] = {
        {"crypttab",       doctor_table    },
        {"volumes",        doctor_volumes  },
        {"ways in",        doctor_ways     },
        {"generator",      doctor_generator},
        {"images",         doctor_images   },
        {"/boot",          doctor_boot     },
        {"signature",      doctor_signature},
        {"Heads",          doctor_heads    },
        {"readers",        doctor_readers  },
        {"running system", doctor_system   },
        {"TPM",            doctor_tpm      },
        {"dongle",         doctor_card     },
};

/* --- telling --- */

/* '@' becomes what it is about, '#' the keyslot. */
static void fill_in(const char *mend, const char *about, int keyslot, char *out,
                    size_t cap)
{
	struct writer w = {(uint8_t *)out, cap - 1, 0, false};
	char number[16] = "N";

	if (keyslot >= 0)
		(void)snprintf(number, sizeof(number), "%d", keyslot);
	for (; *mend != '\0'; mend++) {
		if (*mend == '@')
			put_string(&w, about);
		else if (*mend == '#')
			put_string(&w, number);
		else
			put_bytes(&w, mend, 1);
	}
	out[w.n] = '\0';
}

static void to_json(struct doctor *d, const struct fault_row *row, const char *about,
                    const char *what, const char *mend)
{
	out_enter(d->c, "findings");
	out_text(d->c, "id", row->id);
	out_text(d->c, "level", doctor_level_text(row->level));
	out_text(d->c, "about", *about ? about : NULL);
	if (d->keyslot >= 0)
		out_number(d->c, "keyslot", d->keyslot);
	out_text(d->c, "what", what);
	out_text(d->c, "why", row->why);
	out_text(d->c, "mend", mend);
	out_leave(d->c);
}

void doctor_find(struct doctor *d, enum fault f, const char *about, const char *fmt, ...)
{
	static const struct {
		const char *label;
		enum screen_mark mark;
	} levels[] = {
	        [DOCTOR_NOTE] = {"note",      SCREEN_PLAIN},
	        [DOCTOR_WARNING] = {"WARNING",   SCREEN_WARN },
	        [DOCTOR_ERROR] = {"ERROR",     SCREEN_BAD  },
	        [DOCTOR_TAMPERED] = {"TAMPERED?", SCREEN_BAD  },
	};
	const struct fault_row *row = fault_row(f);
	char what[TEXT_MAX], mend[TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	fill_in(row->mend, about, d->keyslot, mend, sizeof(mend));
	d->found[row->level]++;
	to_json(d, row, about, what, mend);
	screen_row(d->c, levels[row->level].mark, levels[row->level].label, "%s [%s]",
	           what, row->id);
	screen_row(d->c, SCREEN_PLAIN, "  why", "%s", row->why);
	screen_row(d->c, SCREEN_PLAIN, "  mend", "%s", mend);
	screen_gap(d->c);
}

void doctor_skip(struct doctor *d, const char *what, const char *why)
{
	out_enter(d->c, "skipped");
	out_text(d->c, "what", what);
	out_text(d->c, "why", why);
	out_leave(d->c);
	screen_row(d->c, SCREEN_PLAIN, "not looked at", "%s: %s", what, why);
}

/* --- the verdict --- */

static enum err conclude(struct doctor *d)
{
	const size_t errors = d->found[DOCTOR_ERROR] + d->found[DOCTOR_TAMPERED],
	             warnings = d->found[DOCTOR_WARNING];

	for (int l = DOCTOR_NOTE; l < DOCTOR_LEVELS_; l++) {
		static const char *const keys[] = {"notes", "warnings", "errors",
		                                   "tampered"};

		out_number(d->c, keys[l], (long)d->found[l]);
	}
	if (errors == 0 && warnings == 0) {
		screen_row(d->c, SCREEN_GOOD, "result",
		           "nothing stands in the way of the next boot");
		return OK;
	}
	screen_row(d->c, errors > 0 ? SCREEN_BAD : SCREEN_WARN, "result", "%s",
	           errors > 0 ? "the next boot may not ask for the dongle, or not come up"
	                      : "the next boot will do, but something should be mended");
	return cli_why(d->c,
	               d->found[DOCTOR_TAMPERED] > 0 ? ERR_TAMPERED
	               : errors > 0                  ? ERR_IO
	                                             : ERR_WARNED,
	               "%zu %s, %zu %s.", errors, errors == 1 ? "error" : "errors",
	               warnings, warnings == 1 ? "warning" : "warnings");
}

static enum err find_needs(struct doctor *d)
{
	const enum err e = machine_needs(d->m, true, &d->needs);

	if (e == OK || e == ERR_NOT_ENROLLED || e == ERR_NOMEM)
		return e == ERR_NOT_ENROLLED ? OK : e;
	doctor_find(d, FAULT_LIST, d->m->files_list, "%s cannot be used: %s.",
	            d->m->files_list, err_text(e));
	return OK;
}

static enum err run(struct cli *c)
{
	struct doctor d = {.c = c, .no_card = c->doctor.no_card, .keyslot = -1};
	enum err e = OK;

	e = machine_look(c, c->doctor.root ? c->doctor.root : "", &d.m);
	if (e == OK)
		e = find_needs(&d);
	for (size_t i = 0; e == OK && i < sizeof(checks) / sizeof(checks[0]); i++) {
		e = checks[i].look(&d);
		d.keyslot = -1;
	}
	if (e == OK)
		e = conclude(&d);
	d.needs = image_needs_free(d.needs);
	d.m = machine_free(d.m);
	return e;
}

const struct verb verb_doctor = {
        .name = "doctor",
        .operands = "[DEVICE]",
        .max_operands = 1,
        .opts = OPT_BOOT | OPT_CONFIG | OPT_HEADER | OPT_CRYPTTAB_FILE | OPT_FILES_LIST |
                OPT_PIN_FD | OPT_READER | OPT_SERIAL | OPT_TRANSPORT | OPT_WAIT |
                OPT_JSON | OPT_DEBUG | OPT_HELP,
        .own = machine_options,
        .summary = "will the next boot work? what is wrong, and what mends it",
        .help = "Looks at everything that the next boot needs: crypttab and what makes "
                "the images,\n"
                "header, record, keyslots and encrypted passphrases of every volume (or "
                "of DEVICE alone),\n"
                "the image of every kernel file by file, /boot with its signature and "
                "default entry, what\n"
                "Heads has sealed, keyboard and clock, readers and the programs that "
                "hold them, swap, TPM,\n"
                "and the dongle. Of each finding it tells what, why it matters and what "
                "mends it.\n"
                "Writes nothing. With --pin-fd, or after a yes at a terminal, an "
                "enrolled dongle that is\n"
                "here is tried as the boot does it; else no PIN is sent.\n"
                "Exit status 0: nothing but notes; 11: warnings; 1: errors, with which a "
                "boot does not\n"
                "ask for the dongle or does not come up; 7: one of them is that what is "
                "trusted is not\n"
                "what it was (header, record, signature).",
        .run = run,
};
