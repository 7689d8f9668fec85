/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options are cut at their commas and copied as they are written. */
#include "unlock/crypttab_options.h"

/* What is in front of the next comma, which is taken too.  False: nothing is left. */
static bool next_option(struct bytes *in, struct bytes *ret)
{
	struct bytes comma;
	size_t n = 0;

	if (in->n == 0)
		return false;
	while (n < in->n && in->p[n] != ',')
		n++;
	return bytes_take(in, n, ret) == OK &&
	       (in->n == 0 || bytes_take(in, 1, &comma) == OK);
}

/* keyscript=decrypt_bootlatch, with or without a path in front of the name. */
static bool is_ours(struct bytes option)
{
	const struct bytes name = bytes_of(CRYPTTAB_KEYSCRIPT);
	struct bytes rest = option, skipped;

	if (!bytes_begin(option, "keyscript=") || option.n < 10 + name.n)
		return false;
	if (bytes_take(&rest, option.n - name.n, &skipped) != OK ||
	    !bytes_equal(rest, name))
		return false;
	return skipped.n == 10 || skipped.p[skipped.n - 1] == '/';
}

static bool is_foreign(struct bytes option)
{
	return bytes_begin(option, "keyscript=") && !is_ours(option);
}

struct crypttab_options crypttab_options_look(struct bytes field)
{
	struct crypttab_options o = {0};
	struct bytes one;

	while (next_option(&field, &one)) {
		o.ours = o.ours || is_ours(one);
		o.luks = o.luks || bytes_equal(one, bytes_of("luks"));
		o.initramfs = o.initramfs || bytes_equal(one, bytes_of("initramfs"));
		if (o.foreign.n == 0 && is_foreign(one))
			o.foreign = one;
	}
	return o;
}

static void put_missing(struct writer *w, const struct crypttab_options *o)
{
	if (!o->luks)
		put_string(w, ",luks");
	if (!o->initramfs)
		put_string(w, ",initramfs");
}

/* The field as it should be.  A keyscript of somebody else gives its place to nobody: the
 * last one counts. */
void crypttab_options_take(struct writer *w, struct bytes field)
{
	const struct crypttab_options o = crypttab_options_look(field);
	const size_t start = w->n;
	bool first = true, done = false;
	struct bytes one;
	const bool comma_at_end = field.n > 0 && field.p[field.n - 1] == ',';

	while (next_option(&field, &one)) {
		if (is_foreign(one))
			continue;
		if (!first)
			put_string(w, ",");
		put_bytes(w, one.p, one.n);
		first = false;
		if (is_ours(one) && !done) {
			put_missing(w, &o);
			done = true;
		}
	}
	if (comma_at_end)
		put_string(w, ",");
	if (done)
		return;
	if (w->n > start)
		put_string(w, ",");
	put_string(w, CRYPTTAB_OUR_OPTION);
	put_missing(w, &o);
}

/* Without our keyscript, and without what we put behind it. */
void crypttab_options_give_back(struct writer *w, struct bytes field)
{
	bool first = true, behind = false, luks = false, initramfs = false;
	struct bytes one;

	while (next_option(&field, &one)) {
		if (is_ours(one)) {
			behind = true;
			continue;
		}
		if (behind && !luks && !initramfs && bytes_equal(one, bytes_of("luks"))) {
			luks = true;
			continue;
		}
		if (behind && !initramfs && bytes_equal(one, bytes_of("initramfs"))) {
			initramfs = true;
			continue;
		}
		behind = false;
		if (!first)
			put_string(w, ",");
		put_bytes(w, one.p, one.n);
		first = false;
	}
}
