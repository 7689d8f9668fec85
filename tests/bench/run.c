/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs a program and writes the most memory it held (KiB, resident) to descriptor 4. */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { REPORT_FD = 4 };

int main(int argc, char **argv)
{
	struct rusage used = {0};
	int status = 0;

	if (argc < 2)
		return 2;
	const pid_t pid = fork();
	if (pid == 0) {
		(void)close(REPORT_FD);
		(void)execv(argv[1], argv + 1);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &used) != pid)
		return 1;
	if (dprintf(REPORT_FD, "%ld\n", used.ru_maxrss) < 0)
		return 1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
