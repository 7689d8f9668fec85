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

size_t usb_look(const struct machine *m, struct usb_seen *list, size_t cap)
{
	enum { CLASS_CCID = 0x0b }; /* DWG Smart-Card CCID 1.1, 4.3 */
	char path[MACHINE_PATH_MAX], device[DEVICE_MAX], last[DEVICE_MAX] = "";
	size_t n = 0;

	machine_path(m, USB_DEVICES, path);
	DIR *d = opendir(path);
	if (!d)
		return 0;
	for (const struct dirent *e = readdir(d); e && n < cap; e = readdir(d)) {
		const size_t len = strcspn(e->d_name, ":"); /* "1-2:1.0" */

		if (e->d_name[len] != ':' || len >= sizeof(device) ||
		    strlen(e->d_name) >= DEVICE_MAX ||
		    number_in(m, e->d_name, "bInterfaceClass", 16) != CLASS_CCID)
			continue;
		memcpy(device, e->d_name, len);
		device[len] = '\0';
		if (strcmp(device, last) == 0)
			continue; /* it has two such interfaces */
		if (describe(m, device, &list[n]))
			n++;
		memcpy(last, device, len + 1);
	}
	(void)closedir(d); /* only read */
	return n;
}
