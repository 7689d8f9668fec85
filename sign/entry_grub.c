/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Entries of grub.cfg, line by line as Heads reads it: what GRUB would make of it (if,
 * functions, variables) is nobody's business here. */
#include <stdlib.h>

#include "sign/entry_impl.h"

struct grub {
	struct entry_context to;
	bool inside; /* of a menuentry */
	bool xen;
	bool over, nul; /* in one of the entry's lines */
	/* The line being read; then what the entry has so far. */
	struct text line, scratch;
	struct text name, kernel, initrd, modules, append;
};

/* The title is what stands between the first two quotes of either kind. */
static void take_name(struct text *name, struct bytes line)
{
	text_set(name, line);
	for (size_t i = 0; i < name->n; i++)
		if (name->s[i] == '\'')
			name->s[i] = '"';
	const struct bytes title = text_field(text_bytes(name), '"', 2);
	size_t n = 0;

	for (size_t i = 0; i < title.n; i++) /* it lies in name itself */
		if (title.p[i] != '|')
			name->s[n++] = (char)title.p[i];
	name->n = n;
}

static void begin(struct grub *g)
{
	const struct bytes none = {0};

	g->inside = true;
	g->xen = g->over = g->nul = false;
	text_set(&g->kernel, none);
	text_set(&g->initrd, none);
	text_set(&g->modules, none);
	text_set(&g->append, none);
	take_name(&g->name, text_bytes(&g->line));
}

static void note_line(struct grub *g)
{
	g->over = g->over || g->line.over;
	g->nul = g->nul || g->line.nul;
}

static void take_linux(struct grub *g, struct bytes line)
{
	text_without_parens(line, &g->scratch);
	text_set(&g->kernel, text_field(text_bytes(&g->scratch), ' ', 2));
	text_without_dashes(text_from_field(line, ' ', 3), &g->append);
}

static void take_module(struct grub *g, struct bytes value)
{
	if (bytes_begin(value, "--nounzip"))
		value = text_from_field(value, ' ', 2);
	text_put(&g->modules, "|module ");
	text_add(&g->modules, value);
	g->over = g->over || g->modules.over;
}

static void take_line(struct grub *g)
{
	const struct bytes line = text_bytes(&g->line);
	const struct bytes value = text_from_field(line, ' ', 2);

	if (bytes_begin(line, "multiboot")) {
		g->xen = true;
		text_set(&g->kernel, value);
	} else if (bytes_begin(line, "module")) {
		take_module(g, value);
	} else if (bytes_begin(line, "linux")) {
		take_linux(g, line);
	} else if (bytes_begin(line, "initrd")) {
		text_without_parens(value, &g->initrd);
	} else {
		return;
	}
	note_line(g);
}

static void put_initrds(struct text *raw, struct bytes values)
{
	bool between = true;

	for (size_t i = 0; i < values.n; i++) {
		const uint8_t c = values.p[i];
		const bool gap = c == ' ' || c == ',';

		if (between && !gap)
			text_put(raw, "|initrd ");
		if (!gap)
			text_add(raw, (struct bytes){&c, 1});
		between = gap;
	}
}

/* Where the path holds a variable Heads does not look for the file. */
static bool kernel_there(const struct grub *g)
{
	const struct bytes path = text_field(text_bytes(&g->kernel), ' ', 1);
	char name[TREE_PATH_MAX];

	if (path.n > 0 && memchr(path.p, '$', path.n))
		return true;
	if (path.n == 0 || path.p[0] != '/' || path.n >= sizeof(name) ||
	    memchr(path.p, 0, path.n))
		return false;
	memcpy(name, path.p, path.n);
	name[path.n] = 0;
	return g->to.exists(name, g->to.ctx);
}

static enum err end(struct grub *g)
{
	struct text *const raw = &g->scratch;

	g->inside = false;
	if (g->kernel.n == 0)
		return OK;
	if (!kernel_there(g)) {
		g->to.to->skipped++;
		return OK;
	}
	text_set(raw, text_bytes(&g->name));
	text_put(raw, g->xen ? "|xen|kernel " : "|elf|kernel ");
	text_add(raw, text_bytes(&g->kernel));
	if (g->xen)
		text_add(raw, text_bytes(&g->modules));
	else
		put_initrds(raw, text_bytes(&g->initrd));
	if (!g->xen && g->append.n > 0) {
		text_put(raw, "|append ");
		text_add(raw, text_bytes(&g->append));
	}
	raw->over = raw->over || g->over;
	raw->nul = g->nul;
	return entry_add(&g->to, raw);
}

static enum err parse(struct grub *g, struct bytes in)
{
	enum err e = OK;

	while (e == OK && text_line(&in, &g->line) == OK) {
		const struct bytes line = text_bytes(&g->line);

		if (!g->inside &&
		    (bytes_begin(line, "menuentry") || bytes_begin(line, "MENUENTRY"))) {
			begin(g);
			note_line(g);
		} else if (g->inside && bytes_equal(line, bytes_of("}"))) {
			e = end(g);
		} else if (g->inside) {
			take_line(g);
		}
	}
	return e;
}

enum err entries_parse_grub(struct bytes in, const char *from, entry_exists *exists,
                            const void *ctx, struct boot_entries *to)
{
	if (in.n > GRUB_CFG_MAX)
		return ERR_UNSUPPORTED;
	struct grub *g = calloc(1, sizeof(*g));
	if (!g)
		return ERR_NOMEM;
	g->to = (struct entry_context){
	        .from = from, .exists = exists, .ctx = ctx, .to = to};
	const enum err e = parse(g, in);
	free(g);
	return e;
}
