/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The coverage build alone (--wrap): a process leaves its figures behind also when it
 * ends by _exit, and before it gives up writing files. */
#include <stdnoreturn.h>
#include <sys/prctl.h>

/* NOLINTBEGIN(bugprone-reserved-identifier) */
/* gcc's <gcov.h>, which clang has not. */
void __gcov_dump(void);
void __gcov_reset(void);
noreturn void __real__exit(int status);
noreturn void __wrap__exit(int status);
int __real_prctl(int what, unsigned long a, unsigned long b, unsigned long c,
                 unsigned long d);
int __wrap_prctl(int what, unsigned long a, unsigned long b, unsigned long c,
                 unsigned long d);

noreturn void __wrap__exit(int status)
{
	if (__real_prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == 0)
		__gcov_dump();
	__real__exit(status);
}

int __wrap_prctl(int what, unsigned long a, unsigned long b, unsigned long c,
                 unsigned long d)
{
	if (what == PR_SET_SECCOMP) {
		__gcov_dump();
		__gcov_reset();
	}
	return __real_prctl(what, a, b, c, d);
}
/* NOLINTEND(bugprone-reserved-identifier) */
