/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One answer being typed: its bytes in a secret, and what each key does to them. */
#ifndef CORE_ASK_LINE_H
#define CORE_ASK_LINE_H

#include "core/secret.h"

enum line_event {
	LINE_NOTHING,
	LINE_ADDED,   /* one whole character: draw a star */
	LINE_REMOVED, /* one character fewer */
	LINE_CLEARED, /* .removed characters fewer */
	LINE_FULL,    /* no room: ring; from now on the line is cut */
	LINE_ENTER,
	LINE_EOF, /* ^D on an empty line */
};

enum line_escape { ESC_NONE, ESC_BEGUN, ESC_CSI, ESC_SS3 };

struct line {
	struct secret *text; /* owned */
	size_t max;
	bool cut; /* something typed is missing: no answer, until all is cleared */
	enum line_escape escape;
};

enum err line_start(struct line *l, size_t max); /* max may be 0 */
void line_end(struct line *l);                   /* wipes; may be repeated */
/* One byte from the terminal. */
enum line_event line_key(struct line *l, uint8_t key);
size_t line_chars(const struct line *l); /* characters on the screen (UTF-8) */
size_t line_count(struct bytes text);    /* the same of any text */
bool line_starts_anew(uint8_t key);      /* nothing typed before it counts any more */

#endif
