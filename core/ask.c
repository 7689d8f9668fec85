/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Asking and waiting, for callers without a loop of their own. */
#include "core/ask.h"
#include "core/clock.h"

#include <errno.h>
#include <poll.h>

struct ask *ask_close(struct ask *a)
{
	if (a)
		a->ops->close(a);
	return NULL;
}

enum err ask_wait(struct ask *a, const struct ask_question *q, int timeout_ms,
                  struct secret **ret_answer)
{
	const int64_t end = clock_ms() + timeout_ms;
	enum err e = a->ops->begin(a, q);

	if (e != OK)
		return e;
	for (;;) {
		struct pollfd p = {.fd = a->ops->fd(a), .events = POLLIN};
		int wait = -1;

		e = a->ops->step(a, ret_answer);
		if (e != ERR_TIMEOUT)
			return e;
		if (timeout_ms >= 0) {
			const int64_t left = end - clock_ms();

			if (left <= 0)
				break;
			wait = (int)left;
		}
		if (poll(&p, 1, wait) < 0 && errno != EINTR) {
			e = err_from_errno(errno);
			break;
		}
	}
	a->ops->withdraw(a);
	return e;
}
