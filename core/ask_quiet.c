/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Echo off and on again: by the asker, or by a signal at any moment. */
#include "core/ask_quiet.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <termios.h>
#include <unistd.h>

/*
 * A signal handler gets a number and nothing else, so what it needs lies here: docs/adr/
 * 0005.  Written with every signal blocked, or by the handler, which blocks them too; but
 * for `prompt`, a single word.
 */
static struct {
	pid_t pid; /* of a child nothing here is true */
	int fd, wake_fd;
	struct termios before, quiet;
	sigset_t taken; /* the signals whose handler is ours */
	volatile sig_atomic_t held;
	volatile sig_atomic_t is_quiet; /* by us, now */
	volatile sig_atomic_t prompt;
} state;

/* Another group of our session has the terminal.  At boot it has no group at all. */
static bool in_background(int fd)
{
	const pid_t fg = tcgetpgrp(fd);

	return fg > 0 && fg != getpgrp();
}

/* --- also called by the handler: only what signal-safety(7) lists --- */

static void put_back(void)
{
	if (!state.is_quiet)
		return;
	state.is_quiet = 0;
	/* Whoever has the terminal now has set it as he wants it. */
	if (in_background(state.fd))
		return;
	if (state.prompt)
		(void)!write(state.fd, "\n", 1);           /* it may be gone */
	(void)tcsetattr(state.fd, TCSANOW, &state.before); /* it may be gone */
	/* After that, so that nothing slips through between the two. */
	(void)tcflush(state.fd, TCIFLUSH); /* it may be gone */
}

static enum err make_quiet(void)
{
	state.is_quiet = 0;
	if (in_background(state.fd))
		return ERR_ACCESS;
	/* First, so that a signal puts back what may just have been changed. */
	state.is_quiet = 1;
	if (tcsetattr(state.fd, TCSANOW, &state.quiet) == 0)
		return OK;
	state.is_quiet = 0;
	return err_from_errno(errno);
}

/* What the signal does to a program that does not handle it; returns from a stop only. */
static void act_by_default(int sig)
{
	const struct sigaction by_default = {.sa_handler = SIG_DFL};
	struct sigaction ours;
	sigset_t only;

	(void)sigemptyset(&only); /* none of these fails for a signal that came */
	(void)sigaddset(&only, sig);
	(void)sigaction(sig, &by_default, &ours);
	(void)raise(sig); /* blocked here: it waits for the next line */
	(void)pthread_sigmask(SIG_UNBLOCK, &only, NULL);
	(void)pthread_sigmask(SIG_BLOCK, &only, NULL);
	(void)sigaction(sig, &ours, NULL);
}

static void on_signal(int sig)
{
	const uint64_t one = 1;
	const int saved = errno;
	const bool ours = getpid() == state.pid;

	if (sig != SIGCONT) {
		if (ours)
			put_back();
		act_by_default(sig);
	}
	if (ours) {
		(void)!make_quiet(); /* in the background: once it is in front */
		(void)!write(state.wake_fd, &one, sizeof(one)); /* full: awake already */
	}
	errno = saved;
}

/* --- the handlers --- */

static bool harmless(int sig)
{
	return sig == SIGCHLD || sig == SIGURG || sig == SIGWINCH;
}

static void take_signals(void)
{
	struct sigaction ours = {.sa_handler = on_signal, .sa_flags = SA_RESTART};

	(void)sigfillset(&ours.sa_mask);
	(void)sigemptyset(&state.taken);
	for (int sig = 1; sig <= SIGRTMAX; sig++) {
		struct sigaction was;

		/* SIGKILL, SIGSTOP and libc's own cannot be taken. */
		if (harmless(sig) || sigaction(sig, NULL, &was) != 0 ||
		    was.sa_handler != SIG_DFL || sigaction(sig, &ours, NULL) != 0)
			continue;
		(void)sigaddset(&state.taken, sig);
	}
}

static void give_signals_back(void)
{
	const struct sigaction by_default = {.sa_handler = SIG_DFL};

	for (int sig = 1; sig <= SIGRTMAX; sig++)
		if (sigismember(&state.taken, sig) == 1)
			(void)sigaction(sig, &by_default, NULL); /* was so before */
}

/* --- the asker's side --- */

static void block_all(sigset_t *ret_before)
{
	sigset_t all;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, ret_before); /* valid arguments */
}

static void unblock(const sigset_t *before)
{
	(void)pthread_sigmask(SIG_SETMASK, before, NULL); /* a valid mask */
}

/* Takes over the terminal and the signals, with every signal blocked. */
static enum err hold(int fd, int wake_fd)
{
	if (tcgetattr(fd, &state.before) != 0)
		return err_from_errno(errno);
	state.pid = getpid();
	state.fd = fd;
	state.wake_fd = wake_fd;
	state.quiet = state.before;
	state.quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON);
	state.quiet.c_lflag |= ISIG;
	state.quiet.c_cc[VMIN] = 1;
	state.quiet.c_cc[VTIME] = 0;
	const enum err e = make_quiet();
	if (e != OK)
		return e;
	take_signals();
	state.held = 1;
	return OK;
}

enum err quiet_begin(int fd, int wake_fd)
{
	sigset_t before;
	enum err e = OK;

	block_all(&before);
	if (!state.held)
		e = hold(fd, wake_fd);
	else if (state.fd != fd)
		e = ERR_EXISTS;
	else if (!state.is_quiet)
		e = make_quiet();
	unblock(&before);
	return e;
}

void quiet_end(int fd)
{
	sigset_t before;

	block_all(&before);
	if (state.held && state.fd == fd) {
		state.prompt = 0;
		put_back();
		give_signals_back();
		state.held = 0;
	}
	unblock(&before);
}

void quiet_set_prompt(bool shown)
{
	state.prompt = shown;
}

enum err quiet_wait_foreground(int fd)
{
	char none;

	for (;;) {
		/* A read of nothing: only the kernel knows whether we may read. */
		if (read(fd, &none, 0) == 0 || errno == EAGAIN)
			return OK;
		if (errno != EINTR)
			return ERR_CANCELLED;
	}
}
