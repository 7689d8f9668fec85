/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The asker of services, with an agent of ours written from systemd's protocol. */
#include "core/ask_agents.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/file.h"
#include "tests/unit/check.h"

static const struct ask_question pin = {
        .kind = ASK_USER_PIN, .about = "card X", .tries_left = 3, .min = 4, .max = 8};
static const struct ask_question confirm = {
        .kind = ASK_CONFIRM, .about = "sign", .tries_left = -1, .max = 20};

static char folder[48];
static struct ask *a;
static struct secret *answer;

static void opened(void)
{
	(void)snprintf(folder, sizeof(folder), "/tmp/agentsXXXXXX");
	CHECK(mkdtemp(folder) != NULL);
	CHECK(ask_open_agents(folder, &a) == OK);
}

/* How many files are there; *ret_ask gets the name of the question's, if any. */
static int files(char *ret_ask, size_t cap)
{
	DIR *d = opendir(folder);
	int n = 0;

	for (const struct dirent *e = readdir(d); e; e = readdir(d)) {
		n += e->d_name[0] != '.';
		if (strncmp(e->d_name, "ask.", 4) == 0 && ret_ask)
			(void)snprintf(ret_ask, cap, "%s", e->d_name);
	}
	(void)closedir(d);
	return n;
}

static void closed(void)
{
	answer = secret_free(answer);
	a = ask_close(a);
	CHECK(files(NULL, 0) == 0);
	CHECK(rmdir(folder) == 0);
}

/* --- the agent --- */

/* What the file says of a key; "" when it does not. */
static const char *field(const char *key)
{
	static char text[4096];
	char name[300] = "", wanted[32];
	uint8_t *raw = NULL;
	size_t n = 0;
	int dir = -1;

	CHECK(files(name, sizeof(name)) == 2); /* and its socket */
	CHECK(dir_open(folder, &dir) == OK);
	CHECK(file_read(dir, name, sizeof(text) - 1, &raw, &n) == OK);
	(void)close(dir);
	memcpy(text, raw, n);
	text[n] = '\0';
	free(raw);
	CHECK(strncmp(text, "[Ask]\n", 6) == 0);
	(void)snprintf(wanted, sizeof(wanted), "\n%s=", key);
	char *at = strstr(text, wanted);
	if (!at)
		return "";
	at += strlen(wanted);
	at[strcspn(at, "\n")] = '\0';
	return at;
}

static void reply_from(int fd, const void *p, size_t n)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};

	(void)snprintf(to.sun_path, sizeof(to.sun_path), "%s", field("Socket"));
	CHECK(sendto(fd, p, n, 0, (const struct sockaddr *)&to, sizeof(to)) ==
	      (ssize_t)n);
}

static void reply(const void *p, size_t n)
{
	const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	reply_from(fd, p, n);
	(void)close(fd);
}

static enum err step(void)
{
	answer = secret_free(answer);
	return a->ops->step(a, &answer);
}

static bool answered(const char *want)
{
	struct pollfd p = {.fd = a->ops->fd(a), .events = POLLIN};

	return poll(&p, 1, 1000) == 1 && step() == OK &&
	       bytes_equal(secret_view(answer), bytes_of(want));
}

/* --- the cases --- */

static void a_pin_typed_at_an_agent_is_the_answer(void)
{
	opened();
	CHECK(a->ops->begin(a, &pin) == OK);
	CHECK(step() == ERR_TIMEOUT);
	CHECK(strcmp(field("Message"), "PIN for card X (3 tries left)") == 0);
	CHECK(strcmp(field("AcceptCached"), "0") == 0);
	CHECK(strcmp(field("Echo"), "0") == 0);
	CHECK(atol(field("PID")) == getpid());
	CHECK(strcmp(field("Id"), "") == 0); /* nothing to remember it by */
	const long long end = atoll(field("NotAfter"));
	CHECK(end > clock_ms() * 1000 &&
	      end <= (clock_ms() + AGENTS_WAIT_S * 1000LL) * 1000);
	reply("+123456", 7);
	CHECK(answered("123456"));
	CHECK(files(NULL, 0) == 0);
	closed();
}

static void the_files_are_for_root_alone(void)
{
	char path[400], name[300];
	struct stat st;

	opened();
	CHECK(a->ops->begin(a, &pin) == OK);
	(void)files(name, sizeof(name));
	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	CHECK(stat(path, &st) == 0 && (st.st_mode & 07777) == 0600);
	CHECK(stat(field("Socket"), &st) == 0 && S_ISSOCK(st.st_mode));
	CHECK((st.st_mode & 077) == 0);
	closed();
}

static void words_to_be_confirmed_are_typed_in_clear(void)
{
	opened();
	CHECK(a->ops->begin(a, &confirm) == OK);
	CHECK(strcmp(field("Echo"), "1") == 0);
	CHECK(strcmp(field("Message"), "Type \"sign\" to go on") == 0);
	reply("+sign\0", 6); /* as systemd's own sends it */
	CHECK(answered("sign"));
	closed();
}

static void notes_and_hint_are_told_with_the_next_question_once(void)
{
	struct ask_question q = pin;

	q.hint = "A hint.";
	opened();
	a->ops->note(a, "Added: vmlinuz-6.1.");
	a->ops->note(a, "Changed: grub.cfg.");
	CHECK(a->ops->begin(a, &q) == OK);
	CHECK(strcmp(field("Message"), "Added: vmlinuz-6.1. Changed: grub.cfg. A hint. "
	                               "PIN for card X (3 tries left)") == 0);
	CHECK(a->ops->begin(a, &pin) == OK);
	CHECK(strcmp(field("Message"), "PIN for card X (3 tries left)") == 0);
	closed();
}

static void what_strangers_named_stays_in_its_line(void)
{
	opened();
	a->ops->note(a, "Added: x\nEcho=1\033[2J\\");
	CHECK(a->ops->begin(a, &pin) == OK);
	CHECK(strncmp(field("Message"), "Added: x?Echo=1?[2J? PIN", 24) == 0);
	CHECK(strcmp(field("Echo"), "0") == 0);
	a->ops->withdraw(a);
	a->ops->note(a, "back\\");
	CHECK(a->ops->begin(a, &confirm) == OK);
	CHECK(strncmp(field("Message"), "back? Type", 10) == 0);
	closed();
}

static void lines_become_one(void)
{
	opened();
	a->ops->note(a, "Since then:");
	a->ops->note(a, "  changed  a");
	a->ops->note(a, "  added    b");
	CHECK(a->ops->begin(a, &confirm) == OK);
	CHECK(strcmp(field("Message"),
	             "Since then: changed  a; added    b; Type \"sign\" to go on") == 0);
	closed();
}

static void what_cannot_be_shown_whole_is_not_asked(void)
{
	char text[AGENTS_MESSAGE_MAX];

	opened();
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	a->ops->note(a, text); /* fits, but the prompt does not */
	CHECK(a->ops->begin(a, &pin) == ERR_REFUSED);
	CHECK(files(NULL, 0) == 0);
	for (int i = 0; i < 60; i++)
		a->ops->note(a, "A name that is not very long, but one of many.");
	CHECK(a->ops->begin(a, &pin) == ERR_REFUSED);
	CHECK(a->ops->begin(a, &pin) == OK); /* what was refused is forgotten */
	text[AGENTS_MESSAGE_MAX - 1 - strlen("; PIN for card X (3 tries left)")] = '\0';
	a->ops->note(a, text);
	CHECK(a->ops->begin(a, &pin) == OK);
	CHECK(strlen(field("Message")) == AGENTS_MESSAGE_MAX - 1);
	closed();
}

static void the_last_try_is_never_asked_for(void)
{
	static const int tries[] = {1, 0, -1};
	struct ask_question q = pin;

	opened();
	for (size_t i = 0; i < 3; i++) {
		q.tries_left = tries[i];
		CHECK(a->ops->begin(a, &q) == ERR_PIN_LAST_TRY);
	}
	q.tries_left = 3;
	q.again = true;
	CHECK(a->ops->begin(a, &q) == ERR_PIN_LAST_TRY);
	CHECK(files(NULL, 0) == 0);
	CHECK(!a->ops->interactive(a, ASK_USER_PIN));
	closed();
}

static void other_questions_are_not_for_agents(void)
{
	struct ask_question q = pin;

	opened();
	q.kind = ASK_PASSPHRASE;
	CHECK(a->ops->begin(a, &q) == ERR_UNSUPPORTED);
	q.kind = ASK_CARD_OR_PASSPHRASE;
	CHECK(a->ops->begin(a, &q) == ERR_UNSUPPORTED);
	q.kind = ASK_TPM_PIN;
	CHECK(a->ops->begin(a, &q) == ERR_UNSUPPORTED);
	closed();
}

static void who_gives_up_ends_the_question(void)
{
	opened();
	CHECK(a->ops->begin(a, &pin) == OK);
	reply("-", 1);
	CHECK(step() == ERR_CANCELLED);
	CHECK(files(NULL, 0) == 0);
	CHECK(step() == ERR_BUG);
	closed();
}

static void an_answer_of_the_wrong_length_ends_the_question(void)
{
	static const char *const wrong[] = {"+", "+123", "+123456789"};

	opened();
	for (size_t i = 0; i < 3; i++) {
		CHECK(a->ops->begin(a, &pin) == OK);
		reply(wrong[i], strlen(wrong[i]));
		CHECK_ROW(step() == ERR_PIN_LENGTH, wrong[i]);
		CHECK(files(NULL, 0) == 0);
	}
	CHECK(a->ops->begin(a, &confirm) == OK);
	reply("+more than twenty characters", 28);
	CHECK(step() == ERR_USAGE);
	closed();
}

static void nonsense_is_no_answer(void)
{
	static const struct {
		const char *p;
		size_t n;
	} bad[] = {
	        {"",              0 },
                {"123456",        6 },
                {"\0",            1 },
                {"+1234\0005678", 10},
                {"*1234",         5 }
        };
	char huge[4096];

	opened();
	CHECK(a->ops->begin(a, &pin) == OK);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		reply(bad[i].p, bad[i].n);
		CHECK_ROW(step() == ERR_TIMEOUT, bad[i].p);
	}
	memset(huge, '1', sizeof(huge));
	huge[0] = '+';
	reply(huge, sizeof(huge)); /* cut: never the front of it */
	CHECK(step() == ERR_TIMEOUT);
	reply("+123456", 7);
	CHECK(answered("123456"));
	closed();
}

static void descriptors_are_not_taken(void)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	char room[CMSG_SPACE(sizeof(int))] = {0}, text[] = "+123456";
	struct iovec from = {text, 7};
	struct msghdr m = {.msg_name = &to,
	                   .msg_namelen = sizeof(to),
	                   .msg_iov = &from,
	                   .msg_iovlen = 1,
	                   .msg_control = room,
	                   .msg_controllen = sizeof(room)};

	opened();
	CHECK(a->ops->begin(a, &pin) == OK);
	const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	(void)snprintf(to.sun_path, sizeof(to.sun_path), "%s", field("Socket"));
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	CHECK(sendmsg(fd, &m, 0) == 7);
	CHECK(step() == ERR_TIMEOUT);
	const int next = dup(fd);
	CHECK(next >= 0 && next < fd + 3); /* none was left open */
	(void)close(next);
	(void)close(fd);
	closed();
}

static void an_answer_of_somebody_else_is_none(void)
{
	int status = 0;

	if (geteuid() != 0) {
		(void)printf("skip an answer of somebody else is none: needs root\n");
		return;
	}
	opened();
	CHECK(a->ops->begin(a, &pin) == OK);
	CHECK(chmod(folder, 0755) == 0 && chmod(field("Socket"), 0777) == 0);
	const char *to = field("Socket");
	const pid_t child = fork();
	if (child == 0) {
		struct sockaddr_un addr = {.sun_family = AF_UNIX};
		const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

		(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", to);
		_exit(setgid(65534) == 0 && setuid(65534) == 0 &&
		                      sendto(fd, "+123456", 7, 0,
		                             (const struct sockaddr *)&addr,
		                             sizeof(addr)) == 7
		              ? 0
		              : 1);
	}
	CHECK(waitpid(child, &status, 0) == child && status == 0); /* it was sent */
	CHECK(step() == ERR_TIMEOUT);
	reply("+1234", 5);
	CHECK(answered("1234"));
	closed();
}

/* Somebody asks and waits, in a group of its own; the question stands. */
static pid_t somebody_asks(void)
{
	char byte;
	int ready[2];

	CHECK(pipe(ready) == 0);
	const pid_t child = fork();
	if (child == 0) {
		(void)setpgid(0, 0);
		if (a->ops->begin(a, &pin) == OK)
			(void)!write(ready[1], "x", 1);
		for (;;)
			(void)pause();
	}
	CHECK(read(ready[0], &byte, 1) == 1);
	(void)close(ready[0]);
	(void)close(ready[1]);
	return child;
}

static void the_question_soon_is_gone(void)
{
	for (int i = 0; i < 500 && files(NULL, 0) > 0; i++)
		(void)poll(NULL, 0, 10);
	CHECK(files(NULL, 0) == 0);
}

static void the_question_goes_with_who_asked_even_when_killed(void)
{
	opened();
	const pid_t child = somebody_asks();
	CHECK(files(NULL, 0) == 2);
	CHECK(kill(child, SIGKILL) == 0 && waitpid(child, NULL, 0) == child);
	the_question_soon_is_gone();
	closed();
}

static void a_signal_that_ends_groups_leaves_no_file(void)
{
	opened();
	const pid_t child = somebody_asks();
	CHECK(kill(-child, SIGTERM) == 0 && waitpid(child, NULL, 0) == child);
	the_question_soon_is_gone();
	closed();
}

static void no_child_is_left_behind(void)
{
	opened();
	for (int i = 0; i < 3; i++)
		CHECK(a->ops->begin(a, &pin) == OK);
	CHECK(files(NULL, 0) == 2);
	a->ops->withdraw(a);
	a->ops->withdraw(a);
	CHECK(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
	closed();
}

static void without_systemd_there_are_no_agents(void)
{
	struct ask *none = NULL;

	CHECK(ask_open_agents("/nowhere/ask-password", &none) == ERR_NOT_FOUND && !none);
}

#define CASE(f)                                                                          \
	{                                                                                \
#f, f                                                                    \
	}

int main(void)
{
	static const struct check_case cases[] = {
	        CASE(a_pin_typed_at_an_agent_is_the_answer),
	        CASE(the_files_are_for_root_alone),
	        CASE(words_to_be_confirmed_are_typed_in_clear),
	        CASE(notes_and_hint_are_told_with_the_next_question_once),
	        CASE(what_strangers_named_stays_in_its_line),
	        CASE(lines_become_one),
	        CASE(what_cannot_be_shown_whole_is_not_asked),
	        CASE(the_last_try_is_never_asked_for),
	        CASE(other_questions_are_not_for_agents),
	        CASE(who_gives_up_ends_the_question),
	        CASE(an_answer_of_the_wrong_length_ends_the_question),
	        CASE(nonsense_is_no_answer),
	        CASE(descriptors_are_not_taken),
	        CASE(an_answer_of_somebody_else_is_none),
	        CASE(the_question_goes_with_who_asked_even_when_killed),
	        CASE(a_signal_that_ends_groups_leaves_no_file),
	        CASE(no_child_is_left_behind),
	        CASE(without_systemd_there_are_no_agents),
	};

	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
