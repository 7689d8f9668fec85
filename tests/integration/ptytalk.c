/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Talks to a program on a terminal of its own: waits for words, types answers. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { SEEN_MAX = 1 << 16, LINE_MAX_ = 1024, PATIENCE_MS = 20000 };

static const char usage_text[] =
        "Usage: ptytalk PROGRAM [ARGUMENT]... <SCRIPT\n"
        "Lines of SCRIPT:\n"
        "  expect TEXT   wait until TEXT appears, after what was expected before (20 s)\n"
        "  send TEXT     type it; \\n \\b and \\xHH are understood\n"
        "  echo on|off   does the terminal echo? (waits for it for a moment)\n"
        "  run COMMAND   by sh\n"
        "  signal NUMBER to PROGRAM\n"
        "  settle        wait until PROGRAM has been silent for 0.3 s\n"
        "  end           wait for PROGRAM to end (what happens at the end of SCRIPT "
        "too)\n"
        "After PROGRAM's end: echo, run. All that PROGRAM printed goes to standard "
        "output.\n"
        "Exit status: PROGRAM's (128+N for a signal), or 125 when a line of SCRIPT "
        "failed\n"
        "(which one is told on standard error), 126 usage or failure.\n";

struct talk {
	int master, slave;
	pid_t pid;
	bool ended;
	int status;
	char seen[SEEN_MAX];
	size_t len, from;
};

static _Noreturn void die(const char *what)
{
	(void)fprintf(stderr, "ptytalk: %s: %s\n", what, strerror(errno));
	exit(126);
}

static int64_t now_ms(void)
{
	struct timespec t = {0};

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Takes in what comes within ms; false: nothing came. */
static bool take_in(struct talk *t, int ms)
{
	struct pollfd p = {.fd = t->master, .events = POLLIN};
	char buf[4096];

	if (poll(&p, 1, ms) <= 0 || (p.revents & POLLIN) == 0)
		return false;
	const ssize_t n = read(t->master, buf, sizeof(buf));
	if (n <= 0)
		return false;
	if (write(STDOUT_FILENO, buf, (size_t)n) < 0)
		die("stdout");
	for (ssize_t i = 0; i < n && t->len < SEEN_MAX - 1; i++)
		t->seen[t->len++] = buf[i] == '\0' ? ' ' : buf[i];
	t->seen[t->len] = '\0';
	return true;
}

static bool has_ended(struct talk *t)
{
	if (!t->ended && waitpid(t->pid, &t->status, WNOHANG) == t->pid)
		t->ended = true;
	return t->ended;
}

static bool expect(struct talk *t, const char *text)
{
	const int64_t end = now_ms() + PATIENCE_MS;

	for (;;) {
		const char *hit = strstr(t->seen + t->from, text);

		if (hit) {
			t->from = (size_t)(hit - t->seen) + strlen(text);
			return true;
		}
		const bool gone = has_ended(t);
		if (!take_in(t, 100) && (gone || now_ms() > end))
			return false;
	}
}

static bool type(struct talk *t, const char *text)
{
	while (*text) {
		unsigned c = (unsigned char)*text++;

		if (c == '\\' && *text == 'n') {
			c = '\n';
			text++;
		} else if (c == '\\' && *text == 'b') {
			c = 0x7f;
			text++;
		} else if (c == '\\' && *text == 'x' &&
		           sscanf(text + 1, "%2x", &c) == 1) {
			text += 3;
		}
		const char byte = (char)c;
		if (write(t->master, &byte, 1) != 1)
			return false;
	}
	return true;
}

static bool echo_is(struct talk *t, bool on)
{
	struct termios m;

	for (int i = 0; i < 30; i++) {
		if (tcgetattr(t->slave, &m) == 0 && ((m.c_lflag & ECHO) != 0) == on)
			return true;
		(void)take_in(t, 100);
	}
	return false;
}

static bool wait_end(struct talk *t)
{
	const int64_t end = now_ms() + 2 * PATIENCE_MS;

	while (!has_ended(t) && now_ms() < end)
		(void)take_in(t, 100);
	while (take_in(t, 100))
		;
	return t->ended;
}

static bool obey(struct talk *t, const char *word, const char *rest)
{
	if (strcmp(word, "expect") == 0)
		return expect(t, rest);
	if (strcmp(word, "send") == 0)
		return type(t, rest);
	if (strcmp(word, "echo") == 0)
		return echo_is(t, strcmp(rest, "on") == 0);
	if (strcmp(word, "run") == 0)
		return system(rest) == 0; /* the test's own words */
	if (strcmp(word, "signal") == 0)
		return !t->ended && kill(t->pid, atoi(rest)) == 0;
	if (strcmp(word, "end") == 0)
		return wait_end(t);
	if (strcmp(word, "settle") == 0) {
		while (take_in(t, 300))
			;
		return true;
	}
	return false;
}

static void start(struct talk *t, char **argv)
{
	const struct winsize size = {.ws_row = 25, .ws_col = 100};

	if (openpty(&t->master, &t->slave, NULL, NULL, &size) != 0)
		die("openpty");
	t->pid = fork();
	if (t->pid < 0)
		die("fork");
	if (t->pid == 0) {
		/* As at a terminal, also when the test runs under nohup or behind an &.
		 */
		for (int sig = 1; sig < NSIG; sig++)
			(void)signal(sig, SIG_DFL); /* some cannot be set: fine */
		(void)setsid();
		if (ioctl(t->slave, TIOCSCTTY, 0) != 0)
			die("controlling terminal");
		for (int fd = 0; fd < 3; fd++)
			if (dup2(t->slave, fd) != fd)
				die("dup2");
		(void)close(t->master);
		if (t->slave > 2)
			(void)close(t->slave);
		execvp(argv[0], argv);
		die(argv[0]);
	}
	(void)fcntl(t->master, F_SETFD, FD_CLOEXEC);
	(void)fcntl(t->slave, F_SETFD, FD_CLOEXEC);
}

int main(int argc, char **argv)
{
	static struct talk t;
	char line[LINE_MAX_];
	int rc = 0;

	if (argc < 2) {
		(void)fputs(usage_text, stderr);
		return 126;
	}
	start(&t, argv + 1);
	while (rc == 0 && fgets(line, sizeof(line), stdin)) {
		char none[] = "";

		line[strcspn(line, "\n")] = '\0';
		const char *word = line + strspn(line, " \t");
		char *rest = strchr(word, ' ');
		if (rest)
			*rest++ = '\0';
		if (*word == '\0' || *word == '#')
			continue;
		if (!obey(&t, word, rest ? rest : none)) {
			(void)fprintf(stderr, "ptytalk: failed: %s %s\n", word,
			              rest ? rest : none);
			rc = 125;
		}
	}
	if (rc != 0 || !wait_end(&t)) {
		(void)kill(t.pid, SIGKILL);
		(void)waitpid(t.pid, NULL, 0);
		return rc ? rc : 125;
	}
	return WIFEXITED(t.status) ? WEXITSTATUS(t.status) : 128 + WTERMSIG(t.status);
}
