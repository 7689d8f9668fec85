/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The asker of the initramfs at its pipe: what is written there, and by whom. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/ask_scene.h"

static void a_line_ends_at_a_newline_or_with_its_writer(void)
{
	struct scene s;

	scene_open(&s, false, true);
	CHECK(begin(&s, &pass) == OK);
	CHECK(!readable(s.a->ops->fd(s.a)));
	write_line(&s, "");
	CHECK(step(&s) == ERR_TIMEOUT);
	const int fd = writer(&s);
	put(fd, "one");
	CHECK(step(&s) == ERR_TIMEOUT);
	put(fd, " two\nthree");
	CHECK(answers(&s, "one two"));
	CHECK(begin(&s, &pass) == OK);
	CHECK(step(&s) == ERR_TIMEOUT);
	(void)close(fd);
	CHECK(answers(&s, "three"));
	CHECK(begin(&s, &pass) == OK);
	write_line(&s, "four");
	CHECK(answers(&s, "four"));
	scene_close(&s);
}

static void a_passphrase_may_be_written_ahead_and_a_pin_may_not(void)
{
	struct scene s;

	scene_open(&s, false, true);
	write_line(&s, "ahead\n");
	CHECK(begin(&s, &pass) == OK);
	CHECK(answers(&s, "ahead"));
	write_line(&s, "ahead\n");
	CHECK(begin(&s, &pin) == OK);
	CHECK(step(&s) == ERR_TIMEOUT);
	write_line(&s, "123456\r\n");
	CHECK(answers(&s, "123456"));
	scene_close(&s);
}

static void a_line_begun_before_the_pin_was_asked_for_is_dropped(void)
{
	struct scene s;

	scene_open(&s, false, true);
	CHECK(begin(&s, &pass) == OK);
	const int fd = writer(&s);
	put(fd, "my ");
	CHECK(step(&s) == ERR_TIMEOUT);
	s.a->ops->withdraw(s.a);
	CHECK(begin(&s, &pin) == OK);
	put(fd, "pass\n");
	CHECK(step(&s) == ERR_TIMEOUT);
	put(fd, "123456\n");
	CHECK(answers(&s, "123456"));
	(void)close(fd);
	scene_close(&s);
}

static void half_a_pin_is_no_passphrase(void)
{
	struct scene s;

	scene_open(&s, false, true);
	CHECK(begin(&s, &pin) == OK);
	const int fd = writer(&s);
	put(fd, "12");
	CHECK(step(&s) == ERR_TIMEOUT);
	s.a->ops->withdraw(s.a);
	CHECK(begin(&s, &pass) == OK);
	put(fd, "3456\n");
	CHECK(step(&s) == ERR_TIMEOUT);
	put(fd, "secret\n");
	CHECK(answers(&s, "secret"));
	(void)close(fd);
	scene_close(&s);
}

/* Among the messages of the splash, of which hints are some. */
static bool told_soon(struct scene *s, const char *text)
{
	for (int i = 0; i < 4; i++)
		if (told(s, text))
			return true;
	return false;
}

/* A question stands, and the next one when half a line was written to it. */
static int half_a_line_before(struct scene *s, const struct ask_question *first,
                              const struct ask_question *second)
{
	scene_open(s, true, true);
	CHECK(begin(s, first) == OK);
	const int fd = writer(s);
	put(fd, "12");
	CHECK(step(s) == ERR_TIMEOUT);
	s->a->ops->withdraw(s->a);
	CHECK(begin(s, second) == OK);
	put(fd, "3456\n");
	CHECK(step(s) == ERR_TIMEOUT);
	return fd;
}

static void a_line_that_is_dropped_is_said_to_be(void)
{
	struct scene s;

	int fd = half_a_line_before(&s, &pass, &pin);
	CHECK(told_soon(&s, "begun before the question for the PIN"));
	put(fd, "123456\n");
	CHECK(answers(&s, "123456"));
	CHECK(step(&s) == ERR_BUG); /* nothing stands any more */
	(void)close(fd);
	scene_close(&s);

	fd = half_a_line_before(&s, &pin, &pass);
	CHECK(told_soon(&s, "meant for the question before"));
	put(fd, "all of it\n");
	CHECK(answers(&s, "all of it"));
	(void)close(fd);
	scene_close(&s);
}

static void a_line_never_spends_the_last_try(void)
{
	struct ask_question q = last_pin;
	struct scene s;

	scene_open(&s, true, true);
	CHECK(begin(&s, &q) == OK);
	CHECK(told(&s, "LAST try"));
	write_line(&s, "123456\n");
	CHECK(answers(&s, "")); /* the passphrase instead */
	CHECK(told(&s, "not spent"));
	q.tries_left = 3;
	q.again = true;
	CHECK(begin(&s, &q) == OK);
	write_line(&s, "123456\n");
	CHECK(answers(&s, ""));
	q.min = 4; /* there is no other way */
	CHECK(begin(&s, &q) == OK);
	write_line(&s, "123456\n");
	CHECK(step(&s) == ERR_TIMEOUT);
	scene_close(&s);
}

static void a_line_of_the_wrong_length_is_dropped(void)
{
	static char much[3 * 8192];
	struct scene s;

	memset(much, 'x', sizeof(much) - 1);
	scene_open(&s, false, true);
	CHECK(begin(&s, &pin) == OK);
	write_line(&s, "123\n");
	CHECK(step(&s) == ERR_TIMEOUT);
	write_line(&s, much);
	for (int i = 0; i < 8; i++)
		CHECK(step(&s) == ERR_TIMEOUT);
	write_line(&s, "1234");
	CHECK(answers(&s, "1234"));
	scene_close(&s);
}

static void the_pipe_is_private_and_goes_with_the_asker(void)
{
	struct scene s;
	struct stat st;

	scene_open(&s, false, true);
	CHECK(lstat(s.fifo, &st) == 0 && S_ISFIFO(st.st_mode));
	CHECK((st.st_mode & 07777) == 0600);
	s.a = ask_close(s.a);
	CHECK(lstat(s.fifo, &st) != 0);
	CHECK(mkfifo(s.fifo, 0600) == 0);
	CHECK(scene_ask(&s, true) == OK);
	s.a = ask_close(s.a);
	CHECK(lstat(s.fifo, &st) == 0); /* somebody else's */
	scene_close(&s);
}

static void what_others_may_write_to_is_not_used(void)
{
	struct scene s;

	scene_prepare(&s);
	CHECK(mkfifo(s.fifo, 0600) == 0 && chmod(s.fifo, 0622) == 0);
	CHECK(scene_ask(&s, true) == ERR_NOT_FOUND);
	CHECK(unlink(s.fifo) == 0);
	CHECK(symlink("/dev/zero", s.fifo) == 0);
	CHECK(scene_ask(&s, true) == ERR_NOT_FOUND);
	CHECK(unlink(s.fifo) == 0);
	const int fd = open(s.fifo, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	(void)close(fd);
	CHECK(scene_ask(&s, true) == ERR_NOT_FOUND);
	scene_close(&s);
}

int main(void)
{
	static const struct check_case cases[] = {
	        CASE(a_line_ends_at_a_newline_or_with_its_writer),
	        CASE(a_passphrase_may_be_written_ahead_and_a_pin_may_not),
	        CASE(a_line_begun_before_the_pin_was_asked_for_is_dropped),
	        CASE(half_a_pin_is_no_passphrase),
	        CASE(a_line_that_is_dropped_is_said_to_be),
	        CASE(a_line_never_spends_the_last_try),
	        CASE(a_line_of_the_wrong_length_is_dropped),
	        CASE(the_pipe_is_private_and_goes_with_the_asker),
	        CASE(what_others_may_write_to_is_not_used),
	};

	return without_terminal(cases, sizeof(cases) / sizeof(cases[0]));
}
