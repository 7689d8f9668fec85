/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A child asks on a pty; the parent plays the person. */
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "core/ask.h"
#include "tests/unit/check.h"

enum { WAIT_MS = 3000, SAME = 0, OTHER = 90 };

static const struct ask_question pin = {
        .kind = ASK_USER_PIN, .about = "card \033X", .tries_left = 3, .min = 4, .max = 8};
static const struct ask_question pass = {
        .kind = ASK_PASSPHRASE, .about = "sda2", .tries_left = -1, .min = 1, .max = 20};

/* In the child: SAME, OTHER or an enum err. */
static int answer_is(struct ask *a, const struct ask_question *q, const char *want)
{
	AUTO_SECRET *s = NULL;
	const enum err e = ask_wait(a, q, WAIT_MS, &s);

	if (e != OK)
		return (int)e;
	const struct bytes b = secret_view(s);
	return bytes_equal(b, (struct bytes){(const uint8_t *)want, strlen(want)})
	               ? SAME
	               : OTHER;
}

static int ask_pin(struct ask *a)
{
	return answer_is(a, &pin, "123456");
}

static int ask_pass(struct ask *a)
{
	return answer_is(a, &pass, "p\xc3\xa4ss");
}

static int ask_pin_late(struct ask *a)
{
	(void)!write(STDOUT_FILENO, "ready\n", 6);
	(void)usleep(200000); /* typed ahead */
	return answer_is(a, &pin, "123456");
}

static int ask_pass_then_pin(struct ask *a)
{
	AUTO_SECRET *s = NULL;

	if (ask_wait(a, &pass, 300, &s) != ERR_TIMEOUT)
		return OTHER;
	return answer_is(a, &pin, "123456");
}

static int busy_then_pin(struct ask *a)
{
	if (answer_is(a, &pass, "first") != SAME)
		return OTHER;
	(void)!write(STDOUT_FILENO, "busy\n", 5);
	(void)usleep(200000); /* keys are typed meanwhile */
	return answer_is(a, &pin, "123456");
}

static int told_then_pin(struct ask *a)
{
	a->ops->note(a, "Insert the card.");
	(void)usleep(200000); /* keys are typed meanwhile */
	return answer_is(a, &pin, "123456");
}

/* Deletes everything typed, and types it again. */
static int ask_in_narrow(struct ask *a)
{
	const struct winsize narrow = {.ws_row = 10, .ws_col = 20};

	if (ioctl(STDIN_FILENO, TIOCSWINSZ, &narrow) != 0)
		return OTHER;
	return answer_is(a, &pass, "12345");
}

/* 40 columns: the sentence has 49 characters. */
static int told_in_narrow(struct ask *a)
{
	const struct winsize narrow = {.ws_row = 10, .ws_col = 40};

	if (ioctl(STDIN_FILENO, TIOCSWINSZ, &narrow) != 0)
		return OTHER;
	a->ops->note(a, "Take the card out, put it in again and press Enter");
	a->ops->note(a, "A-word-that-is-longer-than-the-whole-row-of-a-terminal is");
	return SAME;
}

static pid_t start(int (*child)(struct ask *), int *ret_fd)
{
	int fd = -1;
	const pid_t pid = forkpty(&fd, NULL, NULL, NULL);

	if (pid == 0) {
		struct ask *a = NULL;
		const enum err e = ask_open_tty(&a);

		if (e != OK)
			_exit((int)e);
		const int rc = child(a);
		struct termios t = {0};
		a = ask_close(a);
		_exit(tcgetattr(STDIN_FILENO, &t) == 0 && (t.c_lflag & ECHO) ? rc
		                                                             : OTHER);
	}
	*ret_fd = fd;
	return pid;
}

static char seen[8192]; /* by the last expect() */

/* Read until the text was seen. */
static bool expect(int fd, const char *text)
{
	size_t n = 0;
	struct pollfd p = {.fd = fd, .events = POLLIN};

	seen[0] = '\0';
	while (n + 1 < sizeof(seen) && poll(&p, 1, WAIT_MS) > 0) {
		if (read(fd, seen + n, 1) != 1)
			break;
		seen[++n] = '\0';
		if (strstr(seen, text))
			return true;
	}
	printf("seen: %s\n", seen);
	return false;
}

static void type(int fd, const char *text)
{
	CHECK(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
}

static int end(pid_t pid, int fd)
{
	int status = 0;
	char rest[256];
	struct pollfd p = {.fd = fd, .events = POLLIN};

	while (poll(&p, 1, WAIT_MS) > 0 && read(fd, rest, sizeof(rest)) > 0)
		;
	CHECK(waitpid(pid, &status, 0) == pid);
	(void)close(fd);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static void a_pin_is_typed_with_stars_and_edited(void)
{
	int fd = -1;
	const pid_t pid = start(ask_pin, &fd);

	CHECK(expect(fd, "PIN for card ?X (3 tries left): "));
	type(fd, "12\r");
	CHECK(expect(fd, "At least 4 characters."));
	type(fd, "999\x15"
	         "12x\x7f"
	         "3\033[A45");
	CHECK(expect(fd, "*"));
	type(fd, "6\r");
	CHECK(end(pid, fd) == SAME);
}

static void a_passphrase_takes_utf8_and_back_space(void)
{
	int fd = -1;
	const pid_t pid = start(ask_pass, &fd);

	CHECK(expect(fd, "Passphrase for sda2: "));
	type(fd, "p\xc3\xa4\xc3\xb6\x08ss\r");
	CHECK(end(pid, fd) == SAME);
}

/* The maximum is 8: what does not fit must not make the rest an answer. */
static void a_line_that_is_too_long_is_no_answer(void)
{
	int fd = -1;
	const pid_t pid = start(ask_pin, &fd);

	CHECK(expect(fd, "left): "));
	type(fd, "12345678x\r");
	CHECK(expect(fd, "That is too long, so it was not used: at most 8 characters"));
	CHECK(expect(fd, "left): "));
	type(fd, "12345678x\x7f\x7f\x7f\r"); /* 123456, or is it? */
	CHECK(expect(fd, "That is too long"));
	type(fd, "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\r"); /* 5, but 10 bytes */
	CHECK(expect(fd, "That is too long"));
	type(fd, "123456789\x15"
	         "123456\r");
	CHECK(end(pid, fd) == SAME);
}

static void end_of_file_cancels(void)
{
	int fd = -1;
	const pid_t pid = start(ask_pin, &fd);

	CHECK(expect(fd, "left): "));
	type(fd, "\x04");
	CHECK(end(pid, fd) == ERR_CANCELLED);
}

static void whole_lines_typed_ahead_are_dropped(void)
{
	int fd = -1;
	const pid_t pid = start(ask_pin_late, &fd);

	CHECK(expect(fd, "ready"));
	type(fd, "secret\r");
	CHECK(expect(fd, "left): "));
	type(fd, "123456\r");
	CHECK(end(pid, fd) == SAME);
}

static void half_a_line_typed_ahead_is_not_sent(void)
{
	int fd = -1;
	const pid_t pid = start(ask_pin_late, &fd);

	CHECK(expect(fd, "ready"));
	type(fd, "my pass");
	CHECK(expect(fd, "left): "));
	type(fd, "phrase\r");
	CHECK(expect(fd, "That line was begun before"));
	CHECK(expect(fd, "left): "));
	type(fd, "123456\r");
	CHECK(end(pid, fd) == SAME);
}

static void a_passphrase_cut_off_by_a_card_is_not_sent(void)
{
	int fd = -1;
	const pid_t pid = start(ask_pass_then_pin, &fd);

	CHECK(expect(fd, "sda2: "));
	type(fd, "my pass");
	CHECK(expect(fd, "left): "));
	type(fd, "phrase\r");
	CHECK(expect(fd, "That line was begun before"));
	type(fd, "123456\r");
	CHECK(end(pid, fd) == SAME);
}

static void interrupt_restores_the_terminal_and_kills(void)
{
	int fd = -1;
	struct termios t = {0};
	const pid_t pid = start(ask_pin, &fd);

	CHECK(expect(fd, "left): "));
	CHECK(tcgetattr(fd, &t) == 0 && !(t.c_lflag & (ECHO | ICANON)));
	type(fd, "12\x03");
	int status = 0;
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
	CHECK(tcgetattr(fd, &t) == 0 && (t.c_lflag & ECHO) && (t.c_lflag & ICANON));
	(void)close(fd);
}

static void keys_between_two_questions_are_not_shown(void)
{
	int fd = -1;
	struct termios t = {0};
	const pid_t pid = start(busy_then_pin, &fd);

	CHECK(expect(fd, "sda2: "));
	type(fd, "first\r");
	CHECK(expect(fd, "busy"));
	CHECK(tcgetattr(fd, &t) == 0 && !(t.c_lflag & ECHO) && (t.c_oflag & OPOST));
	type(fd, "123456\r");
	CHECK(expect(fd, "left): "));
	CHECK(strstr(seen, "123456") == NULL);
	type(fd, "123456\r");
	CHECK(end(pid, fd) == SAME);
}

static void keys_after_a_sentence_are_not_shown(void)
{
	int fd = -1;
	const pid_t pid = start(told_then_pin, &fd);

	CHECK(expect(fd, "Insert the card.\r\n"));
	type(fd, "123456\r");
	CHECK(expect(fd, "left): "));
	CHECK(strstr(seen, "123456") == NULL);
	type(fd, "123456\r");
	CHECK(end(pid, fd) == SAME);
}

static void a_sentence_is_broken_between_words(void)
{
	int fd = -1;
	const pid_t pid = start(told_in_narrow, &fd);

	CHECK(expect(fd, "Take the card out, put it in again and\r\npress Enter\r\n"));
	CHECK(expect(fd, "-row-of-a-terminal\r\nis\r\n"));
	CHECK(end(pid, fd) == SAME);
}

static void a_line_taken_back_between_questions_spoils_nothing(void)
{
	int fd = -1;
	const pid_t pid = start(busy_then_pin, &fd);

	CHECK(expect(fd, "sda2: "));
	type(fd, "first\r");
	CHECK(expect(fd, "busy"));
	type(fd, "my pass\x15");
	CHECK(expect(fd, "left): "));
	type(fd, "123456\r");
	CHECK(end(pid, fd) == SAME);
}

/* "Passphrase for sda2: " fills a row of 20 and takes one character of the next. */
static void a_prompt_of_two_rows_is_cleared_whole(void)
{
	int fd = -1;
	const pid_t pid = start(ask_in_narrow, &fd);

	CHECK(expect(fd, "sda2: "));
	type(fd, "1234567890123456789"); /* 21 + 19: two rows full */
	CHECK(expect(fd, "******************* \r"));
	type(fd, "\x7f"); /* back in the second row */
	CHECK(expect(fd, "\r\033[A\033[A\033[JPassphrase for sda2: ******************"));
	type(fd, "\x7f");
	CHECK(expect(fd, "\b \b"));
	type(fd, "\x15");
	CHECK(expect(fd, "\b \b"));
	type(fd, "12345\r");
	CHECK(end(pid, fd) == SAME);
}

static void stop_and_continue_draws_again(void)
{
	int fd = -1, status = 0;
	struct termios t = {0};
	const pid_t pid = start(ask_pin, &fd);

	CHECK(expect(fd, "left): "));
	type(fd, "12");
	CHECK(expect(fd, "**"));
	/* An orphaned group ignores SIGTSTP of the terminal, but not SIGSTOP. */
	CHECK(kill(pid, SIGSTOP) == 0 && waitpid(pid, &status, WUNTRACED) == pid);
	CHECK(kill(pid, SIGCONT) == 0);
	CHECK(expect(fd, "left): **"));
	CHECK(tcgetattr(fd, &t) == 0 && !(t.c_lflag & ICANON));
	type(fd, "3456\r");
	CHECK(end(pid, fd) == SAME);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"a_pin_is_typed_with_stars_and_edited",
	         a_pin_is_typed_with_stars_and_edited                                               },
	        {"a_passphrase_takes_utf8_and_back_space",
	         a_passphrase_takes_utf8_and_back_space                                             },
	        {"a_line_that_is_too_long_is_no_answer",
	         a_line_that_is_too_long_is_no_answer                                               },
	        {"end_of_file_cancels",                                end_of_file_cancels          },
	        {"whole_lines_typed_ahead_are_dropped",
	         whole_lines_typed_ahead_are_dropped                                                },
	        {"half_a_line_typed_ahead_is_not_sent",
	         half_a_line_typed_ahead_is_not_sent                                                },
	        {"a_passphrase_cut_off_by_a_card_is_not_sent",
	         a_passphrase_cut_off_by_a_card_is_not_sent                                         },
	        {"interrupt_restores_the_terminal_and_kills",
	         interrupt_restores_the_terminal_and_kills                                          },
	        {"keys_between_two_questions_are_not_shown",
	         keys_between_two_questions_are_not_shown                                           },
	        {"keys_after_a_sentence_are_not_shown",
	         keys_after_a_sentence_are_not_shown                                                },
	        {"a_sentence_is_broken_between_words",
	         a_sentence_is_broken_between_words                                                 },
	        {"a_line_taken_back_between_questions_spoils_nothing",
	         a_line_taken_back_between_questions_spoils_nothing                                 },
	        {"a_prompt_of_two_rows_is_cleared_whole",
	         a_prompt_of_two_rows_is_cleared_whole                                              },
	        {"stop_and_continue_draws_again",                      stop_and_continue_draws_again},
	};
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
