/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Heads' own key for the disk, sealed to the TPM: is there one, and what breaks it. */
#ifndef CLI_HEADS_H
#define CLI_HEADS_H

#include <stdbool.h>

#include "cli/cli.h"

/* Has Heads sealed to this machine's TPM?  By its files on /boot. */
bool heads_here(const struct cli *c);
/* Heads measures the LUKS header: whatever changes it breaks the key that Heads sealed.
 * Says so where there is one. */
void heads_warn(const struct cli *c);

#endif
