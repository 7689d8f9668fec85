/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A case in a process of its own; see forked.h. */
#include "tests/unit/forked.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/check.h"

int status_of(int (*f)(void))
{
	int status = -1;
	const pid_t pid = fork();

	if (pid == 0)
		_exit(f());
	CHECK(waitpid(pid, &status, 0) == pid);
	return status;
}

bool ends_well(int (*f)(void))
{
	return status_of(f) == GOOD;
}

bool ends_well_or_skips(int (*f)(void), const char *what, const char *why)
{
	const int status = status_of(f);

	if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_POSSIBLE) {
		(void)printf("skip %s: %s\n", what, why);
		return true;
	}
	return status == GOOD;
}
