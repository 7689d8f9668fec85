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
	bool driven; /* a program has it, or a driver: pcscd, or one that should not */
};

/* Devices with an interface of the smart card class (CCID), at most `cap`.  How many. */
size_t usb_look(const struct machine *m, struct usb_seen *list, size_t cap);

/* Did a reader come of it?  What has another program than pcscd cannot be told apart. */
bool usb_has_reader(const struct usb_seen *u, const struct reader_list *readers);
/* More devices are driven than there are readers: another program has one of them. */
bool usb_is_held(const struct usb_seen *list, size_t n,
                 const struct reader_list *readers);

#endif
