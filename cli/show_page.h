/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What stands on the screen with a recovery key: words, letters, and its QR code. */
#ifndef CLI_SHOW_PAGE_H
#define CLI_SHOW_PAGE_H

#include "cli/show_once.h"

/* What a terminal can show. */
struct show_room {
	size_t columns, rows; /* 0: it does not tell */
	bool utf8;            /* it has characters of Unicode, and moves its cursor */
	bool coloured;
};

/* As it and the environment say. */
struct show_room show_room(int fd);

/*
 * From the top of an empty screen.  code: its modules (cli/qr.h), or NULL.  They are
 * below the words, else beside them, else left out.
 */
void show_page(int fd, const struct show_room *room, const struct secret *key,
               const struct secret *code, const struct show_what *what);

#endif
