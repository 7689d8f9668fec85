/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a LUKS volume says of itself, and trying a passphrase on it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/log.h"
#include "unlock/luks_internal.h"

enum {
	KEY_MAX = 512, /* bytes; cryptsetup uses up to 128, with integrity protection */
	ARGON2_LANES_MAX = 64, /* cryptsetup takes 4 */
	/* KiB times passes: a TiB is a quarter of an hour; cryptsetup takes 2 seconds. */
	ARGON2_WORK_MAX = 1 << 30,
};

enum err luks_err(int r)
{
	if (r >= 0)
		return OK;
	switch (-r) {
	case EINVAL:
		return ERR_FORMAT;
	case EPERM:
		return ERR_PASSPHRASE;
	case ENOENT:
	case ENODEV:
		return ERR_NOT_FOUND;
	case ENOSPC:
		return ERR_NO_SPACE;
	case EROFS:
		return ERR_READ_ONLY;
	case EACCES:
		return ERR_ACCESS;
	case EEXIST:
	case EBUSY:
		return ERR_EXISTS;
	case ENOTSUP:
		return ERR_UNSUPPORTED;
	case ENOMEM:
		return ERR_NOMEM;
	default:
		return ERR_IO;
	}
}

enum err luks_new(const char *device, struct luks **ret)
{
	struct luks *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return ERR_NOMEM;
	l->fd = -1;
	l->device = strdup(device);
	if (l->device == NULL) {
		free(l);
		return ERR_NOMEM;
	}
	*ret = l;
	return OK;
}

struct luks *luks_close(struct luks *l)
{
	if (l == NULL)
		return NULL;
	crypt_free(l->cd);
	if (l->fd >= 0)
		(void)close(l->fd); /* memory */
	free(l->device);
	free(l->header);
	free(l);
	return NULL;
}

void luks_to_log(int level, const char *text, void *ctx)
{
	(void)level;
	(void)ctx;
	log_line(LOG_DEBUG, "libcryptsetup: %.*s", (int)strcspn(text, "\n"), text);
}

static void copy_uuid(struct luks *l, const char *from)
{
	size_t i = 0;

	for (; from != NULL && from[i] != '\0' && i < LUKS_UUID_LEN; i++)
		l->uuid[i] = (char)(from[i] >= ' ' && from[i] <= '~' ? from[i] : '?');
	l->uuid[i] = '\0';
}

enum err luks_load(struct luks *l)
{
	crypt_set_log_callback(l->cd, luks_to_log, NULL);
	crypt_token_external_disable();
	(void)crypt_volume_key_keyring(l->cd, 0);
	enum err e = luks_err(crypt_load(l->cd, CRYPT_LUKS, NULL));
	if (e != OK)
		return e;
	const char *type = crypt_get_type(l->cd);
	if (type != NULL && strcmp(type, CRYPT_LUKS1) == 0)
		l->version = 1;
	else if (type != NULL && strcmp(type, CRYPT_LUKS2) == 0)
		l->version = 2;
	else
		return ERR_FORMAT;
	copy_uuid(l, crypt_get_uuid(l->cd));
	l->metadata = NULL;
	if (l->version == 2)
		e = luks_err(crypt_dump_json(l->cd, &l->metadata, 0));
	return e;
}

int luks_version(const struct luks *l)
{
	return l->version;
}

const char *luks_uuid(const struct luks *l)
{
	return l->uuid;
}

const char *luks_device(const struct luks *l)
{
	return l->device;
}

const char *luks_metadata(const struct luks *l)
{
	return l->metadata;
}

struct bytes luks1_header(const struct luks *l)
{
	if (l->version != 1)
		return (struct bytes){NULL, 0};
	return (struct bytes){l->header1, sizeof(l->header1)};
}

int luks_slots(const struct luks *l)
{
	return crypt_keyslot_max(l->version == 1 ? CRYPT_LUKS1 : CRYPT_LUKS2);
}

bool luks_reencrypting(const struct luks *l)
{
	uint32_t flags = 0;

	if (l->version != 2)
		return false;
	if (crypt_persistent_flags_get(l->cd, CRYPT_FLAGS_REQUIREMENTS, &flags) < 0)
		return true; /* not known: as if */
	return (flags & (CRYPT_REQUIREMENT_OFFLINE_REENCRYPT |
	                 CRYPT_REQUIREMENT_ONLINE_REENCRYPT)) != 0;
}

static void copy_text(char *to, size_t cap, const char *from)
{
	(void)snprintf(to, cap, "%s", from != NULL ? from : "");
}

enum err luks_slot(const struct luks *l, int slot, struct luks_slot *ret)
{
	struct luks_slot s = {0};
	struct crypt_pbkdf_type kdf = {0};
	size_t key_size = 0;

	if (slot < 0 || slot >= luks_slots(l))
		return ERR_NOT_FOUND;
	const crypt_keyslot_info state = crypt_keyslot_status(l->cd, slot);
	if (state == CRYPT_SLOT_INVALID)
		return ERR_NOT_FOUND;
	s.active = state == CRYPT_SLOT_ACTIVE || state == CRYPT_SLOT_ACTIVE_LAST;
	s.taken = s.active || state == CRYPT_SLOT_UNBOUND;
	if (s.taken) {
		copy_text(s.cipher, sizeof(s.cipher),
		          crypt_keyslot_get_encryption(l->cd, slot, &key_size));
		if (crypt_keyslot_get_pbkdf(l->cd, slot, &kdf) == 0) {
			copy_text(s.kdf, sizeof(s.kdf), kdf.type);
			s.iterations = kdf.iterations;
		}
		s.prefer = crypt_keyslot_get_priority(l->cd, slot) ==
		           CRYPT_SLOT_PRIORITY_PREFER;
	}
	*ret = s;
	return OK;
}

/*
 * What a keyslot costs is the header's word, and nothing pins it: neither a machine that
 * runs out of memory nor a boot that never ends shall come of it.  (The count of PBKDF2
 * is read as 31 bits: minutes.)
 */
static bool is_affordable(const struct luks *l, int slot)
{
	const uint64_t pages = (uint64_t)sysconf(_SC_PHYS_PAGES);
	const uint64_t page_kb = (uint64_t)sysconf(_SC_PAGESIZE) / 1024;
	struct crypt_pbkdf_type kdf = {0};
	size_t area_key = 0;

	const int key = crypt_keyslot_get_key_size(l->cd, slot);
	if (key <= 0 || key > KEY_MAX ||
	    crypt_keyslot_get_encryption(l->cd, slot, &area_key) == NULL ||
	    area_key > KEY_MAX)
		return false;
	if (crypt_keyslot_get_pbkdf(l->cd, slot, &kdf) != 0 || kdf.type == NULL ||
	    strncmp(kdf.type, "argon2", 6) != 0)
		return true;
	return kdf.max_memory_kb <= pages * page_kb &&
	       kdf.parallel_threads <= ARGON2_LANES_MAX &&
	       (uint64_t)kdf.iterations * kdf.max_memory_kb <= ARGON2_WORK_MAX;
}

enum err luks_check_cost(const struct luks *l, int slot)
{
	const int first = slot == LUKS_ANY_SLOT ? 0 : slot;
	const int last = slot == LUKS_ANY_SLOT ? luks_slots(l) - 1 : slot;

	for (int i = first; i <= last; i++) {
		const crypt_keyslot_info state = crypt_keyslot_status(l->cd, i);

		if ((state != CRYPT_SLOT_ACTIVE && state != CRYPT_SLOT_ACTIVE_LAST) ||
		    is_affordable(l, i))
			continue;
		log_line(LOG_DEBUG, "keyslot %d asks for too much memory or time", i);
		return ERR_UNSUPPORTED;
	}
	return OK;
}

enum err luks_try(struct luks *l, int slot, const struct secret *pass, int *ret_slot)
{
	const struct bytes p = secret_view(pass);

	const enum err e = luks_check_cost(l, slot);
	if (e != OK)
		return e;
	const int r = crypt_activate_by_passphrase(l->cd, NULL, slot, (const char *)p.p,
	                                           p.n, 0);
	if (r < 0)
		return luks_err(r);
	*ret_slot = r;
	return OK;
}

enum err luks_volume_key(struct luks *l, int slot, const struct secret *pass,
                         struct secret **ret, int *ret_slot)
{
	const struct bytes p = secret_view(pass);
	const int size = crypt_get_volume_key_size(l->cd);
	struct secret *key = NULL;

	enum err e = luks_check_cost(l, slot);
	if (e == OK && size <= 0)
		e = ERR_FORMAT;
	if (e != OK)
		return e;
	size_t n = (size_t)size;
	e = secret_new(n, &key);
	if (e != OK)
		return e;
	const int r = crypt_volume_key_get(l->cd, slot, (char *)secret_buf(key), &n,
	                                   (const char *)p.p, p.n);
	e = luks_err(r);
	if (e == OK)
		e = secret_set_len(key, n);
	if (e != OK) {
		key = secret_free(key);
		return e;
	}
	*ret = key;
	*ret_slot = r;
	return OK;
}

bool luks_name_ok(const char *name)
{
	return name[0] != '\0' && strlen(name) <= LUKS_NAME_MAX && !strchr(name, '/') &&
	       strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
	       strcmp(name, "control") != 0;
}

enum err luks_token_get(const struct luks *l, int token, const char *type, char **ret)
{
	const char *found = NULL;
	const char *json = NULL;

	if (l->version != 2)
		return ERR_NOT_FOUND;
	const crypt_token_info state = crypt_token_status(l->cd, token, &found);
	if (state == CRYPT_TOKEN_INVALID || state == CRYPT_TOKEN_INACTIVE ||
	    found == NULL || strcmp(found, type) != 0)
		return ERR_NOT_FOUND;
	const enum err e = luks_err(crypt_token_json_get(l->cd, token, &json));
	if (e != OK)
		return e;
	char *copy = strdup(json);
	if (copy == NULL)
		return ERR_NOMEM;
	*ret = copy;
	return OK;
}
