/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A child is killed and waited for, for a limited time. */
#include "core/bury.h"

#include <poll.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/clock.h"

/* How long without a descriptor of it, on a kernel before 5.3. */
enum { DEATH_MS = 1000, LOOK_MS = 5 };

static bool is_gone(pid_t pid)
{
	return waitpid(pid, NULL, WNOHANG) != 0;
}

/* By the descriptor: the number may be anybody's by now, where SIGCHLD is ignored. */
static void end(int fd, pid_t pid)
{
	if (fd < 0)
		(void)kill(pid, SIGKILL); /* ours, not yet taken away */
	else
		(void)pidfd_send_signal(fd, SIGKILL, NULL, 0);
}

bool bury(pid_t pid)
{
	struct pollfd p = {.fd = pidfd_open(pid, 0), .events = POLLIN};
	const int64_t until = clock_ms() + DEATH_MS;

	bool gone = is_gone(pid);
	if (!gone)
		end(p.fd, pid);
	while (!gone && clock_ms() < until) {
		const int64_t left = until - clock_ms();

		(void)poll(&p, 1, p.fd < 0 ? LOOK_MS : left > 0 ? (int)left : 0);
		gone = is_gone(pid);
	}
	if (p.fd >= 0)
		(void)close(p.fd); /* nothing was written */
	return gone;
}
