/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The asker of the initramfs: a plymouthd of ours, a pipe in a folder of ours, a pty. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/ask_boot.h"
#include "tests/unit/check.h"

enum { WAIT_MS = 3000, SAME = 0, OTHER = 90 };

static const struct ask_question pin = {
        .kind = ASK_USER_PIN, .about = "card X", .tries_left = 3, .min = 4, .max = 8};
static const struct ask_question last_pin = {
        .kind = ASK_USER_PIN, .about = "card X", .tries_left = 1, .min = 0, .max = 8};
static const struct ask_question pass = {
        .kind = ASK_PASSPHRASE, .about = "sda2", .tries_left = -1, .min = 1, .max = 20};
static const struct ask_question confirm = {
        .kind = ASK_CONFIRM, .about = "yes", .tries_left = -1, .max = 20};

/* --- a boot: the folder, the daemon's socket, the asker --- */

struct scene {
	char dir[64], fifo[96], console[96], name[64];
	int listener;      /* -1: plymouthd does not run */
	int daemon, notes; /* its two connections; -1: not yet */
	struct ask *a;
};

static int listen_at(const char *name)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const socklen_t n =
	        (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name));

	memcpy(addr.sun_path + 1, name, strlen(name));
	CHECK(bind(fd, (const struct sockaddr *)&addr, n) == 0);
	CHECK(listen(fd, 8) == 0);
	return fd;
}

static void scene_prepare(struct scene *s)
{
	*s = (struct scene){.listener = -1, .daemon = -1, .notes = -1};
	(void)snprintf(s->dir, sizeof(s->dir), "/tmp/bootlatch-ask.XXXXXX");
	CHECK(mkdtemp(s->dir) != NULL);
	(void)snprintf(s->fifo, sizeof(s->fifo), "%s/passfifo", s->dir);
	(void)snprintf(s->console, sizeof(s->console), "%s/console", s->dir);
	(void)snprintf(s->name, sizeof(s->name), "/bootlatch/test%d", (int)getpid());
	const int fd = open(s->console, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	CHECK(fd >= 0);
	(void)close(fd);
}

static enum err scene_ask(struct scene *s, bool with_pipe)
{
	const struct ask_boot_ways w = {
	        .plymouth = s->name,
	        .fifo = with_pipe ? s->fifo : "/nonexistent/fifo",
	        .console = s->console,
	};

	return ask_open_boot_ways(&w, &s->a);
}

static bool readable(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, 0) > 0;
}

static void scene_open(struct scene *s, bool plymouth, bool pipe)
{
	scene_prepare(s);
	if (plymouth)
		s->listener = listen_at(s->name);
	CHECK(scene_ask(s, pipe) == OK);
	if (plymouth)
		s->daemon = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);
}

static void close_it(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

static void scene_close(struct scene *s)
{
	s->a = ask_close(s->a);
	close_it(&s->daemon);
	close_it(&s->notes);
	close_it(&s->listener);
	(void)unlink(s->fifo);
	(void)unlink(s->console);
	CHECK(rmdir(s->dir) == 0);
}

/* The next request on a connection is this one; the text may be a part. */
static bool requested(int fd, char letter, const char *text)
{
	uint8_t head[3];
	char got[256] = "";

	if (!readable(fd) || read(fd, head, 3) != 3 || head[1] != 2 ||
	    read(fd, got, head[2]) != head[2] || got[head[2] - 1] != '\0')
		return false;
	return head[0] == (uint8_t)letter && strstr(got, text) != NULL;
}

static bool told(struct scene *s, const char *text)
{
	if (s->notes < 0 && readable(s->listener))
		s->notes = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);
	return s->notes >= 0 && requested(s->notes, 'M', text);
}

static void reply(const struct scene *s, const void *bytes, size_t n)
{
	CHECK(send(s->daemon, bytes, n, MSG_NOSIGNAL) == (ssize_t)n);
}

static void reply_text(const struct scene *s, const char *text)
{
	uint8_t out[300] = {2, (uint8_t)strlen(text)};

	memcpy(out + 5, text, strlen(text));
	reply(s, out, 5 + strlen(text));
}

static enum err begin(struct scene *s, const struct ask_question *q)
{
	return s->a->ops->begin(s->a, q);
}

static enum err step(struct scene *s)
{
	AUTO_SECRET *answer = NULL;

	return s->a->ops->step(s->a, &answer);
}

static bool is_text(const struct secret *s, const char *want)
{
	return s && bytes_equal(secret_view(s),
	                        (struct bytes){(const uint8_t *)want, strlen(want)});
}

/* The descriptor calls, and the step brings this. */
static bool answers(struct scene *s, const char *want)
{
	AUTO_SECRET *answer = NULL;

	return readable(s->a->ops->fd(s->a)) && s->a->ops->step(s->a, &answer) == OK &&
	       is_text(answer, want);
}

static int writer(const struct scene *s)
{
	const int fd = open(s->fifo, O_WRONLY | O_NONBLOCK | O_CLOEXEC);

	CHECK(fd >= 0);
	return fd;
}

static void put(int fd, const char *text)
{
	CHECK(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
}

static void write_line(const struct scene *s, const char *text)
{
	const int fd = writer(s);

	put(fd, text);
	(void)close(fd);
}

/* --- plymouth --- */

static void a_pin_typed_at_the_splash_is_the_answer(void)
{
	struct scene s;

	scene_open(&s, true, false);
	CHECK(begin(&s, &pin) == OK);
	CHECK(requested(s.daemon, '*', "PIN for card X (3 tries left)"));
	CHECK(step(&s) == ERR_TIMEOUT);
	CHECK(!readable(s.a->ops->fd(s.a)));
	reply_text(&s, "123456");
	CHECK(answers(&s, "123456"));
	CHECK(!readable(s.daemon));
	scene_close(&s);
}

static void an_answer_may_come_in_pieces(void)
{
	static const uint8_t bytes[] = {2, 4, 0, 0, 0, '1', '2', '3', '4'};
	struct scene s;

	scene_open(&s, true, false);
	CHECK(begin(&s, &pin) == OK);
	CHECK(requested(s.daemon, '*', "PIN"));
	for (size_t i = 0; i + 1 < sizeof(bytes); i++) {
		reply(&s, bytes + i, 1);
		CHECK(step(&s) == ERR_TIMEOUT);
	}
	reply(&s, bytes + sizeof(bytes) - 1, 1);
	CHECK(answers(&s, "1234"));
	scene_close(&s);
}

static void hints_and_notes_are_messages_and_stand_on_the_console(void)
{
	struct ask_question q = pass;
	char seen[64] = "";
	struct scene s;

	q.hint = "A hint.";
	scene_open(&s, true, false);
	CHECK(begin(&s, &q) == OK);
	CHECK(told(&s, "A hint."));
	s.a->ops->note(s.a, "A note\033.");
	CHECK(told(&s, "A note?."));
	const int fd = open(s.console, O_RDONLY | O_CLOEXEC);
	CHECK(read(fd, seen, sizeof(seen) - 1) > 0);
	(void)close(fd);
	CHECK(strcmp(seen, "A note?.\n") == 0);
	scene_close(&s);
}

static void what_is_typed_at_a_withdrawn_prompt_is_no_pin(void)
{
	struct scene s;

	scene_open(&s, true, false);
	CHECK(begin(&s, &pass) == OK);
	CHECK(requested(s.daemon, '*', "Passphrase for sda2"));
	s.a->ops->withdraw(s.a);
	CHECK(begin(&s, &pin) == OK);
	CHECK(told(&s, "Press Enter first. Then: PIN for card X"));
	CHECK(!readable(s.daemon)); /* its prompt cannot be taken back */
	reply_text(&s, "secret");
	CHECK(step(&s) == ERR_TIMEOUT);
	CHECK(told(&s, "was not used"));
	CHECK(requested(s.daemon, '*', "PIN for card X"));
	reply_text(&s, "123456");
	CHECK(answers(&s, "123456"));
	scene_close(&s);
}

static void a_question_asked_again_keeps_its_prompt(void)
{
	struct scene s;

	scene_open(&s, true, false);
	CHECK(begin(&s, &pass) == OK);
	CHECK(requested(s.daemon, '*', "Passphrase"));
	s.a->ops->withdraw(s.a);
	CHECK(begin(&s, &pin) == OK);
	s.a->ops->withdraw(s.a); /* the card was pulled */
	CHECK(begin(&s, &pass) == OK);
	CHECK(!readable(s.daemon));
	reply_text(&s, "secret");
	CHECK(answers(&s, "secret"));
	scene_close(&s);
}

static void an_empty_answer_may_be_one(void)
{
	struct scene s;

	scene_open(&s, true, false);
	CHECK(begin(&s, &last_pin) == OK);
	CHECK(told(&s, "LAST try"));
	reply_text(&s, "");
	CHECK(answers(&s, ""));
	scene_close(&s);
}

static void an_answer_of_the_wrong_length_is_asked_again(void)
{
	static const char *const wrong[] = {"123", "123456789", ""};
	struct scene s;

	scene_open(&s, true, false);
	CHECK(begin(&s, &pin) == OK);
	CHECK(requested(s.daemon, '*', "PIN"));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		reply_text(&s, wrong[i]);
		CHECK_ROW(step(&s) == ERR_TIMEOUT, wrong[i]);
		CHECK_ROW(told(&s, "4 to 8 characters"), wrong[i]);
		CHECK_ROW(requested(s.daemon, '*', "PIN"), wrong[i]);
	}
	scene_close(&s);
}

static void words_to_confirm_are_shown_and_never_taken_from_the_pipe(void)
{
	struct scene s;

	scene_open(&s, true, true);
	CHECK(begin(&s, &confirm) == OK);
	CHECK(requested(s.daemon, 'W', "yes"));
	write_line(&s, "yes\n");
	CHECK(!readable(s.a->ops->fd(s.a)));
	CHECK(step(&s) == ERR_TIMEOUT);
	reply_text(&s, "yes");
	CHECK(answers(&s, "yes"));
	scene_close(&s);
}

static void a_splash_that_cannot_ask_leaves_the_question_to_others(void)
{
	static const uint8_t cannot[] = {0x05, 0x15};

	for (size_t i = 0; i < sizeof(cannot); i++) {
		struct scene s;

		scene_open(&s, true, true);
		CHECK(begin(&s, &pass) == OK);
		reply(&s, &cannot[i], 1);
		CHECK(step(&s) == ERR_TIMEOUT);
		write_line(&s, "secret\n");
		CHECK(answers(&s, "secret"));
		scene_close(&s);
	}
}

static void a_hostile_daemon_is_left_and_the_others_go_on(void)
{
	static const struct {
		const char *what;
		uint8_t bytes[12];
		size_t n;
	} rows[] = {
	        {"cached answers",           {9, 5, 0, 0, 0, '1', '2', '3', '4', 0}, 10},
	        {"a length of 4 GiB",        {2, 255, 255, 255, 255, '1'},           6 },
	        {"a length above the bound", {2, 1, 64, 0, 0, '1'},                  6 },
	        {"a NUL inside",             {2, 4, 0, 0, 0, '1', 0, '3', '4'},      9 },
	        {"more than one answer",     {2, 4, 0, 0, 0, '1', '2', '3', '4', 2}, 10},
	        {"an acknowledgement",       {6},                                    1 },
	        {"a letter",                 {'x'},                                  1 },
	        {"two refusals",             {5, 5},                                 2 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct scene s;

		scene_open(&s, true, true);
		CHECK(begin(&s, &pin) == OK);
		reply(&s, rows[i].bytes, rows[i].n);
		CHECK_ROW(step(&s) == ERR_TIMEOUT, rows[i].what);
		write_line(&s, "4321");
		CHECK_ROW(answers(&s, "4321"), rows[i].what);
		scene_close(&s);
	}
}

static void a_daemon_that_ends_or_starts_is_noticed(void)
{
	struct scene s;

	scene_open(&s, true, true);
	CHECK(begin(&s, &pin) == OK);
	close_it(&s.daemon);
	close_it(&s.listener);
	CHECK(step(&s) == ERR_TIMEOUT);
	CHECK(!readable(s.a->ops->fd(s.a)));
	s.listener = listen_at(s.name);
	CHECK(begin(&s, &pin) == OK);
	s.daemon = accept4(s.listener, NULL, NULL, SOCK_CLOEXEC);
	CHECK(requested(s.daemon, '*', "PIN"));
	scene_close(&s);
}

static void the_last_way_that_ends_cancels_the_question(void)
{
	struct scene s;

	scene_open(&s, true, false);
	CHECK(begin(&s, &pin) == OK);
	close_it(&s.daemon);
	close_it(&s.listener);
	CHECK(step(&s) == ERR_CANCELLED);
	CHECK(begin(&s, &pin) == ERR_UNSUPPORTED);
	CHECK(!s.a->ops->interactive(s.a, ASK_USER_PIN));
	scene_close(&s);
}

/* --- the pipe --- */

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

/* The cases without a terminal must not find that of whoever runs them. */
static int without_terminal(const struct check_case *cases, size_t n)
{
	const pid_t pid = fork();
	int st = -1;

	if (pid == 0) {
		const int null = open("/dev/null", O_RDWR | O_CLOEXEC);

		if (setsid() < 0 || dup2(null, STDIN_FILENO) < 0)
			_exit(OTHER);
		const int rc = check_run(cases, n);
		exit(rc);
	}
	return waitpid(pid, &st, 0) == pid && WIFEXITED(st) ? WEXITSTATUS(st) : OTHER;
}

#define CASE(f)                                                                          \
	{                                                                                \
#f, f                                                                    \
	}

int main(void)
{
	static const struct check_case cases[] = {
	        CASE(a_pin_typed_at_the_splash_is_the_answer),
	        CASE(an_answer_may_come_in_pieces),
	        CASE(hints_and_notes_are_messages_and_stand_on_the_console),
	        CASE(what_is_typed_at_a_withdrawn_prompt_is_no_pin),
	        CASE(a_question_asked_again_keeps_its_prompt),
	        CASE(an_empty_answer_may_be_one),
	        CASE(an_answer_of_the_wrong_length_is_asked_again),
	        CASE(words_to_confirm_are_shown_and_never_taken_from_the_pipe),
	        CASE(a_splash_that_cannot_ask_leaves_the_question_to_others),
	        CASE(a_hostile_daemon_is_left_and_the_others_go_on),
	        CASE(a_daemon_that_ends_or_starts_is_noticed),
	        CASE(the_last_way_that_ends_cancels_the_question),
	        CASE(a_line_ends_at_a_newline_or_with_its_writer),
	        CASE(a_passphrase_may_be_written_ahead_and_a_pin_may_not),
	        CASE(a_line_begun_before_the_pin_was_asked_for_is_dropped),
	        CASE(half_a_pin_is_no_passphrase),
	        CASE(a_line_never_spends_the_last_try),
	        CASE(a_line_of_the_wrong_length_is_dropped),
	        CASE(the_pipe_is_private_and_goes_with_the_asker),
	        CASE(what_others_may_write_to_is_not_used),
	        CASE(with_nobody_to_ask_there_is_no_asker),
	        CASE(the_console_asks_when_no_splash_does),
	        CASE(the_pipe_answers_while_the_console_asks),
	        CASE(a_console_that_hangs_up_leaves_the_pipe),
	        CASE(giving_up_on_the_console_gives_up),
	        CASE(the_console_takes_over_from_a_splash_that_ends),
	};

	return without_terminal(cases, sizeof(cases) / sizeof(cases[0]));
}
