/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What cards and readers do not let us find out by asking them: one table of each. */
#ifndef CARD_QUIRKS_H
#define CARD_QUIRKS_H

#include "card/card.h"

enum quirk {
	/* Whether a touch is needed (D6 to D8) is told, but not in 6E. */
	QUIRK_TOUCH_TOLD_ALONE = 1 << 0,
	/* The reader announces a PIN pad that it does not have. */
	QUIRK_NO_PAD = 1 << 1,
};

/* Bits of enum quirk. */
unsigned quirks_of_card(const struct card_info *info);        /* its AID has been read */
unsigned quirks_of_reader(uint32_t vendor, uint32_t product); /* of its USB descriptor */

#endif
