/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What files.list and cryptroot put into an image, made into a list to look for. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/image_impl.h"
#include "core/file.h"
#include "unlock/crypttab_edit.h"

enum { MACHINE_PATH = 1024 };

struct image_needs *image_needs_free(struct image_needs *n)
{
	if (!n)
		return NULL;
	for (size_t i = 0; i < n->n; i++)
		free(n->file[i]);
	free(n);
	return NULL;
}

/* One entry of the image; too many stick. */
static struct cpio_want *need(struct image_needs *n, enum image_flaw kind,
                              enum cpio_match match, const char *name)
{
	if (n->n == WANTS_MAX) {
		n->overflow = true;
		return &n->want[WANTS_MAX - 1];
	}
	struct cpio_want *w = &n->want[n->n];
	(void)snprintf(n->name[n->n], NEED_NAME_MAX, "%s", name);
	n->kind[n->n] = kind;
	n->optional[n->n] = false;
	*w = (struct cpio_want){.name = n->name[n->n], .match = match};
	n->n++;
	return w;
}

/* --- what every image needs --- */

static bool is_ours(const char *name)
{
	const char *slash = strrchr(name, '/');

	return slash && strcmp(slash + 1, "bootlatch-unlock") == 0;
}

/* Which of our versions is in an older image is seen by its bytes alone. */
static void need_this_program(struct image_needs *n, const struct need *p)
{
	char path[MACHINE_PATH];
	uint8_t *data = NULL;
	size_t len = 0;

	struct cpio_want *w = need(n, IMAGE_FILE, CPIO_THIS, p->name);
	if (!n->w.program || !is_ours(p->name) || n->overflow)
		return;
	(void)snprintf(path, sizeof(path), "%s%s", n->w.root, p->file);
	if (file_read_path(path, NEED_FILE_BYTES_MAX, &data, &len) != OK)
		return;
	n->file[n->n - 1] = data;
	n->kind[n->n - 1] = IMAGE_PROGRAM;
	w->compare = true;
	w->content = (struct bytes){data, len};
}

static enum err need_program(struct image_needs *n, const struct need *p)
{
	struct brought *b = calloc(1, sizeof(*b));

	if (!b)
		return ERR_NOMEM;
	need_this_program(n, p);
	const enum err e = brought_by_program(n->w.root, p->file, b);
	for (size_t i = 0; e == OK && i < b->n; i++)
		(void)need(n, IMAGE_FILE, CPIO_BASE, b->name[i]);
	free(b);
	return e;
}

/* What the boot loads before anything is asked: a line each. */
static bool loads_all(const void *ctx, struct bytes conf_modules)
{
	const struct needs *list = ctx;

	for (size_t i = 0; i < list->n; i++)
		if (list->need[i].kind == NEED_LOADED &&
		    !needs_has_line(conf_modules, list->need[i].name))
			return false;
	return true;
}

static bool any_loaded(const struct needs *list)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->need[i].kind == NEED_LOADED)
			return true;
	return false;
}

static enum err need_listed(struct image_needs *n)
{
	enum err e = OK;

	for (size_t i = 0; e == OK && i < n->list.n; i++) {
		const struct need *p = &n->list.need[i];

		if (p->kind == NEED_PROGRAM)
			e = need_program(n, p);
		else if (p->kind == NEED_LIBRARY)
			(void)need(n, IMAGE_FILE, CPIO_BASE, p->name);
		else if (p->kind == NEED_FOLDER)
			(void)need(n, IMAGE_FILE, CPIO_BELOW, p->name);
		else if (p->kind == NEED_FILE)
			(void)need(n, IMAGE_FILE, CPIO_THIS, p->name);
	}
	if (e == OK && any_loaded(&n->list)) {
		struct cpio_want *w = need(n, IMAGE_LOADS, CPIO_THIS, "conf/modules");

		w->fits = loads_all;
		w->ctx = &n->list;
	}
	return e;
}

/* --- what is the volumes' --- */

/* A record loses what resealing to a TPM changes (the hook has that done). */
static enum err as_in_image(uint8_t **data, size_t *len)
{
	struct record r, small;
	char *text = NULL;

	enum err e = record_parse((struct bytes){*data, *len}, &r);
	if (e == OK)
		e = record_for_image(&r, &small);
	if (e == OK)
		e = record_format(&small, &text);
	if (e != OK)
		return e;
	free(*data);
	*data = (uint8_t *)text;
	*len = strlen(text);
	return OK;
}

/* The bytes of folder/sub/file, in the image as in_image/file.  What is not there is not
 * looked for. */
static enum err need_same(struct image_needs *n, enum image_flaw kind, const char *folder,
                          const char *sub, const char *in_image, const char *file)
{
	int dir = -1, below = -1;
	uint8_t *data = NULL;
	size_t len = 0;
	char name[NEED_NAME_MAX];

	(void)snprintf(name, sizeof(name), "%s/%s", in_image, file);
	enum err e = dir_open(folder, &dir);
	if (e == OK) {
		below = openat(dir, sub, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		e = below < 0 ? ERR_NOT_FOUND : OK;
	}
	if (e == OK)
		e = file_read(below, file, NEED_FILE_BYTES_MAX, &data, &len);
	if (below >= 0)
		(void)close(below); /* read-only */
	if (dir >= 0)
		(void)close(dir); /* read-only */
	if (e != OK)
		return e == ERR_NOMEM ? e
		                      : OK; /* what cannot be read is told elsewhere */
	if (kind == IMAGE_RECORD) {
		e = as_in_image(&data, &len);
		if (e != OK) {
			free(data);
			return e == ERR_NOMEM ? e : OK; /* no record: that is told */
		}
	}
	struct cpio_want *w = need(n, kind, CPIO_THIS, name);
	if (n->overflow) {
		free(data);
		return OK;
	}
	n->file[n->n - 1] = data;
	w->compare = true;
	w->content = (struct bytes){data, len};
	return OK;
}

/* A line for this volume, with our keyscript, and not behind a #. */
static bool names_it(const struct volume *v, struct bytes crypttab)
{
	const struct crypttab_target target = {
	        .device = luks_device(v->luks),
	        .uuid = luks_uuid(v->luks),
	};
	struct crypttab_edit edit = {0};

	if (crypttab_give_back(crypttab, &target, &edit) != OK)
		return false;
	const bool ours = edit.ours;
	crypttab_edit_clear(&edit);
	return ours;
}

static bool names_all(const void *ctx, struct bytes crypttab)
{
	const struct image_needs *n = ctx;

	for (size_t i = 0; i < n->w.n; i++)
		if (!names_it(n->w.v[i], crypttab))
			return false;
	return true;
}

/* What is this volume's. */
static enum err need_own(struct image_needs *n, const struct volume *v)
{
	const char *uuid = luks_uuid(v->luks);
	char file[NEED_NAME_MAX];

	(void)snprintf(file, sizeof(file), "%s.json", uuid);
	enum err e = need_same(n, IMAGE_RECORD, v->where.config_dir, "volumes",
	                       "etc/bootlatch/volumes", file);
	for (size_t i = 0; i < v->n_enrolled && e == OK; i++) {
		const struct enrolment *en = &v->enrolled[i];

		/* What a TPM sealed is in the LUKS header alone (docs/adr/0016). */
		if (!en->has_blob_file || enrolment_is(en, BACKEND_TPM2))
			continue;
		(void)snprintf(file, sizeof(file), "%s.%d.pgp", uuid, en->keyslot);
		e = need_same(n, IMAGE_BLOB, v->where.boot_dir, "bootlatch",
		              "etc/bootlatch/boot/bootlatch", file);
	}
	return e;
}

static enum err need_volumes(struct image_needs *n)
{
	enum err e = OK;

	struct cpio_want *w = need(n, IMAGE_TABLE, CPIO_THIS, "cryptroot/crypttab");
	w->fits = names_all;
	w->ctx = n;
	for (size_t i = 0; e == OK && i < n->w.n; i++)
		e = need_own(n, n->w.v[i]);
	return e;
}

static void need_perhaps(struct image_needs *n, const char *name)
{
	(void)need(n, IMAGE_FILE, CPIO_THIS, name);
	n->optional[n->n - 1] = true;
}

enum err image_needs_new(const struct image_wish *w, struct image_needs **ret)
{
	struct image_needs *n = calloc(1, sizeof(*n));

	if (!n)
		return ERR_NOMEM;
	n->w = *w;
	if (n->w.n > IMAGE_VOLUMES_MAX)
		n->w.n = IMAGE_VOLUMES_MAX;
	enum err e = needs_parse(w->list, w->tpm2, &n->list);
	if (e == OK)
		e = need_listed(n);
	if (e == OK)
		e = need_volumes(n);
	if (e == OK) {
		need_perhaps(n, IMAGE_ROOTS);
		need_perhaps(n, IMAGE_KEYMAP);
	}
	if (e == OK && n->overflow)
		e = ERR_FORMAT;
	if (e != OK) {
		(void)image_needs_free(n);
		return e;
	}
	n->common = n->n;
	*ret = n;
	return OK;
}

/* --- what the image of a kernel needs --- */

static enum err need_module(struct image_needs *n, const char *version,
                            const struct need *m, struct brought *b)
{
	char name[NEED_NAME_MAX];

	const enum err e = brought_by_module(n->w.root, version, m->name, b);
	if (e == ERR_NOT_FOUND && m->kind == NEED_TRIED)
		return OK;
	if (e == ERR_NOT_FOUND) {
		/* What no file can be called: it is told as missing. */
		(void)snprintf(name, sizeof(name), "module %.200s", m->name);
		(void)need(n, IMAGE_FILE, CPIO_THIS, name);
		return OK;
	}
	for (size_t i = 0; e == OK && i < b->n; i++)
		(void)need(n, IMAGE_FILE, CPIO_PACKED, b->name[i]);
	return e;
}

enum err image_needs_modules(struct image_needs *n, const char *version)
{
	struct brought *b = calloc(1, sizeof(*b));
	enum err e = b ? OK : ERR_NOMEM;

	n->n = n->common;
	for (size_t i = 0; e == OK && i < n->list.n; i++)
		if (n->list.need[i].kind >= NEED_MODULE)
			e = need_module(n, version, &n->list.need[i], b);
	free(b);
	return e == OK && n->overflow ? ERR_FORMAT : e;
}
