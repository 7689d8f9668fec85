/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests: makes small volumes, and edits LUKS2 metadata (LUKS2 specification 1.1.0,
 * 2). */
#include "tests/unit/luks2_edit.h"

#include <fcntl.h>
#include <libcryptsetup.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/crypto.h"

enum {
	VOLUME_SIZE = 20 * 1024 * 1024,
	BINARY_LEN = 4096,
	SIZE_AT = 8,
	CHECKSUM_AT = 448,
	CHECKSUM_LEN = 64,
	SHA256_LEN = 32,
	HEADER_MAX = 4 * 1024 * 1024,
};

bool luks_make(const char *path, int version, const char *pass)
{
	const struct crypt_pbkdf_type kdf = {
	        .type = CRYPT_KDF_PBKDF2,
	        .hash = "sha256",
	        .iterations = 1100,
	        .flags = CRYPT_PBKDF_NO_BENCHMARK,
	};
	struct crypt_device *cd = NULL;

	const int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return false;
	bool ok = ftruncate(fd, VOLUME_SIZE) == 0;
	(void)close(fd); /* nothing was written */
	ok = ok && crypt_init(&cd, path) == 0 && crypt_set_pbkdf_type(cd, &kdf) == 0 &&
	     crypt_format(cd, version == 1 ? CRYPT_LUKS1 : CRYPT_LUKS2, "aes",
	                  "xts-plain64", NULL, NULL, 64, NULL) == 0 &&
	     crypt_keyslot_add_by_volume_key(cd, 0, NULL, 0, pass, strlen(pass)) == 0;
	crypt_free(cd);
	return ok;
}

static bool edit_json(char *json, size_t cap, const char *from, const char *to)
{
	const size_t n = strnlen(json, cap);
	char *at = n < cap ? strstr(json, from) : NULL;
	const size_t old = strlen(from), new = strlen(to);

	if (at == NULL || strstr(at + 1, from) != NULL || n - old + new >= cap)
		return false;
	const size_t tail = n - (size_t)(at - json) - old;
	memmove(at + new, at + old, tail);
	memcpy(at, to, new);
	memset(at + new + tail, 0, cap - (size_t)(at - json) - new - tail);
	return true;
}

static bool edit_header(int fd, off_t at, size_t size, const char *from, const char *to)
{
	uint8_t *h = malloc(size);
	bool ok = h != NULL && pread(fd, h, size, at) == (ssize_t)size &&
	          edit_json((char *)h + BINARY_LEN, size - BINARY_LEN, from, to);

	if (ok) {
		memset(h + CHECKSUM_AT, 0, CHECKSUM_LEN);
		ok = hash_all(HASH_SHA256, (struct bytes){h, size}, h + CHECKSUM_AT,
		              SHA256_LEN) == OK &&
		     pwrite(fd, h, size, at) == (ssize_t)size;
	}
	free(h);
	return ok;
}

bool luks2_edit(const char *path, const char *from, const char *to)
{
	uint8_t head[SIZE_AT + 8];
	size_t size = 0;

	const int fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return false;
	bool ok = pread(fd, head, sizeof(head), 0) == (ssize_t)sizeof(head);
	for (size_t i = SIZE_AT; ok && i < sizeof(head); i++)
		size = size << 8 | head[i];
	ok = ok && size > BINARY_LEN && size <= HEADER_MAX &&
	     edit_header(fd, 0, size, from, to) &&
	     edit_header(fd, (off_t)size, size, from, to);
	return close(fd) == 0 && ok;
}
