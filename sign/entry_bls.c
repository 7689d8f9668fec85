/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Entries of loader/entries (Boot Loader Specification, type 1), as Heads reads them. */
#include <stdlib.h>

#include "sign/entry_impl.h"

struct bls {
	struct text line, name, kernel, initrd, append, raw;
	bool over, nul;
};

/* The first $kernelopts becomes what it stands for. */
static void take_options(struct text *append, struct bytes value, struct bytes kernelopts)
{
	static const char variable[] = "$kernelopts";
	const size_t n = strlen(variable);
	const uint8_t *at = value.n > 0 ? memmem(value.p, value.n, variable, n) : NULL;

	if (!at) {
		text_set(append, value);
		return;
	}
	const size_t before = (size_t)(at - value.p);

	text_set(append, (struct bytes){value.p, before});
	text_add(append, kernelopts);
	text_add(append, (struct bytes){at + n, value.n - before - n});
}

static void take_line(struct bls *b, struct bytes kernelopts)
{
	const struct bytes line = text_bytes(&b->line);
	const struct bytes key = text_field(line, ' ', 1);
	const struct bytes value = text_from_field(line, ' ', 2);

	if (bytes_equal(key, bytes_of("title")))
		text_set(&b->name, value);
	else if (bytes_begin(key, "linux"))
		text_set(&b->kernel, value);
	else if (bytes_begin(key, "initrd"))
		text_set(&b->initrd, value);
	else if (bytes_equal(key, bytes_of("options")))
		take_options(&b->append, value, kernelopts);
	else
		return;
	b->over = b->over || b->line.over || b->append.over;
	b->nul = b->nul || b->line.nul;
}

static enum err add(struct bls *b, const struct entry_context *c)
{
	if (b->kernel.n == 0)
		return OK;
	text_set(&b->raw, text_bytes(&b->name));
	text_put(&b->raw, "|elf|kernel ");
	text_add(&b->raw, text_bytes(&b->kernel));
	if (b->initrd.n > 0) {
		text_put(&b->raw, "|initrd ");
		text_add(&b->raw, text_bytes(&b->initrd));
	}
	if (b->append.n > 0) {
		text_put(&b->raw, "|append ");
		text_add(&b->raw, text_bytes(&b->append));
	}
	b->raw.over = b->raw.over || b->over;
	b->raw.nul = b->nul;
	return entry_add(c, &b->raw);
}

enum err entries_parse_bls(struct bytes in, const char *from, struct bytes kernelopts,
                           entry_exists *exists, const void *ctx, struct boot_entries *to)
{
	const struct entry_context c = {
	        .from = from, .exists = exists, .ctx = ctx, .to = to};

	if (in.n > GRUB_CFG_MAX)
		return ERR_UNSUPPORTED;
	struct bls *b = calloc(1, sizeof(*b));
	if (!b)
		return ERR_NOMEM;
	text_set(&b->append, kernelopts);
	b->over = b->append.over;
	while (text_line(&in, &b->line) == OK)
		take_line(b, kernelopts);
	const enum err e = add(b, &c);
	free(b);
	return e;
}
