/* SPDX-License-Identifier: GPL-2.0-or-later */
/* LUKS1 and LUKS2 volumes.  unlock/luks*.c are the only files that include
 * libcryptsetup.h. */
#ifndef UNLOCK_LUKS_H
#define UNLOCK_LUKS_H

#include "core/secret.h"

enum {
	LUKS_SLOTS_MAX = 32,
	LUKS_TOKENS_MAX = 32,
	LUKS_UUID_LEN = 40,
	LUKS_NAME_MAX = 127, /* of a mapping: the kernel's DM_NAME_LEN, without its end */
	LUKS_ANY_SLOT = -1
};
/* RFC 8018 asks for at least 1000; a 256 bit random passphrase needs none at all. */
enum { LUKS_OUR_ITERATIONS = 1000 };

/*
 * An open volume.  A snapshot's header was read once into a write-sealed memfd; every
 * later call uses that copy, so what was checked is what is used.  A writable one works
 * on the device.
 */
struct luks;

/* header: a detached header, or NULL.  ERR_FORMAT: not LUKS.  ERR_NOT_FOUND, ERR_ACCESS.
 */
enum err luks_open_snapshot(const char *device, const char *header, struct luks **ret);
/* For enrolling: the device itself.  ERR_TAMPERED unless version and UUID are those of
 * `like`. */
enum err luks_open_writable(const char *device, const char *header,
                            const struct luks *like, struct luks **ret);
struct luks *luks_close(struct luks *l); /* NULL is fine; returns NULL */

int luks_version(const struct luks *l);      /* 1 or 2 */
const char *luks_uuid(const struct luks *l); /* only printable ASCII */
const char *luks_device(const struct luks *l);
/* LUKS2: the JSON metadata as libcryptsetup understood it.  LUKS1: NULL. */
const char *luks_metadata(const struct luks *l);
/* LUKS1: the 592 bytes of the header.  LUKS2: empty. */
struct bytes luks1_header(const struct luks *l);
int luks_slots(const struct luks *l); /* 8 or 32 */
bool luks_reencrypting(const struct luks *l);

struct luks_slot {
	bool active;
	bool taken;      /* in use in any way: unbound slots too */
	char cipher[48]; /* of the keyslot area, "aes-xts-plain64" */
	char kdf[16];    /* pbkdf2, argon2i, argon2id */
	uint32_t iterations;
	bool prefer;
};
/* ERR_NOT_FOUND: no such slot number. */
enum err luks_slot(const struct luks *l, int slot, struct luks_slot *ret);
bool luks_slot_looks_ours(
        const struct luks_slot *s); /* pbkdf2 with our minimum of iterations */

/*
 * Refuse what no honest header has: a null or unknown cipher in a segment or an active
 * keyslot, a reencryption in progress, unknown requirements.  ERR_TAMPERED or
 * ERR_UNSUPPORTED with a sentence in *ret_why (static text; may be NULL).
 */
enum err luks_refuse_strange(const struct luks *l, const char **ret_why);

/* Does pass open the slot (LUKS_ANY_SLOT: any)?  ERR_PASSPHRASE: no.  ERR_UNSUPPORTED:
 * it asks for more memory than the machine has, or for hours. */
enum err luks_try(struct luks *l, int slot, const struct secret *pass, int *ret_slot);
/* The same, with the volume key. */
enum err luks_volume_key(struct luks *l, int slot, const struct secret *pass,
                         struct secret **ret, int *ret_slot);

/* Can a mapping have that name?  A file name of at most LUKS_NAME_MAX bytes. */
bool luks_name_ok(const char *name);

struct luks_activation {
	const char *name;
	bool readonly, discard, no_read_workqueue, no_write_workqueue, same_cpu_crypt,
	        submit_from_crypt_cpus;
};
/* Is there an active mapping of that name?  Of whatever kind. */
bool luks_is_mapped(const char *name);
/* Of which LUKS volume it is, by the UUID that the kernel keeps: 32 digits with dashes.
 * ERR_NOT_FOUND: there is none, or it is none of a LUKS volume. */
enum err luks_mapped_uuid(const char *name, char ret[static LUKS_UUID_LEN + 1]);
/* Map it.  ERR_EXISTS: the name is taken.  ERR_UNSUPPORTED: this kernel has no
 * device-mapper. */
enum err luks_activate(struct luks *l, const struct luks_activation *a, int slot,
                       const struct secret *pass);

/*
 * Writable volumes only.  What these write is on the disk when they return OK:
 * libcryptsetup syncs, but does not look at what that says, so they sync once more.
 */
/* key: the volume key.  The new slot gets the minimum PBKDF and priority prefer.
 * ERR_EXISTS: the slot is taken.  ERR_ACCESS: not this volume's key. */
enum err luks_add_slot(struct luks *l, int slot, const struct secret *key,
                       const struct secret *pass);
enum err luks_kill_slot(struct luks *l, int slot);

/* Tokens (LUKS2).  *ret is malloc'ed JSON.  ERR_NOT_FOUND: that token id is free or not
 * ours by type. */
enum err luks_token_get(const struct luks *l, int token, const char *type, char **ret);
enum err luks_token_set(struct luks *l, const char *json,
                        int *ret_token); /* the first free id */
enum err luks_token_remove(struct luks *l, int token);

#endif
