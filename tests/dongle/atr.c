// SPDX-License-Identifier: GPL-2.0-or-later
/* Answers to reset (ISO 7816-3, 8.2): interface bytes taken out. */
#include "tests/dongle/atr.h"

#include <string.h>

size_t atr_for_t0(uint8_t *atr, size_t n)
{
	if (n < 2)
		return n;
	const size_t history = atr[1] & 0x0F;
	unsigned td = atr[1];
	size_t at = 2;
	while (at < n && (td & 0xF0) != 0) {
		at += (td >> 4 & 1) + (td >> 5 & 1) + (td >> 6 & 1); /* TA, TB, TC */
		if ((td & 0x80) == 0)
			break;
		td = at < n ? atr[at] : 0;
		at++;
	}
	if (at + history > n)
		return n;
	memmove(atr + 2, atr + at, history);
	atr[1] = (uint8_t)history;
	return 2 + history; /* no TCK where there is only T=0 */
}
