/* SPDX-License-Identifier: GPL-2.0-or-later */
/* doctor: what Heads' own disk unlock key has to do with our keyslots. */
#include "cli/doctor.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/file.h"
#include "core/hex.h"
#include "crypto/crypto.h"
#include "sign/manifest.h"
#include "unlock/json.h"

/* As Heads' kexec-save-key writes it: lines of a device, a blank and its LUKS UUID. */
#define KEY_DEVICES "kexec_key_devices.txt"
/* As its kexec-seal-key does since March 2024: lines of sha256sum, a device each, of what
 * luksHeaderBackup gives; the name is that of the backup in Heads. */
#define HEADER_HASH "kexec_lukshdr_hash.txt"

enum { LIST_MAX = 64 * 1024, CHUNK = 64 * 1024, LUKS2_BINARY = 4096 };

static enum err read_boot(const struct doctor *d, const char *name, uint8_t **ret,
                          size_t *ret_len)
{
	int fd = -1;

	enum err e = dir_open(d->m->boot, &fd);
	if (e != OK)
		return e;
	e = file_read(fd, name, LIST_MAX, ret, ret_len);
	(void)close(fd); /* only read */
	return e;
}

/* --- keyslots that Heads takes --- */

static bool is_heads_slot(const struct volume *v, int slot)
{
	return slot == 1 || slot == (luks_version(v->luks) == 1 ? 7 : 31);
}

static void look_at_slots(struct doctor *d, const struct machine_volume *mv)
{
	size_t others = 0;

	for (int i = 0; i < luks_slots(mv->v->luks); i++) {
		struct luks_slot s = {0};

		if (luks_slot(mv->v->luks, i, &s) == OK && s.active &&
		    !is_heads_slot(mv->v, i))
			others++;
	}
	for (int i = 0; i < luks_slots(mv->v->luks); i++) {
		struct luks_slot s = {0};

		/* What is neither ours nor the last may be Heads' own. */
		if (luks_slot(mv->v->luks, i, &s) != OK || !s.active ||
		    !is_heads_slot(mv->v, i) || (!volume_find(mv->v, i) && others > 0))
			continue;
		d->keyslot = i;
		doctor_find(d, FAULT_HEADS_SLOT, mv->device,
		            "Keyslot %d of %s is one that Heads takes for itself.", i,
		            mv->device);
		d->keyslot = -1;
	}
}

/* --- the header that it measured --- */

/* Bytes of a LUKS2 header with its keyslots, which is what Heads' cryptsetup backs up.
 * 0: not known. */
static uint64_t header_bytes(const struct volume *v)
{
	AUTO_JSON *meta = NULL;
	const char *text = luks_metadata(v->luks), *json_size = NULL, *slots_size = NULL;

	if (!text || json_read(bytes_of(text), &meta) != OK ||
	    json_text(json_at(meta, "config"), "json_size", &json_size) != OK ||
	    json_text(json_at(meta, "config"), "keyslots_size", &slots_size) != OK)
		return 0;
	return 2 * (LUKS2_BINARY + strtoull(json_size, NULL, 10)) +
	       strtoull(slots_size, NULL, 10);
}

static enum err hash_front(const char *path, uint64_t n,
                           uint8_t ret[static TREE_HASH_LEN])
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint8_t *buf = malloc(CHUNK);
	struct hash *h = NULL;
	enum err e = fd < 0 ? ERR_ACCESS : !buf ? ERR_NOMEM : hash_new(HASH_SHA256, &h);

	while (e == OK && n > 0) {
		const ssize_t got = read(fd, buf, n < CHUNK ? (size_t)n : (size_t)CHUNK);

		if (got <= 0)
			e = ERR_IO;
		else
			hash_add(h, (struct bytes){buf, (size_t)got});
		n -= got > 0 ? (uint64_t)got : 0;
	}
	if (e == OK)
		e = hash_end(h, ret, TREE_HASH_LEN);
	else
		(void)hash_free(h);
	free(buf);
	if (fd >= 0)
		(void)close(fd); /* only read */
	return e;
}

static bool lists_hash(struct bytes list, const uint8_t hash[static TREE_HASH_LEN],
                       size_t *ret_lines)
{
	struct hash_line line;
	bool found = false;

	*ret_lines = 0;
	while (hash_line_next(&list, &line) == OK) {
		found = found || memcmp(line.sha256, hash, TREE_HASH_LEN) == 0;
		(*ret_lines)++;
	}
	return found;
}

static bool names_uuid(struct bytes devices, const struct volume *v)
{
	const char *uuid = luks_uuid(v->luks);

	return devices.n > 0 && memmem(devices.p, devices.n, uuid, strlen(uuid)) != NULL;
}

static void look_at_header(struct doctor *d, const struct machine_volume *mv,
                           struct bytes hashes)
{
	static const char about[] = "Heads' sealed key";
	const uint64_t n = header_bytes(mv->v);
	uint8_t hash[TREE_HASH_LEN];
	size_t lines = 0;

	if (hashes.n == 0)
		doctor_skip(d, about, "no " HEADER_HASH ", which newer ones write");
	else if (n == 0) /* LUKS1, whose backup is not what lies on the disk */
		doctor_skip(d, about, "the header is not a LUKS2 one");
	else if (hash_front(mv->device, n, hash) != OK)
		doctor_skip(d, about, "the header cannot be read");
	else if (lists_hash(hashes, hash, &lines))
		return;
	else if (lines == 0)
		doctor_skip(d, about, HEADER_HASH " is no list of hashes");
	else
		doctor_find(d, FAULT_HEADS_KEY, mv->device,
		            "%s/" HEADER_HASH " tells another header than that of %s "
		            "now.",
		            d->m->boot, mv->device);
}

enum err doctor_heads(struct doctor *d)
{
	uint8_t *devices = NULL, *hashes = NULL;
	size_t n_devices = 0, n_hashes = 0;

	if (read_boot(d, KEY_DEVICES, &devices, &n_devices) != OK)
		return OK; /* Heads has sealed nothing here */
	(void)read_boot(d, HEADER_HASH, &hashes, &n_hashes); /* none: it is empty */
	for (size_t i = 0; i < d->m->n; i++) {
		const struct machine_volume *mv = &d->m->volume[i];

		if (!mv->v || !names_uuid((struct bytes){devices, n_devices}, mv->v))
			continue;
		look_at_slots(d, mv);
		look_at_header(d, mv, (struct bytes){hashes, n_hashes});
	}
	free(devices);
	free(hashes);
	return OK;
}
