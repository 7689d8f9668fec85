// SPDX-License-Identifier: GPL-2.0-or-later
/* Data objects of the virtual card written: PUT DATA. */
#include "tests/vcard/priv.h"

/* The longest value of what is only stored. */
static size_t limit(unsigned tag)
{
	switch (tag) {
	case 0x5B:
		return 39;
	case 0x5F2D:
		return 8;
	case 0x5F35:
		return 1;
	case 0x7F21:
	case 0xFC:
		return 2048;
	default:
		return 255;
	}
}

/* 02 and 04 stay until the card is a new one again. */
static uint16_t put_touch(struct vcard *v, unsigned tag, const uint8_t *p, size_t n)
{
	const unsigned now = obj_byte(v, tag);
	if (obj_get(v, tag)->n == 0)
		return 0x6A88;
	if (n != 2 || p[1] != 0x20 || p[0] > (v->prof->uif_cached ? 4 : 2))
		return 0x6A80;
	if (now == 2 || now == 4)
		return 0x6985;
	obj_set(v, tag, p, n);
	return 0x9000;
}

static uint16_t put_one(struct vcard *v, unsigned tag, const uint8_t *p, size_t n)
{
	const size_t max = limit(tag);

	switch (tag) {
	case 0xC1:
	case 0xC2:
	case 0xC3:
		if (algo_find(v, tag - 0xC1, p, n) == NULL)
			return 0x6A80;
		if (obj_get(v, tag)->n != n || !same_bytes(obj_get(v, tag)->p, p, n))
			keys_forget(v, tag - 0xC1);
		break;
	case 0xC4:
		if ((n != 1 && n != 4) || p[0] > 1)
			return 0x6A80;
		n = 1; /* the lengths that may follow cannot be changed */
		break;
	case 0xC7:
	case 0xC8:
	case 0xC9:
	case 0xCA:
	case 0xCB:
	case 0xCC:
		if (n != 20)
			return 0x6A80;
		break;
	case 0xCE:
	case 0xCF:
	case 0xD0:
		if (n != 4)
			return 0x6A80;
		break;
	case 0xD3:
		if (n != 0 && n < 8)
			return 0x6A80;
		pin_set(v, PIN_RESET, p, n);
		return 0x9000;
	case 0xD5:
		if (!v->prof->aes)
			return 0x6A88;
		if (n != 0 && n != 16 && n != 32)
			return 0x6A80;
		break;
	case 0xD6:
	case 0xD7:
	case 0xD8:
	case 0xD9:
		return put_touch(v, tag, p, n);
	case 0xF9:
		return kdf_put(v, p, n);
	case 0xFC:
		if (!v->prof->four_keys || !attest_ready(v))
			return 0x6A88;
		break;
	case 0x7F21:
		tag = OBJ_CERT + v->occurrence;
		break;
	case 0x5B:
	case 0x5E:
	case 0x5F2D:
	case 0x5F35:
	case 0x5F50:
	case 0x0101:
	case 0x0102:
	case 0x0103:
	case 0x0104:
		break;
	default:
		return 0x6A88;
	}
	if (n > max)
		return 0x6700;
	obj_set(v, tag, p, n);
	return 0x9000;
}

uint16_t data_put(struct vcard *v, unsigned tag, const uint8_t *p, size_t n)
{
	bool by_user = tag == 0x0101 || tag == 0x0103;
	if (by_user ? !v->ok82 : !v->ok83)
		return 0x6982;
	uint16_t sw = put_one(v, tag, p, n);
	if (sw == 0x9000 && !store_save(v))
		return 0x6581;
	return sw;
}
