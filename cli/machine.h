/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine as status and doctor see it: where its files lie, its LUKS volumes, its
 * kernels.  It may be another one, mounted below a folder. */
#ifndef CLI_MACHINE_H
#define CLI_MACHINE_H

#include <sys/types.h>

#include "cli/cli.h"
#include "unlock/crypttab.h"

enum {
	MACHINE_PATH_MAX = 1024,
	MACHINE_VOLUMES_MAX = 32,
	MACHINE_FILE_MAX = 1024 * 1024, /* of the system's own tables */
	KERNELS_MAX = 64,
	KERNEL_NAME_MAX = 128,
};

/* Versions of kernels, as in "vmlinuz-VERSION", in ascending order. */
struct kernels {
	size_t n;
	char version[KERNELS_MAX][KERNEL_NAME_MAX];
	bool has_image[KERNELS_MAX];
};

struct machine_volume {
	char device[MACHINE_PATH_MAX];
	const struct crypttab_entry *line; /* its first one; NULL: none */
	bool root;                         /* the root file system lies on it */
	enum err e;                        /* what loading ended with */
	struct volume *v;                  /* when that is OK */
};

struct machine {
	char root[MACHINE_PATH_MAX]; /* "", or where it is mounted, without slash at its
	                                end */
	char boot[MACHINE_PATH_MAX], config[MACHINE_PATH_MAX], crypttab[MACHINE_PATH_MAX],
	        files_list[MACHINE_PATH_MAX],
	        state[MACHINE_PATH_MAX]; /* sign/pending.h */
	enum err tab_e;                  /* what reading crypttab ended with */
	struct crypttab tab;
	uint8_t *tab_text;
	size_t tab_len;
	struct machine_volume volume[MACHINE_VOLUMES_MAX];
	size_t n;
	const struct volume
	        *ours[MACHINE_VOLUMES_MAX]; /* those the images are made for */
	size_t n_ours;
	enum err kernels_e;
	struct kernels kernels;
};

extern const struct own_option machine_options[]; /* into c->doctor */

/*
 * root: "" or a folder.  The volumes: c->device alone where it is given; else those of
 * crypttab that are LUKS or name us, and what the root file system lies on.  What cannot
 * be read is told by the members; the error is ERR_NOMEM, or that a path is too long.
 */
enum err machine_look(struct cli *c, const char *root, struct machine **ret);
struct machine *machine_free(struct machine *m); /* NULL is fine; returns NULL */

/* A file of that machine by its absolute path. */
void machine_path(const struct machine *m, const char *path,
                  char out[static MACHINE_PATH_MAX]);
bool machine_has(const struct machine *m, const char *path);
/* malloc'ed; also of /proc and /sys. */
enum err machine_read(const struct machine *m, const char *path, uint8_t **ret,
                      size_t *ret_len);
/* The file's first line, cut to cap; "" when it cannot be read. */
void machine_line(const struct machine *m, const char *path, char *out, size_t cap);

/* What the images must hold for the volumes that crypttab gives us and the record knows.
 * program: see cli/image.h.  ERR_NOT_ENROLLED: there are none.  Else errors of reading
 * files.list, or image_needs_new. */
struct image_needs;
enum err machine_needs(struct machine *m, bool program, struct image_needs **ret);

/* Is something enrolled there that the boot asks for by itself, or was it? */
bool machine_is_ours(const struct machine_volume *mv);
/* Does its line of crypttab have our keyscript? */
bool machine_names_us(const struct machine_volume *mv);

#endif
