/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A process that leaks less: no dumps, no foreign ptrace, private files, sane
 * descriptors. */
#include "core/harden.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file opened later must not become descriptor 0 to 2. */
static enum err open_standard_fds(void)
{
	for (int fd = 0; fd <= 2; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		/* The lowest free number is fd itself; it shall stay open across exec. */
		const int got = open("/dev/null", fd == 0 ? O_RDONLY : O_WRONLY);
		if (got < 0)
			return err_from_errno(errno);
		if (got != fd)
			return ERR_BUG;
	}
	return OK;
}

enum err harden_process(void)
{
	const struct rlimit none = {0, 0};
	const struct sigaction ignore = {.sa_handler = SIG_IGN};

	const enum err e = open_standard_fds();
	if (e != OK)
		return e;
	if (setrlimit(RLIMIT_CORE, &none) != 0 ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 ||
	    sigaction(SIGPIPE, &ignore, NULL) != 0)
		return err_from_errno(errno);
	(void)umask(077);
	return OK;
}
