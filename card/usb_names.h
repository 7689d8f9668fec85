/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names for USB readers and tokens, for people. */
#ifndef CARD_USB_NAMES_H
#define CARD_USB_NAMES_H

#include <stddef.h>
#include <stdint.h>

/* "Nitrokey 3 (20a0:42b2), bus 1 device 5": unique among what is plugged in, printable
 * ASCII, NUL-terminated, cut to cap (at least 1; READER_NAME_MAX holds every name whole).
 */
void usb_reader_name(uint16_t vendor, uint16_t product, uint8_t bus, uint8_t address,
                     char *ret, size_t cap);

#endif
