/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one door through which a secret becomes a decision. */
#ifndef OPENPGP_REVEAL_H
#define OPENPGP_REVEAL_H

#include <stdint.h>

/*
 * v, from here on public.  Whatever is computed from a secret without branches passes
 * here before the first branch on it; tests/integration/consttime.c holds us to that.
 */
uint32_t reveal(uint32_t v);

#endif
