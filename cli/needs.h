/* SPDX-License-Identifier: GPL-2.0-or-later */
/* files.list, by which the hook makes an image and bootlatch status judges one; and what
 * its entries bring with them, by modprobe and ldd, as the hook asks them too. */
#ifndef CLI_NEEDS_H
#define CLI_NEEDS_H

#include "core/bytes.h"

enum {
	NEEDS_LIST_MAX = 16 * 1024, /* bytes of files.list */
	NEEDS_MAX = 64,             /* its entries */
	NEED_NAME_MAX = 256,
	BROUGHT_MAX = 64,
};

enum need_kind {
	NEED_PROGRAM, /* exec: with the libraries that it is linked with */
	NEED_LIBRARY, /* library: in the folder of the C library, wherever that is */
	NEED_FILE,    /* file, there: this name */
	NEED_FOLDER,  /* folder, records: one file below it at least */
	NEED_MODULE,  /* module: with what it needs, where it is not built in */
	NEED_LOADED,  /* load: the same, and conf/modules names it */
	NEED_TRIED,   /* try: the same where the kernel has it */
};

struct need {
	enum need_kind kind;
	char name[NEED_NAME_MAX]; /* in the image, without leading "/" and "usr/"; of a
	                             module or library its own */
	char file[NEED_NAME_MAX]; /* NEED_PROGRAM: in this system */
};

struct needs {
	struct need need[NEEDS_MAX];
	size_t n;
};

/* tpm2: a volume opens with a TPM; of the lines that begin with "tpm2" or "no-tpm2" those
 * that are for that.
 * ERR_FORMAT: a line of an unknown kind, or with too few or too many words. */
enum err needs_parse(struct bytes text, bool tpm2, struct needs *ret);

/* Is there a line in it whose first word is that? */
bool needs_has_line(struct bytes text, const char *word);

/* Names of what something needs beside itself.  root: "" or the folder that another
 * system is mounted on. */
struct brought {
	char name[BROUGHT_MAX][NEED_NAME_MAX];
	size_t n;
};

/* The module's own path and those of what it needs, without leading "/" and "usr/", and
 * without what they are packed by: "lib/modules/6.1.0-9-amd64/kernel/crypto/xts.ko". None
 * where all is built in.  ERR_NOT_FOUND: that kernel has no such
 * module; ERR_UNSUPPORTED: there is no modprobe here. */
enum err brought_by_module(const char *root, const char *version, const char *name,
                           struct brought *ret);
/* Base names of the libraries that the loader takes for it; none where it is not there.
 */
enum err brought_by_program(const char *root, const char *file, struct brought *ret);

#endif
