/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files unlock/luks*.c share; no other file includes
 * this. */
#ifndef UNLOCK_LUKS_INTERNAL_H
#define UNLOCK_LUKS_INTERNAL_H

#include <libcryptsetup.h>

#include "unlock/luks.h"

enum { LUKS1_HEADER_LEN = 592 };

struct luks {
	struct crypt_device *cd;
	char *device;
	char *header; /* detached, of a writable one; else NULL */
	int fd;       /* a snapshot's memfd; else the header, to read and to sync; -1 */
	int version;
	char uuid[LUKS_UUID_LEN + 1];
	const char *metadata; /* lives as long as cd */
	uint8_t header1[LUKS1_HEADER_LEN];
};

/* luks.c */
void luks_to_log(int level, const char *text, void *ctx); /* libcryptsetup's callback */
enum err luks_err(int r); /* of a negative errno of libcryptsetup; >= 0 is OK */
enum err luks_new(const char *device, struct luks **ret);
/* crypt_load with our settings (no plugins, no keyring), then version,
 * uuid and metadata. */
enum err luks_load(struct luks *l);

/* ERR_UNSUPPORTED: what the header asks for to open that keyslot is out of proportion. */
enum err luks_check_cost(const struct luks *l, int slot);

/* luks_snapshot.c */
enum err luks_open_file(const char *path, int *ret_fd, uint64_t *ret_size);
enum err luks_read_header1(struct luks *l, int fd);

#endif
