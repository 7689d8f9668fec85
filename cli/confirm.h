/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A word that is typed before what cannot be undone. */
#ifndef CLI_CONFIRM_H
#define CLI_CONFIRM_H

#include "cli/cli.h"
#include "core/ask.h"

/* Asks once for that word, with the hint above it.  ERR_CANCELLED, with a sentence:
 * something else was typed, or nothing. */
enum err cli_confirm(struct cli *c, struct ask *a, const char *word, const char *hint);

#endif
