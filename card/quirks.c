/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The quirks of cards and readers.  What behaviour tells is not here but where it is met:
 * data.c and pubkey.c (spellings), decipher.c (forms of answers), operate.c and pin.c
 * (refusals), apdu.c (lengths). */
#include "card/quirks.h"

enum { YUBICO = 0x0006, LEDGER = 0x2c97, ANY = 0xffff };

static const struct {
	const char *what;
	uint16_t manufacturer, below; /* version, BCD */
	unsigned quirks;
} cards[] = {
        {"YubiKey 4: a button, before the specification had D6", YUBICO, 0x0300,
         QUIRK_TOUCH_TOLD_ALONE                                                                        },
        {"Ledger: buttons, D6 to D8 not in 6E",                  LEDGER, ANY,    QUIRK_TOUCH_TOLD_ALONE},
};

static const struct {
	const char *what;
	uint16_t vendor, product;
	unsigned quirks;
} readers[] = {
        {"QEMU's usb-ccid: bPINSupport is 1, and there is no pad", 0x08e6, 0x4433,
         QUIRK_NO_PAD},
};

unsigned quirks_of_card(const struct card_info *info)
{
	unsigned found = 0;

	for (size_t i = 0; i < sizeof(cards) / sizeof(cards[0]); i++)
		if (info->manufacturer == cards[i].manufacturer &&
		    info->version < cards[i].below)
			found |= cards[i].quirks;
	return found;
}

unsigned quirks_of_reader(uint32_t vendor, uint32_t product)
{
	unsigned found = 0;

	for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++)
		if (vendor == readers[i].vendor && product == readers[i].product)
			found |= readers[i].quirks;
	return found;
}
