/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What bootlatch-unlock was told: command line and environment. */
#ifndef UNLOCK_MAIN_OPTIONS_H
#define UNLOCK_MAIN_OPTIONS_H

#include "unlock/open_session.h"

/* The image's own folder for key blobs: where it is, this is the initramfs. */
#define BOOT_IN_IMAGE "/etc/bootlatch/boot"

struct options {
	const char *crypttab; /* the boot run; NULL: a keyscript */
	const char *below, *check_root, *check_resume; /* a device, or NULL */
	const char *image_record;                      /* a file, or NULL */
	int source_wait_s;
	const char *key_field; /* crypttab's third field, or NULL */
	const char *source, *name, *header;
	const char *boot_dir, *config_dir; /* never NULL */
	bool cap;
	bool first_try;
	int keyslot;      /* crypttab's keyslot=, or LUKS_ANY_SLOT */
	bool tries_given; /* crypttab says how many tries there are */
	bool debug;
	struct session_wish wish;
};

/* Says what is wrong, and returns ERR_USAGE. */
enum err bad_usage(const char *what);
/* OK: go on, or (*ret_done) the text that was asked for is printed.  Else ERR_USAGE,
 * said.
 */
enum err parse_options(int argc, char **argv, struct options *ret, bool *ret_done);

/* main_image.c: a record without what resealing changes, on standard output. */
enum err image_record(const struct options *o);
/* main_cap.c: a PCR of what is sealed for volumes of this machine is extended, once a
 * boot; none, and OK, where nothing is.  That it could not be done was said. */
/* hung: the TPM did, before this. */
enum err cap(const struct options *o, bool hung, bool *ret_told);
/* main_boot.c: the run of --crypttab.  *ret_told: what is not open has been said. */
enum err boot(const struct options *o, bool *ret_told);
/* main_root.c.  Prints a line for each LUKS volume that --below's device lies on, when it
 * lies on nothing else and one of them has a record. */
enum err below(const struct options *o, bool *ret_told);
/* Does the device of --check-root, or --check-resume, lie on volumes that are in
 * config_dir/roots, and on nothing else?  ERR_TAMPERED: no, and that was said; for a root
 * in the initramfs it starts the machine again instead. */
enum err check_below(const struct options *o, bool *ret_told);

#endif
