/* SPDX-License-Identifier: GPL-2.0-or-later */
/* update-initramfs run after crypttab was edited, and what came of it when it failed. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/crypttab.h"
#include "cli/image.h"
#include "cli/machine.h"
#include "cli/output.h"
#include "cli/program.h"
#include "core/file.h"

/* --- which images were made --- */

struct images {
	size_t n;
	struct {
		char version[KERNEL_NAME_MAX];
		struct stat is;
	} image[KERNELS_MAX];
};

/* What update-initramfs leaves beside it when it is stopped, or keeps of the old one. */
static bool is_copy(const char *name)
{
	static const char *const ends[] = {".new", ".bak", ".dpkg-bak"};
	const size_t n = strlen(name);

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (n > strlen(ends[i]) &&
		    strcmp(name + n - strlen(ends[i]), ends[i]) == 0)
			return true;
	return false;
}

static enum err see_image(int dir, const char *name, void *ctx)
{
	struct images *all = ctx;
	const size_t front = strlen(IMAGE_NAME);

	if (strncmp(name, IMAGE_NAME, front) != 0 || is_copy(name) ||
	    all->n == KERNELS_MAX || strlen(name) - front >= KERNEL_NAME_MAX ||
	    fstatat(dir, name, &all->image[all->n].is, AT_SYMLINK_NOFOLLOW) != 0)
		return OK;
	(void)snprintf(all->image[all->n++].version, KERNEL_NAME_MAX, "%s", name + front);
	return OK;
}

/* None where the folder cannot be read. */
static void see_images(const char *boot, struct images *ret)
{
	int dir = -1;

	ret->n = 0;
	if (dir_open(boot, &dir) != OK)
		return;
	(void)dir_each(dir, see_image, ret); /* what cannot be seen is not told */
	(void)close(dir);                    /* only read */
}

static bool is_as_before(const struct images *before, const char *version,
                         const struct stat *now)
{
	for (size_t i = 0; i < before->n; i++) {
		const struct stat *was = &before->image[i].is;

		if (strcmp(before->image[i].version, version) == 0)
			return was->st_ino == now->st_ino &&
			       was->st_size == now->st_size &&
			       was->st_mtim.tv_sec == now->st_mtim.tv_sec &&
			       was->st_mtim.tv_nsec == now->st_mtim.tv_nsec;
	}
	return false;
}

/* Joined in `w`, if there is one: those that are not as they were. */
static enum err list_made(const struct cli *c, const struct images *before,
                          struct writer *w, size_t *ret)
{
	struct images *now = calloc(1, sizeof(*now));
	size_t made = 0;

	if (!now)
		return ERR_NOMEM;
	see_images(c->where.boot_dir, now);
	for (size_t i = 0; i < now->n; i++) {
		if (is_as_before(before, now->image[i].version, &now->image[i].is))
			continue;
		if (w) {
			put_string(w, made > 0 ? ", " : "");
			put_string(w, now->image[i].version);
		}
		made++;
	}
	free(now);
	*ret = made;
	return OK;
}

/* Of several kernels' it may have made some. */
static void tell_made(struct cli *c, const struct images *before)
{
	char list[CLI_WHY_MAX / 2] = "";
	struct writer w = {(uint8_t *)list, sizeof(list) - 1, 0, false};
	size_t made = 0;

	if (list_made(c, before, &w, &made) != OK || made == 0)
		return;
	list[w.n] = '\0';
	cli_say(c,
	        "It failed, but these images were made anew, with the crypttab that was "
	        "to be, and are not like the others: %s%s. Once the fault is mended, "
	        "this makes them alike: update-initramfs -u -k all",
	        list, w.overflow ? ", and more" : "");
}

/* It ends well and makes none where it is switched off, or where /boot is read-only. */
static bool made_none(struct cli *c, const struct images *before)
{
	size_t made = 0;

	if (before->n == 0 || list_made(c, before, NULL, &made) != OK || made > 0)
		return false;
	cli_say(c,
	        "Warning: update-initramfs made no image in %s anew, so the next boot "
	        "does not know of it yet. Is that mounted read-only, or "
	        "update_initramfs=no in /etc/initramfs-tools/update-initramfs.conf? Mend "
	        "that, then run: update-initramfs -u%s",
	        c->where.boot_dir, c->ways.all_images ? " -k all" : "");
	return true;
}

/* --- the run --- */

static enum err make(struct cli *c, const struct images *before)
{
	static const char *const newest[] = {"update-initramfs", "-u", NULL},
	                         *const all[] = {"update-initramfs", "-u", "-k", "all",
	                                         NULL};
	int status = 0;

	const enum err e =
	        program_run(c->ways.all_images ? all : newest, c->json, &status);
	if (e == ERR_NOT_FOUND)
		return cli_why(c, e,
		               "There is no update-initramfs here. Make the image of the "
		               "next boot with what this system "
		               "has for it, and add --no-initramfs");
	if (e == OK && status != 0) {
		tell_made(c, before);
		return cli_why(c, ERR_IO, "update-initramfs failed with status %d",
		               status);
	}
	if (e == OK)
		out_bool(c, "initramfs_made", !made_none(c, before));
	return e;
}

enum err crypttab_make_image(struct cli *c)
{
	const char *more = c->ways.all_images ? " -k all" : "";

	if (c->ways.image_later)
		return OK;
	if (c->no_initramfs) {
		cli_say(c,
		        "The image of the next boot does not know of it yet. Run: "
		        "update-initramfs -u%s",
		        more);
		out_bool(c, "initramfs_made", false);
		return OK;
	}
	struct images *before = calloc(1, sizeof(*before));
	if (!before)
		return ERR_NOMEM;
	see_images(c->where.boot_dir, before);
	cli_say(c, "Making the %s anew: update-initramfs -u%s",
	        c->ways.all_images ? "images of all kernels" : "image of the next boot",
	        more);
	const enum err e = make(c, before);
	free(before);
	return e;
}
