/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The asker of the initramfs at the console, which is a pty, beside the splash and the
 * pipe. */
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/ask_scene.h"

enum { WAIT_MS = 3000, SAME = 0, OTHER = 90 };

static void with_nobody_to_ask_there_is_no_asker(void)
{
	struct scene s;

	scene_prepare(&s);
	CHECK(scene_ask(&s, false) == ERR_NOT_FOUND);
	CHECK(s.a == NULL);
	scene_close(&s);
}

/* --- the console --- */

static char seen[8192];

static bool expect(int fd, const char *text)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	size_t n = 0;

	while (n + 1 < sizeof(seen) && poll(&p, 1, WAIT_MS) > 0) {
		if (read(fd, seen + n, 1) != 1)
			return false;
		seen[++n] = '\0';
		if (strstr(seen, text))
			return true;
	}
	return false;
}

/* In a child with a terminal: SAME when this is the answer. */
static pid_t ask_on_pty(struct scene *s, const char *want, int *ret_fd)
{
	const pid_t pid = forkpty(ret_fd, NULL, NULL, NULL);

	if (pid == 0) {
		AUTO_SECRET *answer = NULL;

		close_it(&s->daemon);
		close_it(&s->listener);
		(void)signal(SIGHUP, SIG_IGN);
		enum err e = s->a ? OK : scene_ask(s, true);
		if (e == OK)
			e = ask_wait(s->a, &pass, WAIT_MS, &answer);
		s->a = ask_close(s->a);
		_exit(e != OK ? (int)e : is_text(answer, want) ? SAME : OTHER);
	}
	return pid;
}

static int ended(pid_t pid)
{
	int st = -1;

	return waitpid(pid, &st, 0) == pid && WIFEXITED(st) ? WEXITSTATUS(st) : -1;
}

static void the_console_asks_when_no_splash_does(void)
{
	struct scene s;
	int fd = -1;

	scene_prepare(&s);
	const pid_t pid = ask_on_pty(&s, "typed", &fd);
	CHECK(expect(fd, "Passphrase for sda2: "));
	put(fd, "typed\r");
	CHECK(ended(pid) == SAME);
	(void)close(fd);
	scene_close(&s);
}

/* It ends a wait, and is the first of what is asked for then. */
static void a_key_is_seen_while_no_question_stands(void)
{
	struct scene s;
	int fd = -1;

	scene_prepare(&s);
	const pid_t pid = forkpty(&fd, NULL, NULL, NULL);
	if (pid == 0) {
		AUTO_SECRET *answer = NULL;
		struct pollfd p = {.events = POLLIN};

		CHECK(scene_ask(&s, true) == OK);
		bool good = ask_wait(s.a, &pass, WAIT_MS, &answer) == OK;
		s.a->ops->note(s.a, "At work.");
		p.fd = s.a->ops->fd(s.a);
		good = good && poll(&p, 1, WAIT_MS) == 1;
		answer = secret_free(answer);
		good = good && ask_wait(s.a, &pass, WAIT_MS, &answer) == OK;
		good = good && is_text(answer, "key");
		answer = secret_free(answer);
		s.a = ask_close(s.a);
		_exit(good ? SAME : OTHER);
	}
	CHECK(expect(fd, "Passphrase for sda2: "));
	put(fd, "typed\r");
	CHECK(expect(fd, "At work."));
	put(fd, "key\r");
	CHECK(ended(pid) == SAME);
	(void)close(fd);
	scene_close(&s);
}

static void the_pipe_answers_while_the_console_asks(void)
{
	struct scene s;
	int fd = -1;

	scene_prepare(&s);
	const pid_t pid = ask_on_pty(&s, "written", &fd);
	CHECK(expect(fd, "Passphrase for sda2: "));
	put(fd, "half");
	write_line(&s, "written\n");
	CHECK(ended(pid) == SAME);
	(void)close(fd);
	scene_close(&s);
}

static void a_console_that_hangs_up_leaves_the_pipe(void)
{
	struct scene s;
	int fd = -1;

	scene_prepare(&s);
	const pid_t pid = ask_on_pty(&s, "written", &fd);
	CHECK(expect(fd, "Passphrase for sda2: "));
	(void)close(fd);
	(void)usleep(100000); /* noticed before the line comes, most often */
	write_line(&s, "written\n");
	CHECK(ended(pid) == SAME);
	scene_close(&s);
}

static void giving_up_on_the_console_gives_up(void)
{
	struct scene s;
	int fd = -1;

	scene_prepare(&s);
	const pid_t pid = ask_on_pty(&s, "", &fd);
	CHECK(expect(fd, "Passphrase for sda2: "));
	put(fd, "\004");
	CHECK(ended(pid) == ERR_CANCELLED);
	(void)close(fd);
	scene_close(&s);
}

static void the_console_takes_over_from_a_splash_that_ends(void)
{
	struct scene s;
	int fd = -1;

	scene_prepare(&s);
	s.listener = listen_at(s.name);
	const pid_t pid = ask_on_pty(&s, "typed", &fd);
	s.daemon = accept4(s.listener, NULL, NULL, SOCK_CLOEXEC);
	struct pollfd p = {.fd = s.daemon, .events = POLLIN};
	CHECK(poll(&p, 1, WAIT_MS) == 1 && requested(s.daemon, '*', "Passphrase"));
	close_it(&s.listener);
	close_it(&s.daemon);
	CHECK(expect(fd, "Passphrase for sda2: "));
	put(fd, "typed\r");
	CHECK(ended(pid) == SAME);
	(void)close(fd);
	scene_close(&s);
}

int main(void)
{
	static const struct check_case cases[] = {
	        CASE(with_nobody_to_ask_there_is_no_asker),
	        CASE(the_console_asks_when_no_splash_does),
	        CASE(a_key_is_seen_while_no_question_stands),
	        CASE(the_pipe_answers_while_the_console_asks),
	        CASE(a_console_that_hangs_up_leaves_the_pipe),
	        CASE(giving_up_on_the_console_gives_up),
	        CASE(the_console_takes_over_from_a_splash_that_ends),
	};

	return without_terminal(cases, sizeof(cases) / sizeof(cases[0]));
}
