/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Starting programs and waiting for them. */
#include "cli/program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROOTS_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

enum { PROGRAM_PATH_MAX = 256, ARGS_MAX = 15 };

static enum err find(const char *name, char out[static PROGRAM_PATH_MAX])
{
	const char *dir = ROOTS_PATH;

	while (*dir) {
		const size_t n = strcspn(dir, ":");
		const int len =
		        snprintf(out, PROGRAM_PATH_MAX, "%.*s/%s", (int)n, dir, name);

		if (len > 0 && len < PROGRAM_PATH_MAX && access(out, X_OK) == 0)
			return OK;
		dir += n + (dir[n] == ':');
	}
	return ERR_NOT_FOUND;
}

/* fd: its standard input, output and error; -1: ours. */
static enum err start(const char *const *argv, const int fd[static 3], pid_t *ret)
{
	static char path_is[] = "PATH=" ROOTS_PATH, home_is[] = "HOME=/root";
	char *env[] = {path_is, home_is, NULL};
	char path[PROGRAM_PATH_MAX];
	posix_spawn_file_actions_t files;
	posix_spawnattr_t how;
	sigset_t by_default;

	for (size_t i = 0; argv[i]; i++)
		if (i == ARGS_MAX)
			return ERR_BUG; /* rather than a program with fewer */
	enum err e = find(argv[0], path);
	if (e != OK)
		return e;
	if (posix_spawn_file_actions_init(&files) != 0)
		return ERR_NOMEM;
	if (posix_spawnattr_init(&how) != 0) {
		(void)posix_spawn_file_actions_destroy(&files);
		return ERR_NOMEM;
	}
	(void)sigemptyset(&by_default); /* none of these fails for these numbers */
	(void)sigaddset(&by_default, SIGINT);
	(void)sigaddset(&by_default, SIGQUIT);
	(void)posix_spawnattr_setsigdefault(&how, &by_default);
	(void)posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGDEF);
	for (int i = 0; e == OK && i < 3; i++)
		if (fd[i] >= 0 && posix_spawn_file_actions_adddup2(&files, fd[i], i) != 0)
			e = ERR_NOMEM;
	if (e == OK) {
		/* posix_spawn takes them as not const and leaves them alone. */
		char *args[ARGS_MAX + 1] = {NULL};
		for (size_t i = 0; i < ARGS_MAX && argv[i]; i++)
			memcpy(&args[i], &argv[i], sizeof(args[i]));
		const int rc = posix_spawn(ret, path, &files, &how, args, env);
		if (rc != 0)
			e = err_from_errno(rc);
	}
	(void)posix_spawnattr_destroy(&how);
	(void)posix_spawn_file_actions_destroy(&files);
	return e;
}

static int ended(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 127;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

enum err program_run(const char *const *argv, bool quiet_stdout, int *ret_status)
{
	const struct sigaction ignore = {.sa_handler = SIG_IGN};
	struct sigaction intr, quit;
	pid_t pid = -1;

	(void)fflush(stdout); /* what it says comes behind what we said */
	(void)sigaction(SIGINT, &ignore, &intr);
	(void)sigaction(SIGQUIT, &ignore, &quit);
	const enum err e = start(
	        argv, (const int[3]){-1, quiet_stdout ? STDERR_FILENO : -1, -1}, &pid);
	if (e == OK)
		*ret_status = ended(pid);
	(void)sigaction(SIGINT, &intr, NULL);
	(void)sigaction(SIGQUIT, &quit, NULL);
	return e;
}

enum err program_open(const char *const *argv, int in_fd, int *ret_fd, pid_t *ret_pid)
{
	const int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	int fd[2] = {-1, -1};
	pid_t pid = -1;

	enum err e = null < 0 || pipe2(fd, O_CLOEXEC) != 0 ? err_from_errno(errno) : OK;
	if (e == OK)
		e = start(argv, (const int[3]){in_fd, fd[1], null}, &pid);
	if (fd[1] >= 0)
		(void)close(fd[1]); /* so that its end is seen */
	if (null >= 0)
		(void)close(null); /* nothing was written by us */
	if (e != OK) {
		if (fd[0] >= 0)
			(void)close(fd[0]); /* nothing was read */
		return e;
	}
	*ret_fd = fd[0];
	*ret_pid = pid;
	return OK;
}

int program_end(int fd, pid_t pid)
{
	(void)close(fd);          /* only read */
	(void)kill(pid, SIGKILL); /* it is ours, and was not waited for yet */
	return ended(pid);
}

int program_wait(int fd, pid_t pid)
{
	(void)close(fd); /* only read: what prints on is ended by that */
	return ended(pid);
}
