/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which kernels' images will ask for the dongle. */
#include <stdio.h>
#include <unistd.h>

#include "cli/image.h"
#include "cli/output.h"
#include "cli/screen.h"
#include "cli/status.h"
#include "core/file.h"

static void say(struct cli *c, const char *version, enum err e, const char *lacks)
{
	if (e == ERR_UNSUPPORTED)
		screen_line(c, SCREEN_WARN,
		            "image of %s: not judged: modprobe is not here (apt install "
		            "kmod)",
		            version);
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

/* True: this one will ask for the dongle. */
static bool one(struct cli *c, struct image_needs *needs, int dir, const char *version)
{
	char lacks[IMAGE_LACKS_MAX] = "";

	const enum err e = image_look(needs, dir, version, lacks);
	const bool ready = e == OK && !*lacks;
	out_enter(c, "images");
	out_text(c, "kernel", version);
	out_bool(c, "ready", ready);
	out_text(c, "lacks", e == OK ? lacks : NULL);
	out_leave(c);
	say(c, version, e, lacks);
	return ready;
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
	size_t ready = 0, n = 0;
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
		n++;
		ready += one(c, needs, dir, m->kernels.version[i]);
	}
	if (dir >= 0)
		(void)close(dir); /* read-only */
	needs = image_needs_free(needs);
	if (e != OK)
		return cli_why(c, e, "%s cannot be read: %s.", m->boot, err_text(e));
	if (n == 0)
		return cli_why(c, ERR_NOT_FOUND,
		               "%s has no kernel with an image (vmlinuz-… and " IMAGE_NAME
		               "…).",
		               m->boot);
	if (ready < n)
		return cli_why(c, ERR_IO,
		               "%zu of %zu images will not ask for the dongle; the "
		               "passphrase opens the disk there. Run: "
		               "update-initramfs -u -k all.",
		               n - ready, n);
	return OK;
}
