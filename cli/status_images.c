/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which kernels' images will ask for the dongle. */
#include <stdio.h>
#include <unistd.h>

#include "cli/image.h"
#include "cli/output.h"
#include "cli/screen.h"
#include "cli/status.h"
#include "core/file.h"

static void say(struct cli *c, const char *version, enum err e, const char *lacks,
                const struct image_tool *lacking)
{
	if (e == ERR_UNSUPPORTED)
		screen_line(c, SCREEN_WARN,
		            "image of %s: not judged: %s is not here (apt install %s)",
		            version, lacking->program, lacking->package);
	else if (e == ERR_NOT_FOUND)
		screen_line(c, SCREEN_BAD, "image of %s: there is none", version);
	else if (e != OK)
		screen_line(c, SCREEN_BAD, "image of %s: cannot be read: %s", version,
		            err_text(e));
	else if (*lacks)
		screen_line(c, SCREEN_BAD, "image of %s: LACKS %s", version, lacks);
	else
		screen_line(c, SCREEN_GOOD, "image of %s: ready", version);
}

/* Images, by what is known of them. */
struct count {
	size_t all, ready, unseen;
};

static void one(struct cli *c, struct image_needs *needs, int dir, const char *version,
                struct count *n)
{
	char lacks[IMAGE_LACKS_MAX] = "";

	const enum err e = image_look(needs, dir, version, lacks);
	const struct image_tool lacking = image_lacking(needs);
	const bool ready = e == OK && !*lacks;
	out_enter(c, "images");
	out_text(c, "kernel", version);
	out_bool(c, "ready", ready);
	out_text(c, "lacks", e == OK ? lacks : NULL);
	out_leave(c);
	say(c, version, e, lacks, &lacking);
	n->all++;
	n->ready += ready;
	n->unseen += e == ERR_UNSUPPORTED;
}

static enum err no_needs(struct cli *c, const struct machine *m, enum err e)
{
	if (e == ERR_FORMAT)
		return cli_why(
		        c, e,
		        "%s, the list of what an image needs, cannot be understood. "
		        "Install bootlatch for the initramfs anew.",
		        m->files_list);
	if (e == ERR_NOMEM)
		return e;
	return cli_why(c, e,
	               "%s, the list of what an image needs, cannot be read: %s. "
	               "Install bootlatch for the initramfs anew.",
	               m->files_list, err_text(e));
}

enum err status_images(struct cli *c, struct machine *m)
{
	struct image_needs *needs = NULL;
	struct count n = {0};
	int dir = -1;

	enum err e = machine_needs(m, false, &needs);
	if (e == ERR_NOT_ENROLLED) {
		screen_line(c, SCREEN_PLAIN,
		            "images: not looked at, as no volume is ours");
		return OK;
	}
	if (e != OK)
		return no_needs(c, m, e);
	e = dir_open(m->boot, &dir);
	/* What lies there without a kernel nobody boots, nor a kernel without an image.
	 */
	for (size_t i = 0; e == OK && i < m->kernels.n; i++) {
		if (!m->kernels.has_image[i])
			continue;
		one(c, needs, dir, m->kernels.version[i], &n);
	}
	if (dir >= 0)
		(void)close(dir); /* read-only */
	needs = image_needs_free(needs);
	if (e != OK)
		return cli_why(c, e, "%s cannot be read: %s.", m->boot, err_text(e));
	if (n.all == 0)
		return cli_why(c, ERR_NOT_FOUND,
		               "%s has no kernel with an image (vmlinuz-… and " IMAGE_NAME
		               "…).",
		               m->boot);
	if (n.unseen > 0 && n.ready + n.unseen == n.all)
		return cli_why(
		        c, ERR_IO,
		        "%zu of %zu images were not judged, for want of a program: "
		        "see above.",
		        n.unseen, n.all);
	if (n.ready < n.all)
		return cli_why(c, ERR_IO,
		               "%zu of %zu images will not ask for the dongle; the "
		               "passphrase opens the disk there. Run: "
		               "update-initramfs -u -k all.",
		               n.all - n.ready - n.unseen, n.all);
	return OK;
}
