// SPDX-License-Identifier: GPL-2.0-or-later
/* PINs of the virtual card: VERIFY, CHANGE REFERENCE DATA, RESET RETRY COUNTER. */
#include "tests/vcard/priv.h"

size_t pin_max(const struct vcard *v)
{
	return v->prof->pin_max != 0 ? v->prof->pin_max : 127;
}

static size_t min_len(enum pin which)
{
	return which == PIN_USER ? 6 : 8;
}

void pin_set(struct vcard *v, enum pin which, const void *p, size_t n)
{
	obj_set(v, OBJ_PIN + which, p, n);
	obj_set_byte(v, OBJ_TRIES + which, n > 0 ? obj_byte(v, OBJ_LIMIT + which) : 0);
}

static void unauthorise(struct vcard *v, enum pin which)
{
	if (which == PIN_ADMIN)
		v->ok83 = false;
	if (which == PIN_USER)
		v->ok81 = v->ok82 = false;
}

static uint16_t blocked(const struct vcard *v)
{
	return v->prof->blocked_hidden ? 0x6982 : 0x6983;
}

/* The try is on disk before the PIN is looked at. */
static uint16_t try_pin(struct vcard *v, enum pin which, const uint8_t *p, size_t n)
{
	unsigned tries = obj_byte(v, OBJ_TRIES + which);
	if (tries == 0)
		return blocked(v);
	tries--;
	obj_set_byte(v, OBJ_TRIES + which, tries);
	if (!store_save(v))
		return 0x6581;
	const struct buf *pin = obj_get(v, OBJ_PIN + which);
	if (pin->n == n && n > 0 && same_bytes(pin->p, p, n)) {
		obj_set_byte(v, OBJ_TRIES + which, obj_byte(v, OBJ_LIMIT + which));
		return store_save(v) ? 0x9000 : 0x6581;
	}
	if (!v->prof->keeps_auth)
		unauthorise(v, which);
	if (tries == 0 && v->prof->blocked_at_last)
		return 0x6983;
	return v->prof->wrong_is_63c ? (uint16_t)(0x63C0 | tries) : 0x6982;
}

uint16_t pin_verify(struct vcard *v, const struct apdu *a)
{
	bool *flag = a->p2 == 0x81   ? &v->ok81
	             : a->p2 == 0x82 ? &v->ok82
	             : a->p2 == 0x83 ? &v->ok83
	                             : NULL;
	if (flag == NULL)
		return 0x6B00;
	enum pin which = a->p2 == 0x83 ? PIN_ADMIN : PIN_USER;
	if (a->p1 == 0xFF && a->lc == 0 && !v->prof->no_logout) {
		*flag = false;
		return 0x9000;
	}
	if (a->p1 != 0)
		return 0x6B00;
	if (a->lc == 0) {
		if (v->prof->no_status)
			return 0x6A80;
		unsigned tries = obj_byte(v, OBJ_TRIES + which);
		return *flag ? 0x9000 : (uint16_t)(0x63C0 | tries);
	}
	v->n_verifies++;
	if (a->lc < min_len(which) && !v->prof->short_counts)
		return sw_or(v->prof->sw_short, 0x6700);
	if (a->lc > pin_max(v))
		return 0x6700;
	uint16_t sw = try_pin(v, which, a->data, a->lc);
	if (sw == 0x9000)
		*flag = true;
	return sw;
}

uint16_t pin_change(struct vcard *v, const struct apdu *a)
{
	if (a->p1 != 0 || (a->p2 != 0x81 && a->p2 != 0x83))
		return 0x6B00;
	enum pin which = a->p2 == 0x83 ? PIN_ADMIN : PIN_USER;
	size_t old = obj_get(v, OBJ_PIN + which)->n;
	if (obj_byte(v, OBJ_TRIES + which) == 0)
		return blocked(v);
	if (a->lc < old + min_len(which) || a->lc > old + pin_max(v))
		return sw_or(v->prof->sw_new, 0x6700);
	uint16_t sw = try_pin(v, which, a->data, old);
	if (sw != 0x9000)
		return sw;
	if (which == PIN_USER && v->prof->pw1_needs_keys && !keys_any(v))
		return 0x6985;
	pin_set(v, which, a->data + old, a->lc - old);
	unauthorise(v, which);
	return store_save(v) ? 0x9000 : 0x6581;
}

uint16_t pin_unblock(struct vcard *v, const struct apdu *a)
{
	if (a->p2 != 0x81 || (a->p1 != 0 && a->p1 != 2))
		return 0x6B00;
	size_t skip = 0;
	if (a->p1 == 2) {
		if (!v->ok83)
			return 0x6982;
	} else {
		skip = obj_get(v, OBJ_PIN + PIN_RESET)->n;
		if (obj_byte(v, OBJ_TRIES + PIN_RESET) == 0)
			return blocked(v);
	}
	if (a->lc < skip + min_len(PIN_USER) || a->lc > skip + pin_max(v))
		return sw_or(v->prof->sw_new, 0x6700);
	if (a->p1 == 0) {
		uint16_t sw = try_pin(v, PIN_RESET, a->data, skip);
		if (sw != 0x9000)
			return sw;
	}
	if (v->prof->pw1_needs_keys && !keys_any(v))
		return 0x6985;
	pin_set(v, PIN_USER, a->data + skip, a->lc - skip);
	unauthorise(v, PIN_USER);
	return store_save(v) ? 0x9000 : 0x6581;
}

uint16_t pin_limits(struct vcard *v, const struct apdu *a)
{
	if (v->prof->firmware[0] == 0)
		return 0x6D00;
	if (!v->ok83)
		return 0x6982;
	if (a->lc != N_PINS)
		return 0x6700;
	for (unsigned i = 0; i < N_PINS; i++) {
		if (a->data[i] == 0 || a->data[i] > 99)
			return 0x6A80;
	}
	for (unsigned i = 0; i < N_PINS; i++) {
		obj_set_byte(v, OBJ_LIMIT + i, a->data[i]);
		if (obj_get(v, OBJ_PIN + i)->n > 0)
			obj_set_byte(v, OBJ_TRIES + i, a->data[i]);
	}
	return store_save(v) ? 0x9000 : 0x6581;
}
