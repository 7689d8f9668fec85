/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The answer to reset of a card that is made to speak another protocol. */
#ifndef TESTS_DONGLE_ATR_H
#define TESTS_DONGLE_ATR_H

#include <stddef.h>
#include <stdint.h>

/* Rewrites ATR in place to offer nothing but T=0 at the usual speed; its new length. */
size_t atr_for_t0(uint8_t *atr, size_t n);

#endif
