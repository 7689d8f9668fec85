/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The key blobs on /boot, one file a keyslot. */
#include "unlock/blob.h"

#include <stdio.h>

#include "unlock/luks.h"
#include "unlock/store.h"
#include "unlock/token.h"

enum { MESSAGE_MAX = 16 * 1024 };

static enum err name_of(const char *uuid, int slot, enum blob_kind kind,
                        char ret[static STORE_NAME_MAX])
{
	char suffix[24];

	if (slot < 0 || slot >= LUKS_SLOTS_MAX)
		return ERR_BUG;
	(void)snprintf(suffix, sizeof(suffix), ".%d.%s", slot,
	               kind == BLOB_TOKEN ? "json" : "pgp");
	return store_name(uuid, suffix, ret);
}

enum err blob_read(const char *boot_dir, const char *uuid, int slot, enum blob_kind kind,
                   uint8_t **ret, size_t *ret_len)
{
	char name[STORE_NAME_MAX];

	const enum err e = name_of(uuid, slot, kind, name);
	if (e != OK)
		return e;
	return store_read(boot_dir, STORE_BLOBS, name,
	                  kind == BLOB_TOKEN ? (size_t)TOKEN_JSON_MAX
	                                     : (size_t)MESSAGE_MAX,
	                  ret, ret_len);
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
	static const enum blob_kind kinds[] = {BLOB_MESSAGE, BLOB_TOKEN};
	enum err first = OK;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		char name[STORE_NAME_MAX];
		enum err e = name_of(uuid, slot, kinds[i], name);

		if (e == OK)
			e = store_remove(boot_dir, STORE_BLOBS, name);
		if (first == OK)
			first = e;
	}
	store_prune(boot_dir, STORE_BLOBS);
	return first;
}
