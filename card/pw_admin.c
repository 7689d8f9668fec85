/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Admin PIN, typed here or on the reader's pad. */
#include "card/pw.h"

/* To the first key, and from there (part10.c). */
enum { PAD_MS = (2 * PAD_SECONDS + 10) * 1000 };

static size_t admin_max(struct card *c)
{
	struct card_extra x;

	if (c->data.info.kdf.active)
		return PW_MAX;
	return card_read_extra(c, &x) == OK ? x.admin_max : PW_MAX;
}

enum err card_verify_admin(struct card *c, const struct secret *pin, bool spend_last)
{
	const struct pw_command p = {.ins = PW_INS_VERIFY,
	                             .p2 = PW3,
	                             .counted = true,
	                             .which = CARD_PW_ADMIN,
	                             .first = pin};

	/* A Gnuk without Admin PIN takes the user's in its place. */
	if (secret_len(pin) < c->data.info.pin_min || secret_len(pin) > PW_BODY_MAX)
		return ERR_PIN_LENGTH;
	const enum err e = pw_counted(c, &p, spend_last);
	if (e == OK)
		c->admin = true;
	return e;
}

enum err card_verify_admin_on_pad(struct card *c, bool spend_last)
{
	const struct pw_command p = {
	        .ins = PW_INS_VERIFY, .counted = true, .which = CARD_PW_ADMIN};
	struct transport *t = c->link.t;
	uint16_t sw;

	if (!card_has_pad(c))
		return ERR_UNSUPPORTED;
	enum err e = pw_before(c);
	if (e == OK)
		e = pw_may(c, CARD_PW_ADMIN, NULL, spend_last);
	if (e != OK)
		return e;
	const uint8_t template[PAD_TEMPLATE] = {0,
	                                        PW_INS_VERIFY,
	                                        0,
	                                        PW3,
	                                        (uint8_t)c->data.info.pin_min,
	                                        (uint8_t)admin_max(c)};
	const int before = c->data.info.tries_admin;
	c->admin = false;
	t->limit_ms = PAD_MS;
	e = t->ops->verify_on_pad(t, (struct bytes){template, sizeof(template)}, &sw);
	t->limit_ms = 0;
	if (e != OK)
		return pw_lost(c, &p);
	if (sw == SW_OK) {
		c->admin = true;
		return OK;
	}
	/* The reader's words for what happened before anything was sent; a card may use
	 * them as well, so the counter is looked at too. */
	e = pw_judge(c, &p, before, sw);
	if (e == ERR_PIN_BLOCKED || c->data.info.tries_admin != before)
		return e;
	return sw == SW_PAD_CANCELLED ? ERR_CANCELLED
	       : sw == SW_PAD_TIMEOUT ? ERR_TIMEOUT
	       : sw == SW_PAD_LENGTH  ? ERR_PIN_LENGTH
	                              : e;
}
