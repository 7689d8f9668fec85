/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The end of a child process. */
#ifndef CORE_BURY_H
#define CORE_BURY_H

#include <stdbool.h>
#include <sys/types.h>

/* Kills a child of ours that has not been waited for, where it has not ended by itself,
 * and takes it away; within a second.  false: it does not die (in a system call that
 * cannot be interrupted); it is left behind.  true too where the kernel takes children
 * away itself (SIGCHLD ignored): then the number may be anybody's, and nobody is killed
 * once it is gone. */
bool bury(pid_t pid);

#endif
