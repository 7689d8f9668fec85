/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bootlatch status: will the next boot ask for the dongle? */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/crypttab.h"
#include "cli/image.h"
#include "cli/needs.h"
#include "cli/output.h"
#include "cli/pending.h"
#include "core/file.h"

enum { KERNELS_MAX = 64, KERNEL_NAME_MAX = 128 };

struct kernels {
	size_t n;
	char version[KERNELS_MAX][KERNEL_NAME_MAX];
};

static int by_version(const void *a, const void *b)
{
	return strverscmp(a, b);
}

/* Those that have both a kernel and an image: what else lies there nobody boots. */
static enum err find_kernels(int dir, struct kernels *ret)
{
	const size_t front = strlen(IMAGE_NAME);
	char kernel[KERNEL_NAME_MAX + 16];
	const int fd = dup(dir);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;

	if (!d) {
		if (fd >= 0)
			(void)close(fd); /* read-only */
		return ERR_IO;
	}
	for (const struct dirent *e = readdir(d); e && ret->n < KERNELS_MAX;
	     e = readdir(d)) {
		const char *version = e->d_name + front;

		if (strncmp(e->d_name, IMAGE_NAME, front) != 0 ||
		    strlen(version) >= KERNEL_NAME_MAX)
			continue;
		(void)snprintf(kernel, sizeof(kernel), "vmlinuz-%s", version);
		if (faccessat(dir, kernel, F_OK, AT_SYMLINK_NOFOLLOW) != 0)
			continue;
		(void)snprintf(ret->version[ret->n++], KERNEL_NAME_MAX, "%s", version);
	}
	(void)closedir(d); /* read-only */
	qsort(ret->version, ret->n, sizeof(ret->version[0]), by_version);
	return OK;
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
	if (e == ERR_UNSUPPORTED)
		cli_say(c,
		        "image of %s: not judged: modprobe is not here (apt install "
		        "kmod)",
		        version);
	else if (e != OK)
		cli_say(c, "image of %s: cannot be read: %s", version, err_text(e));
	else if (ready)
		cli_say(c, "image of %s: ready", version);
	else
		cli_say(c, "image of %s: LACKS %s", version, lacks);
	return ready;
}

static enum err read_needs(struct cli *c, const struct volume *v,
                           struct image_needs **ret)
{
	uint8_t *list = NULL;
	size_t len = 0;

	enum err e = file_read_path(c->files_list, NEEDS_LIST_MAX, &list, &len);
	if (e != OK)
		return cli_why(c, e,
		               "%s, the list of what an image needs, cannot be read: %s. "
		               "Install bootlatch for the initramfs anew.",
		               c->files_list, err_text(e));
	e = image_needs_new(v, (struct bytes){list, len}, ret);
	free(list);
	if (e == ERR_FORMAT)
		return cli_why(
		        c, e,
		        "%s, the list of what an image needs, cannot be understood. "
		        "Install bootlatch for the initramfs anew.",
		        c->files_list);
	return e;
}

static enum err images(struct cli *c, const struct volume *v)
{
	struct image_needs *needs = NULL;
	struct kernels *k = calloc(1, sizeof(*k));
	size_t ready = 0, n = 0;
	int dir = -1;

	enum err e = k ? read_needs(c, v, &needs) : ERR_NOMEM;
	if (e == OK)
		e = dir_open(c->where.boot_dir, &dir);
	if (e == OK)
		e = find_kernels(dir, k);
	for (size_t i = 0; e == OK && i < k->n; i++, n++)
		ready += one(c, needs, dir, k->version[i]);
	if (dir >= 0)
		(void)close(dir); /* read-only */
	needs = image_needs_free(needs);
	free(k);
	if (e != OK)
		return e;
	if (n == 0)
		return cli_why(c, ERR_NOT_FOUND,
		               "%s has no kernel with an image (vmlinuz-… and " IMAGE_NAME
		               "…).",
		               c->where.boot_dir);
	if (ready < n)
		return cli_why(c, ERR_IO,
		               "%zu of %zu images will not ask for the dongle; the "
		               "passphrase opens the disk there. Run: "
		               "update-initramfs -u -k all.",
		               n - ready, n);
	return OK;
}

static enum err run(struct cli *c)
{
	AUTO_VOLUME *v = NULL;

	enum err e = pending_tell(c);
	if (e == OK)
		e = cli_volume(c, &v);
	if (e != OK)
		return e;
	e = volume_trusted(v);
	out_text(c, "record", record_state_text(v->state));
	if (e != OK)
		return cli_untrusted(c, v, e);
	const bool named = crypttab_names_us(c, v);
	out_bool(c, "crypttab", named);
	cli_say(c, "record: matches the header\ncrypttab: %s",
	        named ? "our keyscript opens it" : "our keyscript is not there");
	if (!named)
		return cli_why(
		        c, ERR_NOT_ENROLLED,
		        "The boot will not ask for the dongle. To have it open %s: "
		        "bootlatch enroll %s --crypttab.",
		        c->device, c->device);
	return images(c, v);
}

const struct verb verb_status = {
        .name = "status",
        .operands = "DEVICE",
        .min_operands = 1,
        .max_operands = 1,
        .opts = OPT_BOOT | OPT_CONFIG | OPT_HEADER | OPT_CRYPTTAB_FILE | OPT_FILES_LIST |
                OPT_JSON | OPT_DEBUG | OPT_HELP,
        .summary = "will the next boot ask for the dongle?",
        .help = "Compares the LUKS header of DEVICE with this machine's record, looks "
                "for "
                "our keyscript\n"
                "in /etc/crypttab, and for every kernel in /boot looks into its "
                "initramfs "
                "image:\n"
                "all that files.list names, with the libraries and kernel modules that "
                "it brings, and\n"
                "record and encrypted passphrases as they are now. Changes nothing.\n"
                "Exit status 7 when the header does not fit, 8 when crypttab does not "
                "name us, 1 when an\n"
                "image lacks something.",
        .run = run,
};
