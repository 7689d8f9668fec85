/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For what fuzzes the virtual reader: a card that answers with as many bytes as it is
 * told. */
#ifndef TESTS_OBLIGING_CARD_H
#define TESTS_OBLIGING_CARD_H

#include "core/bytes.h"
#include "tests/dongle/ccid.h"

/* The command's last two bytes say how many; none if there are no two.  The answer to
 * reset must outlive the card. */
struct ccid_card obliging_card(struct bytes *atr);

#endif
