/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The unit tests' framework: a table of cases and one assertion. */
#ifndef TESTS_CHECK_H
#define TESTS_CHECK_H

#include <stdbool.h>
#include <stddef.h>

struct check_case {
	const char *name;
	void (*run)(void);
};

#define CHECK(cond) check_that((cond), #cond, __FILE__, __LINE__)
/* For table-driven cases: prints `what` with the failure. */
#define CHECK_ROW(cond, what) check_row((cond), #cond, (what), __FILE__, __LINE__)

void check_that(bool ok, const char *text, const char *file, int line);
void check_row(bool ok, const char *text, const char *what, const char *file, int line);
int check_run(const struct check_case *cases, size_t n);

#endif
