/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What historical bytes announce, alone (5F52) and in an answer to reset. */
#ifndef CARD_ATR_H
#define CARD_ATR_H

#include "card/card.h"

/* A category byte, then compact TLV (ISO 7816-4, 12.1.1): chaining and extended lengths
 * go to *info where they are told. */
void historical_read(struct bytes historical, struct card_info *info);

/* Does an answer to reset announce extended lengths?  (ISO 7816-3, 8.2; 7816-4, 12.1.1.9;
 * nonsense announces nothing.) */
bool atr_extends(struct bytes atr);

#endif
