/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Picks the transport: pcscd, libccid, or an IFD handler by name. */
#include "card/choose.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "card/confine.h"
#include "card/ifd.h"
#include "card/pick.h"

/* The client's library looks nowhere else, and systemd makes it before pcscd runs. */
#define PCSCD_SOCKET "/run/pcscd/pcscd.comm"

static enum err list_one(const struct ifd_driver *d, struct ifd_device *ret, size_t cap,
                         size_t *ret_n)
{
	*ret_n = cap < 1 ? 0 : 1;
	if (cap < 1)
		return OK;
	*ret = (struct ifd_device){.channel = d->channel, .plugged = 1};
	(void)snprintf(ret->name, sizeof(ret->name), "Channel 0x%x", d->channel);
	return OK;
}

/* /path/to/library.so@0x8C7B */
static bool parse(const char *how, struct ifd_driver *ret)
{
	const char *at = strrchr(how, '@');
	char *end = NULL;

	if (how[0] != '/' || !at || (size_t)(at - how) >= sizeof(ret->library) ||
	    at[1] < '0' || at[1] > '9')
		return false;
	const unsigned long channel = strtoul(at + 1, &end, 0);
	if (*end != '\0' || channel > UINT32_MAX)
		return false;
	*ret = (struct ifd_driver){.channel = (uint32_t)channel, .list = list_one};
	memcpy(ret->library, how, (size_t)(at - how));
	return true;
}

bool readers_choice_ok(const char *how)
{
	struct ifd_driver d;

	return strcmp(how, "auto") == 0 || strcmp(how, "pcsc") == 0 ||
	       strcmp(how, "ccid") == 0 || parse(how, &d);
}

const char *readers_choice_now(const char *how)
{
	if (strcmp(how, "auto") != 0)
		return how;
	return access(PCSCD_SOCKET, F_OK) == 0 || !readers_have_ccid() ? "pcsc" : "ccid";
}

const char *readers_choice_lost(const char *how)
{
	const char *text = readers_choice_now(how);

	if (strcmp(text, "pcsc") == 0)
		return pick_why_text(PICK_NO_SERVICE);
	if (strcmp(text, "ccid") == 0)
		return "The reader driver libccid gives no readers: it cannot be loaded, "
		       "finds no USB, or was not ready in time. Install it, start "
		       "pcscd, or try again.";
	return "The reader driver that --transport names could not be loaded. Check its "
	       "path: it has to be an IFD handler.";
}

static enum err choose(const char *how, struct readers **ret)
{
	const char *text = readers_choice_now(how);
	struct ifd_driver d;

	if (strcmp(text, "pcsc") == 0)
		return readers_open_pcsc(ret);
	if (strcmp(text, "ccid") == 0) {
		const enum err e = readers_open_ccid(ret);
		if (e == OK)
			confine_to_usb();
		return e;
	}
	if (!parse(text, &d))
		return ERR_USAGE;
	const enum err e = readers_open_ifd(&d, ret);
	if (e == OK)
		confine_privileges(); /* what calls it needs, it alone knows */
	return e;
}

enum err readers_open_choice(const void *how, struct readers **ret)
{
	const enum err e = choose(how, ret);

	return e == ERR_NOT_FOUND ? ERR_NO_SERVICE : e; /* no handler, no readers */
}
