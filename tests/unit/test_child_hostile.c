/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The reader child as an enemy, and the machine against it: nothing of that holds the
 * parent up, ends it, or stays behind. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "card/child_wire.h"
#include "tests/unit/check.h"

/* Where the child's end lies (card/child_serve.c). */
enum { CHILD_FD = 3, ENOUGH = 100 };

/* --- what the kernel does --- */

static struct {
	bool no_fork, no_close_range, no_reaping;
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

/* --- readers that run in the child --- */

static void say(size_t times)
{
	const struct child_reply r = {.e = OK};

	while (times-- > 0)
		if (send(CHILD_FD, &r, sizeof(r), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
			return;
}

static void hang(void)
{
	for (;;)
		(void)pause();
}

/* The far end of a frame as large as libccid's for one command. */
static __attribute__((noinline)) void leave_on_the_stack(struct bytes cmd)
{
	uint8_t frame[80 * 1024];
	volatile uint8_t *p = frame;

	for (size_t i = 0; i < cmd.n; i++)
		p[i] = cmd.p[i];
}

static __attribute__((noinline, no_sanitize("address"))) bool on_the_stack(uint8_t what)
{
	const volatile uint8_t *top = __builtin_frame_address(0);
	size_t run = 0;

	for (size_t i = 100 * 1024; i > 1024; i--) {
		run = top[-(ptrdiff_t)i] == what ? run + 1 : 0;
		if (run == 64)
			return true;
	}
	return false;
}

static enum err bad_transmit(struct transport *t, struct bytes cmd, uint8_t *resp,
                             size_t cap, size_t *ret_len)
{
	if (cap < 2)
		return ERR_BUG;
	if (strcmp(t->reader, "hangs") == 0)
		hang();
	if (strcmp(t->reader, "forgets nothing") == 0 && cmd.n == 64)
		leave_on_the_stack(cmd);
	memcpy(resp, on_the_stack(0xa7) ? "\x6f\x01" : "\x90\x00", 2);
	*ret_len = 2;
	return strcmp(t->reader, "means no error of ours") == 0 ? ERR_BUG : OK;
}

static enum err bad_alive(struct transport *t)
{
	if (strcmp(t->reader, "answers before it is asked") == 0) {
		say(SIZE_MAX);
		hang();
	}
	if (strcmp(t->reader, "dies later") == 0) {
		say(1);
		_exit(3);
	}
	if (strcmp(t->reader, "clings") == 0) {
		say(4);
		hang();
	}
	return strcmp(t->reader, "means no error of ours") == 0 ? ERR_NOMEM : OK;
}

static void bad_close(struct transport *t)
{
	free(t);
}

static enum err bad_connect(struct readers *r, const char *name, struct transport **ret)
{
	static char kept[READER_NAME_MAX];
	static const struct transport_ops ops = {"bad", bad_transmit, NULL, bad_alive,
	                                         bad_close};
	(void)r;
	if (strcmp(name, "wants no memory") == 0)
		return ERR_NOMEM;
	struct transport *t = calloc(1, sizeof(*t));
	if (!t)
		return ERR_NOMEM;
	memcpy(kept, name, strlen(name) + 1);
	*t = (struct transport){.ops = &ops, .reader = kept};
	*ret = t;
	return OK;
}

static enum err bad_scan(struct readers *r, struct reader_list *ret)
{
	const uint8_t neither = 0x41;

	(void)r;
	*ret = (struct reader_list){.n = 1, .slot[0].name = "present as never before"};
	memcpy(&ret->slot[0].card_present, &neither, 1);
	return OK;
}

static enum err no_scan(struct readers *r, struct reader_list *ret)
{
	(void)r;
	(void)ret;
	return ERR_BUG;
}

static void bad_drop(struct readers *r)
{
	free(r);
}

static enum err open_bad(const void *how, struct readers **ret)
{
	static const struct readers_ops scans = {"bad", bad_scan, bad_connect, bad_drop};
	static const struct readers_ops scans_not = {"bad", no_scan, bad_connect,
	                                             bad_drop};
	struct readers *r = calloc(1, sizeof(*r));

	if (!r)
		return ERR_NOMEM;
	r->ops = how ? &scans_not : &scans;
	*ret = r;
	return OK;
}

/* --- the parent --- */

static struct readers *open_child(const void *how)
{
	static const struct child_limits patient = {20000, 20000, 20000, 20000};
	struct readers *r = NULL;

	CHECK(readers_open_child(open_bad, how, &patient, &r) == OK);
	return r;
}

static struct transport *connect_to(struct readers *r, const char *name)
{
	struct transport *t = NULL;

	CHECK(r->ops->connect(r, name, &t) == OK);
	return t;
}

static enum err send_some(struct transport *t, size_t n)
{
	static uint8_t cmd[CHILD_CMD_MAX];
	uint8_t resp[2] = {0};
	size_t got = 0;

	memset(cmd, 0xa7, sizeof(cmd));
	const enum err e =
	        t->ops->transmit(t, (struct bytes){cmd, n}, resp, sizeof(resp), &got);
	return e == OK && resp[0] != 0x90 ? ERR_FORMAT : e;
}

/* A child that answers all and reads nothing fills the socket. */
static void is_not_held_up_by_one_that_does_not_listen(void)
{
	struct readers *r = open_child(NULL);
	struct transport *t = connect_to(r, "answers before it is asked");
	enum err e = t->ops->alive(t);

	(void)alarm(20);
	for (int i = 0; i < ENOUGH && e != ERR_CARD_LOST; i++)
		e = send_some(t, CHILD_CMD_MAX);
	CHECK(e == ERR_CARD_LOST);
	(void)alarm(0);
	t = transport_close(t);
	r = readers_close(r);
}

static void does_not_wait_for_one_that_clings(void)
{
	struct readers *r = open_child(NULL);
	struct transport *t = connect_to(r, "clings");

	(void)alarm(10);
	CHECK(t->ops->alive(t) == OK);
	t = transport_close(t);
	r = readers_close(r);
	(void)alarm(0);
	CHECK(waitpid(-1, NULL, WNOHANG) < 0);
}

/* ERR_NOMEM and ERR_BUG end the program, with the question for the passphrase. */
static void lets_no_error_through_that_is_the_parents_own(void)
{
	struct readers *r = open_child(NULL);
	struct transport *t = connect_to(r, "means no error of ours"), *none = NULL;
	struct reader_list list = {0};

	CHECK(send_some(t, 4) == ERR_IO);
	CHECK(t->ops->alive(t) == ERR_IO);
	t = transport_close(t);
	CHECK(r->ops->connect(r, "wants no memory", &none) == ERR_IO && !none);
	r = readers_close(r);
	r = open_child("scans not");
	CHECK(r->ops->scan(r, &list) == ERR_IO);
	r = readers_close(r);
}

static void believes_no_flag_that_is_neither(void)
{
	struct readers *r = open_child(NULL);
	struct reader_list list = {.n = 99};

	CHECK(r->ops->scan(r, &list) == ERR_NO_SERVICE && list.n == 99);
	r = readers_close(r);
}

static void is_no_service_where_nothing_can_be_forked(void)
{
	struct reader_list list = {0};
	struct transport *none = NULL;

	kernel.no_fork = true;
	struct readers *r = open_child(NULL);
	CHECK(r->ops->scan(r, &list) == ERR_NO_SERVICE);
	CHECK(r->ops->connect(r, "any", &none) == ERR_NO_SERVICE && !none);
	kernel.no_fork = false;
	struct transport *t = connect_to(r, "any");
	CHECK(t->ops->alive(t) == OK);
	t = transport_close(t);
	r = readers_close(r);
}

/* Then the kernel reaps, and the number may be anybody's. */
static void kills_nobody_else_where_children_are_not_waited_for(void)
{
	CHECK(signal(SIGCHLD, SIG_IGN) == SIG_DFL);
	struct readers *r = open_child(NULL);
	struct transport *t = connect_to(r, "dies later");

	kernel.killed_nobody = 0;
	CHECK(t->ops->alive(t) == OK);
	CHECK(waitpid(-1, NULL, 0) < 0); /* it is gone */
	CHECK(send_some(t, 4) == ERR_CARD_LOST);
	t = transport_close(t);
	t = connect_to(r, "any");
	t = transport_close(t);
	r = readers_close(r);
	CHECK(kernel.killed_nobody == 0);
	CHECK(signal(SIGCHLD, SIG_DFL) == SIG_IGN);
}

/* A system call into a driver that hangs outlives SIGKILL. */
static void does_not_wait_for_one_that_cannot_die(void)
{
	const struct child_limits hasty = {20000, 20000, 200, 20000};
	struct readers *r = NULL;

	CHECK(readers_open_child(open_bad, NULL, &hasty, &r) == OK);
	struct transport *t = connect_to(r, "hangs");
	kernel.no_reaping = true;
	kernel.waited_for_ever = 0;
	CHECK(send_some(t, 4) == ERR_CARD_MUTE);
	kernel.no_reaping = false;
	CHECK(kernel.waited_for_ever == 0);
	t = transport_close(t);
	t = connect_to(r, "any");
	t = transport_close(t);
	r = readers_close(r);
	CHECK(waitpid(-1, NULL, 0) > 0);
}

static void ends_with_its_parent_also_on_an_old_kernel(void)
{
	const int taken = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int status = 0;

	CHECK(taken >= CHILD_FD); /* so the parent's end is another number */
	CHECK(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0);
	const pid_t parent = fork();
	if (parent == 0) {
		struct readers *r = NULL;
		struct transport *t = NULL;

		kernel.no_close_range = true;
		if (readers_open_child(open_bad, NULL, NULL, &r) != OK ||
		    r->ops->connect(r, "any", &t) != OK)
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

static void leaves_no_command_on_the_childs_stack(void)
{
	struct readers *r = open_child(NULL);
	struct transport *t = connect_to(r, "forgets nothing");

	CHECK(send_some(t, 64) == ERR_FORMAT); /* control: it is found at once */
	CHECK(send_some(t, 4) == OK);
	t = transport_close(t);
	r = readers_close(r);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"is not held up by one that does not listen",
	         is_not_held_up_by_one_that_does_not_listen                                              },
	        {"does not wait for one that clings",                   does_not_wait_for_one_that_clings},
	        {"lets no error through that is the parent's own",
	         lets_no_error_through_that_is_the_parents_own                                           },
	        {"believes no flag that is neither",                    believes_no_flag_that_is_neither },
	        {"is no service where nothing can be forked",
	         is_no_service_where_nothing_can_be_forked                                               },
	        {"kills nobody else where children are not waited for",
	         kills_nobody_else_where_children_are_not_waited_for                                     },
	        {"does not wait for one that cannot die",
	         does_not_wait_for_one_that_cannot_die                                                   },
	        {"ends with its parent also on an old kernel",
	         ends_with_its_parent_also_on_an_old_kernel                                              },
	        {"leaves no command on the child's stack",
	         leaves_no_command_on_the_childs_stack                                                   },
	};

	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
