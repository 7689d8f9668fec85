/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs of the system that a verb starts: no shell, a PATH and nothing else of ours.
 */
#ifndef CLI_PROGRAM_H
#define CLI_PROGRAM_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/err.h"

/*
 * Run argv (argv[0] a name looked for in root's usual folders) and wait for it.  What it
 * prints goes where ours goes, with `quiet_stdout` to standard error.  *ret_status: its
 * exit status, 128 and the signal's number if one ended it.  An interrupt from the
 * keyboard ends it and not us.  ERR_NOT_FOUND: there is no such program.
 */
enum err program_run(const char *const *argv, bool quiet_stdout, int *ret_status);

/*
 * Start it with in_fd as its standard input; *ret_fd gives what it prints, *ret_pid is
 * for program_end().  What it says on standard error is dropped.  ERR_NOT_FOUND as above.
 */
enum err program_open(const char *const *argv, int in_fd, int *ret_fd, pid_t *ret_pid);
/* Ends it if it has not ended.  Its exit status, as above. */
int program_end(int fd, pid_t pid);
/* The same of one that closed what it prints to, and is about to end by itself. */
int program_wait(int fd, pid_t pid);

#endif
