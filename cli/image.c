/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What files.list and cryptroot put into an image, looked for there. */
#include "cli/image.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cpio.h"
#include "cli/needs.h"
#include "cli/program.h"
#include "core/clock.h"
#include "core/file.h"
#include "unlock/crypttab_edit.h"

enum {
	WANTS_MAX = 512,
	NEED_FILE_BYTES_MAX = 1024 * 1024,
	MAGIC_MAX = 6,
};

struct image_needs {
	struct needs list;
	size_t n;      /* wants, of which */
	size_t common; /* are those of every kernel */
	struct cpio_want want[WANTS_MAX];
	char name[WANTS_MAX][NEED_NAME_MAX];
	uint8_t *file[WANTS_MAX];
	bool overflow;
};

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
static struct cpio_want *need(struct image_needs *n, enum cpio_match match,
                              const char *name)
{
	if (n->n == WANTS_MAX) {
		n->overflow = true;
		return &n->want[WANTS_MAX - 1];
	}
	struct cpio_want *w = &n->want[n->n];
	(void)snprintf(n->name[n->n], NEED_NAME_MAX, "%s", name);
	*w = (struct cpio_want){.name = n->name[n->n], .match = match};
	n->n++;
	return w;
}

/* --- what every image needs --- */

static enum err need_program(struct image_needs *n, const struct need *p)
{
	struct brought *b = calloc(1, sizeof(*b));

	if (!b)
		return ERR_NOMEM;
	(void)need(n, CPIO_THIS, p->name);
	const enum err e = brought_by_program(p->file, b);
	for (size_t i = 0; e == OK && i < b->n; i++)
		(void)need(n, CPIO_BASE, b->name[i]);
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
			(void)need(n, CPIO_BASE, p->name);
		else if (p->kind == NEED_FOLDER)
			(void)need(n, CPIO_BELOW, p->name);
		else if (p->kind == NEED_FILE)
			(void)need(n, CPIO_THIS, p->name);
	}
	if (e == OK && any_loaded(&n->list)) {
		struct cpio_want *w = need(n, CPIO_THIS, "conf/modules");

		w->fits = loads_all;
		w->ctx = &n->list;
	}
	return e;
}

/* The bytes of folder/sub/file, in the image as in_image/file. */
static enum err need_same(struct image_needs *n, const char *folder, const char *sub,
                          const char *in_image, const char *file)
{
	int dir = -1, below = -1;
	size_t len = 0;
	char name[NEED_NAME_MAX];

	(void)snprintf(name, sizeof(name), "%s/%s", in_image, file);
	enum err e = dir_open(folder, &dir);
	if (e == OK) {
		below = openat(dir, sub, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		e = below < 0 ? ERR_NOT_FOUND : OK;
	}
	struct cpio_want *w = need(n, CPIO_THIS, name);
	if (e == OK && !n->overflow)
		e = file_read(below, file, NEED_FILE_BYTES_MAX, &n->file[n->n - 1], &len);
	w->compare = true;
	w->content = (struct bytes){n->file[n->n - 1], len};
	if (below >= 0)
		(void)close(below); /* read-only */
	if (dir >= 0)
		(void)close(dir); /* read-only */
	return e;
}

/* A line for this volume, with our keyscript, and not behind a #. */
static bool names_us(const void *ctx, struct bytes crypttab)
{
	const struct volume *v = ctx;
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

/* What is this volume's. */
static enum err need_own(struct image_needs *n, const struct volume *v)
{
	const char *uuid = luks_uuid(v->luks);
	char file[NEED_NAME_MAX];

	struct cpio_want *w = need(n, CPIO_THIS, "cryptroot/crypttab");
	w->fits = names_us;
	w->ctx = v;
	(void)snprintf(file, sizeof(file), "%s.json", uuid);
	enum err e = need_same(n, v->where.config_dir, "volumes", "etc/bootlatch/volumes",
	                       file);
	for (size_t i = 0; i < v->n_enrolled && e == OK; i++) {
		if (!v->enrolled[i].has_blob_file)
			continue;
		(void)snprintf(file, sizeof(file), "%s.%d.pgp", uuid,
		               v->enrolled[i].keyslot);
		e = need_same(n, v->where.boot_dir, "bootlatch",
		              "etc/bootlatch/boot/bootlatch", file);
	}
	return e;
}

enum err image_needs_new(const struct volume *v, struct bytes list,
                         struct image_needs **ret)
{
	struct image_needs *n = calloc(1, sizeof(*n));

	if (!n)
		return ERR_NOMEM;
	enum err e = needs_parse(list, &n->list);
	if (e == OK)
		e = need_listed(n);
	if (e == OK)
		e = need_own(n, v);
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

	const enum err e = brought_by_module(version, m->name, b);
	if (e == ERR_NOT_FOUND && m->kind == NEED_TRIED)
		return OK;
	if (e == ERR_NOT_FOUND) {
		/* What no file can be called: it is told as missing. */
		(void)snprintf(name, sizeof(name), "module %.200s", m->name);
		(void)need(n, CPIO_THIS, name);
		return OK;
	}
	for (size_t i = 0; e == OK && i < b->n; i++)
		(void)need(n, CPIO_PACKED, b->name[i]);
	return e;
}

static enum err need_modules(struct image_needs *n, const char *version)
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

/* --- one image --- */

/* Who unpacks what begins like this to standard output. */
static const char *unpacker(struct bytes magic)
{
	static const struct {
		uint8_t magic[MAGIC_MAX];
		size_t n;
		const char *program;
	} known[] = {
	        {{0x28, 0xb5, 0x2f, 0xfd},      4, "zstd" },
                {{0x1f, 0x8b},                  2, "gzip" },
	        {{0xfd, '7', 'z', 'X', 'Z', 0}, 6, "xz"   },
                {{0x5d, 0, 0},                  3, "xz"   },
	        {{0x02, 0x21, 0x4c, 0x18},      4, "lz4"  },
                {{'B', 'Z', 'h'},               3, "bzip2"},
	        {{0x89, 'L', 'Z', 'O'},         4, "lzop" },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (magic.n >= known[i].n &&
		    memcmp(magic.p, known[i].magic, known[i].n) == 0)
			return known[i].program;
	return NULL;
}

static enum err scan(struct image_needs *n, int fd)
{
	const int64_t until = clock_ms() + (int64_t)IMAGE_SECONDS * 1000;
	uint8_t magic[MAGIC_MAX];
	uint64_t end = 0;
	pid_t pid = -1;
	int out = -1;

	enum err e = cpio_scan(fd, until, n->want, n->n, &end);
	if (e != OK)
		return e;
	const ssize_t got = pread(fd, magic, sizeof(magic), (off_t)end);
	if (got == 0)
		return end > 0 ? OK : ERR_FORMAT;
	const char *program = unpacker((struct bytes){magic, got > 0 ? (size_t)got : 0});
	if (!program || lseek(fd, (off_t)end, SEEK_SET) < 0)
		return ERR_FORMAT;
	e = program_open((const char *const[]){program, "-dc", NULL}, fd, &out, &pid);
	if (e != OK)
		return e == ERR_NOT_FOUND ? ERR_FORMAT : e;
	e = cpio_scan(out, until, n->want, n->n, &end);
	(void)program_end(out, pid); /* what it could not unpack is missing */
	return e == OK && end == 0 ? ERR_FORMAT : e;
}

/* A module that several bring is told once. */
static bool told_before(const struct image_needs *n, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (!n->want[k].good && strcmp(n->want[k].name, n->want[i].name) == 0)
			return true;
	return false;
}

static void list_lacks(const struct image_needs *n, char lacks[static IMAGE_LACKS_MAX])
{
	static const char more[] = ", and more";
	struct writer w = {(uint8_t *)lacks, IMAGE_LACKS_MAX - sizeof(more), 0, false};
	size_t whole = 0;

	for (size_t i = 0; i < n->n && !w.overflow; i++) {
		const struct cpio_want *x = &n->want[i];

		if (x->good || told_before(n, i))
			continue;
		put_string(&w, w.n > 0 ? ", " : "");
		put_string(&w, x->name);
		put_string(&w, x->found ? " (not as it is now)" : "");
		if (!w.overflow)
			whole = w.n;
	}
	memcpy(lacks + whole, w.overflow ? more : "", w.overflow ? sizeof(more) : 1);
}

enum err image_look(struct image_needs *n, int dirfd, const char *version,
                    char lacks[static IMAGE_LACKS_MAX])
{
	char name[NEED_NAME_MAX];

	enum err e = need_modules(n, version);
	if (e != OK)
		return e;
	(void)snprintf(name, sizeof(name), IMAGE_NAME "%.200s", version);
	const int fd =
	        openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return ERR_NOT_FOUND;
	for (size_t i = 0; i < n->n; i++) {
		n->want[i].found = false;
		n->want[i].good = false;
	}
	e = scan(n, fd);
	(void)close(fd); /* only read */
	if (e == OK)
		list_lacks(n, lacks);
	return e;
}
