/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Answers from a named pipe: who came in by ssh writes a line there. */
#ifndef CORE_ASK_FIFO_H
#define CORE_ASK_FIFO_H

#include "core/ask.h"

struct fifo;

/* Made with mode 0600 when it is not there.  ERR_NOT_FOUND: no folder for it.
 * ERR_REFUSED: something else is there, or others may write to it. */
enum err fifo_open(const char *path, struct fifo **ret);
/* Removes the pipe if fifo_open() made it.  NULL is fine; returns NULL. */
struct fifo *fifo_free(struct fifo *f);
int fifo_fd(const struct fifo *f); /* to poll while a question stands */

/*
 * A line ends at a newline or when its writer closes the pipe.  What was written before a
 * question for a PIN began was not meant as one: it is dropped, to the end of its line.
 */
enum err fifo_begin(struct fifo *f, bool pin);
/*
 * ERR_TIMEOUT: no whole line yet.  ERR_FORMAT: a line that is too long was dropped;
 * ERR_CANCELLED: one that was begun before the PIN was asked for.  May be called on after
 * both.
 */
enum err fifo_step(struct fifo *f, struct secret **ret_line);

#endif
