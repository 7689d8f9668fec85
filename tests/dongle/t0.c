// SPDX-License-Identifier: GPL-2.0-or-later
/* The card's side of T=0: an answer is never sent unless its length was asked for. */
#include "tests/dongle/t0.h"

#include <string.h>

enum { INS_GET_RESPONSE = 0xC0, LE_MAX = 256 };

void t0_reset(struct t0 *t)
{
	explicit_bzero(t, sizeof(*t));
}

static size_t status(uint8_t *ret, unsigned sw1, size_t n)
{
	ret[0] = (uint8_t)sw1;
	ret[1] = (uint8_t)(n >= LE_MAX ? 0 : n);
	return 2;
}

static size_t give(struct t0 *t, size_t le, uint8_t *ret)
{
	const size_t left = t->kept_n - 2 - t->kept_off;

	if (le > left)
		return status(ret, 0x6C, left);
	memcpy(ret, t->kept + t->kept_off, le);
	t->kept_off += le;
	if (le < left)
		return le + status(ret + le, 0x61, left - le);
	memcpy(ret + le, t->kept + t->kept_n - 2, 2);
	t0_reset(t);
	return le + 2;
}

enum t0_next t0_take(struct t0 *t, const uint8_t *p, size_t n, uint8_t *ret,
                     size_t *ret_n)
{
	const size_t p3 = n > 4 ? p[4] : 0;

	if (n < 4 || (n > 5 && n != 5 + p3)) {
		ret[0] = 0x67;
		ret[1] = 0x00;
		*ret_n = 2;
		return T0_SEND;
	}
	if (n == 5 && p[0] == 0 && p[1] == INS_GET_RESPONSE && t->kept_n > 0) {
		*ret_n = give(t, p3 != 0 ? p3 : LE_MAX, ret);
		return T0_SEND;
	}
	t0_reset(t);
	t->ins = p[1];
	if (n == 5)
		t->le = p3 != 0 ? p3 : LE_MAX;
	return T0_RUN;
}

void t0_answer(struct t0 *t, uint8_t *resp, size_t *n)
{
	if (*n <= 2 || *n > sizeof(t->kept))
		return;
	const size_t data = *n - 2;
	if (t->le == data)
		return;
	if (t->le == 0 || t->ins == INS_GET_RESPONSE) {
		memcpy(t->kept, resp, *n);
		t->kept_n = *n;
		t->kept_off = 0;
	}
	*n = status(resp, t->le == 0 ? 0x61 : 0x6C, data);
}
