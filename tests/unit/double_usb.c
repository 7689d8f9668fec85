/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The functions of libusb that the product calls, and two of libc, answered from a
 * struct. */
#include "tests/unit/double_usb.h"

#include <dlfcn.h>
#include <errno.h>
#include <libusb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/check.h"

struct fake_usb fake_usb;

struct libusb_context {
	int in_use;
};
struct libusb_device {
	const struct fake_usb_device *d;
};

static struct libusb_context context;

int libusb_init(libusb_context **ret)
{
	if (fake_usb.no_usb)
		return LIBUSB_ERROR_OTHER;
	fake_usb.open++;
	*ret = &context;
	return 0;
}

void libusb_exit(libusb_context *ctx)
{
	CHECK(ctx == &context);
	fake_usb.open--;
}

ssize_t libusb_get_device_list(libusb_context *ctx, libusb_device ***ret)
{
	CHECK(ctx == &context);
	if (fake_usb.no_list)
		return LIBUSB_ERROR_NO_MEM;
	libusb_device **list = calloc(fake_usb.n + 1, sizeof(libusb_device *));
	if (!list)
		abort();
	for (size_t i = 0; i < fake_usb.n; i++) {
		list[i] = calloc(1, sizeof(*list[i]));
		if (!list[i])
			abort();
		list[i]->d = &fake_usb.device[i];
	}
	fake_usb.open++;
	*ret = list;
	return (ssize_t)fake_usb.n;
}

void libusb_free_device_list(libusb_device **list, int unref_devices)
{
	CHECK(unref_devices == 1);
	for (size_t i = 0; list[i]; i++)
		free(list[i]);
	free(list);
	fake_usb.open--;
}

int libusb_get_active_config_descriptor(libusb_device *dev,
                                        struct libusb_config_descriptor **ret)
{
	const struct fake_usb_device *d = dev->d;

	if (d->no_config)
		return LIBUSB_ERROR_NOT_FOUND;
	struct libusb_config_descriptor *c = calloc(1, sizeof(*c));
	struct libusb_interface *all = calloc(FAKE_USB_INTERFACES, sizeof(*all));
	struct libusb_interface_descriptor *settings =
	        calloc(FAKE_USB_INTERFACES, sizeof(*settings));
	if (!c || !all || !settings)
		abort();
	for (size_t i = 0; i < d->n_interfaces; i++) {
		settings[i].bInterfaceClass = d->interface[i].class;
		settings[i].bInterfaceNumber = d->interface[i].number;
		settings[i].extra = (const unsigned char *)d->interface[i].extra;
		settings[i].extra_length = d->interface[i].extra_len;
		all[i].altsetting = &settings[i];
		all[i].num_altsetting = d->interface[i].no_setting ? 0 : 1;
	}
	c->bNumInterfaces = d->n_interfaces;
	c->interface = all;
	c->extra = (const unsigned char *)settings; /* to be freed */
	fake_usb.open++;
	*ret = c;
	return 0;
}

static void drop(const void *p)
{
	union {
		const void *from;
		void *to;
	} u = {.from = p}; /* libusb's structs know const, free does not */

	free(u.to);
}

void libusb_free_config_descriptor(struct libusb_config_descriptor *c)
{
	drop(c->extra);
	drop(c->interface);
	free(c);
	fake_usb.open--;
}

int libusb_get_device_descriptor(libusb_device *dev, struct libusb_device_descriptor *ret)
{
	if (dev->d->no_descriptor)
		return LIBUSB_ERROR_IO;
	*ret = (struct libusb_device_descriptor){.idVendor = dev->d->vendor,
	                                         .idProduct = dev->d->product};
	return 0;
}

uint8_t libusb_get_bus_number(libusb_device *dev)
{
	return dev->d->bus;
}

uint8_t libusb_get_device_address(libusb_device *dev)
{
	return dev->d->address;
}

/* --- what the tests put in the place of libc's --- */

static void find(const char *name, void *ret, size_t size)
{
	void *f = dlsym(RTLD_NEXT, name);

	memcpy(ret, &f, size);
}

static bool is_libccid(const char *path)
{
	const char *name = strrchr(path, '/');

	return name && strcmp(name, "/libccid.so") == 0;
}

int fake_usb_access(const char *path, int how)
{
	int (*real)(const char *, int);
	const bool ccid = is_libccid(path);

	if (ccid || strcmp(path, "/run/pcscd/pcscd.comm") == 0) {
		errno = ENOENT;
		return (ccid ? !fake_usb.no_libccid : fake_usb.pcscd) ? 0 : -1;
	}
	find("access", &real, sizeof(real));
	return real(path, how);
}

void *fake_usb_dlopen(const char *path, int how)
{
	void *(*real)(const char *, int);

	find("dlopen", &real, sizeof(real));
	if (!path || !is_libccid(path))
		return real(path, how);
	return real(fake_usb.no_libccid ? "/nonexistent/libccid.so" : fake_usb.library,
	            how);
}

/* --- for the test --- */

void fake_usb_start(const char *program)
{
	const char *end = strrchr(program, '/');

	fake_usb = (struct fake_usb){0};
	(void)snprintf(fake_usb.library, sizeof(fake_usb.library), "%.*sfake_ifd.so",
	               end ? (int)(end - program) + 1 : 0, program);
}

struct fake_usb_device *fake_usb_plug(uint16_t product, uint8_t bus, uint8_t address)
{
	if (fake_usb.n == FAKE_USB_DEVICES)
		abort();
	struct fake_usb_device *d = &fake_usb.device[fake_usb.n++];
	*d = (struct fake_usb_device){
	        .vendor = 0x20a0,
	        .product = product,
	        .bus = bus,
	        .address = address,
	        .interface[0] = {.class = 0x0b},
	        .n_interfaces = 1,
	};
	return d;
}
