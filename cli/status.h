/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of the screen that bootlatch status shows. */
#ifndef CLI_STATUS_H
#define CLI_STATUS_H

#include "cli/machine.h"

/* Cards and readers, and smart card devices that nothing drives; no PIN is sent. */
enum err status_dongles(struct cli *c, const struct machine *m);
/* Every volume, with its ways in. */
enum err status_volumes(struct cli *c, const struct machine *m);
/* The TPM; nothing where there is none and none is enrolled. */
void status_tpm(struct cli *c, const struct machine *m);
/* The signature on /boot and what is pending. */
enum err status_boot(struct cli *c, const struct machine *m);
/* A line a kernel.  The error that status ends with when an image lacks something: a
 * sentence is in c->why then. */
enum err status_images(struct cli *c, struct machine *m);

#endif
