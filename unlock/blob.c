/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The key blobs on /boot, one file a keyslot. */
#include "unlock/blob.h"

#include <stdio.h>

#include "unlock/luks.h"
#include "unlock/sealed.h"
#include "unlock/store.h"
#include "unlock/token.h"

enum { MESSAGE_MAX = 16 * 1024 };

static const struct {
	const char *suffix;
	size_t max;
} kinds[] = {
        [BLOB_MESSAGE] = {"pgp",  MESSAGE_MAX    },
        [BLOB_TOKEN] = {"json", TOKEN_JSON_MAX },
        [BLOB_SEALED] = {"tpm2", SEALED_JSON_MAX},
};

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

enum blob_kind blob_kind_of(const char *backend)
{
	return strcmp(backend, BACKEND_TPM2) == 0 ? BLOB_SEALED : BLOB_MESSAGE;
}

static enum err name_of(const char *uuid, int slot, enum blob_kind kind,
                        char ret[static STORE_NAME_MAX])
{
	char suffix[24];

	if (slot < 0 || slot >= LUKS_SLOTS_MAX)
		return ERR_BUG;
	(void)snprintf(suffix, sizeof(suffix), ".%d.%s", slot, kinds[kind].suffix);
	return store_name(uuid, suffix, ret);
}

enum err blob_read(const char *boot_dir, const char *uuid, int slot, enum blob_kind kind,
                   uint8_t **ret, size_t *ret_len)
{
	char name[STORE_NAME_MAX];

	const enum err e = name_of(uuid, slot, kind, name);
	if (e != OK)
		return e;
	return store_read(boot_dir, STORE_BLOBS, name, kinds[kind].max, ret, ret_len);
}

enum err blob_write(const char *boot_dir, const char *uuid, int slot, enum blob_kind kind,
                    struct bytes content)
{
	char name[STORE_NAME_MAX];

	const enum err e = name_of(uuid, slot, kind, name);
	if (e != OK)
		return e;
	return store_write(boot_dir, STORE_BLOBS, name, content);
}

enum err blob_remove(const char *boot_dir, const char *uuid, int slot)
{
	enum err first = OK;

	for (size_t i = 0; i < KINDS; i++) {
		char name[STORE_NAME_MAX];
		enum err e = name_of(uuid, slot, (enum blob_kind)i, name);

		if (e == OK)
			e = store_remove(boot_dir, STORE_BLOBS, name);
		if (first == OK)
			first = e;
	}
	store_prune(boot_dir, STORE_BLOBS);
	return first;
}
