/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Does an initramfs image hold what the boot needs for these volumes? */
#ifndef CLI_IMAGE_H
#define CLI_IMAGE_H

#include "cli/cli.h"

enum { IMAGE_SECONDS = 120, IMAGE_LACKS_MAX = 800, IMAGE_VOLUMES_MAX = 32 };

#define IMAGE_NAME  "initrd.img-"
#define IMAGE_ROOTS "etc/bootlatch/roots" /* what root lies on: docs/adr/0009 */
/* Debian's keymap of the running system, which the hook of kbd puts there. */
#define IMAGE_KEYMAP "etc/boottime.kmap.gz"

struct image_wish {
	const char *root;  /* "" or where the system is mounted */
	struct bytes list; /* files.list */
	const struct volume *const *v;
	size_t n;     /* at most IMAGE_VOLUMES_MAX are looked at */
	bool program; /* our program's bytes count, not its name alone */
	bool tpm2;    /* a record of this machine names a TPM, be its volume here or not:
	                 so the hook sees it */
};

/* What to look for; made once, used for every image.  It uses the wish and its volumes,
 * until it is freed.  ERR_FORMAT: the list is none. */
struct image_needs;
enum err image_needs_new(const struct image_wish *w, struct image_needs **ret);
struct image_needs *image_needs_free(struct image_needs *n); /* NULL is fine */

/*
 * `lacks`: the names of what is missing or is not what it is outside the image of that
 * kernel, "" when nothing is.  Nothing is extracted: an archive of /boot is hostile.
 * ERR_FORMAT: it is no image.  ERR_UNSUPPORTED: it cannot be judged, as a program is not
 * here: see image_lacking().  ERR_TIMEOUT.
 */
enum err image_look(struct image_needs *n, int dirfd, const char *version,
                    char lacks[static IMAGE_LACKS_MAX]);

/* A program of this system that looking takes: modprobe, which tells what modules a
 * kernel has, or what unpacks an image. */
struct image_tool {
	const char *program, *package; /* Debian's */
};
/* That the image that was looked at last could not be judged without. */
struct image_tool image_lacking(const struct image_needs *n);

/* What kind of thing is not as it should be. */
enum image_flaw {
	IMAGE_FILE,    /* missing */
	IMAGE_LOADS,   /* conf/modules does not load all that it should */
	IMAGE_PROGRAM, /* our program is another one */
	IMAGE_RECORD,  /* a record is missing, or not as it is now */
	IMAGE_BLOB,    /* the same of an encrypted passphrase */
	IMAGE_TABLE,   /* its crypttab has no line of ours for a volume that has one */
};
/* All of these of the image that was looked at last. */
void image_flaws(const struct image_needs *n,
                 void (*see)(enum image_flaw f, const char *name, void *ctx), void *ctx);
/* Is IMAGE_ROOTS, or IMAGE_KEYMAP, in it?  Nobody needs these. */
bool image_has(const struct image_needs *n, const char *name);

#endif
