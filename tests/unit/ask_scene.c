/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A boot for the asker of the initramfs; see ask_scene.h. */
#include "tests/unit/ask_scene.h"

#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOT_RUN = 90 };

const struct ask_question pin = {
        .kind = ASK_USER_PIN, .about = "card X", .tries_left = 3, .min = 4, .max = 8};
const struct ask_question last_pin = {
        .kind = ASK_USER_PIN, .about = "card X", .tries_left = 1, .min = 0, .max = 8};
const struct ask_question pass = {
        .kind = ASK_PASSPHRASE, .about = "sda2", .tries_left = -1, .min = 1, .max = 20};

int listen_at(const char *name)
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

void scene_prepare(struct scene *s)
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

enum err scene_ask(struct scene *s, bool with_pipe)
{
	const struct ask_boot_ways w = {
	        .plymouth = s->name,
	        .fifo = with_pipe ? s->fifo : "/nonexistent/fifo",
	        .console = s->console,
	};

	return ask_open_boot_ways(&w, &s->a);
}

bool readable(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, 0) > 0;
}

void scene_open(struct scene *s, bool plymouth, bool pipe)
{
	scene_prepare(s);
	if (plymouth)
		s->listener = listen_at(s->name);
	CHECK(scene_ask(s, pipe) == OK);
	if (plymouth)
		s->daemon = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);
}

void close_it(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

void scene_close(struct scene *s)
{
	s->a = ask_close(s->a);
	close_it(&s->daemon);
	close_it(&s->notes);
	close_it(&s->listener);
	(void)unlink(s->fifo);
	(void)unlink(s->console);
	CHECK(rmdir(s->dir) == 0);
}

bool requested(int fd, char letter, const char *text)
{
	uint8_t head[3];
	char got[256] = "";

	if (!readable(fd) || read(fd, head, 3) != 3 || head[1] != 2 ||
	    read(fd, got, head[2]) != head[2] || got[head[2] - 1] != '\0')
		return false;
	return head[0] == (uint8_t)letter && strstr(got, text) != NULL;
}

bool told(struct scene *s, const char *text)
{
	if (s->notes < 0 && readable(s->listener))
		s->notes = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);
	return s->notes >= 0 && requested(s->notes, 'M', text);
}

enum err begin(struct scene *s, const struct ask_question *q)
{
	return s->a->ops->begin(s->a, q);
}

enum err step(struct scene *s)
{
	AUTO_SECRET *answer = NULL;

	return s->a->ops->step(s->a, &answer);
}

bool is_text(const struct secret *s, const char *want)
{
	return s && bytes_equal(secret_view(s),
	                        (struct bytes){(const uint8_t *)want, strlen(want)});
}

bool answers(struct scene *s, const char *want)
{
	AUTO_SECRET *answer = NULL;

	return readable(s->a->ops->fd(s->a)) && s->a->ops->step(s->a, &answer) == OK &&
	       is_text(answer, want);
}

int writer(const struct scene *s)
{
	const int fd = open(s->fifo, O_WRONLY | O_NONBLOCK | O_CLOEXEC);

	CHECK(fd >= 0);
	return fd;
}

void put(int fd, const char *text)
{
	CHECK(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
}

void write_line(const struct scene *s, const char *text)
{
	const int fd = writer(s);

	put(fd, text);
	(void)close(fd);
}

int without_terminal(const struct check_case *cases, size_t n)
{
	const pid_t pid = fork();
	int st = -1;

	if (pid == 0) {
		const int null = open("/dev/null", O_RDWR | O_CLOEXEC);

		if (setsid() < 0 || dup2(null, STDIN_FILENO) < 0)
			_exit(NOT_RUN);
		const int rc = check_run(cases, n);
		exit(rc);
	}
	return waitpid(pid, &st, 0) == pid && WIFEXITED(st) ? WEXITSTATUS(st) : NOT_RUN;
}
