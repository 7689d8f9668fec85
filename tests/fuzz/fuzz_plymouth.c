/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Replies of a hostile plymouthd: what is read does not depend on how the bytes arrive.
 */
#include <stdlib.h>

#include "core/ask_plymouth.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One reply off the front; what it says must lie inside what came. */
static enum plymouth_reply one(struct bytes *in)
{
	const struct bytes before = *in;
	struct bytes answer = {0};
	const enum plymouth_reply r = plymouth_parse(in, &answer);

	if (r == PLYMOUTH_MORE || r == PLYMOUTH_BAD) {
		if (in->p != before.p || in->n != before.n || answer.n != 0)
			abort();
	} else if (r == PLYMOUTH_ANSWER) {
		if (answer.n > PLYMOUTH_ANSWER_MAX ||
		    before.n - in->n != PLYMOUTH_HEAD + answer.n ||
		    answer.p != before.p + PLYMOUTH_HEAD ||
		    (answer.n > 0 && memchr(answer.p, 0, answer.n)))
			abort();
	} else if (before.n - in->n != 1) {
		abort();
	}
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = {data, size};

	for (;;) {
		const struct bytes before = in;
		const enum plymouth_reply whole = one(&in);
		const size_t used = before.n - in.n;

		/* Shorter, it is not whole; longer, it is the same. */
		if (used > 0) {
			struct bytes cut = {before.p, used}, less = {before.p, used - 1};
			if (one(&cut) != whole || cut.n != 0 ||
			    one(&less) != PLYMOUTH_MORE)
				abort();
		}
		if (whole == PLYMOUTH_MORE || whole == PLYMOUTH_BAD)
			return 0;
	}
}
