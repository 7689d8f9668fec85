/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Smart card devices on the USB bus, as the kernel's sysfs tells: with or without a
 * driver, a service or a permission for them. */
#ifndef CLI_USB_SEEN_H
#define CLI_USB_SEEN_H

#include "card/transport.h"
#include "cli/machine.h"

struct usb_seen {
	char name[READER_NAME_MAX]; /* with its numbers */
	bool permitted;             /* who runs this may use it */
};

/* Devices with an interface of the smart card class (CCID), at most `cap`.  How many. */
size_t usb_look(const struct machine *m, struct usb_seen *list, size_t cap);

#endif
