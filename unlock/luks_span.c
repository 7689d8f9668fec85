/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How much of a device is LUKS metadata (LUKS1 specification 1.2.3, 2.1; LUKS2
 * specification 1.1.0, 2.1). */
#include "unlock/luks_span.h"

enum { MAGIC_LEN = 6 };

static const uint8_t magic_first[MAGIC_LEN] = {'L', 'U', 'K', 'S', 0xba, 0xbe};
static const uint8_t magic_second[MAGIC_LEN] = {'S', 'K', 'U', 'L', 0xba, 0xbe};

static bool is_luks2_size(uint64_t n)
{
	return n >= LUKS2_HEADER_MIN && n <= LUKS2_HEADER_MAX && (n & (n - 1)) == 0;
}

/* Magic and version; *in then stands behind them. */
static enum err take_start(struct bytes *in, const uint8_t *magic, uint32_t *ret_version)
{
	struct bytes m;

	enum err e = bytes_take(in, MAGIC_LEN, &m);
	if (e != OK)
		return e;
	if (!bytes_equal(m, (struct bytes){magic, MAGIC_LEN}))
		return ERR_FORMAT;
	return bytes_take_be(in, 2, ret_version);
}

/* hdr_size, which follows magic and version in both LUKS2 headers. */
static enum err luks2_span(struct bytes in, size_t *ret)
{
	uint32_t high = 0, low = 0;

	enum err e = bytes_take_be(&in, 4, &high);
	if (e == OK)
		e = bytes_take_be(&in, 4, &low);
	if (e != OK)
		return e;
	if (high != 0 || !is_luks2_size(low))
		return ERR_FORMAT;
	*ret = (size_t)low * 2;
	return OK;
}

enum err luks_metadata_span(struct bytes probe, size_t *ret)
{
	uint32_t version = 0;

	const enum err e = take_start(&probe, magic_first, &version);
	if (e != OK)
		return e;
	if (version == 2)
		return luks2_span(probe, ret);
	if (version != 1)
		return ERR_FORMAT;
	*ret = LUKS1_METADATA_LEN;
	return OK;
}

enum err luks2_second_span(struct bytes probe, size_t offset, size_t *ret)
{
	uint32_t version = 0;
	size_t span = 0;

	enum err e = take_start(&probe, magic_second, &version);
	if (e != OK)
		return e;
	if (version != 2)
		return ERR_FORMAT;
	e = luks2_span(probe, &span);
	if (e != OK)
		return e;
	if (span != offset * 2)
		return ERR_FORMAT;
	*ret = span;
	return OK;
}
