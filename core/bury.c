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

bool bury(pid_t pid)
{
	if (is_gone(pid))
		return true;
	(void)kill(pid, SIGKILL); /* ours, not yet taken away */
	struct pollfd p = {.fd = pidfd_open(pid, 0), .events = POLLIN};
	const int64_t end = clock_ms() + DEATH_MS;
	bool gone = false;
	do {
		const int64_t left = end - clock_ms();

		(void)poll(&p, 1, p.fd < 0 ? LOOK_MS : left > 0 ? (int)left : 0);
		gone = is_gone(pid);
	} while (!gone && clock_ms() < end);
	if (p.fd >= 0)
		(void)close(p.fd); /* nothing was written */
	return gone;
}
