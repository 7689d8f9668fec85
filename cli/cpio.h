/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is in an initramfs image: cpio archives in the form that the kernel reads ("newc",
 * Documentation/driver-api/early-userspace/buffer-format.rst). */
#ifndef CLI_CPIO_H
#define CLI_CPIO_H

#include "core/bytes.h"

/* Which entries are meant by a name. */
enum cpio_match {
	CPIO_THIS,   /* that one */
	CPIO_BASE,   /* of that base name, in whatever folder */
	CPIO_BELOW,  /* all below a folder of that name */
	CPIO_PACKED, /* that one, or with .gz, .xz or .zst behind it */
};

struct cpio_want {
	const char *name; /* of a file, without leading "/", "./" or "usr/" */
	enum cpio_match match;
	bool compare; /* its bytes matter (CPIO_THIS): */
	struct bytes content;
	/* or NULL: is that right?  Of a longer file, its first 64 KiB. */
	bool (*fits)(const void *ctx, struct bytes content);
	const void *ctx;
	/* results; of several entries of a name the last one counts, as it does at boot
	 */
	bool found, good; /* good: found, with what was wanted in it */
};

/*
 * Read archives from fd until its end, or until a byte begins none (a compressed archive,
 * for example); *ret_end tells how many bytes there were.  until_ms: as clock_ms() has
 * it.  ERR_TIMEOUT, ERR_FORMAT.
 */
enum err cpio_scan(int fd, int64_t until_ms, struct cpio_want *want, size_t n,
                   uint64_t *ret_end);

#endif
