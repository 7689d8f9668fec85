// SPDX-License-Identifier: GPL-2.0-or-later
/* Data objects of the virtual card: GET DATA, PUT DATA, SELECT DATA. */
#include "tests/vcard/priv.h"

#include <gcrypt.h>
#include <string.h>

enum { N_CERTS = 3 };

void data_history(const struct vcard *v, uint8_t out[10])
{
	const uint8_t h[10] = {0x00, 0x31,          0xF5, 0x73, 0xC0,
	                       0x01, v->prof->caps, 0x05, 0x90, 0x00};
	memcpy(out, h, sizeof(h));
	if (obj_byte(v, OBJ_LCS) == 3)
		out[7] = 3;
}

static void put_aid(const struct vcard *v, struct buf *b)
{
	buf_put(b, "\xD2\x76\x00\x01\x24\x01", 6);
	buf_put(b, v->prof->version, 2);
	buf_put(b, v->prof->maker, 2);
	buf_put(b, obj_get(v, OBJ_SERIAL)->p, 4);
	buf_put(b, "\0", 2);
}

static void put_caps(const struct vcard *v, struct buf *b)
{
	const struct profile *p = v->prof;
	buf_byte(b, 0x7C | (p->kdf ? 1 : 0));
	buf_put(b, "\x00\x00\xFF\x08\x00", 5);
	if (p->version[0] >= 3)
		buf_put(b, "\x00\xFF\x00\x00", 4);
	else
		buf_put(b, p->extended ? "\x08\x00\x08\x00" : "\x00\xFF\x01\x00", 4);
}

static void put_three(const struct vcard *v, struct buf *b, unsigned tag, size_t each)
{
	static const uint8_t zero[20] = {0};
	for (unsigned i = 0; i < N_KEYS; i++) {
		const struct buf *o = obj_get(v, tag + i);
		buf_put(b, o->n == each ? o->p : zero, each);
	}
}

/* NOLINTBEGIN(misc-no-recursion): a fixed tree, three deep */
static bool put_part(struct vcard *v, struct buf *b, unsigned tag);

static void put_tagged(struct vcard *v, struct buf *b, unsigned tag)
{
	struct buf part = {0};
	if (put_part(v, &part, tag))
		buf_tlv(b, tag, part.p, part.n);
	buf_free(&part);
}

static void put_list(struct vcard *v, struct buf *b, const uint16_t *tags)
{
	for (; *tags != 0; tags++)
		put_tagged(v, b, *tags);
}

/* The value of an object; false: this card has none. */
static bool put_part(struct vcard *v, struct buf *b, unsigned tag)
{
	static const uint16_t in_6e[] = {0x4F, 0x5F52, 0x7F66, 0x7F74, 0x73, 0};
	static const uint16_t in_73[] = {0xC0, 0xC1, 0xC2, 0xC3, 0xC4, 0xC5, 0xC6,
	                                 0xCD, 0xDE, 0xD6, 0xD7, 0xD8, 0};
	static const uint16_t in_65[] = {0x5B, 0x5F2D, 0x5F35, 0};
	static const uint16_t in_7a[] = {0x93, 0};
	static const uint8_t buffer[] = {2, 2, 0x08, 0x00, 2, 2, 0x08, 0x00};
	uint8_t hist[10];
	const struct buf *o = obj_get(v, tag);

	switch (tag) {
	case 0x4F:
		put_aid(v, b);
		return true;
	case 0x5F52:
		data_history(v, hist);
		buf_put(b, hist, sizeof(hist));
		return true;
	case 0x7F66:
		buf_put(b, buffer, sizeof(buffer));
		return !v->prof->no_7f66;
	case 0x7F74:
		buf_put(b, "\x81\x01\x20", 3);
		return v->prof->uif;
	case 0x6E:
		put_list(v, b, in_6e);
		return true;
	case 0x73:
		put_list(v, b, in_73);
		return true;
	case 0x65:
		put_list(v, b, in_65);
		return true;
	case 0x7A:
		put_list(v, b, in_7a);
		return true;
	case 0xC0:
		put_caps(v, b);
		return true;
	case 0xC4:
		buf_put(b, o->p, o->n);
		buf_put(b, "\x7F\x7F\x7F", 3);
		for (unsigned i = 0; i < N_PINS; i++)
			buf_byte(b, obj_byte(v, OBJ_TRIES + i));
		return true;
	case 0xC5:
		put_three(v, b, 0xC7, 20);
		return true;
	case 0xC6:
		put_three(v, b, 0xCA, 20);
		return true;
	case 0xCD:
		put_three(v, b, 0xCE, 4);
		return true;
	case 0xDE:
		for (unsigned i = 0; i < N_KEYS; i++) {
			buf_byte(b, v->prof->refs_from + i);
			buf_byte(b, obj_byte(v, OBJ_ORIGIN + i));
		}
		return v->prof->version[0] >= 3;
	case 0xFA:
		keys_list_attrs(v, b);
		return true;
	case 0xD6:
	case 0xD7:
	case 0xD8:
		buf_put(b, o->p, o->n);
		return o->n > 0;
	case 0xF9:
		buf_put(b, o->n > 0 ? o->p : (const uint8_t *)"\x81\x01\x00",
		        o->n > 0 ? o->n : 3);
		return v->prof->kdf;
	case 0x7F21:
		o = obj_get(v, OBJ_CERT + v->occurrence);
		break;
	default:
		break;
	}
	buf_put(b, o->p, o->n);
	return true;
}
/* NOLINTEND(misc-no-recursion) */

static bool readable(const struct vcard *v, unsigned tag)
{
	static const uint16_t known[] = {
	        0x4F,   0x5F52, 0x7F66, 0x7F74, 0x6E,   0x73,   0x65, 0x7A, 0xC0,
	        0xC1,   0xC2,   0xC3,   0xC4,   0xC5,   0xC6,   0xCD, 0xDE, 0xFA,
	        0xD6,   0xD7,   0xD8,   0xF9,   0x7F21, 0x5E,   0x5B, 0x93, 0x0101,
	        0x0102, 0x0103, 0x0104, 0x5F2D, 0x5F35, 0x5F50, 0xC7, 0xC8, 0xC9,
	        0xCA,   0xCB,   0xCC,   0xCE,   0xCF,   0xD0,   0};
	if (v->prof->parts_hidden &&
	    (tag == 0xC0 || tag == 0xC5 || tag == 0xC6 || tag == 0xCD ||
	     (tag >= 0xD6 && tag <= 0xD8) || tag == 0x93))
		return false;
	for (const uint16_t *k = known; *k != 0; k++) {
		if (*k == tag)
			return true;
	}
	return false;
}

static bool with_tag(const struct profile *p, unsigned tag)
{
	return (tag == 0x6E && p->outer_6e) || (tag == 0x65 && p->outer_65) ||
	       (tag == 0x7A && p->outer_7a) || (tag == 0x7F66 && p->outer_7f66) ||
	       (tag == 0x7F74 && p->outer_7f74) ||
	       (p->attrs_with_tag && (tag == 0xDE || (tag >= 0xC1 && tag <= 0xC3)));
}

uint16_t data_get(struct vcard *v, unsigned tag)
{
	if (!readable(v, tag))
		return 0x6A88;
	if ((tag == 0x0103 && !v->ok82) || (tag == 0x0104 && !v->ok83))
		return 0x6982;
	struct buf b = {0};
	bool there = put_part(v, &b, tag);
	if (there && with_tag(v->prof, tag))
		buf_tlv(&v->out, tag, b.p, b.n);
	else if (there)
		buf_put(&v->out, b.p, b.n);
	buf_free(&b);
	return there ? 0x9000 : 0x6A88;
}

/* SHA-256 over salt and PIN again and again, COUNT bytes in all. */
static void hash_pin(const uint8_t salt[8], const struct buf *pin, size_t count,
                     uint8_t out[32])
{
	struct buf b = {0};
	while (b.n < count) {
		buf_put(&b, salt, 8);
		buf_put(&b, pin->p, pin->n);
	}
	gcry_md_hash_buffer(GCRY_MD_SHA256, out, b.p, count);
	buf_free(&b);
}

void data_factory_kdf(struct vcard *v)
{
	enum { COUNT = 0x10000 };
	static const uint8_t count[4] = {0, 1, 0, 0};
	uint8_t salt[8], user[32], admin[32];
	struct buf b = {0};
	gcry_create_nonce(salt, sizeof(salt));
	hash_pin(salt, obj_get(v, OBJ_PIN + PIN_USER), COUNT, user);
	hash_pin(salt, obj_get(v, OBJ_PIN + PIN_ADMIN), COUNT, admin);
	buf_tlv(&b, 0x81, "\3", 1);
	buf_tlv(&b, 0x82, "\10", 1); /* SHA-256 is number 8 */
	buf_tlv(&b, 0x83, count, sizeof(count));
	buf_tlv(&b, 0x84, salt, sizeof(salt));
	buf_tlv(&b, 0x87, user, sizeof(user));
	buf_tlv(&b, 0x88, admin, sizeof(admin));
	pin_set(v, PIN_USER, user, sizeof(user));
	pin_set(v, PIN_ADMIN, admin, sizeof(admin));
	obj_set(v, 0xF9, b.p, b.n);
	buf_free(&b);
}

static uint16_t put_kdf(struct vcard *v, const uint8_t *p, size_t n)
{
	if (!v->prof->kdf)
		return 0x6A88;
	if (v->prof->kdf_single)
		return 0x6985;
	const uint8_t *x = NULL;
	size_t len = 0;
	if (n > 0 && !tlv_find(p, n, 0x81, &x, &len))
		return 0x6A80;
	bool on = n > 0 && len == 1 && x[0] == 3;
	obj_set(v, 0xF9, p, on ? n : 0);
	if (!v->prof->kdf_sets_pins)
		return 0x9000;
	if (!on) {
		pin_set(v, PIN_USER, "123456", 6);
		pin_set(v, PIN_ADMIN, "12345678", 8);
	} else {
		if (tlv_find(p, n, 0x87, &x, &len))
			pin_set(v, PIN_USER, x, len);
		if (tlv_find(p, n, 0x88, &x, &len))
			pin_set(v, PIN_ADMIN, x, len);
	}
	v->ok81 = v->ok82 = v->ok83 = false;
	return 0x9000;
}

static uint16_t put_one(struct vcard *v, unsigned tag, const uint8_t *p, size_t n)
{
	switch (tag) {
	case 0xC1:
	case 0xC2:
	case 0xC3:
		if (!keys_attr_known(tag - 0xC1, p, n))
			return 0x6A80;
		if (obj_get(v, tag)->n != n || !same_bytes(obj_get(v, tag)->p, p, n))
			keys_forget(v, tag - 0xC1);
		break;
	case 0xC4:
		if (n < 1)
			return 0x6A80;
		n = 1;
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
	case 0xD6:
	case 0xD7:
	case 0xD8:
		if (!v->prof->uif)
			return 0x6A88;
		if (n != 2 || obj_byte(v, tag) == 2)
			return n != 2 ? 0x6A80 : 0x6985;
		break;
	case 0xF9:
		return put_kdf(v, p, n);
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
	if (n > 2048)
		return 0x6A80;
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

uint16_t data_select(struct vcard *v, const struct apdu *a)
{
	static const uint8_t cert[] = {0x60, 4, 0x5C, 2, 0x7F, 0x21};
	if (a->lc != sizeof(cert) || memcmp(a->data, cert, sizeof(cert)) != 0)
		return 0x6A80;
	if (a->p1 >= N_CERTS)
		return 0x6A88;
	v->occurrence = a->p1;
	return 0x9000;
}
