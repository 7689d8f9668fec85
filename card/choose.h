/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How card readers are reached. */
#ifndef CARD_CHOOSE_H
#define CARD_CHOOSE_H

#include "card/transport.h"

/*
 * "pcsc": through pcscd.  "ccid": USB devices, by libccid in a child process of ours, no
 * daemon. "auto": pcscd where its socket exists or there is no libccid, else ccid.
 * "LIBRARY@CHANNEL": another IFD handler, absolute path and number.
 */
bool readers_choice_ok(const char *how);

/*
 * A readers_opener (card/child.h); how is such a text.  ERR_USAGE; ERR_NO_SERVICE: no
 * such handler.
 */
enum err readers_open_choice(const void *how, struct readers **ret);

#endif
