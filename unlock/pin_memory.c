/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PINs of one session: those that failed, and the one that succeeded. */
#include "unlock/pin_memory.h"

#include <string.h>

void pin_memory_forget_good(struct pin_memory *m)
{
	m->good = secret_free(m->good);
	m->good_full = -1;
}

void pin_memory_clear(struct pin_memory *m)
{
	for (size_t i = 0; i < FAILED_PINS_MAX; i++)
		m->failed[i].pin = secret_free(m->failed[i].pin);
	pin_memory_forget_good(m);
}

bool pin_memory_failed(const struct pin_memory *m, const struct card_who *card,
                       const struct secret *pin)
{
	for (size_t i = 0; i < FAILED_PINS_MAX; i++)
		if (m->failed[i].pin && card_who_same(&m->failed[i].card, card) &&
		    secret_equal(m->failed[i].pin, pin))
			return true;
	return false;
}

enum err pin_memory_add_failed(struct pin_memory *m, const struct card_who *card,
                               const struct secret *pin)
{
	const size_t at = m->n_failed % FAILED_PINS_MAX;
	struct secret *copy = NULL;

	if (pin_memory_failed(m, card, pin))
		return OK;
	enum err e = secret_copy(secret_view(pin), &copy);
	if (e != OK)
		return e;
	secret_free(m->failed[at].pin);
	m->failed[at].pin = copy;
	m->failed[at].card = *card;
	m->n_failed++;
	return OK;
}
