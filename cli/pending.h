/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the verbs about pending changes share, and what bootlatch status tells of them. */
#ifndef CLI_PENDING_H
#define CLI_PENDING_H

#include "cli/cli.h"
#include "sign/pending.h"

/* What is pending, and the notes that packages left on /boot for Heads; nothing where
 * /boot is not signed. */
enum err pending_tell(struct cli *c);

/* Is /boot as it was signed?  Then what was pending before is forgotten; else what
 * differs is noted.  *ret_clean tells. */
enum err pending_look(struct cli *c, bool *ret_clean);

/* Wait until no package is being installed, nobody signs and nothing was noted for a
 * while (c->wait_s, else 5 seconds).  ERR_TIMEOUT: that took an hour. */
enum err pending_settle(const struct cli *c);
/* Is somebody logged in, at a terminal or a screen? */
bool pending_somebody_here(void);

#endif
