/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names for USB readers and tokens, by their ids. */
#include "card/usb_names.h"

#include <stdio.h>

struct usb_name {
	uint16_t vendor, product;
	const char *name;
};

/* Never from the device: it could call itself whatever it likes. */
static const struct usb_name known[] = {
#include "card/usb_names.inc" /* from udev/tokens.list: make names */
};

static const char *name_of(uint16_t vendor, uint16_t product)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].vendor == vendor && known[i].product == product)
			return known[i].name;
	return "USB reader";
}

void usb_reader_name(uint16_t vendor, uint16_t product, uint8_t bus, uint8_t address,
                     char *ret, size_t cap)
{
	(void)snprintf(ret, cap, "%s (%04x:%04x), bus %u device %u",
	               name_of(vendor, product), vendor, product, bus, address);
}
