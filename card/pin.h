/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The user PIN: every try counts, so each VERIFY is sent at most once. */
#ifndef CARD_PIN_H
#define CARD_PIN_H

#include "card/handle.h"

/* What a right PW1 allows (7.2.2, P2). */
enum pin_mode {
	PIN_SIGN = 0x81,
	PIN_OTHER = 0x82, /* deciphering among them */
};

/* Send one VERIFY of these bytes, laid out in a secret, never repeated. */
enum err pin_send(const struct link *l, enum pin_mode mode, const struct secret *what,
                  uint16_t *ret_sw);

#endif
