/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lets clang's libFuzzer see where code went that gcc compiled with
 * -fsanitize-coverage=trace-pc (make fuzz-gcc).  Is itself compiled without.
 */
#include <stdint.h>

enum { COUNTERS = 1 << 16 };

/* libFuzzer takes the counters in this section for features of a run, and clears them. */
__attribute__((section("__libfuzzer_extra_counters"))) static uint8_t counter[COUNTERS];

/* NOLINTBEGIN(bugprone-reserved-identifier): the linker's, and gcc's (Makefile: --wrap)
 */
extern const char __executable_start[];
void __wrap___sanitizer_cov_trace_pc(void);

/* libFuzzer's own only says that it is no longer supported. */
void __wrap___sanitizer_cov_trace_pc(void)
{
	const uintptr_t at =
	        (uintptr_t)__builtin_return_address(0) - (uintptr_t)__executable_start;
	uint8_t *c = &counter[(at ^ at >> 16) % COUNTERS];

	if (*c < UINT8_MAX)
		(*c)++;
}
/* NOLINTEND(bugprone-reserved-identifier) */
