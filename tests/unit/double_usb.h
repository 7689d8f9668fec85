/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A USB bus, and the machine around it: is there libccid, is there pcscd's socket?  A
 * test that names `fake_usb` is linked with it instead of libusb. */
#ifndef TESTS_DOUBLE_USB_H
#define TESTS_DOUBLE_USB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FAKE_USB_DEVICES = 20, FAKE_USB_INTERFACES = 3 };

struct fake_interface {
	uint8_t class, number;
	bool no_setting;
	const char *extra; /* descriptors of its class */
	int extra_len;
};

struct fake_usb_device {
	uint16_t vendor, product; /* product: also the channel of fake_ifd.so */
	uint8_t bus, address;
	bool no_config, no_descriptor; /* cannot be read */
	struct fake_interface interface[FAKE_USB_INTERFACES];
	uint8_t n_interfaces;
};

struct fake_usb {
	struct fake_usb_device device[FAKE_USB_DEVICES];
	size_t n;
	bool no_usb, no_list; /* libusb fails */
	int open;             /* contexts, lists and descriptors */
	bool pcscd, no_libccid;
	char library[256]; /* what is loaded in libccid's place */
};
extern struct fake_usb fake_usb;

/* For a test's own access and dlopen.  Not here by those names: whatever test calls one
 * of them would be linked with all this. */
int fake_usb_access(const char *path, int how);
void *fake_usb_dlopen(const char *path, int how);

/* The bus empty, no pcscd, and fake_ifd.so for libccid: it lies beside the program. */
void fake_usb_start(const char *program);
/* Another token at that place. */
struct fake_usb_device *fake_usb_plug(uint16_t product, uint8_t bus, uint8_t address);

#endif
