/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The asker of the initramfs: splash or console, and the pipe for who comes in by ssh. */
#ifndef CORE_ASK_BOOT_H
#define CORE_ASK_BOOT_H

#include "core/ask.h"

/*
 * A question stands at plymouth when plymouthd runs and can ask, else on the console; and
 * beside it at Debian's /lib/cryptsetup/passfifo, which is made if its folder is there
 * and removed by close.  What goes away is replaced or left out.  ERR_NOT_FOUND: there is
 * neither splash nor terminal nor pipe.
 *
 * A line from the pipe answers the question that stands, but never one for words to be
 * confirmed, and never spends a PIN's last try: it counts as the empty answer then, which
 * leads to the passphrase (docs/adr/0010).
 */
enum err ask_open_boot(struct ask **ret);

/* Where to look; the strings outlive the asker. */
struct ask_boot_ways {
	const char *plymouth; /* name of its abstract socket */
	const char *fifo;
	const char *console; /* notes go there too while plymouth asks */
};
enum err ask_open_boot_ways(const struct ask_boot_ways *w, struct ask **ret);

#endif
