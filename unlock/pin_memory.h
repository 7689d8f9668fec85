/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PINs of one session: those that failed are never sent again, one that succeeded may be.
 */
#ifndef UNLOCK_PIN_MEMORY_H
#define UNLOCK_PIN_MEMORY_H

#include "card/card.h"

enum { FAILED_PINS_MAX = 8 };

struct pin_memory {
	struct {
		struct card_who card;
		struct secret *pin;
	} failed[FAILED_PINS_MAX];
	size_t n_failed;
	struct secret *good;
	struct card_who good_card;
	int good_full; /* what a full counter reads; -1: not known, so never sent again */
};

void pin_memory_clear(struct pin_memory *m);
void pin_memory_forget_good(struct pin_memory *m);

/* card: the one that refused it. */
bool pin_memory_failed(const struct pin_memory *m, const struct card_who *card,
                       const struct secret *pin);
/* Of more than FAILED_PINS_MAX the oldest is forgotten.  ERR_NOMEM. */
enum err pin_memory_add_failed(struct pin_memory *m, const struct card_who *card,
                               const struct secret *pin);

#endif
