/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A recovery key on the terminal: shown once, taken away again, asked for in part. */
#ifndef CLI_SHOW_ONCE_H
#define CLI_SHOW_ONCE_H

#include "core/secret.h"

enum { SHOW_DEVICES_MAX = 32 };

/* What the key opens. */
struct show_what {
	const char *device[SHOW_DEVICES_MAX];
	size_t n; /* at least 1 */
	bool no_qr;
};

/*
 * On the terminal's other screen, which has no memory, until Enter; standard output sees
 * nothing of it.  With a QR code, where the terminal has room for one.  Whatever signal
 * ends the program in the meantime, the key goes first. ERR_NOT_FOUND: no terminal.
 * ERR_CANCELLED: ^C or ^D instead.
 */
enum err show_once(const struct secret *key, const struct show_what *what);

/*
 * Show it, and ask for two groups of it, chosen at random, until both are right; an empty
 * line shows it again.  Errors as above.
 */
enum err show_until_noted(const struct secret *key, const struct show_what *what);

#endif
