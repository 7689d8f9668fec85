/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Does an initramfs image hold what the boot needs for a volume? */
#ifndef CLI_IMAGE_H
#define CLI_IMAGE_H

#include "cli/cli.h"

enum { IMAGE_SECONDS = 120, IMAGE_LACKS_MAX = 800 };

#define IMAGE_NAME "initrd.img-"

/* What to look for; made once, used for every image.  It uses v, until it is freed. list:
 * files.list; ERR_FORMAT when it is none. */
struct image_needs;
enum err image_needs_new(const struct volume *v, struct bytes list,
                         struct image_needs **ret);
struct image_needs *image_needs_free(struct image_needs *n); /* NULL is fine */

/*
 * `lacks`: the names of what is missing or is not what it is outside the image of that
 * kernel, "" when nothing is.  Nothing is extracted: an archive of /boot is hostile.
 * ERR_FORMAT: it is no image, or packed by something that this system has no program for.
 * ERR_UNSUPPORTED: there is no modprobe to tell what modules the kernel has. ERR_TIMEOUT.
 */
enum err image_look(struct image_needs *n, int dirfd, const char *version,
                    char lacks[static IMAGE_LACKS_MAX]);

#endif
