/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds USB devices that look like card readers, for libccid. */
#include <libusb.h>
#include <stdio.h>
#include <unistd.h>

#include "card/ifd.h"
#include "card/usb_names.h"
#include "core/log.h"

/* USB class 0x0b, DWG Smart-Card CCID 1.1, 4.3.  Some old readers have class 0xff and the
 * CCID descriptor (type 0x21, 54 bytes) all the same. */
enum { CLASS_CCID = 0x0b, CLASS_VENDOR = 0xff, CCID_DESCRIPTOR_LEN = 54 };

#ifndef CCID_LIBRARY
#define CCID_LIBRARY "/usr/lib/pcsc/drivers/ifd-ccid.bundle/Contents/Linux/libccid.so"
#endif

static bool is_ccid(const struct libusb_interface_descriptor *d)
{
	if (d->bInterfaceClass == CLASS_CCID)
		return true;
	return d->bInterfaceClass == CLASS_VENDOR && d->extra &&
	       d->extra_length >= CCID_DESCRIPTOR_LEN &&
	       d->extra[0] == CCID_DESCRIPTOR_LEN && d->extra[1] == 0x21;
}

/* The number of its first CCID interface; -1: none. */
static int ccid_interface(libusb_device *dev)
{
	struct libusb_config_descriptor *c = NULL;
	int found = -1;

	if (libusb_get_active_config_descriptor(dev, &c) != 0)
		return -1;
	for (int i = 0; i < c->bNumInterfaces && found < 0; i++)
		if (c->interface[i].num_altsetting > 0 &&
		    is_ccid(&c->interface[i].altsetting[0]))
			found = c->interface[i].altsetting[0].bInterfaceNumber;
	libusb_free_config_descriptor(c);
	return found;
}

static bool describe(libusb_device *dev, struct ifd_device *ret)
{
	struct libusb_device_descriptor d;
	const int interface = ccid_interface(dev);

	if (interface < 0 || libusb_get_device_descriptor(dev, &d) != 0)
		return false;
	const uint8_t bus = libusb_get_bus_number(dev);
	const uint8_t address = libusb_get_device_address(dev);
	usb_reader_name(d.idVendor, d.idProduct, bus, address, ret->name,
	                sizeof(ret->name));
	(void)snprintf(ret->path, sizeof(ret->path), "usb:%04x/%04x:libusb-1.0:%u:%u:%d",
	               d.idVendor, d.idProduct, bus, address, interface);
	/* The kernel numbers devices as they come. */
	ret->plugged = (uint32_t)bus << 8 | address;
	return true;
}

/* A context of its own each time: it sees what is there now, also where no udevd tells
 * libusb of changes. */
static enum err list_usb(const struct ifd_driver *d, struct ifd_device *ret, size_t cap,
                         size_t *ret_n)
{
	(void)d;
	libusb_context *usb = NULL;
	libusb_device **all = NULL;
	size_t n = 0;

	if (libusb_init(&usb) != 0)
		return ERR_NO_SERVICE;
	const ssize_t count = libusb_get_device_list(usb, &all);
	for (ssize_t i = 0; i < count && n < cap; i++)
		if (describe(all[i], &ret[n]))
			n++;
	if (count >= 0)
		libusb_free_device_list(all, 1);
	libusb_exit(usb);
	*ret_n = n;
	return count < 0 ? ERR_NO_SERVICE : OK;
}

bool readers_have_ccid(void)
{
	return access(CCID_LIBRARY, R_OK) == 0;
}

enum err readers_open_ccid(struct readers **ret)
{
	static const struct ifd_driver ccid = {.library = CCID_LIBRARY, .list = list_usb};

	return readers_open_ifd(&ccid, ret);
}
