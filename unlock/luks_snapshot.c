/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sealed snapshot of a LUKS header: read once, then nothing can change it any more.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unlock/luks_internal.h"
#include "unlock/luks_span.h"

enum {
	COPY_CHUNK = 64 * 1024,
	/* A keyslot area is 256 KiB for a 512 bit key; nothing honest comes near these.
	 */
	AREA_MAX = 4 * 1024 * 1024,
	AREAS_MAX = 64 * 1024 * 1024,
};

/* Both headers and the largest keyslots area that LUKS2 allows, 128 MiB. */
static const uint64_t snapshot_max = (uint64_t)136 * 1024 * 1024;

enum err luks_open_file(const char *path, int *ret_fd, uint64_t *ret_size)
{
	struct stat st;
	uint64_t size = 0;

	/* O_NONBLOCK: a fifo must not hang us before fstat tells what it is. */
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return err_from_errno(errno);
	enum err e = ERR_FORMAT;
	if (fstat(fd, &st) != 0)
		e = err_from_errno(errno);
	else if (S_ISREG(st.st_mode)) {
		size = (uint64_t)st.st_size;
		e = OK;
	} else if (S_ISBLK(st.st_mode)) {
		e = ioctl(fd, BLKGETSIZE64, &size) == 0 ? OK : ERR_IO;
	}
	if (e != OK) {
		(void)close(fd);
		return e;
	}
	*ret_fd = fd;
	*ret_size = size;
	return OK;
}

/* All of it or ERR_FORMAT: whatever ends early is no whole header. */
static enum err read_at(int fd, uint64_t offset, uint8_t *to, size_t n)
{
	while (n > 0) {
		const ssize_t got = pread(fd, to, n, (off_t)offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_from_errno(errno);
		if (got == 0)
			return ERR_FORMAT;
		to += got;
		n -= (size_t)got;
		offset += (size_t)got;
	}
	return OK;
}

static enum err copy_range(int from, int to, uint64_t offset, uint64_t n)
{
	enum err e = OK;
	uint8_t *chunk = malloc(COPY_CHUNK);

	if (chunk == NULL)
		return ERR_NOMEM;
	while (e == OK && n > 0) {
		const size_t part = n < COPY_CHUNK ? (size_t)n : COPY_CHUNK;

		e = read_at(from, offset, chunk, part);
		if (e == OK && pwrite(to, chunk, part, (off_t)offset) != (ssize_t)part)
			e = ERR_NO_SPACE; /* memory, that is */
		offset += part;
		n -= part;
	}
	free(chunk);
	return e;
}

/* What libcryptsetup will look at: both headers, as far as either of them reaches.  It
 * finds a good second one even when the first is damaged, its size included. */
static enum err find_span(int fd, size_t *ret)
{
	uint8_t probe[LUKS_PROBE_LEN];
	const struct bytes view = {probe, sizeof(probe)};
	size_t span = 0, second = 0;

	const enum err e = read_at(fd, 0, probe, sizeof(probe));
	if (e != OK)
		return e;
	if (luks_metadata_span(view, &span) != OK)
		span = 0;
	for (size_t at = LUKS2_HEADER_MIN;
	     span != LUKS1_METADATA_LEN && second == 0 && at <= LUKS2_HEADER_MAX; at *= 2)
		if (read_at(fd, at, probe, sizeof(probe)) != OK ||
		    luks2_second_span(view, at, &second) != OK)
			second = 0;
	if (second > span)
		span = second;
	if (span == 0)
		return ERR_FORMAT;
	*ret = span;
	return OK;
}

enum err luks_read_header1(struct luks *l, int fd)
{
	uint8_t head[LUKS1_HEADER_LEN];

	const enum err e = read_at(fd, 0, head, sizeof(head));
	if (e == OK)
		memcpy(l->header1, head, sizeof(head));
	return e;
}

/* The key material of every active keyslot, where the metadata says that it lies. */
static enum err copy_areas(struct luks *l, int from, uint64_t size)
{
	uint64_t total = 0;

	for (int i = 0; i < luks_slots(l); i++) {
		uint64_t offset = 0, length = 0;
		const crypt_keyslot_info state = crypt_keyslot_status(l->cd, i);

		/* Not unbound ones: a reencryption's area is as large as it likes. */
		if ((state != CRYPT_SLOT_ACTIVE && state != CRYPT_SLOT_ACTIVE_LAST) ||
		    crypt_keyslot_area(l->cd, i, &offset, &length) < 0)
			continue;
		if (length > AREA_MAX || offset > size || length > size - offset)
			return ERR_FORMAT;
		total += length;
		if (total > AREAS_MAX)
			return ERR_FORMAT;
		const enum err e = copy_range(from, l->fd, offset, length);
		if (e != OK)
			return e;
	}
	return OK;
}

static enum err snapshot(struct luks *l, int from, uint64_t size)
{
	char path[32];
	size_t span = 0;

	enum err e = find_span(from, &span);
	if (e != OK)
		return e;
	if (size > snapshot_max)
		size = snapshot_max;
	if (span > size)
		return ERR_FORMAT;
	l->fd = memfd_create("luks-header", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	/* The rest of it is a hole that takes no memory. */
	if (l->fd < 0 || ftruncate(l->fd, (off_t)size) != 0)
		return err_from_errno(errno);
	e = copy_range(from, l->fd, 0, span);
	if (e == OK)
		e = luks_read_header1(l, l->fd);
	if (e != OK)
		return e;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", l->fd);
	e = luks_err(crypt_init_data_device(&l->cd, path, l->device));
	if (e == OK)
		e = luks_load(l);
	if (e == OK)
		e = copy_areas(l, from, size);
	if (e != OK)
		return e;
	/* Should libcryptsetup have mended one header from the other, it did so in here:
	 * the device was opened for reading only. */
	if (fcntl(l->fd, F_ADD_SEALS,
	          F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
		return err_from_errno(errno);
	return OK;
}

enum err luks_open_snapshot(const char *device, const char *header, struct luks **ret)
{
	struct luks *l = NULL;
	uint64_t size = 0;
	int from = -1;

	enum err e = luks_open_file(header != NULL ? header : device, &from, &size);
	if (e != OK)
		return e;
	e = luks_new(device, &l);
	if (e == OK)
		e = snapshot(l, from, size);
	(void)close(from); /* read-only */
	if (e != OK) {
		l = luks_close(l);
		return e;
	}
	*ret = l;
	return OK;
}
