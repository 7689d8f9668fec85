/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One virtual card in one reader, as `bootlatch card` sees it. */
#ifndef TESTS_CARD_SEEN_H
#define TESTS_CARD_SEEN_H

#include "cli/card_facts.h"
#include "tests/unit/world.h"

/* With a number in brackets, which is not for everybody. */
#define READER "Nitrokey Nitrokey Pro (000034AB) 00 00"

struct card_facts card_seen(struct vcard *v);

#endif
