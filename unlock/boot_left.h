/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which volumes an earlier run of this boot left to cryptroot: their names, in a file. */
#ifndef UNLOCK_BOOT_LEFT_H
#define UNLOCK_BOOT_LEFT_H

#include <stdbool.h>

/* In the initramfs alone; local-bottom removes it. */
#define BOOT_LEFT_FILE "/run/bootlatch.left"

/* file may be NULL: nothing was left then, and nothing is kept. */
bool boot_left_has(const char *file, const char *name);
/* A name of a mapping, without a newline.  What cannot be written is told again later. */
void boot_left_add(const char *file, const char *name);
void boot_left_clear(const char *file);

#endif
