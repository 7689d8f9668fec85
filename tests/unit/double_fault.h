/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A transport around another one that fails once. */
#ifndef TESTS_DOUBLE_FAULT_H
#define TESTS_DOUBLE_FAULT_H

#include "card/transport.h"

/* The nth (from 1) transmit fails with e: before the card sees the command, or after it
 * did. */
struct transport *double_fault(struct transport *inner, unsigned nth, enum err e,
                               bool after);

#endif
