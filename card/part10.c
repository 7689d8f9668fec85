/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The features and properties of a reader (PC/SC part 10, 2.2 and 2.6.14). */
#include "card/part10.h"

#include <reader.h>

enum { SHORT_MAX = 256, ANSWER_MAX = 512 };

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
	if (properties != 0 && control(ctx, properties, buf, sizeof(buf), &n) &&
	    n <= sizeof(buf) &&
	    find_property((struct bytes){buf, n},
	                  PCSCv2_PART10_PROPERTY_dwMaxAPDUDataSize, &max))
		p.extended = extended_of(max);
	return p;
}
