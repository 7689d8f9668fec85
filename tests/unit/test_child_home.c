/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the reader child keeps of its parent's descriptors: a place for debug lines, and
 * nothing to read from. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "card/child.h"
#include "core/log.h"
#include "tests/unit/check.h"

enum { FDS = 64, LINK = 3, STDERR_FD = 2 };

struct seen {
	bool looked;
	int mode[FDS]; /* O_ACCMODE; -1: closed */
	bool null[FDS];
	bool read_nothing; /* from 2 */
};

/* In the child. */
static enum err look(const void *how, struct readers **ret)
{
	struct seen *s = *(struct seen *const *)how;
	char byte = 0;
	struct stat st;

	(void)ret;
	for (int fd = 0; fd < FDS; fd++) {
		const int flags = fcntl(fd, F_GETFL);

		s->mode[fd] = flags < 0 ? -1 : flags & O_ACCMODE;
		s->null[fd] = fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) &&
		              st.st_rdev == makedev(1, 3);
	}
	s->read_nothing = read(STDERR_FD, &byte, 1) <= 0;
	(void)!write(STDERR_FD, "line\n", 5);
	s->looked = true;
	return ERR_NO_SERVICE;
}

/* A child whose parent has `fd` for 2. */
static struct seen look_with(int fd, bool debugging)
{
	struct seen *s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE,
	                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	const int kept = fcntl(STDERR_FD, F_DUPFD_CLOEXEC, FDS);
	const struct child_limits patient = {20000, 20000, 20000, 20000};
	struct reader_list list = {0};
	struct readers *r = NULL;

	CHECK(s != MAP_FAILED && kept >= FDS && dup2(fd, STDERR_FD) == STDERR_FD);
	log_to(NULL, NULL, debugging ? LOG_DEBUG : LOG_WARN);
	const enum err e = readers_open_child(look, &s, &patient, &r);
	for (int i = 0; e == OK && i < 100 && !s->looked; i++)
		(void)r->ops->scan(r, &list);
	r = readers_close(r);
	log_to(NULL, NULL, LOG_WARN);
	CHECK(dup2(kept, STDERR_FD) == STDERR_FD && close(kept) == 0);
	CHECK(e == OK && s->looked);
	const struct seen seen = *s;
	CHECK(munmap(s, sizeof(*s)) == 0);
	return seen;
}

static bool nothing_else(const struct seen *s)
{
	for (int fd = LINK + 1; fd < FDS; fd++)
		if (s->mode[fd] >= 0)
			return false;
	return s->null[0] && s->null[1] && s->mode[LINK] == O_RDWR;
}

/* A terminal at which somebody has typed a line; *ret_typist: where it is typed.  -1:
 * this machine lets us have none. */
static int terminal(int *ret_typist)
{
	const int typist = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (typist < 0) {
		(void)printf("skip terminals: there is none to be had\n");
		return -1;
	}
	CHECK(grantpt(typist) == 0 && unlockpt(typist) == 0);
	const int fd = open(ptsname(typist), O_RDWR | O_NOCTTY | O_CLOEXEC);
	CHECK(fd >= 0 && write(typist, "123456\n", 7) == 7);
	*ret_typist = typist;
	return fd;
}

/* What is written to a terminal comes in pieces, after the echo of what was typed. */
static bool shows(int typist, const char *text)
{
	char said[256] = {0};
	size_t n = 0;
	struct pollfd p = {.fd = typist, .events = POLLIN};

	while (!strstr(said, text) && n < sizeof(said) - 1 && poll(&p, 1, 10000) > 0) {
		const ssize_t more = read(typist, said + n, sizeof(said) - 1 - n);
		if (more <= 0)
			return false;
		n += (size_t)more;
	}
	return strstr(said, text) != NULL;
}

static void hears_nothing_of_a_terminal(void)
{
	char said[64] = {0};
	int typist = -1;
	const int fd = terminal(&typist);

	if (fd < 0)
		return;
	const struct seen s = look_with(fd, true);

	CHECK(nothing_else(&s) && s.read_nothing);
	CHECK(s.mode[STDERR_FD] == O_WRONLY && !s.null[STDERR_FD]);
	CHECK(read(fd, said, sizeof(said)) == 7 && memcmp(said, "123456\n", 7) == 0);
	CHECK(shows(typist, "line"));
	CHECK(close(fd) == 0 && close(typist) == 0);
}

static void says_nothing_without_debugging(void)
{
	int typist = -1;
	const int fd = terminal(&typist);

	if (fd < 0)
		return;
	const struct seen s = look_with(fd, false);

	CHECK(nothing_else(&s) && s.read_nothing && s.null[STDERR_FD]);
	CHECK(close(fd) == 0 && close(typist) == 0);
}

static void says_it_where_the_parent_does(void)
{
	char said[64] = {0};
	char name[] = "/tmp/test_child_home.XXXXXX";
	const int file = mkostemp(name, O_CLOEXEC);
	int pair[2] = {-1, -1}, link[2] = {-1, -1};

	CHECK(file >= 0 && unlink(name) == 0 && pipe2(pair, O_CLOEXEC) == 0 &&
	      socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, link) == 0);
	struct seen s = look_with(pair[1], true);
	CHECK(nothing_else(&s) && s.mode[STDERR_FD] == O_WRONLY && s.read_nothing);
	CHECK(read(pair[0], said, sizeof(said) - 1) > 0 && strstr(said, "line"));
	/* What the parent has written stays. */
	CHECK(write(file, "before\n", 7) == 7);
	s = look_with(file, true);
	CHECK(nothing_else(&s) && s.read_nothing);
	memset(said, 0, sizeof(said));
	CHECK(pread(file, said, sizeof(said) - 1, 0) > 0);
	CHECK(strncmp(said, "before\n", 7) == 0 && strstr(said, "line"));
	/* There is no half of a socket. */
	CHECK(write(link[1], "secret", 6) == 6);
	s = look_with(link[0], true);
	CHECK(nothing_else(&s) && s.read_nothing && s.null[STDERR_FD]);
	CHECK(close(file) == 0 && close(pair[0]) == 0 && close(pair[1]) == 0);
	CHECK(close(link[0]) == 0 && close(link[1]) == 0);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"hears nothing of a terminal",    hears_nothing_of_a_terminal   },
	        {"says nothing without debugging", says_nothing_without_debugging},
	        {"says it where the parent does",  says_it_where_the_parent_does },
	};

	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
