/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A card in words and in JSON. */
#ifndef CLI_CARD_WORDS_H
#define CLI_CARD_WORDS_H

#include <stdio.h>

#include "cli/card_facts.h"
#include "cli/cli.h"

enum paint { PAINT_GOOD, PAINT_BAD, PAINT_WARN };

/* A line in which no stranger drives the terminal; `word` in front of it is painted where
 * the stream is a terminal and NO_COLOR is not set.  word may be "". */
__attribute__((format(printf, 4, 5))) void
card_print(FILE *to, enum paint p, const char *word, const char *fmt, ...);

/*
 * Paragraph or members of the JSON object that is being built.  Not `personal`: without
 * serial number, fingerprints, times and what a reader's name says in brackets.
 */
void card_describe(FILE *to, const struct cli *c, const struct card_facts *f,
                   bool personal);
void card_json(struct cli *c, const struct card_facts *f, bool personal);

/* What c->transport stands for, behind "through". */
const char *card_route(const struct cli *c);
/* "signature", "decryption", "authentication" */
const char *card_key_use(enum card_key k);
/* What stands in the way, a sentence and what to do; f->why is not PICK_FOUND. */
const char *card_obstacle(const struct card_facts *f);

#endif
