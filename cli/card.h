/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the verbs of `card` share: the readers, and a look into all of them. */
#ifndef CLI_CARD_H
#define CLI_CARD_H

#include "cli/card_facts.h"
#include "cli/cli.h"

/* As --transport says; c->transport is then the one that "auto" came to. */
enum err cli_readers(struct cli *c, struct readers **ret);
/* card_look as the options say, with a sentence in c->why on failure. */
enum err cli_look(struct cli *c, struct readers *r, struct card_facts *list,
                  size_t *ret_n, struct look_end *end);

#endif
