/* SPDX-License-Identifier: GPL-2.0-or-later */
/* doctor: the image of every kernel, and the keyboard that it will have. */
#include "cli/doctor.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/lines.h"
#include "core/file.h"

enum { LAYOUT_MAX = 32, NAMES_MAX = 600 };

/* --- what is not right in an image --- */

struct flaws {
	struct writer files; /* of IMAGE_FILE, for one line */
	char text[NAMES_MAX];
	size_t more; /* that did not fit */
	bool is[IMAGE_TABLE + 1];
};

static void see(enum image_flaw f, const char *name, void *ctx)
{
	struct flaws *x = ctx;

	x->is[f] = true;
	if (f != IMAGE_FILE)
		return;
	const size_t before = x->files.n;
	put_string(&x->files, before > 0 ? ", " : "");
	put_string(&x->files, name);
	if (writer_ok(&x->files))
		return;
	x->files.n = before;
	x->files.overflow = false;
	x->more++;
}

static void tell_files(struct doctor *d, const char *version, struct flaws *x)
{
	char more[32] = "";

	if (x->more > 0)
		(void)snprintf(more, sizeof(more), " and %zu more", x->more);
	doctor_find(d, FAULT_IMAGE_FILE, version, "The image of %s lacks %.*s%s.",
	            version, (int)x->files.n, x->text, more);
}

static void tell(struct doctor *d, const char *version)
{
	static const struct {
		enum image_flaw flaw;
		enum fault fault;
		const char *text;
	} kinds[] = {
	        {IMAGE_LOADS,   FAULT_IMAGE_LOADS,
	         "does not load all drivers that files.list names"        },
	        {IMAGE_PROGRAM, FAULT_IMAGE_PROGRAM,
	         "holds another bootlatch-unlock than this system"        },
	        {IMAGE_RECORD,  FAULT_IMAGE_RECORD,
	         "does not hold the records as they are now"              },
	        {IMAGE_BLOB,    FAULT_IMAGE_BLOB,
	         "does not hold the encrypted passphrases as they are now"},
	        {IMAGE_TABLE,   FAULT_IMAGE_TABLE,
	         "has a crypttab that does not give us every volume"      },
	};
	struct flaws x = {.more = 0};

	x.files = (struct writer){(uint8_t *)x.text, sizeof(x.text), 0, false};
	image_flaws(d->needs, see, &x);
	if (x.is[IMAGE_FILE])
		tell_files(d, version, &x);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (x.is[kinds[i].flaw])
			doctor_find(d, kinds[i].fault, version, "The image of %s %s.",
			            version, kinds[i].text);
}

/* --- the keyboard --- */

/* Of XKBLAYOUT="fr,us" the first. */
static void find_layout(const struct machine *m, char out[static LAYOUT_MAX])
{
	struct bytes text = {NULL, 0}, line, name;
	uint8_t *data = NULL;

	*out = '\0';
	if (machine_read(m, "/etc/default/keyboard", &data, &text.n) != OK)
		return;
	text.p = data;
	while (line_next(&text, &line)) {
		size_t n = 0;

		if (!bytes_begin(line, "XKBLAYOUT=") ||
		    bytes_take(&line, strlen("XKBLAYOUT="), &name) != OK)
			continue;
		while (line.n > 0 && (line.p[0] == '"' || line.p[0] == '\''))
			if (bytes_take(&line, 1, &name) != OK)
				break;
		while (n < line.n && n + 1 < LAYOUT_MAX && line.p[n] >= 'a' &&
		       line.p[n] <= 'z')
			n++;
		memcpy(out, line.p, n);
		out[n] = '\0';
	}
	free(data);
}

/* Layouts whose digits are on Shift, by the tables of xkeyboard-config. */
static bool digits_need_shift(const char *layout)
{
	static const char *const those[] = {"fr", "be", "cz", "sk", "lt"};

	for (size_t i = 0; i < sizeof(those) / sizeof(those[0]); i++)
		if (strcmp(layout, those[i]) == 0)
			return true;
	return false;
}

/* --- one image --- */

static bool has_root(const struct machine *m)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->volume[i].root)
			return true;
	return false;
}

static enum err look_at_image(struct doctor *d, int dir, const char *version,
                              const char *layout)
{
	char lacks[IMAGE_LACKS_MAX] = "";
	const enum err e = image_look(d->needs, dir, version, lacks);

	if (e == ERR_NOMEM || e == ERR_BUG)
		return e;
	const struct image_tool lacking = image_lacking(d->needs);
	if (e == ERR_UNSUPPORTED)
		doctor_find(d, FAULT_IMAGE_UNSEEN, lacking.package,
		            "The image of %s was not judged: %s is not here.", version,
		            lacking.program);
	else if (e != OK)
		doctor_find(d, FAULT_IMAGE_BROKEN, version,
		            "The image of %s cannot be read: %s.", version, err_text(e));
	if (e != OK)
		return OK;
	tell(d, version);
	if (has_root(d->m) && !image_has(d->needs, IMAGE_ROOTS))
		doctor_find(d, FAULT_IMAGE_ROOTS, version,
		            "The image of %s does not name what root lies on.", version);
	if (*layout && strcmp(layout, "us") != 0 && !image_has(d->needs, IMAGE_KEYMAP))
		doctor_find(d, FAULT_KEYMAP, version,
		            "The keyboard is \"%s\", and the image of %s has no keymap.",
		            layout, version);
	return OK;
}

enum err doctor_images(struct doctor *d)
{
	const struct kernels *k = &d->m->kernels;
	char layout[LAYOUT_MAX];
	int dir = -1;

	find_layout(d->m, layout);
	if (digits_need_shift(layout))
		doctor_find(d, FAULT_KEYBOARD, "", "The keyboard is \"%s\".", layout);
	if (d->m->kernels_e != OK || k->n == 0)
		doctor_find(d, FAULT_NO_KERNEL, d->m->boot, "%s has no kernel.",
		            d->m->boot);
	for (size_t i = 0; i < k->n; i++)
		if (!k->has_image[i])
			doctor_find(d, FAULT_NO_IMAGE, k->version[i],
			            "Kernel %s has no image (" IMAGE_NAME "%s).",
			            k->version[i], k->version[i]);
	if (!d->needs) {
		doctor_skip(d, "images", "no volume is ours, or there is no files.list");
		return OK;
	}
	enum err e = dir_open(d->m->boot, &dir);
	for (size_t i = 0; e == OK && i < k->n; i++)
		if (k->has_image[i])
			e = look_at_image(d, dir, k->version[i], layout);
	if (dir >= 0)
		(void)close(dir); /* only read */
	return e == ERR_NOMEM || e == ERR_BUG ? e : OK;
}
