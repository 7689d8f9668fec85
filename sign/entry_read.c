/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All entries of a tree, from the files that were hashed: a menu of our own, else every
 * grub.cfg, else loader/entries. */
#include <stdio.h>
#include <stdlib.h>

#include "sign/entry_impl.h"

struct reading {
	int dirfd;
	const struct tree *t;
	struct boot_entries *to;
};

static bool ends(const char *path, const char *with)
{
	const size_t n = strlen(path), w = strlen(with);

	return n >= w && strcmp(path + n - w, with) == 0;
}

/* Below a name with EFI in it Heads reads none. */
static bool is_grub_cfg(const struct tree_entry *e)
{
	return ends(e->path, "/grub.cfg") && !strstr(e->path, "EFI") &&
	       !strstr(e->path, "efi");
}

static bool is_bls(const struct tree_entry *e)
{
	static const char folder[] = "./loader/entries/";

	return e->type == TREE_FILE && ends(e->path, ".conf") &&
	       strncmp(e->path, folder, strlen(folder)) == 0;
}

static bool exists(const char *path, const void *ctx)
{
	return entry_file(ctx, path) != NULL;
}

static enum err read_file(const struct reading *r, const struct tree_entry *file,
                          uint8_t **ret, struct bytes *ret_bytes)
{
	if (file->size > GRUB_CFG_MAX)
		return ERR_UNSUPPORTED;
	const enum err e = tree_read(r->dirfd, file, GRUB_CFG_MAX, ret);
	if (e == OK)
		*ret_bytes = (struct bytes){*ret, (size_t)file->size};
	return e;
}

/* What follows `key` to the end of the last line that has it; n == 0: none has. */
static struct bytes setting(struct bytes in, const char *key, bool at_start)
{
	const size_t n = strlen(key);
	struct bytes value = {0};

	while (in.n > 0) {
		const struct bytes line = text_field(in, '\n', 1);
		const uint8_t *at = line.n > 0 ? memmem(line.p, line.n, key, n) : NULL;

		in = line.n < in.n ? text_from_field(in, '\n', 2) : (struct bytes){0};
		if (at && (!at_start || at == line.p))
			value = (struct bytes){at + n,
			                       line.n - (size_t)(at - line.p) - n};
	}
	return value;
}

static void replace(struct text *t, char what, char by)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->s[i] == what)
			t->s[i] = by;
}

/* "kernelopts=..." of the grubenv beside a grub.cfg; empty: there is none. */
static enum err opts_of_env(const struct reading *r, const struct found *cfg,
                            struct text *ret)
{
	const char *path = cfg->at->path + 1; /* "/grub/grub.cfg" */
	char beside[TREE_PATH_MAX + sizeof("grubenv")];
	struct bytes in = {0};
	uint8_t *data = NULL;

	text_set(ret, in);
	(void)snprintf(beside, sizeof(beside), "%.*sgrubenv",
	               (int)(strrchr(path, '/') + 1 - path), path);
	const struct tree_entry *env = entry_file(r->t, beside);
	if (!env)
		return OK;
	const enum err e = read_file(r, env, &data, &in);
	if (e == OK) {
		text_set(ret, setting(in, "kernelopts=", true));
		replace(ret, '@', '_');
	}
	free(data);
	return e;
}

/* The default that grub.cfg itself sets, between quotes of either kind. */
static void opts_of_cfg(struct bytes cfg, struct text *ret)
{
	text_set(ret, setting(cfg, "set default_kernelopts", false));
	replace(ret, '\'', '"');
	text_set(ret, text_field(text_bytes(ret), '"', 2));
}

static enum err read_bls_for(const struct reading *r, const struct found *cfg,
                             const struct found_files *conf, struct text *opts)
{
	struct bytes in = {0};
	uint8_t *data = NULL;

	enum err e = opts_of_env(r, cfg, opts);
	if (e == OK && opts->n == 0) {
		e = read_file(r, cfg->file, &data, &in);
		if (e == OK)
			opts_of_cfg(in, opts);
		free(data);
	}
	for (size_t i = 0; e == OK && i < conf->n; i++) {
		data = NULL;
		e = read_file(r, conf->f[i].file, &data, &in);
		if (e == OK)
			e = entries_parse_bls(in, conf->f[i].at->path, text_bytes(opts),
			                      exists, r->t, r->to);
		free(data);
	}
	return e;
}

/* Heads reads them once for every grub.cfg, and not at all without one. */
static enum err read_bls(const struct reading *r, const struct found_files *cfg)
{
	struct found_files conf = {0};
	struct text *opts = calloc(1, sizeof(*opts));

	enum err e = opts ? entry_find(r->dirfd, r->t, is_bls, &conf) : ERR_NOMEM;
	for (size_t i = 0; e == OK && i < cfg->n; i++)
		e = read_bls_for(r, &cfg->f[i], &conf, opts);
	free(conf.f);
	free(opts);
	return e;
}

static enum err read_grub(const struct reading *r)
{
	struct found_files cfg = {0};

	enum err e = entry_find(r->dirfd, r->t, is_grub_cfg, &cfg);
	for (size_t i = 0; e == OK && i < cfg.n; i++) {
		struct bytes in = {0};
		uint8_t *data = NULL;

		e = read_file(r, cfg.f[i].file, &data, &in);
		if (e == OK)
			e = entries_parse_grub(in, cfg.f[i].at->path, exists, r->t,
			                       r->to);
		free(data);
	}
	if (e == OK && r->to->n == 0)
		e = read_bls(r, &cfg);
	free(cfg.f);
	return e;
}

static enum err read_menu(const struct reading *r, const struct tree_entry *menu)
{
	struct bytes in = {0};
	uint8_t *data = NULL;

	enum err e = read_file(r, menu, &data, &in);
	if (e == OK)
		e = entries_parse_menu(in, menu->path, exists, r->t, r->to);
	free(data);
	return e;
}

enum err entries_read(int dirfd, const struct tree *t, struct boot_entries **ret)
{
	struct boot_entries *all = calloc(1, sizeof(*all));
	const struct reading r = {.dirfd = dirfd, .t = t, .to = all};
	const struct tree_entry *menu = tree_find(t, "./" KEXEC_MENU);

	if (!all)
		return ERR_NOMEM;
	all->from_menu = menu && menu->type == TREE_FILE;
	const enum err e = all->from_menu ? read_menu(&r, menu) : read_grub(&r);
	if (e != OK) {
		(void)entries_free(all);
		return e;
	}
	*ret = all;
	return OK;
}
