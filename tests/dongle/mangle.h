/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Descriptors of a hostile device: those of a dongle, spoilt. */
#ifndef TESTS_DONGLE_MANGLE_H
#define TESTS_DONGLE_MANGLE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Spoils a descriptor of USB type TYPE and what comes with it, *n bytes in room for
 * `cap`: other values, lengths and totals, pieces that are missing, come twice or never
 * end.  The same for the same SEED, which is not 0; some seeds leave some descriptors as
 * they are.
 */
void mangle(uint32_t seed, unsigned type, uint8_t *d, size_t *n, size_t cap);

#endif
