/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The user PIN: every try counts, so each VERIFY is sent at most once. */
#ifndef CARD_PIN_H
#define CARD_PIN_H

#include "card/handle.h"

/* Send one VERIFY (mode 82) of these bytes, laid out in a secret, never repeated. */
enum err pin_send(const struct link *l, const struct secret *what, uint16_t *ret_sw);

#endif
