/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What bootlatch-unlock was told: command line and environment. */
#ifndef UNLOCK_MAIN_OPTIONS_H
#define UNLOCK_MAIN_OPTIONS_H

#include "unlock/open_session.h"

/* The image's own folder for key blobs: where it is, this is the initramfs. */
#define BOOT_IN_IMAGE "/etc/bootlatch/boot"

struct options {
	const char *crypttab; /* the boot run; NULL: a keyscript */
	int source_wait_s;
	const char *key_field; /* crypttab's third field, or NULL */
	const char *source, *name, *header;
	const char *boot_dir, *config_dir; /* never NULL */
	bool first_try;
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

/* main_boot.c: the run of --crypttab.  *ret_told: what is not open has been said. */
enum err boot(const struct options *o, bool *ret_told);

#endif
