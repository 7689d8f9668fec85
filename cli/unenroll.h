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
/* Where that is so our keyscript goes out of crypttab, and it is said how the recovery
 * key that is left is typed then. */
enum err unenroll_at_boot(struct cli *c);
/* Who can still open the disk with an older copy of its header, after a way in of that
 * kind (unlock/token.h; else nothing is said) was taken away. */
void unenroll_tell_old(const struct cli *c, const char *backend);

#endif
