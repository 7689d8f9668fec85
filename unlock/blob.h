/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The key blobs on /boot: boot_dir/bootlatch/UUID.SLOT.pgp, of a TPM UUID.SLOT.tpm2, and
 * beside it, for LUKS1, which has no tokens, UUID.SLOT.json. */
#ifndef UNLOCK_BLOB_H
#define UNLOCK_BLOB_H

#include "core/bytes.h"

enum blob_kind { BLOB_MESSAGE, BLOB_TOKEN, BLOB_SEALED };

/* In which file a backend's (static text of unlock/token.h) encrypted passphrase lies. */
enum blob_kind blob_kind_of(const char *backend);

enum err blob_read(const char *boot_dir, const char *uuid, int slot, enum blob_kind kind,
                   uint8_t **ret, size_t *ret_len); /* ERR_NOT_FOUND; malloc'ed */
enum err blob_write(const char *boot_dir, const char *uuid, int slot, enum blob_kind kind,
                    struct bytes content);
/* All files of a slot and what a killed write left of them; not there is fine. */
enum err blob_remove(const char *boot_dir, const char *uuid, int slot);

#endif
