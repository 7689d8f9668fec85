/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The card's data objects (OpenPGP card 3.4.1, 4.4): 6E and what is in it. */
#ifndef CARD_DATA_H
#define CARD_DATA_H

#include "card/card.h"
#include "card/tlv.h"

enum {
	TAG_AID = 0x4f,
	TAG_APPLICATION = 0x6e,
	TAG_DISCRETIONARY = 0x73,
	TAG_HISTORICAL = 0x5f52,
	TAG_LENGTHS = 0x7f66,
	TAG_EXT_CAPS = 0xc0,
	TAG_ATTR_SIG = 0xc1,
	TAG_ATTR_DEC = 0xc2,
	TAG_ATTR_AUT = 0xc3,
	TAG_PW_STATUS = 0xc4,
	TAG_FINGERPRINTS = 0xc5,
	TAG_TIMES = 0xcd,
	TAG_UIF_SIG = 0xd6,
	TAG_UIF_DEC = 0xd7,
	TAG_UIF_AUT = 0xd8,
	TAG_KDF = 0xf9,
};

/* Which objects were there. */
enum data_have {
	HAVE_AID = 1 << 0,
	HAVE_HISTORICAL = 1 << 1,
	HAVE_LENGTHS = 1 << 2,
	HAVE_EXT_CAPS = 1 << 3,
	HAVE_PW_STATUS = 1 << 4,
	HAVE_FINGERPRINTS = 1 << 5,
	HAVE_TIMES = 1 << 6,
	HAVE_ATTR = 1 << 7, /* shifted by enum card_key, as the next */
	HAVE_UIF = 1 << 10,
};

struct card_data {
	struct card_info info; /* all but the KDF */
	unsigned have;
	bool kdf_announced; /* C0 byte 1, bit 01 */
	bool knows_block_2; /* C0 byte 9, which is something else before 3.0 */
	bool wants_block_2; /* C4 byte 2, bit 80 */
	enum card_flaw flaw;
};

/* The answer to GET DATA 6E, with or without its own tag. */
enum err data_parse(struct bytes answer, struct card_data *d);
/* The answer to GET DATA `tag` of one object of the above. */
enum err data_parse_one(uint32_t tag, struct bytes answer, struct card_data *d);
/* Once everything is there: is it a card that we know?  Fills in ident and the like, or
 * the flaw. */
enum err data_finish(struct card_data *d);

/* Without the one outer `tag` when that is all there is (but padding). */
struct bytes data_strip(uint32_t tag, struct bytes answer);
/* As tlv_next, after any 00 or FF padding; ERR_NOT_FOUND at the end. */
enum err data_next(struct bytes *in, struct tlv *ret);

#endif
