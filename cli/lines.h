/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text of the system's own tables, cut into lines and words. */
#ifndef CLI_LINES_H
#define CLI_LINES_H

#include "core/bytes.h"

/* Cuts the next line off *text, without its newline.  False: there is none. */
bool line_next(struct bytes *text, struct bytes *ret);
/* The next word of a line; blanks and tabs are between words.  False: there is none. */
bool word_next(struct bytes *line, struct bytes *ret);

#endif
