/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes to a LUKS header: keyslots and tokens.  Not linked into the initramfs program.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "unlock/luks_internal.h"

/* l->fd is opened before anything is written, and stays: the kernel reports a failed
 * write once to each descriptor that was open then, so that libcryptsetup, which drops
 * the news, does not take it away from us. */
static enum err open_device(struct luks *l)
{
	uint64_t size = 0;

	const char *at = l->header != NULL ? l->header : l->device;
	enum err e = luks_open_file(at, &l->fd, &size);
	if (e == OK)
		e = luks_read_header1(l, l->fd);
	if (e == OK)
		e = luks_err(l->header != NULL ? crypt_init_data_device(&l->cd, l->header,
		                                                        l->device)
		                               : crypt_init(&l->cd, l->device));
	return e == OK ? luks_load(l) : e;
}

static bool is_like(const struct luks *a, const struct luks *b)
{
	return a->version == b->version && strcmp(a->uuid, b->uuid) == 0;
}

enum err luks_open_writable(const char *device, const char *header,
                            const struct luks *like, struct luks **ret)
{
	struct luks *l = NULL;

	enum err e = luks_new(device, &l);
	if (e != OK)
		return e;
	if (header != NULL && (l->header = strdup(header)) == NULL)
		e = ERR_NOMEM;
	if (e == OK)
		e = open_device(l);
	if (e == OK && !is_like(l, like))
		e = ERR_TAMPERED;
	if (e != OK) {
		l = luks_close(l);
		return e;
	}
	*ret = l;
	return OK;
}

/* Read the header anew.  libcryptsetup writes LUKS1 from what it read at first: the older
 * that is, the more of another program's work it would undo. */
static enum err look_again(struct luks *l)
{
	struct luks *now = NULL;

	enum err e = luks_open_writable(l->device, l->header, l, &now);
	if (e != OK)
		return e;
	struct crypt_device *old = l->cd;
	l->cd = now->cd;
	l->metadata = now->metadata;
	now->cd = old;
	memcpy(l->header1, now->header1, sizeof(l->header1));
	now = luks_close(now);
	return OK;
}

static enum err sync_header(const struct luks *l)
{
	return fsync(l->fd) == 0 ? OK : err_from_errno(errno);
}

static enum err use_minimum_kdf(struct luks *l)
{
	const struct crypt_pbkdf_type kdf = {
	        .type = CRYPT_KDF_PBKDF2,
	        .hash = "sha512", /* half the blocks of a 512 bit key's stripes */
	        .iterations = LUKS_OUR_ITERATIONS,
	        .flags = CRYPT_PBKDF_NO_BENCHMARK,
	};

	return luks_err(crypt_set_pbkdf_type(l->cd, &kdf));
}

enum err luks_add_slot(struct luks *l, int slot, const struct secret *key,
                       const struct secret *pass)
{
	const struct bytes k = secret_view(key), p = secret_view(pass);

	const enum err e = use_minimum_kdf(l);
	if (e != OK)
		return e;
	if (crypt_keyslot_status(l->cd, slot) != CRYPT_SLOT_INACTIVE)
		return ERR_EXISTS;
	int r = crypt_keyslot_add_by_volume_key(l->cd, slot, (const char *)k.p, k.n,
	                                        (const char *)p.p, p.n);
	if (r == -EINVAL) /* no key material fits any more */
		return ERR_NO_SPACE;
	if (r == -EPERM) /* no passphrase was tried: the key does not pass the digest */
		return ERR_ACCESS;
	if (r < 0)
		return luks_err(r);
	if (l->version == 1)
		return sync_header(l);
	/* Before the argon2id slots: see docs/FORMAT.md, "Keyslots". */
	r = crypt_keyslot_set_priority(l->cd, slot, CRYPT_SLOT_PRIORITY_PREFER);
	if (r < 0) {
		(void)crypt_keyslot_destroy(l->cd, slot); /* what went wrong is told */
		return luks_err(r);
	}
	return sync_header(l);
}

enum err luks_kill_slot(struct luks *l, int slot)
{
	const enum err e = luks_err(crypt_keyslot_destroy(l->cd, slot));

	return e == OK ? sync_header(l) : e;
}

enum err luks_token_set(struct luks *l, const char *json, int *ret_token)
{
	int r = crypt_token_json_set(l->cd, CRYPT_ANY_TOKEN, json);

	if (r == -EINVAL) { /* also when another program wrote since we read */
		const enum err e = look_again(l);
		if (e != OK)
			return e;
		r = crypt_token_json_set(l->cd, CRYPT_ANY_TOKEN, json);
	}
	if (r == -EINVAL || r == -ENOMEM) /* 12 KiB of JSON, or 32 tokens, are full */
		return ERR_NO_SPACE;
	if (r < 0)
		return luks_err(r);
	const enum err e = sync_header(l);
	if (e == OK)
		*ret_token = r;
	return e;
}

enum err luks_token_remove(struct luks *l, int token)
{
	const enum err e = luks_err(crypt_token_json_set(l->cd, token, NULL));

	return e == OK ? sync_header(l) : e;
}
