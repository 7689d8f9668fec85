/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The asker of the initramfs at the splash: a plymouthd of ours, well behaved and
 * hostile. */
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/ask_scene.h"

static const struct ask_question confirm = {
        .kind = ASK_CONFIRM, .about = "yes", .tries_left = -1, .max = 20};

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
	};

	return without_terminal(cases, sizeof(cases) / sizeof(cases[0]));
}
