/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The volumes that a verb of the TPM is about: DEVICE, or all of this machine. */
#ifndef CLI_TPM_EACH_H
#define CLI_TPM_EACH_H

#include "cli/cli.h"

/*
 * c->device is set to each.  Without DEVICE those with a TPM's way in; ERR_NOT_ENROLLED
 * when there is none.  The first error stops it.
 */
enum err tpm_each(struct cli *c,
                  enum err (*what)(struct cli *c, struct volume *v, void *ctx),
                  void *ctx);

/* Is that way in a TPM's: of this machine's record, or, where there is none, by a token?
 */
bool tpm_is_way(const struct volume *v, const struct enrolment *en);
size_t tpm_ways(const struct volume *v);

#endif
