/* SPDX-License-Identifier: GPL-2.0-or-later */
/* 6E and its parts from a hostile card: first byte: which object. */
#include "card/atr.h"
#include "card/data.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint32_t tags[] = {TAG_AID,          TAG_HISTORICAL, TAG_LENGTHS,
	                                TAG_EXT_CAPS,     TAG_ATTR_DEC,   TAG_PW_STATUS,
	                                TAG_FINGERPRINTS, TAG_TIMES,      TAG_UIF_SIG};
	struct bytes in = {data, size};
	struct card_data d = {0};
	uint32_t which;

	if (bytes_take_be(&in, 1, &which) != OK)
		return 0;
	(void)atr_extends(in);
	enum err e = which < sizeof(tags) / sizeof(tags[0])
	                     ? data_parse_one(tags[which], in, &d)
	                     : data_parse(in, &d);
	if (e == OK && data_finish(&d) == OK && d.info.ident[CARD_IDENT_LEN - 1] != '\0')
		__builtin_trap();
	for (size_t k = 0; k < CARD_KEYS; k++)
		if (d.info.key[k].attr.oid_len > sizeof(d.info.key[k].attr.oid))
			__builtin_trap();
	return 0;
}
