/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads what only who changes a card has to know. */
#include "card/alter.h"

#include "card/handle.h"

enum {
	TAG_UIF_ATT = 0xd9,
	CODE_MAX = 127,
	FLAG_ATTRS = 0x04, /* of C0's first byte (4.4.3.7) */
	STATUS_LEN = 3,    /* life cycle, SW1, SW2 at the end of 5F52 */
};

static bool find_in(struct bytes level, uint32_t tag, struct bytes *ret)
{
	struct tlv t;

	while (data_next(&level, &t) == OK)
		if (t.tag == tag) {
			*ret = t.value;
			return true;
		}
	return false;
}

bool card_find_object(struct bytes application, uint32_t tag, struct bytes *ret)
{
	const struct bytes all = data_strip(TAG_APPLICATION, application);
	struct bytes inner;

	return find_in(all, tag, ret) ||
	       (find_in(all, TAG_DISCRETIONARY, &inner) && find_in(inner, tag, ret));
}

static void take_caps(struct bytes v, struct card_extra *x)
{
	uint32_t flags;

	if (bytes_take_be(&v, 1, &flags) == OK)
		x->attrs_fixed = (flags & FLAG_ATTRS) == 0;
}

/* 4.4.3.14: bit 8 of a length is not part of it; one that nobody can mean is the usual.
 */
static size_t longest(uint32_t told)
{
	return (told & 0x7f) < 8 ? CODE_MAX : told & 0x7f;
}

static void take_status(struct bytes v, struct card_extra *x)
{
	uint32_t code, admin;
	struct bytes head;

	if (bytes_take(&v, 2, &head) != OK || bytes_take_be(&v, 1, &code) != OK ||
	    bytes_take_be(&v, 1, &admin) != OK)
		return;
	x->code_max = longest(code);
	x->admin_max = longest(admin);
}

/* 6, "historical bytes": 03 or 05 where the two commands are known. */
static void take_history(struct bytes v, struct card_extra *x)
{
	struct bytes head;
	uint32_t life;

	if (v.n < STATUS_LEN || bytes_take(&v, v.n - STATUS_LEN, &head) != OK ||
	    bytes_take_be(&v, 1, &life) != OK)
		return;
	x->life = life == 0x03 || life == 0x05 ? CARD_LIFE_KNOWN : CARD_LIFE_NONE;
}

static void take_touch(struct bytes v, unsigned uif, struct card_extra *x)
{
	uint32_t mode, button;

	if (bytes_take_be(&v, 1, &mode) != OK)
		return;
	x->touch[uif] = (int)mode;
	if (bytes_take_be(&v, 1, &button) == OK)
		x->button[uif] = (uint8_t)button;
}

static void take(uint32_t tag, struct bytes v, struct card_extra *x)
{
	switch (tag) {
	case TAG_EXT_CAPS:
		take_caps(v, x);
		return;
	case TAG_PW_STATUS:
		take_status(v, x);
		return;
	case TAG_HISTORICAL:
		take_history(v, x);
		return;
	default:
		take_touch(v, tag - TAG_UIF_SIG, x);
		return;
	}
}

enum err card_read_extra(struct card *c, struct card_extra *ret)
{
	static const uint32_t tags[] = {TAG_EXT_CAPS, TAG_PW_STATUS, TAG_HISTORICAL,
	                                TAG_UIF_SIG,  TAG_UIF_DEC,   TAG_UIF_AUT,
	                                TAG_UIF_ATT};
	enum { N = sizeof(tags) / sizeof(tags[0]) };
	struct card_extra x = {.code_max = CODE_MAX, .admin_max = CODE_MAX};
	bool found[N] = {false};
	struct bytes whole, v;
	uint16_t sw;

	for (unsigned i = 0; i < CARD_UIFS; i++) {
		x.touch[i] = UIF_NOT_TOLD;
		x.button[i] = 0x20;
	}
	enum err e = card_get_data(c, TAG_APPLICATION, &whole, &sw);
	for (size_t i = 0; e == OK && sw == SW_OK && i < N; i++) {
		found[i] = card_find_object(whole, tags[i], &v);
		if (found[i])
			take(tags[i], v, &x);
	}
	for (size_t i = 0; e == OK && i < N; i++) {
		if (found[i])
			continue;
		e = card_get_data(c, tags[i], &v, &sw);
		if (e == OK && sw == SW_OK)
			take(tags[i], data_strip(tags[i], v), &x);
	}
	if (e == OK)
		*ret = x;
	return e;
}
