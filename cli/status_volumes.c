/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What status tells of the volumes: which they are, and who opens them. */
#include <stdio.h>

#include "cli/output.h"
#include "cli/screen.h"
#include "cli/status.h"

enum { ABOUT_MAX = 128, LABEL_MAX = 24 };

/* --- ways in --- */

static bool is_recovery(const struct enrolment *en)
{
	return enrolment_is(en, BACKEND_RECOVERY);
}

static const char *state_of(const struct volume *v, const struct enrolment *en)
{
	if (!en->slot_active)
		return "ITS KEYSLOT IS GONE";
	if (v->state != RECORD_MATCHES)
		return "not used while the record does not fit";
	if (!en->in_record)
		return "not in this machine's record";
	if (is_recovery(en))
		return "kept by a person";
	if (!en->complete)
		return "NOTHING LEFT TO DECRYPT";
	return en->has_blob_file ? "ready" : "ready by the header's copy";
}

static void about(const struct enrolment *en, char out[static ABOUT_MAX])
{
	size_t n = (size_t)snprintf(out, ABOUT_MAX, "%s",
	                            en->backend ? en->backend : "of an unknown kind");

	for (size_t i = 0; i < RECORD_SERIALS && *en->ident[i] && n < ABOUT_MAX; i++)
		n += (size_t)snprintf(out + n, ABOUT_MAX - n, "%s%s", i > 0 ? ", " : " ",
		                      en->ident[i]);
}

static void say_way(const struct cli *c, const struct volume *v,
                    const struct enrolment *en, const struct luks_slot *s)
{
	char label[LABEL_MAX], text[ABOUT_MAX];
	const char *pin = is_recovery(en) ? ""
	                  : en->needs_pin ? ", with PIN"
	                                  : ", WITHOUT PIN";

	(void)snprintf(label, sizeof(label), "  keyslot %d", en->keyslot);
	about(en, text);
	screen_row(c, en->complete ? SCREEN_GOOD : SCREEN_BAD, label, "%s: %s%s%s%s%s",
	           text, state_of(v, en), pin, s->active ? ", " : "",
	           s->active ? s->kdf : "", s->prefer ? ", preferred" : "");
}

static void say_slot(const struct cli *c, const struct volume *v, int i,
                     const struct luks_slot *s)
{
	char label[LABEL_MAX];

	(void)snprintf(label, sizeof(label), "  keyslot %d", i);
	if (i == v->interrupted_slot)
		screen_row(c, SCREEN_WARN, label,
		           "left by an enrolment that was cut short");
	else
		screen_row(c, SCREEN_PLAIN, label, "passphrase or key, %s%s", s->kdf,
		           s->prefer ? ", preferred" : "");
}

static void say_ways(const struct cli *c, const struct volume *v)
{
	for (int i = 0; i < luks_slots(v->luks); i++) {
		const struct enrolment *en = volume_find(v, i);
		struct luks_slot s = {0};

		if (luks_slot(v->luks, i, &s) != OK)
			continue;
		if (en)
			say_way(c, v, en, &s);
		else if (s.active)
			say_slot(c, v, i, &s);
	}
}

/* --- the volume --- */

static void say_record(const struct cli *c, const struct volume *v)
{
	static const struct {
		enum screen_mark mark;
		const char *text;
	} states[] = {
	        [RECORD_MATCHES] = {SCREEN_GOOD, "matches the header"         },
	        [RECORD_MISSING] = {SCREEN_WARN,
	                            "none: this machine has never enrolled it"},
	        [RECORD_DIFFERS] = {SCREEN_BAD,
	                            "DIFFERS: the header is not the one that was "
	                            "enrolled"                                },
	        [RECORD_BROKEN] = {SCREEN_BAD,  "cannot be read"             },
	};

	screen_row(c, states[v->state].mark, "  record", "%s", states[v->state].text);
	if (v->strange)
		screen_row(c, SCREEN_BAD, "  REFUSED", "%s", v->strange);
}

static void say_line(const struct cli *c, const struct machine *m,
                     const struct machine_volume *mv)
{
	if (m->tab_e != OK)
		screen_row(c, SCREEN_WARN, "  crypttab", "%s: %s", m->crypttab,
		           err_text(m->tab_e));
	else if (!mv->line)
		screen_row(c, SCREEN_PLAIN, "  crypttab", "has no line for it");
	else if (machine_names_us(mv))
		screen_row(c, SCREEN_GOOD, "  crypttab", "%s: our keyscript opens it",
		           mv->line->name);
	else
		screen_row(c, SCREEN_PLAIN, "  crypttab",
		           "%s: our keyscript is not there", mv->line->name);
}

static void say_volume(struct cli *c, const struct machine *m,
                       const struct machine_volume *mv)
{
	const char *root = mv->root ? ", the root file system's" : "";

	if (mv->e != OK || !mv->v) {
		screen_row(c, SCREEN_BAD, "volume", "%s: %s", mv->device,
		           mv->e == ERR_FORMAT ? "no LUKS volume" : err_text(mv->e));
		return;
	}
	screen_row(c, SCREEN_PLAIN, "volume", "%s, LUKS%d%s", mv->device,
	           luks_version(mv->v->luks), root);
	screen_row(c, SCREEN_PLAIN, "  UUID", "%s", luks_uuid(mv->v->luks));
	say_record(c, mv->v);
	say_line(c, m, mv);
	say_ways(c, mv->v);
}

enum err status_volumes(struct cli *c, const struct machine *m)
{
	for (size_t i = 0; i < m->n; i++) {
		const struct machine_volume *mv = &m->volume[i];

		out_enter(c, "volumes");
		if (mv->v)
			out_volume(c, mv->v);
		else
			out_text(c, "device", mv->device);
		out_bool(c, "root", mv->root);
		out_text(c, "name", mv->line ? mv->line->name : NULL);
		out_bool(c, "crypttab", machine_names_us(mv));
		out_text(c, "trouble", mv->e == OK ? NULL : err_text(mv->e));
		out_leave(c);
		say_volume(c, m, mv);
	}
	if (m->n == 0)
		screen_row(c, SCREEN_WARN, "volume",
		           "none: %s names none that is LUKS, and the root file system "
		           "lies on none that can be seen",
		           m->crypttab);
	return OK;
}
