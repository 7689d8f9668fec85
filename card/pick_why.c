/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why there is no card: what a person reads and a caller gets for each reason. */
#include "card/pick.h"

/* clang-format off */
static const struct {
	enum err e;
	const char *text;
} whys[] = {
	[PICK_FOUND] = {OK,
		"The card was found."},
	[PICK_NO_SERVICE] = {ERR_NO_SERVICE,
		"The smart card service cannot be reached. Is pcscd running?"},
	[PICK_STARTING] = {ERR_NO_SERVICE,
		"The readers have not answered yet: what drives them may still be starting."},
	[PICK_NO_READER] = {ERR_NO_READER,
		"There is no card reader. Plug in the dongle or the reader."},
	[PICK_NO_SUCH_READER] = {ERR_NO_READER,
		"No reader has that name. Check the reader's name."},
	[PICK_NO_CARD] = {ERR_NO_CARD,
		"There is no card in the reader. Insert the card."},
	[PICK_NOT_OPENPGP] = {ERR_WRONG_CARD,
		"The card has no OpenPGP application. Insert another card."},
	[PICK_MUTE] = {ERR_CARD_STATE,
		"The card does not answer. Take it out and put it in again, the "
		"other way round if it fits."},
	[PICK_HANGS] = {ERR_CARD_MUTE,
		"The card gave no answer in time. Take it out and put it in again."},
	[PICK_TERMINATED] = {ERR_CARD_STATE,
		"The card's OpenPGP application is terminated. It must be activated "
		"and set up again."},
	[PICK_FAILED] = {ERR_IO,
		"The card cannot be read. Take it out and put it in again."},
	[PICK_OLD] = {ERR_UNSUPPORTED,
		"The card's OpenPGP application is version 1, whose PINs work otherwise. "
		"Use a card of version 2 or later."},
	[PICK_BLOCK_2] = {ERR_UNSUPPORTED,
		"The card wants its PIN as a block of format 2 (ISO 9564), which is not "
		"known here, so no PIN is sent to it. Use another card."},
	[PICK_NO_COUNTERS] = {ERR_UNSUPPORTED,
		"The card does not tell how many PIN tries are left (object C4), so no "
		"PIN is sent to it. Use another card."},
	[PICK_NO_KDF] = {ERR_UNSUPPORTED,
		"The card may want its PIN hashed, and how it wants that (KDF, object "
		"F9) cannot be read or used, so no PIN is sent to it. Set the KDF up "
		"anew (gpg --card-edit, admin, kdf-setup), or use another card."},
	[PICK_NO_FINGERPRINTS] = {ERR_UNSUPPORTED,
		"The card does not tell the fingerprints of its keys (object C5), so "
		"nobody knows whether it opens this volume, and no PIN is sent to it. "
		"Leave its keys as they are, and use another card."},
	[PICK_NOT_WANTED] = {ERR_WRONG_CARD,
		"This card does not open this volume. Insert another card."},
	[PICK_WRONG_SERIAL] = {ERR_WRONG_CARD,
		"The card has another serial number. Insert the right card."},
	[PICK_USED] = {ERR_NO_CARD,
		"This card was tried already. Take it out and put it in again, or "
		"insert another one."},
	[PICK_BUSY] = {ERR_BUSY,
		"Another program holds the card. If it is GnuPG, 'gpgconf --kill "
		"scdaemon' releases it."},
	[PICK_SEVERAL] = {ERR_USAGE,
		"Several cards fit. Leave only one in, or choose one by its serial "
		"number (--serial)."},
};
/* clang-format on */

_Static_assert(sizeof(whys) / sizeof(whys[0]) == PICK_WHYS_, "every reason needs a text");

enum err pick_why_err(enum pick_why why)
{
	return (size_t)why < PICK_WHYS_ ? whys[why].e : ERR_BUG;
}

const char *pick_why_text(enum pick_why why)
{
	return (size_t)why < PICK_WHYS_ ? whys[why].text : "";
}

enum pick_why pick_why_scan(const struct readers *r, enum err e)
{
	if (e != ERR_NO_SERVICE)
		return PICK_FAILED;
	return r->ops->starting && r->ops->starting(r) ? PICK_STARTING : PICK_NO_SERVICE;
}

enum pick_why pick_why_connect(enum err e)
{
	switch (e) {
	case ERR_BUSY:
		return PICK_BUSY;
	case ERR_NO_CARD:
	case ERR_NO_READER:
		return PICK_NO_CARD;
	case ERR_NO_SERVICE:
		return PICK_NO_SERVICE;
	case ERR_CARD_STATE:
		return PICK_MUTE;
	case ERR_CARD_MUTE:
		return PICK_HANGS;
	default:
		return PICK_FAILED;
	}
}

enum pick_why pick_why_open(enum err e, enum card_flaw flaw)
{
	static const enum pick_why flaws[] = {
	        [CARD_FLAW_OLD] = PICK_OLD,
	        [CARD_FLAW_BLOCK_2] = PICK_BLOCK_2,
	        [CARD_FLAW_COUNTERS] = PICK_NO_COUNTERS,
	        [CARD_FLAW_KDF] = PICK_NO_KDF,
	};

	if (e != OK && flaw != CARD_FLAW_NONE &&
	    (size_t)flaw < sizeof(flaws) / sizeof(flaws[0]))
		return flaws[flaw];
	switch (e) {
	case OK:
		return PICK_FOUND;
	case ERR_WRONG_CARD:
		return PICK_NOT_OPENPGP;
	case ERR_CARD_STATE:
		return PICK_TERMINATED;
	case ERR_BUSY:
		return PICK_BUSY;
	case ERR_CARD_MUTE:
		return PICK_HANGS;
	default:
		return PICK_FAILED;
	}
}
