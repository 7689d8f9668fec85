/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests whose cases run in a process of their own each. */
#ifndef TESTS_FORKED_H
#define TESTS_FORKED_H

#include <stdbool.h>

/* What such a process ends with; other numbers are failures. */
enum { GOOD = 0, NOT_POSSIBLE = 77 };

/* The status, as waitpid has it, of a process that runs `f`. */
int status_of(int (*f)(void));
bool ends_well(int (*f)(void));
/* The same; true too, with a line that says why, where it is not possible. */
bool ends_well_or_skips(int (*f)(void), const char *what, const char *why);

#endif
