// SPDX-License-Identifier: GPL-2.0-or-later
/* Data objects of the virtual card read: GET DATA, SELECT DATA, GET NEXT DATA. */
#include "tests/vcard/priv.h"

#include <string.h>

enum { N_CERTS = 3 };

void data_history(const struct vcard *v, struct buf *out)
{
	const uint8_t usual[10] = {0x00, 0x31,          0xF5, 0x73, 0xC0,
	                           0x01, v->prof->caps, 0x05, 0x90, 0x00};
	size_t start = out->n;
	if (v->prof->history != NULL)
		hex_put(out, v->prof->history);
	else
		buf_put(out, usual, sizeof(usual));
	if (obj_byte(v, OBJ_LCS) == 3 && out->n - start >= 3)
		out->p[out->n - 3] = 3;
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
	if (p->c0 != NULL) {
		hex_put(b, p->c0);
		return;
	}
	buf_byte(b, 0x3CU | (p->no_challenge ? 0 : 0x40U) | (p->aes ? 2U : 0) |
	                    (p->kdf ? 1U : 0));
	buf_put(b, "\x00\x00\xFF\x08\x00", 5);
	if (p->version[0] >= 3) {
		const uint8_t rest[4] = {0x00, 0xFF, 0x00, p->mse};
		buf_put(b, rest, sizeof(rest));
	} else {
		buf_put(b, p->extended ? "\x08\x00\x08\x00" : "\x00\xFF\x01\x00", 4);
	}
}

static void put_lengths(const struct vcard *v, struct buf *b)
{
	const unsigned cmd = v->prof->max_cmd != 0 ? v->prof->max_cmd : 0x0800;
	const unsigned resp = v->prof->max_resp != 0 ? v->prof->max_resp : 0x0800;
	const uint8_t x[8] = {2, 2, (uint8_t)(cmd >> 8),  (uint8_t)cmd,
	                      2, 2, (uint8_t)(resp >> 8), (uint8_t)resp};
	buf_put(b, x, sizeof(x));
}

static void put_attrs(const struct vcard *v, struct buf *b, unsigned tag)
{
	const struct buf *o = obj_get(v, tag);
	buf_put(b, o->p, o->n);
	if (v->prof->attr_junk && o->n > 0 && o->p[0] != 1)
		buf_byte(b, 0);
}

static void put_three(const struct vcard *v, struct buf *b, unsigned tag, size_t each)
{
	static const uint8_t zero[20] = {0};
	for (unsigned i = 0; i < N_KEYS; i++) {
		const struct buf *o = obj_get(v, tag + i);
		buf_put(b, o->n == each ? o->p : zero, each);
	}
	if (v->prof->four_keys)
		buf_put(b, zero, each);
}

static void put_origins(const struct vcard *v, struct buf *b)
{
	for (unsigned i = 0; i < N_KEYS; i++) {
		buf_byte(b, v->prof->refs_from + i);
		buf_byte(b, obj_byte(v, OBJ_ORIGIN + i));
	}
	if (v->prof->four_keys)
		buf_put(b, "\x81\x02", 2); /* an imported attestation key */
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
		if (*tags != v->prof->missing)
			put_tagged(v, b, *tags);
}

/* The value of an object; false: this card has none. */
static bool put_part(struct vcard *v, struct buf *b, unsigned tag)
{
	static const uint16_t in_6e[] = {0x4F, 0x5F52, 0x7F66, 0x7F74, 0x73, 0};
	static const uint16_t in_73[] = {0xC0, 0xC1, 0xC2, 0xC3, 0xC4, 0xC5, 0xC6,
	                                 0xCD, 0xDE, 0xD6, 0xD7, 0xD8, 0};
	static const uint16_t in_73_apart[] = {0xC0, 0xC1, 0xC2, 0xC3, 0xC4,
	                                       0xC5, 0xC6, 0xCD, 0xDE, 0};
	static const uint16_t in_6e_four[] = {0x4F, 0x5F52, 0x7F74, 0x73, 0};
	static const uint16_t in_73_four[] = {0xC0, 0xC1, 0xC2, 0xC3, 0xDA,   0xC4,
	                                      0xC5, 0xC6, 0xCD, 0xDE, 0x7F66, 0xD6,
	                                      0xD7, 0xD8, 0xD9, 0};
	static const uint16_t in_65[] = {0x5B, 0x5F2D, 0x5F35, 0};
	static const uint16_t in_7a[] = {0x93, 0};
	const bool four = v->prof->four_keys;
	const struct buf *o = obj_get(v, tag);

	switch (tag) {
	case 0x4F:
		put_aid(v, b);
		return true;
	case 0x5F52:
		data_history(v, b);
		return true;
	case 0x7F66:
		put_lengths(v, b);
		return !v->prof->no_7f66;
	case 0x7F74:
		buf_put(b, "\x81\x01\x20", 3);
		return v->prof->uif;
	case 0x6E:
		put_list(v, b, four ? in_6e_four : in_6e);
		return true;
	case 0x73:
		put_list(v, b,
		         four                 ? in_73_four
		         : v->prof->uif_apart ? in_73_apart
		                              : in_73);
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
	case 0xC1:
	case 0xC2:
	case 0xC3:
		put_attrs(v, b, tag);
		return true;
	case 0xDA:
		buf_put(b, "\x01\x08\x00\x00\x11\x00", 6);
		return four;
	case 0xC4:
		buf_put(b, o->p, o->n);
		for (unsigned i = 0; i < N_PINS; i++)
			buf_byte(b, (unsigned)pin_max(v));
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
		put_origins(v, b);
		return v->prof->version[0] >= 3;
	case 0xFA:
		algo_list(v, b);
		return v->prof->version[0] >= 3;
	case 0xD6:
	case 0xD7:
	case 0xD8:
	case 0xD9:
		buf_put(b, o->p, o->n);
		return o->n > 0;
	case 0xF9:
		buf_put(b, o->p, o->n);
		if (o->n == 0 && !v->prof->kdf_empty)
			buf_put(b, "\x81\x01", 3); /* and 00 */
		return v->prof->kdf;
	case 0xFC:
		if (!four || !attest_ready(v))
			return false;
		o = obj_get(v, tag);
		break;
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

static bool listed(const uint16_t *tags, unsigned tag)
{
	for (; tags != NULL && *tags != 0; tags++) {
		if (*tags == tag)
			return true;
	}
	return false;
}

static bool readable(const struct vcard *v, unsigned tag)
{
	static const uint16_t known[] = {
	        0x4F,   0x5F52, 0x7F66, 0x7F74, 0x6E,   0x73,   0x65, 0x7A, 0xC0, 0xC1,
	        0xC2,   0xC3,   0xC4,   0xC5,   0xC6,   0xCD,   0xDE, 0xFA, 0xD6, 0xD7,
	        0xD8,   0xD9,   0xDA,   0xF9,   0xFC,   0x7F21, 0x5E, 0x5B, 0x93, 0x0101,
	        0x0102, 0x0103, 0x0104, 0x5F2D, 0x5F35, 0x5F50, 0xC7, 0xC8, 0xC9, 0xCA,
	        0xCB,   0xCC,   0xCE,   0xCF,   0xD0,   0};
	return listed(known, tag) && !listed(v->prof->hidden, tag) &&
	       tag != v->prof->missing;
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
		return listed(v->prof->hidden, tag) ? sw_or(v->prof->sw_hidden, 0x6A88)
		                                    : 0x6A88;
	if ((tag == 0x0103 && !v->ok82) || (tag == 0x0104 && !v->ok83))
		return 0x6982;
	struct buf b = {0};
	bool there = put_part(v, &b, tag);
	if (there && with_tag(v->prof, tag) && v->prof->outer_82)
		buf_tlv_82(&v->out, tag, b.p, b.n);
	else if (there && with_tag(v->prof, tag))
		buf_tlv(&v->out, tag, b.p, b.n);
	else if (there)
		buf_put(&v->out, b.p, b.n);
	buf_free(&b);
	return there ? 0x9000 : 0x6A88;
}

uint16_t data_select(struct vcard *v, const struct apdu *a)
{
	static const uint8_t cert[] = {6, 0x60, 4, 0x5C, 2, 0x7F, 0x21};
	const uint8_t *p = cert + 1;
	size_t n = sizeof(cert) - 1;
	if (v->prof->one_cert)
		return 0x6D00;
	if (v->prof->firmware[0] != 0 && a->lc == sizeof(cert)) {
		p--; /* with a length of its own in front, as YubiKeys to 5.4.3 want it */
		n++;
	}
	if (a->p2 != 4 || a->lc != n || memcmp(a->data, p, n) != 0)
		return 0x6A80;
	if (a->p1 >= N_CERTS)
		return 0x6A88;
	v->occurrence = a->p1;
	return 0x9000;
}

uint16_t data_another(struct vcard *v, unsigned tag)
{
	if (v->prof->one_cert)
		return 0x6D00;
	if (tag != 0x7F21 || v->occurrence + 1 >= N_CERTS)
		return 0x6A88;
	v->occurrence++;
	return data_get(v, tag);
}
