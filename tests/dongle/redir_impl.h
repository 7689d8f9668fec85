/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One connection, for the files that are its parts; others use redir.h. */
#ifndef TESTS_DONGLE_REDIR_IMPL_H
#define TESTS_DONGLE_REDIR_IMPL_H

#include <usbredirparser.h>

#include "tests/dongle/redir.h"

enum { WAITING_MAX = 8 };

struct waiting { /* a read by the host that is not answered yet */
	uint64_t id;
	struct usb_redir_bulk_packet_header head;
};

struct redir {
	struct usbredirparser *parser;
	int fd;
	const struct model *model;
	struct ccid *reader;
	bool greeted, plugged, was_reset, over;
	uint8_t configuration;
	struct waiting waiting[WAITING_MAX];
	size_t n_waiting;
	uint8_t in[CCID_MESSAGE_MAX]; /* a message as far as it came */
	size_t in_n;
	size_t sent; /* of the message that the host reads in parts */
	uint64_t interrupts;
	/* Since it was plugged in. */
	bool was_configured;
	unsigned messages;
};

/* redir_usb.c: what kind of device it is, and its answers to all but bulk transfers. */
void redir_describe(struct redir *r);
void redir_usb_callbacks(struct usbredirparser *p);

#endif
