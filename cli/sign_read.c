/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bootlatch sign: /boot as it lies there, and whether it still does. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/output.h"
#include "cli/progress.h"
#include "cli/sign.h"

static enum err not_read(struct signing *x, enum err e, const char *culprit)
{
	const char *what = *culprit ? sign_path(culprit) : x->boot;

	switch (e) {
	case ERR_BUSY:
		return cli_why(
		        x->c, ERR_REFUSED,
		        "%s changed while it was read. Wait until what writes there "
		        "(apt, update-grub) has ended, then sign again.",
		        what);
	case ERR_FORMAT:
		return cli_why(
		        x->c, ERR_REFUSED,
		        "%s is no plain file of a size that can be signed. Remove it "
		        "from %s, then sign again.",
		        what, x->boot);
	case ERR_UNSUPPORTED:
		return cli_why(
		        x->c, ERR_REFUSED,
		        "%s cannot be signed: more files, folders within folders or "
		        "longer names than are taken.",
		        what);
	case ERR_ACCESS:
		return cli_why(x->c, e, "%s may not be read. Run this as root.", what);
	case ERR_IO:
		return cli_why(
		        x->c, e,
		        "%s could not be read. Look into the kernel's log (dmesg).",
		        what);
	default:
		return e;
	}
}

enum err sign_walk(struct signing *x)
{
	char culprit[TREE_PATH_MAX] = "", what[64];
	struct progress p;

	(void)snprintf(what, sizeof(what), "Hashing %s", x->boot);
	progress_start(&p, what, x->c->json);
	const struct tree_options o = {.progress = progress_step,
	                               .ctx = &p,
	                               .ret_stamp = &x->stamp,
	                               .ret_culprit = culprit};
	const enum err e = tree_walk(x->dir, &o, &x->tree);
	progress_end(&p);
	return e == OK ? OK : not_read(x, e, culprit);
}

static void tell_refused(const struct signing *x, const char *name)
{
	AUTO_BUFFER row = {0};

	buffer_text(&row, "  ");
	sign_name(x, &row, name);
	sign_say_long(x, 4, &row);
	out_enter(x->c, "refused");
	sign_out_escaped(x->c, "path", bytes_of(name));
	out_leave(x->c);
}

/* Heads signs no such name, and boots nothing that has one. */
static enum err check_names(struct signing *x)
{
	size_t bad = 0, splits = 0;

	for (size_t i = 0; i < x->tree->n; i++) {
		const char *path = x->tree->entry[i].path;

		splits += kexec_name_splits(path + 2);
		if (!tree_name_refused(path) && !kexec_name_splits(path + 2))
			continue;
		if (bad++ == 0)
			cli_say(x->c, "Names that Heads refuses:");
		tell_refused(x, sign_path(path));
	}
	if (bad == 0)
		return OK;
	return cli_why(x->c, ERR_REFUSED,
	               "Heads refuses names with control characters, a backslash or "
	               "anything but ASCII%s. Rename or remove what is listed, then sign "
	               "again.",
	               splits > 0 ? ", and of kexec*.txt older ones refuse a blank, *, ? "
	                            "and [ too"
	                          : "");
}

enum err sign_check_content(struct signing *x)
{
	size_t heads = 0;

	for (size_t i = 0; i < x->tree->n; i++) {
		const struct tree_entry *f = &x->tree->entry[i];

		if (f->type != TREE_FILE || !manifest_full_lists(f->path))
			continue;
		x->files++;
		x->bytes += f->size;
		heads += tree_heads_sees(f->path);
	}
	if (heads > 0)
		return OK;
	return cli_why(x->c, ERR_REFUSED,
	               "There is nothing to sign in %s. Is it mounted?", x->boot);
}

enum err sign_read_boot(struct signing *x)
{
	char culprit[KEXEC_NAME_MAX] = "";

	/* First: what changes from here on stays pending. */
	enum err e = pending_read(x->seams->state, &x->pending);
	if (e != OK) /* nothing is forgotten then */
		x->pending = (struct pending){0};
	e = sign_walk(x);
	if (e != OK)
		return e;
	/* What was written to them since the walk is noticed: the stamp is older. */
	e = kexec_read(x->dir, &x->old, culprit);
	if (e != OK)
		return not_read(x, e, culprit);
	e = check_names(x);
	if (e == OK)
		e = sign_check_content(x);
	return e == OK ? sign_find_base(x) : e;
}

enum err sign_still_same(struct signing *x)
{
	struct stamp now;

	enum err e = stamp_take(x->dir, &now);
	if (e == OK && memcmp(&now, &x->stamp, sizeof(now)) != 0)
		e = ERR_BUSY;
	return e == OK ? OK : not_read(x, e, "");
}
