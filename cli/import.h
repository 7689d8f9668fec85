/* SPDX-License-Identifier: GPL-2.0-or-later */
/* enroll --import: where the other set-up's key is looked for, and what is said of it. */
#ifndef CLI_IMPORT_H
#define CLI_IMPORT_H

#include "cli/cli.h"
#include "unlock/enroll.h"

/*
 * The file that --import or the line of crypttab names, else the usual one; and the
 * tokens of the header.  Sets c->replace_keyscript where the line's is one that we take
 * over. Empty is fine only where a dongle is enrolled already.  The sentence is in
 * c->why.
 */
enum err import_find(struct cli *c, const struct volume *v, struct import *ret);
/* What was taken over, what stays, and how to be rid of it. */
void import_tell(struct cli *c, const struct volume *v, const struct enroll_result *r);

#endif
