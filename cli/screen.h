/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a person reads on one screen: rows of a label and a text.  On a terminal they are
 * broken at 80 columns and may have colours; else a row is a line, for grep. */
#ifndef CLI_SCREEN_H
#define CLI_SCREEN_H

#include <stdio.h>

#include "cli/cli.h"

enum { SCREEN_COLUMNS = 80, SCREEN_WIDEST = 100, SCREEN_TEXT_MAX = 2048 };

/* Colour says nothing that the words do not say. */
enum screen_mark { SCREEN_PLAIN, SCREEN_GOOD, SCREEN_WARN, SCREEN_BAD };

/* All of these print nothing with --json.  Control characters become '?'. */
__attribute__((format(printf, 3, 4))) void
screen_line(const struct cli *c, enum screen_mark m, const char *fmt, ...);
/* "label          text": more lines of it begin below the text.  A label that belongs to
 * the row above begins with blanks. */
__attribute__((format(printf, 4, 5))) void screen_row(const struct cli *c,
                                                      enum screen_mark m,
                                                      const char *label, const char *fmt,
                                                      ...);
void screen_gap(const struct cli *c);

/* Columns of the terminal that `to` is, at most SCREEN_WIDEST; 0: it is none, or does not
 * tell. */
size_t screen_width(FILE *to);
/* A line that says something: on a terminal broken between words, further rows below its
 * first character that is no blank. */
void screen_say(FILE *to, const char *line);

/* The text in lines of at most that many columns; `from` of the first are taken already,
 * the others begin with `indent` blanks.  Words longer than a line are not broken. */
void screen_break(const char *text, size_t from, size_t indent, size_t columns_max,
                  char *out, size_t cap);

#endif
