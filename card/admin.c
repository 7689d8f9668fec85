/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sends what the Admin PIN allows; see admin.h. */
#include "card/admin.h"

static enum err refusal(struct card *c, uint16_t sw)
{
	switch (sw) {
	case SW_OK:
		return OK;
	case SW_SECURITY:
	case SW_BLOCKED:
		c->admin = false;
		return ERR_PIN_GONE;
	case SW_TOUCH:
		return ERR_TOUCH;
	case SW_DATA:
	case SW_LENGTH:
	case SW_FUNCTION:
	case SW_NO_FILE:
	case SW_NO_RECORD:
	case SW_P1P2:
	case SW_NOT_FOUND:
	case SW_OTHER_P1P2:
	case SW_INS:
	case SW_CLA:
		return ERR_UNSUPPORTED;
	default:
		return ERR_CARD_STATE;
	}
}

enum err admin_send(struct card *c, const struct apdu *a, int limit_ms)
{
	uint16_t sw;
	size_t n;

	if (c->needs_select)
		return ERR_CARD_RESET;
	if (!c->admin)
		return ERR_PIN_GONE;
	c->link.t->limit_ms = limit_ms;
	const enum err e = apdu_send(&c->link, a, c->buf, sizeof(c->buf), &n, &sw);
	c->link.t->limit_ms = 0;
	if (e == ERR_CARD_RESET)
		card_forget(c);
	return e == OK ? refusal(c, sw) : e;
}

enum err admin_put(struct card *c, uint32_t tag, struct bytes value)
{
	const struct apdu a = {
	        .ins = 0xda,
	        .p1 = (uint8_t)(tag >> 8),
	        .p2 = (uint8_t)(tag & 0xff),
	        .data = value,
	};

	return admin_send(c, &a, ADMIN_MS);
}

bool card_admin_holds(const struct card *c)
{
	return c->admin && !c->needs_select;
}
