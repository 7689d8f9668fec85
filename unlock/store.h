/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where our files lie: boot_dir/bootlatch/ and config_dir/volumes/, one name per volume.
 */
#ifndef UNLOCK_STORE_H
#define UNLOCK_STORE_H

#include "core/bytes.h"

enum { STORE_NAME_MAX = 80 };

#define STORE_VOLUMES "volumes"
#define STORE_BLOBS   "bootlatch"

/* "UUID" + suffix; ERR_FORMAT unless the UUID is 1 to 36 of [0-9a-fA-F-]: a header
 * chooses it. */
enum err store_name(const char *uuid, const char *suffix,
                    char ret[static STORE_NAME_MAX]);
/* In the folder `sub` (made when writing) of `dir`.  Files 0600, the folder 0700. */
enum err
store_read(const char *dir, const char *sub, const char *name, size_t max, uint8_t **ret,
           size_t *ret_len); /* ERR_NOT_FOUND: the file or a folder is not there */
enum err store_write(const char *dir, const char *sub, const char *name,
                     struct bytes content);
enum err store_remove(const char *dir, const char *sub,
                      const char *name); /* gone is OK; sweeps leftovers */
/* The same, not waiting for the disk: a power cut may bring it back. */
enum err store_forget(const char *dir, const char *sub, const char *name);
void store_prune(const char *dir, const char *sub); /* remove `sub` when it is empty */

#endif
