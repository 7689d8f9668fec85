/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Smart card devices on the USB bus, by sysfs. */
#include "cli/usb_seen.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "card/usb_names.h"

#define USB_DEVICES "/sys/bus/usb/devices"

enum { NUMBER_MAX = 16, DEVICE_MAX = 64 };

/* A number in a file of a device; -1: there is none. */
static long number_in(const struct machine *m, const char *device, const char *file,
                      int base)
{
	char path[MACHINE_PATH_MAX / 2], text[NUMBER_MAX], *end = NULL;

	(void)snprintf(path, sizeof(path), USB_DEVICES "/%s/%s", device, file);
	machine_line(m, path, text, sizeof(text));
	const long v = strtol(text, &end, base);
	return end != text && v >= 0 && v <= UINT16_MAX ? v : -1;
}

/* What libusb claims for a program has the kernel's driver "usbfs". */
static bool is_driven(const struct machine *m, const char *interface)
{
	char file[MACHINE_PATH_MAX / 2], path[MACHINE_PATH_MAX], to[1];

	(void)snprintf(file, sizeof(file), USB_DEVICES "/%s/driver", interface);
	machine_path(m, file, path);
	return readlink(path, to, sizeof(to)) >= 0;
}

static bool describe(const struct machine *m, const char *device, struct usb_seen *ret)
{
	const long vendor = number_in(m, device, "idVendor", 16),
	           product = number_in(m, device, "idProduct", 16),
	           bus = number_in(m, device, "busnum", 10),
	           number = number_in(m, device, "devnum", 10);
	char path[MACHINE_PATH_MAX], node[DEVICE_MAX];

	if (vendor < 0 || product < 0 || bus < 0 || bus > UINT8_MAX || number < 0 ||
	    number > UINT8_MAX)
		return false;
	usb_reader_name((uint16_t)vendor, (uint16_t)product, (uint8_t)bus,
	                (uint8_t)number, ret->name, sizeof(ret->name));
	(void)snprintf(node, sizeof(node), "/dev/bus/usb/%03ld/%03ld", bus, number);
	machine_path(m, node, path);
	ret->permitted = access(path, R_OK | W_OK) == 0;
	return true;
}

/* A device may have two such interfaces; the folder is in no order. */
static size_t add(struct usb_seen *list, size_t n, const struct usb_seen *u)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i].name, u->name) == 0) {
			list[i].driven = list[i].driven || u->driven;
			return n;
		}
	list[n] = *u;
	return n + 1;
}

size_t usb_look(const struct machine *m, struct usb_seen *list, size_t cap)
{
	enum { CLASS_CCID = 0x0b }; /* DWG Smart-Card CCID 1.1, 4.3 */
	char path[MACHINE_PATH_MAX], device[DEVICE_MAX];
	size_t n = 0;

	machine_path(m, USB_DEVICES, path);
	DIR *d = opendir(path);
	if (!d)
		return 0;
	for (const struct dirent *e = readdir(d); e && n < cap; e = readdir(d)) {
		const size_t len = strcspn(e->d_name, ":"); /* "1-2:1.0" */
		struct usb_seen u = {.driven = false};

		if (e->d_name[len] != ':' || len >= sizeof(device) ||
		    strlen(e->d_name) >= DEVICE_MAX ||
		    number_in(m, e->d_name, "bInterfaceClass", 16) != CLASS_CCID)
			continue;
		memcpy(device, e->d_name, len);
		device[len] = '\0';
		u.driven = is_driven(m, e->d_name);
		if (describe(m, device, &u))
			n = add(list, n, &u);
	}
	(void)closedir(d); /* only read */
	return n;
}

bool usb_has_reader(const struct usb_seen *u, const struct reader_list *readers)
{
	/* Ours are named by the same table, with bus and number. */
	for (size_t i = 0; i < readers->n; i++)
		if (strcmp(readers->slot[i].name, u->name) == 0)
			return true;
	return u->driven;
}

bool usb_is_held(const struct usb_seen *list, size_t n, const struct reader_list *readers)
{
	size_t driven = 0;

	for (size_t i = 0; i < n; i++)
		driven += list[i].driven;
	return driven > readers->n;
}
