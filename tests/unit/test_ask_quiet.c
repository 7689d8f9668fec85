/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A job on a pty below a shell of a few lines: signals between questions, stops, the end.
 */
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "core/ask_quiet.h"
#include "tests/unit/check.h"

enum { WAIT_MS = 3000, FAILED = 90, LEFT_OVER = 91 };

/* --- the job: quiet, and then busy as in a call that blocks --- */

static int be_quiet(void)
{
	const int wake = eventfd(0, EFD_CLOEXEC);

	return wake >= 0 && quiet_begin(STDIN_FILENO, wake) == OK ? 0 : FAILED;
}

static int busy(void)
{
	(void)signal(SIGSEGV, SIG_DFL); /* a sanitizer's otherwise */
	if (be_quiet() != 0)
		return FAILED;
	quiet_set_prompt(true);
	(void)!write(STDOUT_FILENO, "busy> ", 6);
	for (;;)
		(void)pause();
}

/* What is left in the queue when it gave the terminal back? */
static int over(void)
{
	struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};

	if (be_quiet() != 0)
		return FAILED;
	(void)!write(STDOUT_FILENO, "busy> ", 6);
	if (poll(&p, 1, WAIT_MS) != 1)
		return FAILED;
	quiet_end(STDIN_FILENO);
	return poll(&p, 1, 0) == 0 ? 0 : LEFT_OVER;
}

/* Signals that it ignores or handles stay so. */
static int ignoring(void)
{
	(void)signal(SIGUSR1, SIG_IGN);
	if (be_quiet() != 0 || raise(SIGUSR1) != 0)
		return FAILED;
	quiet_end(STDIN_FILENO);
	return signal(SIGUSR1, SIG_DFL) == SIG_IGN && signal(SIGTERM, SIG_DFL) == SIG_DFL
	               ? 0
	               : FAILED;
}

/* A child of the job ends by a signal: the terminal stays as it is. */
static int with_child(void)
{
	struct termios t = {0};
	int status = 0;

	if (be_quiet() != 0)
		return FAILED;
	const pid_t pid = fork();
	if (pid == 0) {
		(void)raise(SIGTERM);
		_exit(0);
	}
	if (waitpid(pid, &status, 0) != pid || !WIFSIGNALED(status))
		return FAILED;
	return tcgetattr(STDIN_FILENO, &t) == 0 && !(t.c_lflag & ECHO) ? 0 : FAILED;
}

static int only_one(void)
{
	const int other = dup(STDIN_FILENO);

	if (be_quiet() != 0 || quiet_begin(other, other) != ERR_EXISTS)
		return FAILED;
	quiet_end(other); /* not the one that has it */
	struct termios t = {0};
	return tcgetattr(STDIN_FILENO, &t) == 0 && !(t.c_lflag & ECHO) ? 0 : FAILED;
}

static int reader(void)
{
	if (quiet_wait_foreground(STDIN_FILENO) != OK)
		return FAILED;
	return busy();
}

static int in_background(void)
{
	const int wake = eventfd(0, EFD_CLOEXEC);

	return quiet_begin(STDIN_FILENO, wake) == ERR_ACCESS ? 0 : FAILED;
}

/* --- the shell: fg, bg and kill, typed on the terminal --- */

static void take(pid_t group)
{
	if (tcsetpgrp(STDIN_FILENO, group) != 0)
		_exit(FAILED);
}

static void command(pid_t job)
{
	char line[16] = "";

	take(getpgrp());
	(void)!write(STDOUT_FILENO, "shell> ", 7);
	if (read(STDIN_FILENO, line, sizeof(line) - 1) <= 0)
		_exit(FAILED);
	if (strcmp(line, "fg\n") == 0)
		take(job);
	if (strcmp(line, "kill\n") == 0)
		(void)kill(-job, SIGTERM);
	(void)kill(-job, SIGCONT);
}

static _Noreturn void shell(int (*job)(void), bool front)
{
	int status = 0;

	(void)signal(SIGTTOU, SIG_IGN);
	const pid_t pid = fork();
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)setpgid(0, 0);
		if (front)
			take(getpid());
		(void)signal(SIGTTOU, SIG_DFL);
		_exit(job());
	}
	(void)setpgid(pid, pid);
	while (waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status))
		command(pid);
	take(getpgrp());
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 100 + WTERMSIG(status));
}

/* --- the person --- */

struct pty {
	int fd;
	pid_t shell;
};

static struct pty start(int (*job)(void), bool front)
{
	struct pty p = {.fd = -1};

	p.shell = forkpty(&p.fd, NULL, NULL, NULL);
	if (p.shell == 0)
		shell(job, front);
	return p;
}

static bool expect(const struct pty *p, const char *text)
{
	char seen[1024] = "";
	size_t n = 0;
	struct pollfd in = {.fd = p->fd, .events = POLLIN};

	while (n + 1 < sizeof(seen) && poll(&in, 1, WAIT_MS) > 0 &&
	       read(p->fd, seen + n, 1) == 1) {
		seen[++n] = '\0';
		if (strstr(seen, text))
			return true;
	}
	printf("seen: %s\n", seen);
	return false;
}

static void type(const struct pty *p, const char *text)
{
	CHECK(write(p->fd, text, strlen(text)) == (ssize_t)strlen(text));
}

static bool echoes(const struct pty *p)
{
	struct termios t = {0};

	return tcgetattr(p->fd, &t) == 0 && (t.c_lflag & ECHO) && (t.c_lflag & ICANON);
}

/* The job gets its terminal a moment after it is continued. */
static bool is_quiet_soon(const struct pty *p)
{
	for (int i = 0; i < WAIT_MS / 10 && echoes(p); i++)
		(void)usleep(10000);
	return !echoes(p);
}

static int end(const struct pty *p)
{
	int status = 0;

	CHECK(waitpid(p->shell, &status, 0) == p->shell);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static int end_and_close(const struct pty *p)
{
	const int rc = end(p);

	(void)close(p->fd);
	return rc;
}

static void ends_by_any_signal(void)
{
	const int all[] = {SIGINT,  SIGTERM, SIGHUP,  SIGQUIT, SIGALRM, SIGUSR1,
	                   SIGUSR2, SIGPIPE, SIGABRT, SIGSEGV, SIGPWR,  SIGRTMIN + 3};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		const struct pty p = start(busy, true);
		char name[32];

		(void)snprintf(name, sizeof(name), "signal %d", all[i]);
		CHECK_ROW(expect(&p, "busy> "), name);
		CHECK_ROW(!echoes(&p), name);
		const pid_t job = tcgetpgrp(p.fd);
		CHECK_ROW(job > 1 && kill(job, all[i]) == 0, name);
		CHECK_ROW(expect(&p, "\r\n"), name); /* away from the prompt */
		CHECK_ROW(end(&p) == 100 + all[i], name);
		CHECK_ROW(echoes(&p), name);
		(void)close(p.fd);
	}
}

static void ends_by_keys(void)
{
	struct pty p = start(busy, true);

	CHECK(expect(&p, "busy> "));
	type(&p, "12\x03");
	CHECK(end(&p) == 100 + SIGINT);
	CHECK(echoes(&p));
	(void)close(p.fd);
	p = start(busy, true);
	CHECK(expect(&p, "busy> "));
	type(&p, "\x1c");
	CHECK(end(&p) == 100 + SIGQUIT);
	CHECK(echoes(&p));
	(void)close(p.fd);
}

static void stops_by_a_key(void)
{
	const struct pty p = start(busy, true);

	for (int i = 0; i < 2; i++) {
		CHECK(is_quiet_soon(&p));
		type(&p, "12\x1a");
		CHECK(expect(&p, "shell> "));
		CHECK(echoes(&p));
		type(&p, "fg\n");
		CHECK(is_quiet_soon(&p));
	}
	type(&p, "\x03");
	CHECK(end(&p) == 100 + SIGINT);
	CHECK(echoes(&p));
	(void)close(p.fd);
}

static void stop_and_kill(int stop)
{
	const struct pty p = start(busy, true);
	struct termios t = {0};

	CHECK(expect(&p, "busy> "));
	CHECK(kill(tcgetpgrp(p.fd), stop) == 0);
	CHECK(expect(&p, "shell> "));
	/* The shell's own wish. */
	CHECK(tcgetattr(p.fd, &t) == 0);
	t.c_lflag &= ~(tcflag_t)ECHO;
	t.c_lflag |= ICANON;
	CHECK(tcsetattr(p.fd, TCSANOW, &t) == 0);
	type(&p, "kill\n");
	CHECK(end(&p) == 100 + SIGTERM);
	CHECK(tcgetattr(p.fd, &t) == 0 && !(t.c_lflag & ECHO) && (t.c_lflag & ICANON));
	(void)close(p.fd);
}

static void ends_in_background(void)
{
	stop_and_kill(SIGTSTP);
	stop_and_kill(SIGSTOP); /* which it could not prepare for */
}

static void stops_unwarned(void)
{
	const struct pty p = start(busy, true);
	struct termios t = {0};

	CHECK(expect(&p, "busy> "));
	CHECK(kill(tcgetpgrp(p.fd), SIGSTOP) == 0);
	CHECK(expect(&p, "shell> "));
	CHECK(tcgetattr(p.fd, &t) == 0);
	t.c_lflag |= ECHO | ICANON; /* as a shell does */
	CHECK(tcsetattr(p.fd, TCSANOW, &t) == 0);
	type(&p, "fg\n");
	CHECK(is_quiet_soon(&p));
	type(&p, "\x03");
	CHECK(end(&p) == 100 + SIGINT);
	CHECK(echoes(&p));
	(void)close(p.fd);
}

static void leaves_no_keys(void)
{
	const struct pty p = start(over, true);

	CHECK(expect(&p, "busy> "));
	type(&p, "123456\r");
	CHECK(end(&p) == 0);
	CHECK(echoes(&p));
	(void)close(p.fd);
}

static void waits_for_the_front(void)
{
	const struct pty p = start(reader, false);

	CHECK(expect(&p, "shell> "));
	CHECK(echoes(&p));
	type(&p, "bg\n"); /* in vain: it stops again */
	CHECK(expect(&p, "shell> "));
	type(&p, "fg\n");
	CHECK(expect(&p, "busy> "));
	CHECK(!echoes(&p));
	type(&p, "\x03");
	CHECK(end_and_close(&p) == 100 + SIGINT);
}

static void keeps_off_in_background(void)
{
	const struct pty p = start(in_background, false);

	CHECK(end(&p) == 0);
	CHECK(echoes(&p));
	(void)close(p.fd);
}

static void leaves_signals_alone(void)
{
	const struct pty p = start(ignoring, true);

	CHECK(end_and_close(&p) == 0);
}

static void survives_its_child(void)
{
	const struct pty p = start(with_child, true);

	CHECK(end_and_close(&p) == 0);
}

static void is_the_only_one(void)
{
	const struct pty p = start(only_one, true);

	CHECK(end_and_close(&p) == 0);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"every signal puts the terminal back",         ends_by_any_signal     },
	        {"Ctrl-C and Ctrl-\\ end it at once",           ends_by_keys           },
	        {"Ctrl-Z gives the terminal, fg takes it",      stops_by_a_key         },
	        {"in the background it ends without a trace",   ends_in_background     },
	        {"stopped by force, it is quiet again with fg", stops_unwarned         },
	        {"keys nobody read are not left for the shell", leaves_no_keys         },
	        {"it waits until it is in front",               waits_for_the_front    },
	        {"in the background it changes nothing",        keeps_off_in_background},
	        {"what others made of signals stays",           leaves_signals_alone   },
	        {"a child that is killed changes nothing",      survives_its_child     },
	        {"there is one quiet terminal",                 is_the_only_one        },
	};
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
