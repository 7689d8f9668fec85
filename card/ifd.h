/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Readers without pcscd: an IFD handler (libccid, say) driven by us. */
#ifndef CARD_IFD_H
#define CARD_IFD_H

#include "card/transport.h"

enum { IFD_PATH_MAX = 96, IFD_LIBRARY_MAX = 256 };

/* A device that may be a reader. */
struct ifd_device {
	char name[READER_NAME_MAX]; /* for people; unique among those plugged in */
	char path[IFD_PATH_MAX];    /* for IFDHCreateChannelByName; "": by channel */
	uint32_t channel;           /* for IFDHCreateChannel */
	uint32_t plugged;           /* another number each time it is plugged in */
};

/* A handler's library and who finds its devices. */
struct ifd_driver {
	char library[IFD_LIBRARY_MAX]; /* absolute */
	uint32_t channel;              /* for a list of one */
	/* At most cap devices. */
	enum err (*list)(const struct ifd_driver *d, struct ifd_device *ret, size_t cap,
	                 size_t *ret_n);
};

/*
 * To be opened in a child (card/child.h): the handler's code parses what devices send.
 * What the handler wants logged is dropped: VERIFY commands are among it. ERR_NOT_FOUND:
 * no such library, or it is no IFD handler (PC/SC part 3, the form pcsc-lite gave it).
 */
enum err readers_open_ifd(const struct ifd_driver *d, struct readers **ret);

/* USB CCID readers and dongles, with Debian's libccid. */
enum err readers_open_ccid(struct readers **ret);
bool readers_have_ccid(void); /* is it installed? */

#endif
