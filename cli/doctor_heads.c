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

/* LUKS1 (specification 1.2.3, figures 3 and 4), and what luksHeaderBackup makes of it. */
enum {
	LUKS1_HEAD = 592,
	LUKS1_KEY_BYTES_AT = 108,
	LUKS1_SLOTS_AT = 208,
	LUKS1_SLOT = 48,
	LUKS1_SLOTS = 8,
	LUKS1_MATERIAL_AT = 40, /* in a keyslot: sector and stripes */
	SECTOR = 512,
	PAGE = 4096,      /* a backup has whole ones */
	GAP_BEGIN = 1024, /* zeros in a backup, whatever lies there, */
	GAP_END = PAGE,   /* where the first keyslot begins behind them */
	LUKS1_MAX = 64 * 1024 * 1024,
};

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

/* The backup of a header that Heads' cryptsetup makes: the front of the device, but for
 * what nothing is kept in. */
struct backup {
	uint64_t bytes;   /* 0: not known */
	uint64_t end;     /* zeros behind that */
	uint64_t gap, on; /* and from there to there */
};

static struct backup luks2_backup(const struct volume *v)
{
	AUTO_JSON *meta = NULL;
	const char *text = luks_metadata(v->luks), *json_size = NULL, *slots_size = NULL;

	if (!text || json_read(bytes_of(text), &meta) != OK ||
	    json_text(json_at(meta, "config"), "json_size", &json_size) != OK ||
	    json_text(json_at(meta, "config"), "keyslots_size", &slots_size) != OK)
		return (struct backup){0};
	const uint64_t n = 2 * (LUKS2_BINARY + strtoull(json_size, NULL, 10)) +
	                   strtoull(slots_size, NULL, 10);
	return (struct backup){.bytes = n, .end = n};
}

static bool be32_at(struct bytes head, size_t at, uint64_t *ret)
{
	struct bytes skipped;
	uint32_t v = 0;

	if (bytes_take(&head, at, &skipped) != OK || bytes_take_be(&head, 4, &v) != OK)
		return false;
	*ret = v;
	return true;
}

static struct backup luks1_backup(struct bytes head)
{
	uint64_t key = 0, first = 0, end = 0;

	if (!be32_at(head, LUKS1_KEY_BYTES_AT, &key))
		return (struct backup){0};
	for (size_t i = 0; i < LUKS1_SLOTS; i++) {
		const size_t at = LUKS1_SLOTS_AT + i * LUKS1_SLOT + LUKS1_MATERIAL_AT;
		uint64_t sector = 0, stripes = 0;

		if (!be32_at(head, at, &sector) || !be32_at(head, at + 4, &stripes) ||
		    key * stripes > LUKS1_MAX)
			return (struct backup){0};
		const uint64_t sectors = sector + (key * stripes + SECTOR - 1) / SECTOR;
		first = i == 0 ? sector * SECTOR : first;
		end = sectors * SECTOR > end ? sectors * SECTOR : end;
	}
	if (end == 0 || end > LUKS1_MAX)
		return (struct backup){0};
	return (struct backup){
	        .bytes = (end + PAGE - 1) / PAGE * PAGE,
	        .end = end,
	        .gap = first == GAP_END ? GAP_BEGIN : 0,
	        .on = first == GAP_END ? GAP_END : 0,
	};
}

static struct backup backup_of(const struct volume *v, int fd)
{
	uint8_t head[LUKS1_HEAD];

	if (luks_version(v->luks) == 2)
		return luks2_backup(v);
	if (pread(fd, head, sizeof(head), 0) != (ssize_t)sizeof(head))
		return (struct backup){0};
	return luks1_backup((struct bytes){head, sizeof(head)});
}

/* Of a piece of it that begins at `at`. */
static void blank(const struct backup *b, uint64_t at, uint8_t *buf, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (at + i >= b->end || (at + i >= b->gap && at + i < b->on))
			buf[i] = 0;
}

static enum err hash_backup(int fd, const struct backup *b,
                            uint8_t ret[static TREE_HASH_LEN])
{
	uint8_t *buf = malloc(CHUNK);
	struct hash *h = NULL;
	enum err e = !buf ? ERR_NOMEM : hash_new(HASH_SHA256, &h);

	for (uint64_t at = 0; e == OK && at < b->bytes;) {
		const uint64_t left = b->bytes - at;
		const ssize_t got = pread(
		        fd, buf, left < CHUNK ? (size_t)left : (size_t)CHUNK, (off_t)at);

		if (got <= 0) {
			e = ERR_IO;
			break;
		}
		blank(b, at, buf, (size_t)got);
		hash_add(h, (struct bytes){buf, (size_t)got});
		at += (uint64_t)got;
	}
	if (e == OK)
		e = hash_end(h, ret, TREE_HASH_LEN);
	else
		(void)hash_free(h);
	free(buf);
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

static void compare(struct doctor *d, const struct machine_volume *mv,
                    struct bytes hashes, int fd)
{
	static const char about[] = "Heads' sealed key";
	const struct backup b = backup_of(mv->v, fd);
	uint8_t hash[TREE_HASH_LEN];
	size_t lines = 0;

	if (b.bytes == 0 || hash_backup(fd, &b, hash) != OK)
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

static void look_at_header(struct doctor *d, const struct machine_volume *mv,
                           struct bytes hashes)
{
	static const char about[] = "Heads' sealed key";
	const int fd = open(mv->device, O_RDONLY | O_CLOEXEC);

	if (hashes.n == 0)
		doctor_skip(d, about, "no " HEADER_HASH ", which newer ones write");
	else if (fd < 0)
		doctor_skip(d, about, "the header cannot be read");
	else
		compare(d, mv, hashes, fd);
	if (fd >= 0)
		(void)close(fd); /* only read */
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
