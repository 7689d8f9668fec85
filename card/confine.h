/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Takes from the calling process what a driver of readers does not need, for good. */
#ifndef CARD_CONFINE_H
#define CARD_CONFINE_H

/*
 * Both never fail: what the kernel cannot do is left out, with a debug line
 * (docs/adr/0011). They bind the calling thread and those that it starts: call them
 * before any other runs.
 */

/* No capabilities, and no program that is executed gives any. */
void confine_privileges(void);

/*
 * That, and the system calls and file rights of libusb and libccid alone: other calls end
 * with ENOSYS or EACCES; files are read in sysfs, in udev's data, and in libccid's list
 * of readers, and read and written below /dev/bus/usb (which is made if it is not there);
 * sockets are the kernel's USB events.
 */
void confine_to_usb(void);

#endif
