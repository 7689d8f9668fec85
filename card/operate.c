/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What uses a private key: sent once, given time, its refusals put in our words. */
#include "card/handle.h"

enum { OPERATION_MS = 60000 }; /* a slow card's RSA-4096, or a touch waited for */

enum err card_operate(struct card *c, const struct apdu *a, uint8_t *resp, size_t cap,
                      size_t *ret_len, uint16_t *ret_sw)
{
	if (c->needs_select)
		return ERR_CARD_RESET;
	c->link.t->limit_ms = OPERATION_MS;
	const enum err e = apdu_send(&c->link, a, resp, cap, ret_len, ret_sw);
	c->link.t->limit_ms = 0;
	if (e == ERR_CARD_RESET)
		card_forget(c);
	return e;
}

/*
 * 6982: nobody touched it, or the PIN does not hold any more: it was good for one use, or
 * another program reset it.  The second is likelier where the PIN was used already, and
 * where no touch is known of; but only once for one PIN.
 */
static enum err security(struct card *c, enum card_key which)
{
	const bool touch = c->data.info.key[which].touch;
	const bool uif_told = (c->data.have & ((unsigned)HAVE_UIF << which)) != 0;
	const bool pin_given = which == CARD_KEY_SIG ? c->signs : c->verified;

	if (!pin_given)
		return ERR_CARD_STATE;
	if (which == CARD_KEY_DEC && !c->doubted && (c->used || !touch)) {
		c->doubted = true;
		c->verified = false;
		return ERR_PIN_GONE;
	}
	return touch || !uif_told ? ERR_TOUCH : ERR_CARD_STATE;
}

/* Cards say "no" in many words (docs/CARDS.md). */
enum err card_refusal(struct card *c, enum card_key which, uint16_t sw)
{
	const struct card_key_info *key = &c->data.info.key[which];

	switch (sw) {
	case SW_TOUCH:
		return ERR_TOUCH;
	case SW_SECURITY:
		return security(c, which);
	case SW_CONDITIONS:
	case SW_ERROR:
		if (key->touch)
			return ERR_TOUCH;
		return key->present ? ERR_CRYPTO : ERR_CARD_STATE;
	case SW_NOT_FOUND:
	case SW_TERMINATED:
	case SW_INS:
	case SW_CLA:
		return ERR_CARD_STATE;
	default:
		return ERR_CRYPTO;
	}
}
