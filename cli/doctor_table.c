/* SPDX-License-Identifier: GPL-2.0-or-later */
/* doctor: is /etc/crypttab one that opens the volumes by the dongle? */
#include "cli/doctor.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cli/lines.h"
#include "core/file.h"
#include "unlock/crypttab_edit.h"

static const char *why_text(enum crypttab_why why)
{
	static const char *const text[] = {
	        [CRYPTTAB_FINE] = "",
	        [CRYPTTAB_FIELDS] = "it has fewer than three fields, or more than four",
	        [CRYPTTAB_SPELLING] = "an escape or a control character is in it",
	        [CRYPTTAB_NAME] = "its name cannot be one of a mapping",
	        [CRYPTTAB_SOURCE] = "its source is no path, UUID= or LABEL=",
	        [CRYPTTAB_OPTION] = "an option is not honoured",
	        [CRYPTTAB_VALUE] = "an option has a value that it cannot have, or none",
	        [CRYPTTAB_TWICE] = "an option is there twice, differently",
	        [CRYPTTAB_AGAIN] = "a line before it has the same name",
	};

	return text[why];
}

static bool on_heads(const struct doctor *d)
{
	int fd = -1;

	if (dir_open(d->m->boot, &fd) != OK)
		return false;
	const bool found = faccessat(fd, KEXEC_SIG, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
	(void)close(fd); /* only asked */
	return found;
}

/* Heads keeps only what follows the last colon, and replaces every "none". */
static bool breaks_heads(const struct machine *m, const struct crypttab_entry *e)
{
	const struct bytes line =
	        crypttab_part((struct bytes){m->tab_text, m->tab_len}, e->line);
	static const char none[] = "none";
	size_t n = 0;

	for (size_t i = 0; i < line.n; i++)
		if (line.p[i] == ':')
			return true;
	for (size_t i = 0; i + strlen(none) <= line.n; i++)
		n += memcmp(line.p + i, none, strlen(none)) == 0;
	return n != 1 || strcmp(e->key, none) != 0;
}

static void look_at_line(struct doctor *d, const struct crypttab_entry *e, bool heads)
{
	if (e->why == CRYPTTAB_OPTION)
		doctor_find(d, FAULT_OPTION, e->name,
		            "The line of %s has the option %s, which bootlatch-unlock "
		            "does not know.",
		            e->name, e->option ? e->option : "?");
	else if (e->why != CRYPTTAB_FINE)
		doctor_find(d, FAULT_LINE, e->name,
		            "The line of %s cannot be used: %s%s%s.", e->name,
		            why_text(e->why), e->option ? ": " : "",
		            e->option ? e->option : "");
	if (heads && breaks_heads(d->m, e))
		doctor_find(d, FAULT_HEADS_LINE, e->name,
		            "The line of %s does not survive Heads.", e->name);
}

/* Did somebody take its line out by a #? */
static bool is_comment(const struct machine *m, const struct machine_volume *mv)
{
	struct bytes text = {m->tab_text, m->tab_len}, line;
	const char *uuid = mv->v ? luks_uuid(mv->v->luks) : mv->device;

	while (line_next(&text, &line))
		if (bytes_begin(line, "#") && !bytes_begin(line, CRYPTTAB_REPLACED) &&
		    (memmem(line.p, line.n, uuid, strlen(uuid)) ||
		     memmem(line.p, line.n, mv->device, strlen(mv->device))))
			return true;
	return false;
}

static void look_at_volume(struct doctor *d, const struct machine_volume *mv)
{
	if (mv->e == ERR_FORMAT)
		doctor_find(d, FAULT_NOT_LUKS, mv->device,
		            "crypttab gives us %s, which is no LUKS volume.", mv->device);
	else if (mv->e != OK)
		doctor_find(d, FAULT_DEVICE, mv->device,
		            "crypttab gives us %s, which cannot be opened: %s.",
		            mv->device, err_text(mv->e));
	if (machine_is_ours(mv) && !machine_names_us(mv))
		doctor_find(d, FAULT_NOT_OURS, mv->device, "%s has %s.", d->m->crypttab,
		            mv->line ? "a line for it, without our keyscript"
		            : is_comment(d->m, mv) ? "its line as a comment, behind a #"
		                                   : "no line for it");
	if (mv->line && machine_names_us(mv) && !mv->root && !mv->line->initramfs)
		doctor_find(d, FAULT_SYSTEMD, mv->line->name,
		            "The line of %s has our keyscript, but not the option "
		            "initramfs.",
		            mv->line->name);
}

enum err doctor_table(struct doctor *d)
{
	const bool heads = on_heads(d);
	size_t ours = 0;

	if (d->m->tab_e != OK)
		doctor_find(d, FAULT_TABLE, d->m->crypttab, "%s cannot be read: %s.",
		            d->m->crypttab, err_text(d->m->tab_e));
	for (size_t i = 0; d->m->tab_e == OK && i < d->m->tab.n; i++)
		if (d->m->tab.entry[i].ours)
			look_at_line(d, &d->m->tab.entry[i], heads);
	for (size_t i = 0; i < d->m->n; i++) {
		look_at_volume(d, &d->m->volume[i]);
		ours += machine_is_ours(&d->m->volume[i]) ||
		        machine_names_us(&d->m->volume[i]);
	}
	if (ours == 0)
		doctor_find(d, FAULT_NOTHING, "",
		            "No volume that is looked at has a "
		            "dongle enrolled.");
	return OK;
}
