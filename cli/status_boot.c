/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What status tells of the TPM and of /boot. */
#include <stdio.h>
#include <time.h>

#include "cli/boot_seen.h"
#include "cli/output.h"
#include "cli/screen.h"
#include "cli/status.h"
#include "cli/tpm_look.h"
#include "sign/pending.h"

enum { DATE_LEN = 32, SHOWN_MAX = 3 };

/* --- the TPM --- */

static bool is_enrolled(const struct machine *m)
{
	for (size_t i = 0; i < m->n; i++)
		for (size_t k = 0; m->volume[i].v && k < m->volume[i].v->n_enrolled; k++)
			if (enrolment_is(&m->volume[i].v->enrolled[k], BACKEND_TPM2))
				return true;
	return false;
}

/* Ways in of the TPM that would not open at a boot like this one. */
static size_t shut_ways(const struct machine *m, const struct tpm2 *t)
{
	struct tpm2_saved saved;
	const bool was_saved = tpm2_saved_read(TPM2_SAVED_RUN, &saved) == OK;
	size_t shut = 0;

	for (size_t i = 0; i < m->n; i++)
		for (size_t k = 0; m->volume[i].v && k < m->volume[i].v->n_enrolled;
		     k++) {
			struct tpm_look l;

			if (!enrolment_is(&m->volume[i].v->enrolled[k], BACKEND_TPM2))
				continue;
			tpm_look(t, was_saved ? &saved : NULL, m->volume[i].v,
			         &m->volume[i].v->enrolled[k], &l);
			shut += l.state != TPM_OPENS;
		}
	return shut;
}

void status_tpm(struct cli *c, const struct machine *m)
{
	const bool enrolled = is_enrolled(m);
	const struct tpm2 t = {.tcti = c->tpm.device};
	struct tpm2_lockout l = {0};
	const char *ours = enrolled ? "a volume has it as a way in" : "no volume uses it";

	/* Another system's ways in are not this machine's TPM's business. */
	if (*m->root || (!enrolled && !machine_has(m, "/dev/tpmrm0")))
		return;
	const enum err e = tpm2_lockout(&t, &l);
	const size_t shut = e == OK ? shut_ways(m, &t) : 0;
	const bool open = enrolled && tpm_uncapped() != NULL;
	out_object(c, "tpm");
	out_bool(c, "usable", e == OK && l.locked == 0);
	out_bool(c, "enrolled", enrolled);
	out_text(c, "trouble", e == OK ? NULL : err_text(e));
	if (e == OK) {
		out_number(c, "wrong_pins", (long)l.failed);
		out_number(c, "shut", (long)shut);
	}
	out_text(c, "uncapped", enrolled ? tpm_uncapped() : NULL);
	out_leave(c);
	if (open)
		screen_row(c, SCREEN_BAD, "TPM",
		           "not closed when this system started: bootlatch doctor");
	if (e != OK)
		screen_row(c, enrolled ? SCREEN_BAD : SCREEN_WARN, "TPM", "%s; %s",
		           err_text(e), ours);
	else if (l.locked != 0)
		screen_row(c, SCREEN_BAD, "TPM", "%s; %s", err_text(ERR_TPM_LOCKED),
		           ours);
	else
		screen_row(c, shut > 0 ? SCREEN_WARN : SCREEN_PLAIN, "TPM",
		           "here, %u of %u wrong PINs; %s%s", l.failed, l.max, ours,
		           shut > 0 ? ", which does not open at a boot like this one: "
		                      "bootlatch tpm status"
		                    : "");
}

/* --- /boot --- */

static void date_of(uint32_t when, char out[static DATE_LEN])
{
	const time_t t = (time_t)when;
	struct tm tm;

	if (!gmtime_r(&t, &tm) || strftime(out, DATE_LEN, "%Y-%m-%d %H:%M UTC", &tm) == 0)
		(void)snprintf(out, DATE_LEN, "%lu", (unsigned long)when);
}

static void say_findings(struct cli *c, const struct verify_report *r)
{
	for (size_t i = 0; i < r->n && i < SHOWN_MAX; i++)
		screen_row(c, SCREEN_WARN, "", "%s %s",
		           finding_text(r->finding[i].what, r->finding[i].path),
		           r->finding[i].path ? r->finding[i].path : "");
	if (r->n > SHOWN_MAX)
		screen_row(c, SCREEN_WARN, "", "and %zu more: bootlatch verify",
		           r->n - SHOWN_MAX + r->left_out);
}

static void say_signature(struct cli *c, const struct boot_seen *b)
{
	char date[DATE_LEN] = "";

	if (!b->signed_here) {
		screen_row(c, SCREEN_PLAIN, "/boot", "not signed by this machine");
		return;
	}
	if (b->e != OK) {
		screen_row(c, SCREEN_BAD, "/boot", "cannot be verified: %s",
		           err_text(b->e));
		return;
	}
	if (!b->r || b->n_keys == 0) {
		screen_row(c, SCREEN_WARN, "/boot",
		           "signed, but nothing says whose signature counts "
		           "(/etc/bootlatch/signers)");
		return;
	}
	if (b->r->signature_good)
		date_of(b->r->created, date);
	screen_row(c, boot_is_good(b) ? SCREEN_GOOD : SCREEN_BAD, "/boot", "%s%s%s",
	           boot_is_good(b) ? "as it was signed" : "NOT AS IT WAS SIGNED",
	           *date ? " on " : "", date);
	say_findings(c, b->r);
}

static enum err say_pending(struct cli *c, const struct machine *m)
{
	struct pending p = {0};

	const enum err e = pending_read(m->state, &p);
	if (e != OK)
		return cli_why(c, e, "%s: %s. %s", m->state, err_text(e), err_advice(e));
	if (p.n == 0)
		screen_row(c, SCREEN_PLAIN, "  pending", "no change was noted since");
	else
		screen_row(c, SCREEN_WARN, "  pending", "%zu %s; run: bootlatch sign",
		           p.n, p.n == 1 ? "change" : "changes");
	for (size_t i = 0; i < p.n; i++) {
		out_enter(c, "pending");
		out_text(c, "when", p.line[i].when);
		out_text(c, "by", p.line[i].by);
		out_text(c, "what", p.line[i].what);
		out_leave(c);
		/* The newest are the last. */
		if (p.n - i <= SHOWN_MAX)
			screen_row(c, SCREEN_WARN, "", "%.16sZ %s: %s", p.line[i].when,
			           p.line[i].by, p.line[i].what);
	}
	if (pending_triggers(m->boot) != 0)
		screen_row(c, SCREEN_WARN, "",
		           "a package's note to Heads lies there, signed by nobody");
	return OK;
}

enum err status_boot(struct cli *c, const struct machine *m)
{
	struct boot_seen b = {0};

	enum err e = boot_look(m, c->json, &b);
	if (e != OK)
		return e;
	out_object(c, "boot");
	out_bool(c, "signed_here", b.signed_here);
	if (b.signed_here)
		out_bool(c, "good", boot_is_good(&b));
	if (b.r && b.r->signature_good)
		out_number(c, "signed_at", (long)b.r->created);
	out_leave(c);
	say_signature(c, &b);
	if (b.signed_here)
		e = say_pending(c, m);
	boot_seen_clear(&b);
	return e;
}
