/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads the card's data objects, told by cards in many spellings. */
#include "card/data.h"

#include <stdio.h>

#include "card/atr.h"
#include "crypto/crypto.h"

enum { PIN_MIN = 6, PIN_MAX_DEFAULT = 127, PW_STATUS_LEN = 7, NEST_MAX = 2 };

static void skip_padding(struct bytes *in)
{
	struct bytes skipped;

	while (in->n > 0 && (in->p[0] == 0x00 || in->p[0] == 0xff))
		if (bytes_take(in, 1, &skipped) != OK)
			return;
}

enum err data_next(struct bytes *in, struct tlv *ret)
{
	skip_padding(in);
	if (in->n == 0)
		return ERR_NOT_FOUND;
	return tlv_next(in, ret);
}

struct bytes data_strip(uint32_t tag, struct bytes answer)
{
	struct bytes rest = answer;
	struct tlv t;

	if (tlv_next(&rest, &t) != OK || t.tag != tag)
		return answer;
	skip_padding(&rest);
	return rest.n == 0 ? t.value : answer;
}

/* 4.2.1: D27600012401, version, manufacturer, serial number, 0000. */
static enum err parse_aid(struct bytes v, struct card_info *info)
{
	static const uint8_t rid[] = {0xd2, 0x76, 0x00, 0x01, 0x24, 0x01};
	struct bytes head;
	uint32_t version, manufacturer, serial;
	const struct bytes whole = v;

	if (v.n > sizeof(info->aid))
		return ERR_FORMAT;
	enum err e = bytes_take(&v, sizeof(rid), &head);
	if (e != OK)
		return e;
	if (!bytes_equal(head, (struct bytes){rid, sizeof(rid)}))
		return ERR_WRONG_CARD;
	if ((e = bytes_take_be(&v, 2, &version)) != OK ||
	    (e = bytes_take_be(&v, 2, &manufacturer)) != OK ||
	    (e = bytes_take_be(&v, 4, &serial)) != OK)
		return e;
	memcpy(info->aid, whole.p, whole.n);
	info->version = (uint16_t)version;
	info->manufacturer = (uint16_t)manufacturer;
	info->serial = serial;
	return OK;
}

/* 4.1.3.1: 02 02 max command, 02 02 max answer. */
static void parse_lengths(struct bytes v, struct card_info *info)
{
	struct tlv cmd, resp;
	uint32_t c, r;

	if (tlv_next(&v, &cmd) != OK || tlv_next(&v, &resp) != OK)
		return;
	if (cmd.tag != 0x02 || resp.tag != 0x02 || cmd.value.n > 4 || resp.value.n > 4)
		return;
	if (bytes_take_be(&cmd.value, cmd.value.n, &c) != OK ||
	    bytes_take_be(&resp.value, resp.value.n, &r) != OK)
		return;
	info->max_command = c;
	info->max_response = r;
}

/* 4.4.3.7.  Only the flags count here, and whether PINs may be wanted in "PIN block 2".
 */
static enum err parse_ext_caps(struct bytes v, struct card_data *d)
{
	uint32_t flags;

	d->knows_block_2 = v.n == 10 && v.p[8] == 1;

	enum err e = bytes_take_be(&v, 1, &flags);
	if (e != OK)
		return e;
	d->kdf_announced = (flags & 0x01) != 0;
	return OK;
}

/* Some cards append FF, 00 or worse to the OID: cut while a known one is in front. */
static size_t oid_length(struct bytes oid)
{
	for (size_t n = oid.n; n > 0; n--)
		if (curve_by_oid((struct bytes){oid.p, n}))
			return n;
	return oid.n;
}

/* 4.4.3.9.  What we do not know is a key that we cannot use, no error. */
static void parse_attr(struct bytes v, struct card_key_attr *a)
{
	uint32_t alg, bits;

	if (bytes_take_be(&v, 1, &alg) != OK)
		return;
	if (alg == 0x01) {
		if (bytes_take_be(&v, 2, &bits) != OK)
			return;
		a->type = CARD_KEY_RSA;
		a->rsa_bits = (uint16_t)bits;
		return;
	}
	if (alg != 0x12 && alg != 0x13 && alg != 0x16)
		return;
	const size_t n = oid_length(v);
	if (n == 0 || n > sizeof(a->oid))
		return;
	a->type = alg == 0x12   ? CARD_KEY_ECDH
	          : alg == 0x13 ? CARD_KEY_ECDSA
	                        : CARD_KEY_EDDSA;
	memcpy(a->oid, v.p, n);
	a->oid_len = n;
}

static int lower(bool have, int old, uint8_t now)
{
	return have && old < now ? old : now;
}

/* 4.4.3.14.  Told twice, the lower counter is believed. */
static enum err parse_pw_status(struct bytes v, struct card_data *d)
{
	const bool have = (d->have & HAVE_PW_STATUS) != 0;
	struct card_info *info = &d->info;
	struct bytes s;

	enum err e = bytes_take(&v, PW_STATUS_LEN, &s);
	if (e != OK)
		return e;
	if (!have) {
		info->signs_once = s.p[0] == 0;
		info->pin_min = PIN_MIN;
		info->pin_max = s.p[1] & 0x7f;
		d->wants_block_2 = (s.p[1] & 0x80) != 0;
		if (info->pin_max < PIN_MIN)
			info->pin_max = PIN_MAX_DEFAULT;
	}
	info->tries_user = lower(have, info->tries_user, s.p[4]);
	info->tries_reset = lower(have, info->tries_reset, s.p[5]);
	info->tries_admin = lower(have, info->tries_admin, s.p[6]);
	return OK;
}

static enum err parse_fingerprints(struct bytes v, struct card_info *info)
{
	struct bytes fpr;
	enum err e;

	/* Of a new card perhaps only those that are set. */
	if (v.n < (size_t)CARD_KEYS * FPR_LEN && v.n % FPR_LEN != 0)
		return ERR_FORMAT;
	for (size_t k = 0; k < CARD_KEYS && v.n > 0; k++) {
		if ((e = bytes_take(&v, FPR_LEN, &fpr)) != OK)
			return e;
		memcpy(info->key[k].fpr, fpr.p, FPR_LEN);
		info->key[k].present = false;
		for (size_t i = 0; i < FPR_LEN; i++)
			if (fpr.p[i] != 0)
				info->key[k].present = true;
	}
	return OK;
}

static void parse_times(struct bytes v, struct card_info *info)
{
	uint32_t t;

	for (size_t k = 0; k < CARD_KEYS; k++)
		if (bytes_take_be(&v, 4, &t) == OK)
			info->key[k].created = t;
}

static unsigned have_bit(uint32_t tag)
{
	switch (tag) {
	case TAG_AID:
		return HAVE_AID;
	case TAG_HISTORICAL:
		return HAVE_HISTORICAL;
	case TAG_LENGTHS:
		return HAVE_LENGTHS;
	case TAG_EXT_CAPS:
		return HAVE_EXT_CAPS;
	case TAG_PW_STATUS:
		return HAVE_PW_STATUS;
	case TAG_FINGERPRINTS:
		return HAVE_FINGERPRINTS;
	case TAG_TIMES:
		return HAVE_TIMES;
	default:
		break;
	}
	if (tag >= TAG_ATTR_SIG && tag <= TAG_ATTR_AUT)
		return (unsigned)HAVE_ATTR << (tag - TAG_ATTR_SIG);
	if (tag >= TAG_UIF_SIG && tag <= TAG_UIF_AUT)
		return (unsigned)HAVE_UIF << (tag - TAG_UIF_SIG);
	return 0;
}

static enum err parse_value(uint32_t tag, struct bytes v, struct card_data *d)
{
	uint32_t b;

	switch (tag) {
	case TAG_AID:
		return parse_aid(v, &d->info);
	case TAG_HISTORICAL:
		historical_read(v, &d->info);
		return OK;
	case TAG_LENGTHS:
		parse_lengths(v, &d->info);
		return OK;
	case TAG_EXT_CAPS:
		return parse_ext_caps(v, d);
	case TAG_PW_STATUS:
		return parse_pw_status(v, d);
	case TAG_FINGERPRINTS:
		return parse_fingerprints(v, &d->info);
	case TAG_TIMES:
		parse_times(v, &d->info);
		return OK;
	default:
		break;
	}
	if (tag >= TAG_ATTR_SIG && tag <= TAG_ATTR_AUT)
		parse_attr(v, &d->info.key[tag - TAG_ATTR_SIG].attr);
	else if (tag >= TAG_UIF_SIG && tag <= TAG_UIF_AUT &&
	         bytes_take_be(&v, 1, &b) == OK)
		d->info.key[tag - TAG_UIF_SIG].touch = b != 0;
	return OK;
}

/* Empty ones of a new card are as good as none; so is a C4 in which who knows which
 * counter is left out. */
static bool tells(uint32_t tag, struct bytes value)
{
	switch (tag) {
	case TAG_EXT_CAPS:
	case TAG_FINGERPRINTS:
	case TAG_TIMES:
		return value.n > 0;
	case TAG_PW_STATUS:
		return value.n >= PW_STATUS_LEN;
	default:
		return true;
	}
}

/* Of an object that comes twice the first one counts. */
static enum err take_object(uint32_t tag, struct bytes value, struct card_data *d)
{
	const unsigned bit = have_bit(tag);

	if (tag == TAG_FINGERPRINTS) /* an empty one tells that there is no key */
		d->info.fpr_told = true;
	if (bit == 0 || !tells(tag, value) ||
	    ((d->have & bit) != 0 && tag != TAG_PW_STATUS))
		return OK;
	enum err e = parse_value(tag, value, d);
	if (e == OK)
		d->have |= bit;
	return e;
}

static enum err parse_level(struct bytes in, struct card_data *d)
{
	struct bytes inner = {0};
	struct bytes *level[NEST_MAX] = {&in, &inner};
	struct tlv t;

	for (size_t at = 0;;) {
		enum err e = data_next(level[at], &t);
		if (e == ERR_NOT_FOUND) {
			if (at == 0)
				return OK;
			at--;
			continue;
		}
		if (e != OK)
			return e;
		if (t.tag == TAG_DISCRETIONARY && at == 0) {
			inner = t.value;
			at = 1;
			continue;
		}
		e = take_object(t.tag, t.value, d);
		if (e != OK)
			return e;
	}
}

enum err data_parse(struct bytes answer, struct card_data *d)
{
	struct card_data out = *d;

	enum err e = parse_level(data_strip(TAG_APPLICATION, answer), &out);
	if (e == OK)
		*d = out;
	return e;
}

enum err data_parse_one(uint32_t tag, struct bytes answer, struct card_data *d)
{
	struct card_data out = *d;
	/* Without its tag it may begin as if it had one, and then its length tells. */
	const bool bare = tag == TAG_FINGERPRINTS && answer.n % FPR_LEN == 0;

	enum err e = take_object(tag, bare ? answer : data_strip(tag, answer), &out);
	if (e == OK)
		*d = out;
	return e;
}

enum err data_finish(struct card_data *d)
{
	struct card_info *info = &d->info;

	if (!(d->have & HAVE_AID))
		return ERR_FORMAT;
	/* 1.x counts its PINs otherwise; what comes after 3.4 is taken for 3.4. */
	if (info->version < 0x0200) {
		d->flaw = CARD_FLAW_OLD;
		return ERR_UNSUPPORTED;
	}
	if (!(d->have & HAVE_PW_STATUS)) {
		d->flaw = CARD_FLAW_COUNTERS;
		return ERR_FORMAT;
	}
	/* A PIN as it was typed would be wrong there, and cost a try. */
	if (info->version >= 0x0300 && d->knows_block_2 && d->wants_block_2) {
		d->flaw = CARD_FLAW_BLOCK_2;
		return ERR_UNSUPPORTED;
	}
	(void)snprintf(info->ident, sizeof(info->ident), "%04X:%08X",
	               (unsigned)info->manufacturer, (unsigned)info->serial);
	return OK;
}
