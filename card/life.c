/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The end of a card's application, and its new beginning. */
#include "card/admin.h"
#include "core/clock.h"

enum { INS_TERMINATE = 0xe6, INS_ACTIVATE = 0x44 };

enum err card_terminate(struct card *c)
{
	const struct apdu a = {.ins = INS_TERMINATE};
	uint16_t sw = 0;
	size_t n;

	enum err e = card_ready(c);
	c->link.t->limit_ms = ADMIN_MS;
	if (e == OK)
		e = apdu_send(&c->link, &a, c->buf, sizeof(c->buf), &n, &sw);
	c->link.t->limit_ms = 0;
	if (e == OK && sw == SW_OK)
		card_forget(c); /* nothing holds any more */
	if (e == ERR_CARD_RESET)
		card_forget(c);
	if (e != OK || sw == SW_OK)
		return e;
	switch (sw) {
	case SW_SECURITY:
	case SW_BLOCKED:
	case SW_CONDITIONS:
		return ERR_PIN_GONE;
	case SW_INS:
	case SW_CLA:
	case SW_P1P2:
	case SW_FUNCTION:
		return ERR_UNSUPPORTED;
	default:
		return ERR_CARD_STATE;
	}
}

/* Whatever a terminated card says to SELECT: without it there is nothing to activate. */
static enum err select_any(const struct link *l, uint8_t *buf, size_t cap)
{
	static const uint8_t aid[] = {0xd2, 0x76, 0x00, 0x01, 0x24, 0x01};
	const struct apdu a = {
	        .ins = 0xa4, .p1 = 0x04, .data = {aid, sizeof(aid)},
                        .le = true
        };
	uint16_t sw;
	size_t n;

	const enum err e = apdu_send(l, &a, buf, cap, &n, &sw);
	return e == OK && sw == SW_NO_FILE ? ERR_WRONG_CARD : e;
}

enum err card_activate(struct transport *t)
{
	const struct link l = {.t = t, .until_ms = clock_ms() + ADMIN_MS};
	const struct apdu a = {.ins = INS_ACTIVATE};
	uint8_t buf[APDU_CAP];
	uint16_t sw = 0;
	size_t n;

	t->limit_ms = ADMIN_MS;
	enum err e = select_any(&l, buf, sizeof(buf));
	if (e == OK)
		e = apdu_send(&l, &a, buf, sizeof(buf), &n, &sw);
	if (e == OK && sw != SW_OK)
		e = sw == SW_INS ? ERR_UNSUPPORTED : ERR_CARD_STATE;
	(void)transport_close(t);
	return e;
}
