/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A QR code of a secret (ISO/IEC 18004), for a terminal that has the half blocks of
 * Unicode. */
#ifndef CLI_QR_H
#define CLI_QR_H

#include "core/aside.h"

enum {
	QR_QUIET = 2,         /* light modules around it; on paper there would be 4 */
	QR_ROW_MAX = 3 * 256, /* bytes that qr_row() writes, if a side is at most 64 */
};

/*
 * *ret: its modules, a byte each, row after row; 1 is dark.  They say the text byte for
 * byte, with a seventh of them spare.  The library that makes them does it in a child
 * process, so that nothing of the secret stays in the memory of this one.
 * ERR_UNSUPPORTED: built without the library, or too much text.  ERR_IO, ERR_TIMEOUT: the
 * child broke.
 */
enum err qr_make(const struct secret *text, struct secret **ret);

/* The child's part: with libqrencode that of qr_job.c, else of qr_none.c. */
aside_job qr_job;

/* Modules on a side. */
size_t qr_side(const struct secret *modules);
/* What it takes of a terminal, with what is light around it. */
size_t qr_columns(const struct secret *modules);
size_t qr_rows(const struct secret *modules);

/*
 * One row of the terminal, two of modules.  coloured: dark blocks, to be printed black on
 * white.  Else light ones, which are right where the terminal writes light on dark.
 */
void qr_row(const struct secret *modules, size_t row, bool coloured, struct writer *w);

#endif
