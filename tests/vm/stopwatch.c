// SPDX-License-Identifier: GPL-2.0-or-later
/* stopwatch COMMAND...: the milliseconds until its first byte of output; its exit status.
 */
#include <stdbool.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long now_us(void)
{
	struct timespec t = {0};

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail */
	return (long long)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int main(int argc, char **argv)
{
	int p[2], status = 0;
	char first = 0, rest[256];

	if (argc < 2 || pipe(p) != 0)
		return 99;
	const long long start = now_us();
	const pid_t child = fork();
	if (child == 0) {
		if (dup2(p[1], STDOUT_FILENO) < 0 || close(p[0]) != 0 || close(p[1]) != 0)
			_exit(99);
		(void)execvp(argv[1], argv + 1); /* returns only on failure */
		_exit(99);
	}
	(void)close(p[1]); /* the child's now */
	const bool said = read(p[0], &first, 1) == 1;
	const long long took = now_us() - start;
	while (read(p[0], rest, sizeof(rest)) > 0)
		continue;
	if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status))
		return 99;
	if (said)
		(void)printf("%lld.%03lld\n", took / 1000, took % 1000);
	return WEXITSTATUS(status);
}
