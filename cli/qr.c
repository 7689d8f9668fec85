/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A QR code's modules, and how two of them share a character. */
#include "cli/qr.h"

enum { SIDE_MAX = 64, LIMIT_MS = 5000 };

enum err qr_make(const struct secret *text, struct secret **ret)
{
	AUTO_SECRET *got = NULL;

	const enum err e = aside_run(qr_job, NULL, text, (size_t)SIDE_MAX * SIDE_MAX,
	                             LIMIT_MS, &got);
	if (e != OK)
		return e;
	const size_t side = qr_side(got);
	if (side == 0 || side * side != secret_len(got))
		return ERR_IO;
	*ret = got;
	got = NULL;
	return OK;
}

size_t qr_side(const struct secret *modules)
{
	size_t side = 0;

	while ((side + 1) * (side + 1) <= secret_len(modules))
		side++;
	return side;
}

size_t qr_columns(const struct secret *modules)
{
	return qr_side(modules) + 2 * (size_t)QR_QUIET;
}

size_t qr_rows(const struct secret *modules)
{
	return (qr_columns(modules) + 1) / 2;
}

/* Counted from the corner of what is light around it. */
static bool is_dark(const struct secret *modules, size_t side, size_t y, size_t x)
{
	if (y < QR_QUIET || y >= side + QR_QUIET || x < QR_QUIET || x >= side + QR_QUIET)
		return false;
	return secret_view(modules).p[(y - QR_QUIET) * side + x - QR_QUIET] == 1;
}

void qr_row(const struct secret *modules, size_t row, bool coloured, struct writer *w)
{
	/* U+2580, U+2584, U+2588: the upper half, the lower, both. */
	static const char *const block[2][2] = {
	        {" ",            "\xe2\x96\x84"},
                {"\xe2\x96\x80", "\xe2\x96\x88"}
        };
	const size_t side = qr_side(modules);

	for (size_t x = 0; x < qr_columns(modules); x++)
		put_string(w, block[is_dark(modules, side, 2 * row, x) == coloured]
		                   [is_dark(modules, side, 2 * row + 1, x) == coloured]);
}
