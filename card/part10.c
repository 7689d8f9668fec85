/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The features and properties of a reader (PC/SC part 10, 2.2 and 2.6.14). */
#include "card/part10.h"

#include <reader.h>

#include "card/quirks.h"

enum { SHORT_MAX = 256, ANSWER_MAX = 512, PAD_PIN_MAX = 15 };

/* tag, 4, code (big-endian) */
static uint32_t find_feature(struct bytes in, uint32_t wanted)
{
	struct bytes v;
	uint32_t tag, len, code;

	while (bytes_take_be(&in, 1, &tag) == OK && bytes_take_be(&in, 1, &len) == OK &&
	       bytes_take(&in, len, &v) == OK)
		if (tag == wanted && len == 4 && bytes_take_be(&v, 4, &code) == OK)
			return code;
	return 0;
}

/* tag, length, value (little-endian) */
static bool find_property(struct bytes in, uint32_t wanted, uint32_t *ret)
{
	struct bytes v;
	uint32_t tag, len;

	while (bytes_take_be(&in, 1, &tag) == OK && bytes_take_be(&in, 1, &len) == OK &&
	       bytes_take(&in, len, &v) == OK) {
		if (tag != wanted || len == 0 || len > 4)
			continue;
		*ret = 0;
		for (size_t i = 0; i < v.n; i++)
			*ret |= (uint32_t)v.p[i] << (8 * i);
		return true;
	}
	return false;
}

static enum extended extended_of(uint32_t max)
{
	if (max == 0)
		return EXTENDED_NO;
	return max > SHORT_MAX ? EXTENDED_YES : EXTENDED_UNKNOWN;
}

/* Of its USB descriptor: does it have what it announces? */
static bool has_pad(struct bytes properties)
{
	uint32_t vendor, product;

	return !find_property(properties, PCSCv2_PART10_PROPERTY_wIdVendor, &vendor) ||
	       !find_property(properties, PCSCv2_PART10_PROPERTY_wIdProduct, &product) ||
	       !(quirks_of_reader(vendor, product) & QUIRK_NO_PAD);
}

struct part10 part10_ask(part10_control *control, void *ctx)
{
	struct part10 p = {.extended = EXTENDED_UNKNOWN};
	uint8_t buf[ANSWER_MAX];
	uint32_t max;
	size_t n = 0;

	if (!control(ctx, (uint32_t)CM_IOCTL_GET_FEATURE_REQUEST, buf, sizeof(buf), &n) ||
	    n > sizeof(buf))
		return p;
	const struct bytes features = {buf, n};
	const uint32_t properties = find_feature(features, FEATURE_GET_TLV_PROPERTIES);
	p.verify_direct = find_feature(features, FEATURE_VERIFY_PIN_DIRECT);
	n = 0;
	if (properties == 0 || !control(ctx, properties, buf, sizeof(buf), &n) ||
	    n > sizeof(buf))
		return p;
	const struct bytes told = {buf, n};
	if (find_property(told, PCSCv2_PART10_PROPERTY_dwMaxAPDUDataSize, &max))
		p.extended = extended_of(max);
	if (!has_pad(told))
		p.verify_direct = 0;
	return p;
}

static void put_le(struct writer *w, size_t width, uint32_t v)
{
	for (size_t i = 0; i < width; i++)
		put_be(w, 1, v >> (8 * i) & 0xff);
}

/* 2.5.2: the PIN as ASCII from the first byte on, as long as it is, ended by the OK key.
 */
enum err part10_verify(struct bytes template, struct writer *w)
{
	struct bytes head;
	uint32_t min, max;

	if (template.n != PAD_TEMPLATE || bytes_take(&template, 4, &head) != OK ||
	    bytes_take_be(&template, 1, &min) != OK ||
	    bytes_take_be(&template, 1, &max) != OK)
		return ERR_BUG;
	if (max > PAD_PIN_MAX) /* more than that many pads refuse */
		max = PAD_PIN_MAX;
	put_le(w, 1, PAD_SECONDS); /* bTimeOut: to the first key; bTimeOut2: the same */
	put_le(w, 1, PAD_SECONDS);
	put_le(w, 1, 0x82);           /* bmFormatString: bytes, left, ASCII */
	put_le(w, 1, 0);              /* bmPINBlockString: no fixed length */
	put_le(w, 1, 0);              /* bmPINLengthFormat: and it is not inserted */
	put_le(w, 2, min << 8 | max); /* wPINMaxExtraDigit */
	put_le(w, 1, 0x02);           /* bEntryValidationCondition: the OK key */
	put_le(w, 1, 0xff);           /* bNumberMessage: the reader's own */
	put_le(w, 2, 0x0409);         /* wLangId */
	put_le(w, 1, 0);              /* bMsgIndex */
	put_le(w, 3, 0);              /* bTeoPrologue: for T=1 by hand */
	put_le(w, 4, 4 + 1);          /* ulDataLength */
	put_bytes(w, head.p, head.n);
	put_le(w, 1, 0); /* Lc: the reader's */
	return writer_ok(w) ? OK : ERR_BUG;
}
