/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A process that leaks less: no dumps, no foreign ptrace, private files, sane
 * descriptors, no more of root's rights than it needs. */
#include "core/harden.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/log.h"

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

/* --- capabilities --- */

enum { CAP_NUMBERS = 64, CAP_WORD = 32 };

static void tell(const char *what, bool done)
{
	if (!done)
		log_line(LOG_DEBUG, "harden: not given up: %s: %s", what,
		         strerror(errno));
}

static bool has_effective(const struct __user_cap_data_struct *has, unsigned cap)
{
	return (has[cap / CAP_WORD].effective >> cap % CAP_WORD & 1) != 0;
}

/* The numbers end where the kernel knows no more. */
static bool bound(uint64_t keep)
{
	for (unsigned long cap = 0; cap < CAP_NUMBERS; cap++) {
		const int bounded = prctl(PR_CAPBSET_READ, cap, 0, 0, 0);

		if (bounded < 0)
			break;
		if (bounded == 1 && (keep >> cap & 1) == 0 &&
		    prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) != 0)
			return false;
	}
	return true;
}

void harden_capabilities(uint64_t keep)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct has[_LINUX_CAPABILITY_U32S_3] = {0};

	tell("what programs gain", prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	(void)syscall(SYS_capget, &head, has); /* in vain: all are given up */
	if (has_effective(has, CAP_SETPCAP))   /* it takes that one, while it is there */
		tell("bounding set", bound(keep));
	for (unsigned i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		has[i].permitted &= (uint32_t)(keep >> i * CAP_WORD);
		has[i].effective &= has[i].permitted;
		has[i].inheritable = 0; /* and with it the ambient ones */
	}
	tell("capabilities", syscall(SYS_capset, &head, has) == 0);
}
