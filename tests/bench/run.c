/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs a program and passes its output on; writes to descriptor 4 when the last of that
 * output came (us after the start), when the program was over (us), and the most memory
 * it held (KiB). */
#include <errno.h>
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

static pid_t start(char **argv, int *ret_output)
{
	int pair[2];

	if (pipe(pair) != 0)
		return -1;
	const pid_t pid = fork();
	if (pid == 0) {
		(void)close(REPORT_FD);
		(void)dup2(pair[1], STDOUT_FILENO);
		(void)close(pair[0]);
		(void)close(pair[1]);
		(void)execvp(argv[0], argv);
		_exit(127);
	}
	(void)close(pair[1]);
	*ret_output = pair[0];
	return pid;
}

/* Until the end of it; when did the last byte come? */
static long pass_on(int from)
{
	long last = 0;
	char part[4096];

	for (;;) {
		const ssize_t n = read(from, part, sizeof(part));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return last;
		last = now_us();
		if (write(STDOUT_FILENO, part, (size_t)n) != n)
			return -1;
	}
}

int main(int argc, char **argv)
{
	struct rusage used = {0};
	int status = 0, output = -1;

	if (argc < 2)
		return 2;
	const long from = now_us();
	const pid_t pid = start(argv + 1, &output);
	if (pid < 0)
		return 1;
	const long last = pass_on(output);
	if (wait4(pid, &status, 0, &used) != pid || last < 0)
		return 1;
	if (dprintf(REPORT_FD, "%ld %ld %ld\n", last - from, now_us() - from,
	            used.ru_maxrss) < 0)
		return 1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
