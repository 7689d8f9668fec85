/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stands between the program (libcryptsetup included) and libc's calls that change files:
 * one below a folder can be made to fail, or to be the process's last.  Nothing is really
 * synced.  Linking this file is enough; without a plan all goes through. */
#ifndef TESTS_DOUBLE_IO_H
#define TESTS_DOUBLE_IO_H

#include <stdbool.h>

enum {
	IO_CREATE = 1, /* openat with O_CREAT */
	IO_WRITE = 2,
	IO_SYNC = 4,
	IO_RENAME = 8,
	IO_UNLINK = 16,
	IO_MKDIR = 32,
	IO_ALL = 63,
	IO_DIED = 77, /* the exit status of a process that died so */
};

struct double_io {
	const char *below; /* only what lies below this path is counted */
	unsigned kinds;    /* only these are counted */
	unsigned at;       /* the call that is hit, from 1; 0: all of them */
	int error;         /* errno; 0: the process ends before the call */
	unsigned seen, hit;
};

/* NULL: no plan.  The plan belongs to the caller, who reads seen and hit. */
void double_io_plan(struct double_io *plan);

#endif
