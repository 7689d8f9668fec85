/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A terminal that shows nothing of what is typed, and the signals that give it back. */
#ifndef CORE_ASK_QUIET_H
#define CORE_ASK_QUIET_H

#include <stdbool.h>

#include "core/err.h"

/*
 * The terminal gives keys one by one and echoes none, until quiet_end().  Every catchable
 * signal that ends or stops the program first puts it back, at whatever moment it comes;
 * the program that continues makes it quiet again and adds to wake_fd, an eventfd.  What
 * was typed and not read is dropped whenever the terminal is put back: it was not meant
 * for the shell.  Signals that are ignored, blocked or handled already are left so.
 *
 * One terminal in a process (ERR_EXISTS); may be repeated.  ERR_ACCESS: the program runs
 * in the background, and the terminal is another's.
 */
enum err quiet_begin(int fd, int wake_fd);
void quiet_end(int fd); /* may be repeated, also when it never began */

/* The cursor stands behind a prompt: a signal moves it to a new line first. */
void quiet_set_prompt(bool shown);

/*
 * As any reader of a terminal: stops a job that runs in the background until it is in
 * the foreground.  ERR_CANCELLED: the terminal is gone, or nobody could continue the job.
 */
enum err quiet_wait_foreground(int fd);

#endif
