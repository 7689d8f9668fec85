/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The functions of an IFD handler's library. */
#ifndef CARD_IFD_HANDLER_H
#define CARD_IFD_HANDLER_H

#include <stdbool.h>

/* It declares the functions too, which are not linked but looked up. */
#include <ifdhandler.h>

struct handler {
	void *lib;
	__typeof__(&IFDHCreateChannelByName) open_path;
	__typeof__(&IFDHCreateChannel) open_channel;
	__typeof__(&IFDHCloseChannel) close;
	__typeof__(&IFDHSetProtocolParameters) set_protocol;
	__typeof__(&IFDHPowerICC) power;
	__typeof__(&IFDHTransmitToICC) transmit;
	__typeof__(&IFDHICCPresence) presence;
	__typeof__(&IFDHControl) control; /* may be NULL */
};

bool handler_load(struct handler *h, const char *library); /* false: no handler */
void handler_drop(struct handler *h);                      /* may be called after that */

#endif
