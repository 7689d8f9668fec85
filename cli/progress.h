/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One line that says how far hashing has come: on a terminal, when it takes long. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include "sign/tree.h"

struct progress {
	const char *what; /* "Hashing /boot" */
	int64_t start;    /* of clock_ms() */
	bool on, shown;
};

/* quiet: nothing is drawn (--json). */
void progress_start(struct progress *p, const char *what, bool quiet);
/* For struct tree_options; ctx: a struct progress.  Always true. */
bool progress_step(const struct tree_progress *at, void *ctx);
void progress_end(struct progress *p); /* takes the line away */

/* The line for a terminal of this many columns, without its end. */
void progress_line(const char *what, const struct tree_progress *at, unsigned columns,
                   char *out, size_t cap);

#endif
