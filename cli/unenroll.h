/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Taking a way in away: what unenroll and tpm forget share. */
#ifndef CLI_UNENROLL_H
#define CLI_UNENROLL_H

#include "cli/cli.h"

/* That keyslot, or (wanted -1) the card's; the last one only with --force and words typed
 * on a terminal.  Errors of unenroll(). */
enum err unenroll_way(struct cli *c, struct volume *v, int wanted, const char *serial);
/* No dongle and no TPM opens it any more.  A recovery key is typed at any prompt. */
bool unenroll_none_at_boot(const struct volume *v);
/* Where that is so nothing is left to do for us at boot. */
enum err unenroll_at_boot(struct cli *c);

#endif
