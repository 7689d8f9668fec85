/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The source field of crypttab: a path, or UUID=, LABEL=, PARTUUID=, PARTLABEL=. */
#ifndef UNLOCK_SOURCE_H
#define UNLOCK_SOURCE_H

#include <stddef.h>

#include "core/err.h"

/* The path to open, with udev's links for names.  ERR_USAGE: nothing that udev would make
 * a link of ("", ".", "..", a slash in it).  ERR_FORMAT: longer than cap. */
enum err source_path(const char *source, char *out, size_t cap);

#endif
