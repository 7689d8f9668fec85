/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PINs that are changed, unblocked, or blocked on purpose. */
#include "card/pw.h"
#include "crypto/crypto.h"

enum {
	CODE_MIN = 8,
	TAG_CODE = 0xd3,
	BLOCK_SENDS = 110, /* some cards let one have 99 tries */
	IN_VAIN_MAX = 2,
	DIGITS = 10,
};

static bool length_ok(struct card *c, enum card_pw which, const struct secret *pin)
{
	const size_t n = secret_len(pin);
	struct card_extra x;

	if (n > PW_MAX || n < (which == CARD_PW_USER ? c->data.info.pin_min : CODE_MIN))
		return false;
	if (c->data.info.kdf.active)
		return true;
	if (which == CARD_PW_USER)
		return n <= c->data.info.pin_max;
	return card_read_extra(c, &x) == OK &&
	       n <= (which == CARD_PW_CODE ? x.code_max : x.admin_max);
}

enum err card_change_pin(struct card *c, enum card_pw which, const struct secret *old,
                         const struct secret *fresh, bool spend_last)
{
	const struct pw_command p = {.ins = PW_INS_CHANGE,
	                             .p2 = which == CARD_PW_ADMIN ? PW3 : PW1,
	                             .counted = true,
	                             .which = which,
	                             .first = old,
	                             .sets = which,
	                             .fresh = fresh};

	if (which != CARD_PW_USER && which != CARD_PW_ADMIN)
		return ERR_BUG;
	return length_ok(c, which, fresh) ? pw_counted(c, &p, spend_last)
	                                  : ERR_PIN_LENGTH;
}

enum err card_unblock_by_code(struct card *c, const struct secret *code,
                              const struct secret *fresh, bool spend_last)
{
	const struct pw_command p = {.ins = PW_INS_UNBLOCK,
	                             .p2 = PW1,
	                             .counted = true,
	                             .which = CARD_PW_CODE,
	                             .first = code,
	                             .sets = CARD_PW_USER,
	                             .fresh = fresh};

	return length_ok(c, CARD_PW_USER, fresh) ? pw_counted(c, &p, spend_last)
	                                         : ERR_PIN_LENGTH;
}

enum err card_unblock_by_admin(struct card *c, const struct secret *fresh)
{
	const struct pw_command p = {.ins = PW_INS_UNBLOCK,
	                             .p1 = 2,
	                             .p2 = PW1,
	                             .which = CARD_PW_USER,
	                             .first = fresh,
	                             .sets = CARD_PW_USER};

	return length_ok(c, CARD_PW_USER, fresh) ? pw_allowed(c, &p) : ERR_PIN_LENGTH;
}

enum err card_set_code(struct card *c, const struct secret *code)
{
	const struct pw_command p = {.ins = PW_INS_PUT,
	                             .p2 = TAG_CODE,
	                             .which = CARD_PW_CODE,
	                             .first = code,
	                             .sets = CARD_PW_CODE};

	return length_ok(c, CARD_PW_CODE, code) ? pw_allowed(c, &p) : ERR_PIN_LENGTH;
}

static enum err make_up(struct secret **ret)
{
	uint8_t digits[DIGITS];

	const enum err e = random_bytes(digits, sizeof(digits));
	for (size_t i = 0; i < sizeof(digits); i++)
		digits[i] = (uint8_t)('0' + digits[i] % 10);
	return e == OK ? secret_copy((struct bytes){digits, sizeof(digits)}, ret) : e;
}

enum err card_block(struct card *c, enum card_pw which)
{
	unsigned in_vain = 0;

	enum err e = pw_before(c);
	for (int i = 0; e == OK && i < BLOCK_SENDS; i++) {
		const int before = card_tries(&c->data.info, which);
		AUTO_SECRET *wrong = NULL;

		if (before == 0)
			return OK;
		e = make_up(&wrong);
		const struct pw_command p = {.ins = PW_INS_VERIFY,
		                             .p2 = which == CARD_PW_ADMIN ? PW3 : PW1,
		                             .counted = true,
		                             .which = which,
		                             .first = wrong};
		if (e == OK)
			e = pw_counted(c, &p, true);
		if (e == ERR_PIN_WRONG || e == ERR_PIN_BLOCKED || e == ERR_PIN_LENGTH)
			e = OK; /* the counter tells */
		if (card_tries(&c->data.info, which) >= before && ++in_vain > IN_VAIN_MAX)
			return ERR_CARD_STATE;
	}
	if (e == OK && card_tries(&c->data.info, which) > 0)
		e = ERR_CARD_STATE;
	return e;
}
