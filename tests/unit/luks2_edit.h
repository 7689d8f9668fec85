/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests: makes small volumes, and edits LUKS2 metadata as an attacker would. */
#ifndef TESTS_LUKS2_EDIT_H
#define TESTS_LUKS2_EDIT_H

#include <stdbool.h>

/* A new file with a volume of that version; keyslot 0 (fast PBKDF2) opens with pass. */
bool luks_make(const char *path, int version, const char *pass);
/* Replace the one place of `from` in the JSON of both headers, and repair the checksums.
 */
bool luks2_edit(const char *path, const char *from, const char *to);

#endif
