/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs a program; writes how long it took (us) and the most memory it held (KiB) to
 * descriptor 4. */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { REPORT_FD = 4 };

static long now_us(void)
{
	struct timespec t = {0};

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (long)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int main(int argc, char **argv)
{
	struct rusage used = {0};
	int status = 0;

	if (argc < 2)
		return 2;
	const long from = now_us();
	const pid_t pid = fork();
	if (pid == 0) {
		(void)close(REPORT_FD);
		(void)execvp(argv[1], argv + 1);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &used) != pid)
		return 1;
	if (dprintf(REPORT_FD, "%ld %ld\n", now_us() - from, used.ru_maxrss) < 0)
		return 1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
