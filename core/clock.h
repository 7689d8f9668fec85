/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The clock that limits are kept by. */
#ifndef CORE_CLOCK_H
#define CORE_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Milliseconds since some moment in the past; never set back. */
static inline int64_t clock_ms(void)
{
	struct timespec t = {0};

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail for this clock */
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

#endif
