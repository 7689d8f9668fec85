/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the numbers that a card tells are called. */
#ifndef CLI_CARD_NAMES_H
#define CLI_CARD_NAMES_H

#include "cli/card_facts.h"

enum { CARD_NAME_LEN = 64 };

const char *card_maker(uint16_t id);
/* "RSA-2048", "ECDH on Curve25519", "unknown" */
void card_algorithm(const struct card_key_attr *a, char out[static CARD_NAME_LEN]);
/* Of a fact as card_facts.h has it; NULL: not told. */
const char *card_key_origin(int told);
const char *card_touch_word(int told);

#endif
