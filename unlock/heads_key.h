/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The key that the firmware Heads puts into the image. */
#ifndef UNLOCK_HEADS_KEY_H
#define UNLOCK_HEADS_KEY_H

#include "core/secret.h"

/* Also what crypttab's third field says when it is meant. */
#define HEADS_KEY "/secret.key"

/*
 * Read it; nothing is believed of it but its size.
 * ERR_FORMAT: no regular file, empty, or longer than 8 KiB; otherwise as open and read.
 */
enum err heads_key(struct secret **ret);

#endif
