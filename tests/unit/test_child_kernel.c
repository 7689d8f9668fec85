/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine against the reader child: no processes, no descriptors, no reaping, no
 * death, an old kernel. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/check.h"
#include "tests/unit/double_odd.h"

/* --- what the kernel does --- */

static struct {
	bool no_fork, no_link, no_close_range, no_reaping;
	int killed_nobody, waited_for_ever;
} kernel;

static void find(const char *name, void *ret, size_t size)
{
	void *f = dlsym(RTLD_NEXT, name);

	memcpy(ret, &f, size);
}

pid_t fork(void)
{
	pid_t (*real)(void);

	if (kernel.no_fork) {
		errno = EAGAIN;
		return -1;
	}
	find("fork", &real, sizeof(real));
	return real();
}

int socketpair(int family, int type, int protocol, int fd[2])
{
	int (*real)(int, int, int, int[2]);

	if (kernel.no_link) {
		errno = EMFILE;
		return -1;
	}
	find("socketpair", &real, sizeof(real));
	return real(family, type, protocol, fd);
}

int kill(pid_t pid, int sig)
{
	int (*real)(pid_t, int);

	find("kill", &real, sizeof(real));
	const int r = real(pid, sig);
	kernel.killed_nobody += r != 0;
	return r;
}

pid_t waitpid(pid_t pid, int *status, int options)
{
	pid_t (*real)(pid_t, int *, int);

	if (kernel.no_reaping) {
		kernel.waited_for_ever += (options & WNOHANG) == 0;
		return 0;
	}
	find("waitpid", &real, sizeof(real));
	return real(pid, status, options);
}

int close_range(unsigned first, unsigned last, int flags)
{
	int (*real)(unsigned, unsigned, int);

	if (kernel.no_close_range) {
		errno = ENOSYS;
		return -1;
	}
	find("close_range", &real, sizeof(real));
	return real(first, last, flags);
}

/* --- the parent --- */

static enum err send_some(struct transport *t)
{
	const uint8_t cmd[4] = {0};
	uint8_t resp[8];
	size_t n = 0;

	return t->ops->transmit(t, (struct bytes){cmd, sizeof(cmd)}, resp, sizeof(resp),
	                        &n);
}

static void is_an_error_where_nothing_can_be_opened(void)
{
	struct readers *r = NULL;

	kernel.no_link = true;
	CHECK(readers_open_child(open_odd, NULL, &patient, &r) == err_from_errno(EMFILE));
	CHECK(!r);
	kernel.no_link = false;
	CHECK(no_child_left());
}

static void is_no_service_where_nothing_can_be_forked(void)
{
	struct reader_list list = {0};
	struct transport *none = NULL;

	kernel.no_fork = true;
	struct readers *r = open_child(open_odd, &patient);
	CHECK(r->ops->scan(r, &list) == ERR_NO_SERVICE);
	CHECK(r->ops->connect(r, "echoes", &none) == ERR_NO_SERVICE && !none);
	kernel.no_fork = false;
	struct transport *t = connect_to(r, "echoes");
	CHECK(t->ops->alive(t) == OK);
	t = transport_close(t);
	r = readers_close(r);
}

/* Then the kernel reaps, and the number may be anybody's. */
static void kills_nobody_else_where_children_are_not_waited_for(void)
{
	CHECK(signal(SIGCHLD, SIG_IGN) == SIG_DFL);
	struct readers *r = open_child(open_odd, &patient);
	struct transport *t = connect_to(r, "dies later");

	kernel.killed_nobody = 0;
	CHECK(t->ops->alive(t) == OK);
	CHECK(waitpid(-1, NULL, 0) < 0); /* it is gone */
	CHECK(send_some(t) == ERR_CARD_LOST);
	t = transport_close(t);
	t = connect_to(r, "echoes");
	t = transport_close(t);
	r = readers_close(r);
	CHECK(kernel.killed_nobody == 0);
	CHECK(signal(SIGCHLD, SIG_DFL) == SIG_IGN);
}

/* A system call into a driver that hangs outlives SIGKILL. */
static void does_not_wait_for_one_that_cannot_die(void)
{
	const struct child_limits short_answers = {20000, 20000, 200, 20000};
	struct readers *r = NULL;

	CHECK(readers_open_child(open_odd, NULL, &short_answers, &r) == OK);
	struct transport *t = connect_to(r, "hangs in transmit");
	kernel.no_reaping = true;
	kernel.waited_for_ever = 0;
	CHECK(send_some(t) == ERR_CARD_MUTE);
	kernel.no_reaping = false;
	CHECK(kernel.waited_for_ever == 0);
	t = transport_close(t);
	t = connect_to(r, "echoes");
	t = transport_close(t);
	r = readers_close(r);
	CHECK(waitpid(-1, NULL, 0) > 0);
}

static void ends_with_its_parent_also_on_an_old_kernel(void)
{
	const int taken = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int status = 0;

	CHECK(taken >= CHILD_END); /* so the parent's end is another number */
	CHECK(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0);
	const pid_t parent = fork();
	if (parent == 0) {
		struct readers *r = NULL;
		struct transport *t = NULL;

		kernel.no_close_range = true;
		if (readers_open_child(open_odd, NULL, NULL, &r) != OK ||
		    r->ops->connect(r, "echoes", &t) != OK)
			_exit(1);
		(void)kill(getpid(), SIGKILL);
	}
	CHECK(waitpid(parent, &status, 0) == parent && WIFSIGNALED(status));
	(void)alarm(10);
	CHECK(waitpid(-1, &status, 0) > 0 && WIFEXITED(status));
	(void)alarm(0);
	CHECK(close(taken) == 0);
	CHECK(prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0) == 0);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"is an error where nothing can be opened",
	         is_an_error_where_nothing_can_be_opened            },
	        {"is no service where nothing can be forked",
	         is_no_service_where_nothing_can_be_forked          },
	        {"kills nobody else where children are not waited for",
	         kills_nobody_else_where_children_are_not_waited_for},
	        {"does not wait for one that cannot die",
	         does_not_wait_for_one_that_cannot_die              },
	        {"ends with its parent also on an old kernel",
	         ends_with_its_parent_also_on_an_old_kernel         },
	};

	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
