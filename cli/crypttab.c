/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /etc/crypttab edited: the old state or the new. */
#include "cli/crypttab.h"

#include <stdlib.h>
#include <unistd.h>

#include "cli/output.h"
#include "core/file.h"
#include "unlock/crypttab_edit.h"

/* What cryptsetup makes of keyscript=decrypt_bootlatch. */
#define KEYSCRIPT "/lib/cryptsetup/scripts/decrypt_bootlatch"

/* --- the file --- */

struct tab {
	int dir;
	const char *name; /* in that folder */
	bool is_new;      /* there was none */
	uint8_t *text;
	size_t len;
};

static void tab_close(struct tab *t)
{
	if (t->dir >= 0)
		(void)close(t->dir); /* read-only */
	free(t->text);
	*t = (struct tab){.dir = -1};
}

static enum err tab_open(const char *path, struct tab *ret)
{
	struct tab t = {.dir = -1, .name = path};
	const char *slash = strrchr(path, '/');
	enum err e = OK;

	if (!slash) {
		e = dir_open(".", &t.dir);
	} else {
		char *folder = strndup(path, (size_t)(slash - path) + 1);

		e = folder ? dir_open(folder, &t.dir) : ERR_NOMEM;
		free(folder);
		t.name = slash + 1;
	}
	if (e == OK)
		e = file_read(t.dir, t.name, CRYPTTAB_MAX, &t.text, &t.len);
	t.is_new = e == ERR_NOT_FOUND && t.dir >= 0;
	if (e != OK && !t.is_new) {
		tab_close(&t);
		return e;
	}
	*ret = t;
	return OK;
}

static enum err tab_write(const struct tab *t, bool create, struct bytes text)
{
	enum err e = file_sweep(t->dir, t->name);

	if (e != OK)
		return e;
	return create ? file_publish(t->dir, t->name, text, 0644)
	              : file_replace(t->dir, t->name, text);
}

/* Does that file hold this text now?  is_new: or is there none? */
static bool tab_is(const struct tab *t, bool is_new, struct bytes text)
{
	uint8_t *now = NULL;
	size_t len = 0;

	const enum err e = file_read(t->dir, t->name, CRYPTTAB_MAX, &now, &len);
	const bool same = is_new ? e == ERR_NOT_FOUND
	                         : e == OK && bytes_equal((struct bytes){now, len}, text);
	free(now);
	return same;
}

static struct bytes tab_text(const struct tab *t)
{
	return (struct bytes){t->text, t->len};
}

/* What we wrote: the last, which may not have come to be, and the one before it. */
struct written {
	uint8_t *text[2];
	size_t len[2];
	bool mixed; /* somebody else wrote in between */
};

static enum err written_add(struct written *w, struct bytes text)
{
	uint8_t *copy = malloc(text.n > 0 ? text.n : 1);

	if (!copy)
		return ERR_NOMEM;
	if (text.n > 0)
		memcpy(copy, text.p, text.n);
	free(w->text[1]);
	w->text[1] = w->text[0];
	w->len[1] = w->len[0];
	w->text[0] = copy;
	w->len[0] = text.n;
	return OK;
}

static void written_clear(struct written *w)
{
	free(w->text[0]);
	free(w->text[1]);
	*w = (struct written){.mixed = false};
}

/* ERR_BUSY: what lies there is neither what was there nor what we wrote, and stays. */
static enum err tab_put_back(const struct tab *before, const struct written *w)
{
	bool ours = false;

	if (tab_is(before, before->is_new, tab_text(before)))
		return OK;
	for (size_t i = 0; i < 2; i++)
		ours = ours ||
		       (w->text[i] &&
		        tab_is(before, false, (struct bytes){w->text[i], w->len[i]}));
	if (!ours || w->mixed)
		return ERR_BUSY;
	return before->is_new ? file_remove(before->dir, before->name)
	                      : tab_write(before, false, tab_text(before));
}

/* --- words --- */

static enum err why_not(struct cli *c, const struct volume *v,
                        const struct crypttab_edit *e)
{
	const char *file = c->crypttab_file, *uuid = luks_uuid(v->luks);

	switch (e->why) {
	case CRYPTTAB_EDIT_FINE:
		return OK;
	case CRYPTTAB_EDIT_NO_LINE:
		return cli_why(
		        c, ERR_REFUSED,
		        "%s has no line for %s. With --crypttab-name NAME this one "
		        "is added: NAME UUID=%s none "
		        "keyscript=decrypt_bootlatch,luks,initramfs.",
		        file, c->device, uuid);
	case CRYPTTAB_EDIT_SEVERAL:
		return cli_why(c, ERR_REFUSED,
		               "%s has several lines for %s. Choose one with "
		               "--crypttab-name NAME.",
		               file, c->device);
	case CRYPTTAB_EDIT_TAKEN:
		return cli_why(c, ERR_REFUSED,
		               "\"%s\" in %s is another volume, not %s. Choose another "
		               "--crypttab-name.",
		               e->name, file, c->device);
	case CRYPTTAB_EDIT_OTHER:
		return cli_why(c, ERR_REFUSED,
		               "%s has %s under the name \"%s\" already. Leave "
		               "--crypttab-name out, or give that name.",
		               file, c->device, e->about);
	case CRYPTTAB_EDIT_BAD_NAME:
		return cli_why(c, ERR_USAGE,
		               "--crypttab-name takes letters, digits and ._-+ without "
		               "\"none\" in it, not \"%s\".",
		               e->name);
	case CRYPTTAB_EDIT_BROKEN:
		return cli_why(c, ERR_REFUSED,
		               "The line \"%s\" of %s cannot be understood. It needs a "
		               "name, a source, none and options, and no comment behind "
		               "them (man 5 crypttab). Mend it first.",
		               e->name, file);
	case CRYPTTAB_EDIT_NOT_LUKS:
		return cli_why(
		        c, ERR_REFUSED,
		        "The line \"%s\" of %s has the option %s, but %s is a LUKS "
		        "volume. Mend it first.",
		        e->name, file, e->about, c->device);
	case CRYPTTAB_EDIT_KEY:
		if (strcmp(e->about, "-") == 0)
			return cli_why(
			        c, ERR_REFUSED,
			        "The line \"%s\" of %s has - as its key, which only "
			        "systemd takes for none. Write none there.",
			        e->name, file);
		return cli_why(
		        c, ERR_REFUSED,
		        "The line \"%s\" of %s has the key file %s, so nobody needs "
		        "a dongle. Write none there "
		        "if the dongle is to open it.",
		        e->name, file, e->about);
	case CRYPTTAB_EDIT_KEYSCRIPT:
		return cli_why(c, ERR_REFUSED,
		               "The line \"%s\" of %s has another %s. Add "
		               "--replace-keyscript to put ours in its place.",
		               e->name, file, e->about);
	case CRYPTTAB_EDIT_COLON:
		return cli_why(c, ERR_REFUSED,
		               "The line \"%s\" of %s has a colon, and Heads keeps only "
		               "what follows the last one. "
		               "Name the volume by UUID=%s there.",
		               e->name, file, uuid);
	case CRYPTTAB_EDIT_NONE:
		return cli_why(
		        c, ERR_REFUSED,
		        "The line \"%s\" of %s says \"none\" elsewhere than as its "
		        "key, and Heads replaces every "
		        "one. Write that differently first.",
		        e->name, file);
	case CRYPTTAB_EDIT_WHYS_:
		break;
	}
	return ERR_BUG;
}

static enum err unreadable(struct cli *c, enum err e)
{
	if (e == ERR_NOMEM)
		return e;
	return cli_why(c, e,
	               "%s cannot be read (%s). It must be a plain file of at most %d "
	               "bytes.",
	               c->crypttab_file, err_text(e), CRYPTTAB_MAX);
}

static struct crypttab_target target_of(const struct cli *c, const struct volume *v)
{
	return (struct crypttab_target){
	        .device = c->device,
	        .uuid = luks_uuid(v->luks),
	        .name = c->crypttab_name,
	        .replace = c->replace_keyscript,
	};
}

static enum err look(struct cli *c, const struct volume *v, bool take, struct tab *t,
                     struct crypttab_edit *ret)
{
	const struct crypttab_target target = target_of(c, v);

	enum err e = tab_open(c->crypttab_file, t);
	if (e != OK)
		return e;
	const struct bytes text = {t->text, t->len};
	e = take ? crypttab_take_over(text, &target, ret)
	         : crypttab_give_back(text, &target, ret);
	if (e != OK)
		tab_close(t);
	return e;
}

static void look_end(struct tab *t, struct crypttab_edit *e)
{
	crypttab_edit_clear(e);
	tab_close(t);
}

/* --- written, or put back --- */

/* The image is as it was, so the lines shall be. */
static enum err put_back(struct cli *c, const struct tab *before, const struct written *w,
                         enum err e)
{
	char why[CLI_WHY_MAX];

	if (!*c->why)
		(void)!cli_why(c, e, "It failed: %s.", err_text(e));
	memcpy(why, c->why, sizeof(why));
	const enum err back = tab_put_back(before, w);
	if (back == ERR_BUSY)
		return cli_why(c, e,
		               "%.200s Another program has changed %s meanwhile, so it "
		               "was not put back: look whether its lines are as you want "
		               "them (man 5 crypttab).",
		               why, c->crypttab_file);
	if (back != OK)
		return cli_why(c, e,
		               "%.200s %s was changed and could not be put back (%s).",
		               why, c->crypttab_file, err_text(back));
	return cli_why(c, e, "%.200s %s is as it was.", why, c->crypttab_file);
}

static enum err image_or_back(struct cli *c, const struct tab *before,
                              const struct written *w)
{
	char why[CLI_WHY_MAX];

	enum err e = crypttab_make_image(c);
	if (e == OK)
		return OK;
	if (!*c->why)
		(void)!cli_why(c, e, "update-initramfs could not be run: %s",
		               err_text(e));
	memcpy(why, c->why, sizeof(why));
	e = cli_why(c, e, "%.300s.", why);
	if (w->text[0])
		e = put_back(c, before, w, e);
	memcpy(why, c->why, sizeof(why));
	return cli_why(c, e, "%.400s Mend what it says and run this again.", why);
}

static enum err write_line(struct cli *c, const struct tab *t,
                           const struct crypttab_edit *edit, struct written *w)
{
	const struct bytes text = {edit->text, edit->len};

	if (!edit->changed)
		return OK;
	if (!tab_is(t, t->is_new, tab_text(t)))
		return cli_why(
		        c, ERR_BUSY,
		        "Another program has changed %s meanwhile. Run this again.",
		        c->crypttab_file);
	enum err e = written_add(w, text);
	if (e == OK)
		e = tab_write(t, t->is_new, text);
	return e == OK ? OK
	               : cli_why(c, e, "%s cannot be written: %s.", c->crypttab_file,
	                         err_text(e));
}

/* Without it update-initramfs leaves the volume out of the image, and succeeds: not even
 * the passphrase would open the disk.  Of another system nothing is known. */
static enum err has_keyscript(struct cli *c)
{
	if (strcmp(c->crypttab_file, "/etc/crypttab") != 0 ||
	    access(KEYSCRIPT, X_OK) == 0)
		return OK;
	return cli_why(c, ERR_REFUSED,
	               "%s is missing, and without it the next image could not open %s "
	               "at all. Install the package bootlatch-initramfs first.",
	               KEYSCRIPT, c->device);
}

/* --- what the verbs call --- */

enum err crypttab_check(struct cli *c, const struct volume *v)
{
	struct crypttab_edit edit = {0};
	struct tab t = {.dir = -1};

	enum err e = look(c, v, true, &t, &edit);
	if (e != OK)
		return unreadable(c, e);
	e = why_not(c, v, &edit);
	if (e == OK)
		e = has_keyscript(c);
	look_end(&t, &edit);
	return e;
}

static void tell_entered(const struct cli *c, const struct crypttab_edit *e)
{
	if (!e->changed)
		cli_say(c, "\"%s\" in %s has our keyscript already.", e->name,
		        c->crypttab_file);
	else
		cli_say(c, "%s \"%s\" in %s: keyscript=decrypt_bootlatch.",
		        e->added ? "Added" : "Changed", e->name, c->crypttab_file);
	if (*e->about)
		cli_say(c,
		        "It had %s; the whole line is kept in a comment above it, and "
		        "unenroll brings it back.",
		        e->about);
	if (*e->left)
		cli_say(c,
		        "It has the option %s, which bootlatch-unlock does not know, so "
		        "cryptroot opens\nthis volume with the keyscript, after all "
		        "others.",
		        e->left);
}

static enum err enter_line(struct cli *c, const struct volume *v,
                           const struct tab *before, struct written *w)
{
	struct crypttab_edit edit = {0};
	struct tab t = {.dir = -1};

	enum err e = look(c, v, true, &t, &edit);
	if (e != OK)
		return unreadable(c, e);
	const struct bytes ours =
	        w->text[0] ? (struct bytes){w->text[0], w->len[0]} : tab_text(before);
	w->mixed = w->mixed || !bytes_equal(tab_text(&t), ours);
	e = why_not(c, v, &edit);
	if (e == OK)
		e = has_keyscript(c);
	if (e == OK)
		e = write_line(c, &t, &edit, w);
	if (e == OK)
		tell_entered(c, &edit);
	look_end(&t, &edit);
	return e;
}

enum err crypttab_enter_all(struct cli *c, const struct volume *const *list, size_t n)
{
	const char *named = c->device;
	struct tab before = {.dir = -1};
	struct written w = {.mixed = false};

	enum err e = tab_open(c->crypttab_file, &before);
	if (e != OK)
		return unreadable(c, e);
	for (size_t i = 0; e == OK && i < n; i++) {
		c->device = c->where.device = list[i]->where.device;
		e = enter_line(c, list[i], &before, &w);
		c->device = c->where.device = named;
	}
	if (e != OK && w.text[0])
		e = put_back(c, &before, &w, e);
	if (e == OK) {
		out_bool(c, "crypttab_changed", w.text[0] != NULL);
		e = image_or_back(c, &before, &w);
	}
	written_clear(&w);
	tab_close(&before);
	return e;
}

enum err crypttab_enter(struct cli *c, const struct volume *v)
{
	return crypttab_enter_all(c, &v, 1);
}

enum err crypttab_leave(struct cli *c, const struct volume *v, bool *ret_left)
{
	struct written w = {.mixed = false};
	struct crypttab_edit edit = {0};
	struct tab t = {.dir = -1};

	enum err e = look(c, v, false, &t, &edit);
	if (e == ERR_NOT_FOUND) { /* no folder for it, no line in it */
		*ret_left = false;
		return OK;
	}
	if (e != OK)
		return unreadable(c, e);
	if (edit.changed) {
		e = write_line(c, &t, &edit, &w);
		if (e == OK) {
			out_bool(c, "crypttab_changed", true);
			e = image_or_back(c, &t, &w);
		}
	}
	written_clear(&w);
	if (e == OK && edit.changed)
		cli_say(c, "\"%s\" in %s has its old options again.", edit.name,
		        c->crypttab_file);
	if (e == OK)
		*ret_left = edit.changed;
	look_end(&t, &edit);
	return e;
}

enum err crypttab_who(struct cli *c, const struct volume *v, struct crypttab_theirs *ret)
{
	const struct crypttab_target target = target_of(c, v);
	struct tab t = {.dir = -1};

	enum err e = tab_open(c->crypttab_file, &t);
	if (e == ERR_NOT_FOUND || (e == OK && t.is_new)) {
		tab_close(&t);
		*ret = (struct crypttab_theirs){0};
		return OK;
	}
	if (e == OK)
		e = crypttab_look((struct bytes){t.text, t.len}, &target, ret);
	tab_close(&t);
	return e == OK ? OK : unreadable(c, e);
}

bool crypttab_names_us(struct cli *c, const struct volume *v)
{
	struct crypttab_edit edit = {0};
	struct tab t = {.dir = -1};

	if (look(c, v, false, &t, &edit) != OK)
		return false;
	const bool ours = edit.ours;
	look_end(&t, &edit);
	return ours;
}

void crypttab_remind(struct cli *c, const struct volume *v)
{
	if (!c->ways.image_later && crypttab_names_us(c, v))
		cli_say(c, "The image of the next boot does not know of it yet. Run: "
		           "update-initramfs -u");
}
