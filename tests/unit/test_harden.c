/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a program gives up: its capabilities, but those that it keeps.  Each case runs in
 * a process of its own. */
#include "core/harden.h"

#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/unit/check.h"
#include "tests/unit/forked.h"

#define LOW  (1ULL << CAP_IPC_LOCK)
#define HIGH (1ULL << CAP_WAKE_ALARM) /* in the second word of capget() */

/* The line of /proc/self/status that begins with `name`, as a number. */
static uint64_t line_of(const char *name)
{
	unsigned long long v = ~0ULL;
	char line[256];
	FILE *f = fopen("/proc/self/status", "r");

	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, name, strlen(name)) == 0)
			(void)sscanf(line + strlen(name), "%llx", &v);
	if (f)
		(void)fclose(f);
	return v;
}

/* As a program started with ambient capabilities has them. */
static void make_some_inheritable(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct has[_LINUX_CAPABILITY_U32S_3] = {0};

	(void)syscall(SYS_capget, &head, has);
	has[0].inheritable = has[0].permitted;
	(void)syscall(SYS_capset, &head, has);
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 0, 0);
}

static int two_stay(void)
{
	const uint64_t two = LOW | HIGH, had = line_of("CapPrm:"),
	               bounded = line_of("CapBnd:"), may = 1ULL << CAP_SETPCAP;

	if ((had & two) != two || (had & may) == 0)
		return NOT_POSSIBLE;
	make_some_inheritable();
	harden_capabilities(two);
	return line_of("CapEff:") == two && line_of("CapPrm:") == two &&
	                       line_of("CapInh:") == 0 && line_of("CapAmb:") == 0 &&
	                       line_of("CapBnd:") == (bounded & two) &&
	                       line_of("NoNewPrivs:") == 1
	               ? GOOD
	               : 1;
}

static int none_comes_back(void)
{
	harden_capabilities(LOW);
	harden_capabilities(~0ULL);
	return (line_of("CapPrm:") & ~LOW) == 0 && chroot("/") != 0 ? GOOD : 1;
}

static int a_program_gains_none(void)
{
	harden_capabilities(0);
	(void)execlp("grep", "grep", "-Eq", "^CapPrm:[^0]*0{16}$", "/proc/self/status",
	             (char *)NULL);
	return 1;
}

static void what_is_not_kept_is_gone(void)
{
	CHECK(ends_well_or_skips(two_stay, "what is not kept", "not root"));
}

static void what_is_gone_does_not_come_back(void)
{
	CHECK(ends_well(none_comes_back));
}

static void a_program_that_is_executed_gains_none(void)
{
	CHECK(ends_well(a_program_gains_none));
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"what is not kept is gone",              what_is_not_kept_is_gone       },
	        {"what is gone does not come back",       what_is_gone_does_not_come_back},
	        {"a program that is executed gains none",
	         a_program_that_is_executed_gains_none                                   },
	};

	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
