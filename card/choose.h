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

/* What it comes to at this moment: "auto" as "pcsc" or "ccid", all else as it is. */
const char *readers_choice_now(const char *how);

/* What ERR_NO_SERVICE means of that choice, a sentence or two with what to do. */
const char *readers_choice_lost(const char *how);

/*
 * A readers_opener (card/child.h); how is such a text.  ERR_USAGE; ERR_NO_SERVICE: no
 * such handler.  Without pcscd the whole process is confined from then on
 * (card/confine.h).
 */
enum err readers_open_choice(const void *how, struct readers **ret);

#endif
