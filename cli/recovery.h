/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bootlatch enroll --recovery. */
#ifndef CLI_RECOVERY_H
#define CLI_RECOVERY_H

#include "cli/cli.h"
#include "cli/show_once.h"

/* The options of enroll that it takes, and the whole of it. */
enum err recovery_take(struct cli *c, const char *arg);
enum err recovery_take_fd(struct cli *c, const char *arg);
enum err recovery_take_no_qr(struct cli *c, const char *arg);
enum err recovery_run(struct cli *c);

/*
 * A recovery key for v, whose volume key is given.  *key NULL: it is made, shown as that
 * of `what` and typed back in part first, and stays for the next volume; who calls has no
 * asker of a terminal open then.  *ret_keyslot: its keyslot.
 */
enum err recovery_add(struct cli *c, struct volume *v, const struct show_what *what,
                      const struct secret *volume_key, int existing_slot,
                      struct secret **key, int *ret_keyslot);

#endif
