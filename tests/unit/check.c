/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The unit tests' framework: counts failures, prints a line a case and the sum. */
#include "tests/unit/check.h"

#include <signal.h>
#include <stdio.h>

static int failures;

void check_row(bool ok, const char *text, const char *what, const char *file, int line)
{
	if (ok)
		return;
	failures++;
	printf("%s:%d: not true: %s%s%s\n", file, line, text, *what ? " for: " : "",
	       what);
}

void check_that(bool ok, const char *text, const char *file, int line)
{
	check_row(ok, text, "", file, line);
}

int check_run(const struct check_case *cases, size_t n)
{
	/* The same under nohup and in the background of a shell, which ignore some. */
	for (int sig = 1; sig < NSIG; sig++)
		(void)signal(sig, SIG_DFL); /* some cannot be set: fine */
	int failed = 0;

	for (size_t i = 0; i < n; i++) {
		const int before = failures;

		cases[i].run();
		const int bad = failures != before;
		failed += bad;
		printf("%s %s\n", bad ? "FAIL" : "ok  ", cases[i].name);
	}
	printf("%d passed, %d failed\n", (int)n - failed, failed);
	return failed != 0;
}
