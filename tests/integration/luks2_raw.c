/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Edits the JSON of a LUKS2 header as an attacker would, and makes its checksums right.
 */
#include <errno.h>
#include <fcntl.h>
#include <gcrypt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* LUKS2 On-Disk Format Specification 1.1.1, 2.1: the binary header. */
enum {
	BINARY_LEN = 4096,
	AT_SIZE = 8,
	AT_UUID = 168,
	UUID_LEN = 40,
	AT_CHECKSUM = 448,
	CHECKSUM_LEN = 64,
	HEADER_MAX = 4 << 20,
};

static const char usage_text[] =
        "Usage: luks2_raw FILE json                 print the JSON\n"
        "       luks2_raw FILE put <JSON            replace it, in both headers\n"
        "       luks2_raw FILE uuid UUID            replace the UUID, in both headers\n"
        "       luks2_raw FILE flip SEED            change one bit of the JSON's text, "
        "in\n"
        "                                           both, checksums as before\n"
        "       luks2_raw FILE fix                  only make the checksums right\n"
        "put and uuid make them right. Exit status: 0, 1 failed, 2 usage.\n";

static int fail(const char *what)
{
	(void)fprintf(stderr, "luks2_raw: %s: %s\n", what,
	              errno ? strerror(errno) : "not LUKS2");
	return 1;
}

static size_t header_size(const uint8_t *h)
{
	uint64_t n = 0;

	for (size_t i = 0; i < 8; i++)
		n = n << 8 | h[AT_SIZE + i];
	return n >= 4 * BINARY_LEN && n <= HEADER_MAX ? (size_t)n : 0;
}

static void fix(uint8_t *h, size_t size)
{
	memset(h + AT_CHECKSUM, 0, CHECKSUM_LEN);
	gcry_md_hash_buffer(GCRY_MD_SHA256, h + AT_CHECKSUM, h, size);
}

/* One bit of one byte of the text: which, the seed says. */
static void flip(uint8_t *json, size_t len, const char *seed)
{
	uint8_t d[32];

	gcry_md_hash_buffer(GCRY_MD_SHA256, d, seed, strlen(seed));
	const size_t at =
	        (size_t)d[0] << 24 | (size_t)d[1] << 16 | (size_t)d[2] << 8 | d[3];
	if (len > 0)
		json[at % len] ^= (uint8_t)(1U << (d[4] % 8));
}

static int edit(uint8_t *both, size_t size, const char *verb, const char *arg)
{
	static uint8_t fresh[HEADER_MAX];
	size_t n = 0;

	if (strcmp(verb, "put") == 0) {
		n = fread(fresh, 1, sizeof(fresh), stdin);
		while (n > 0 && fresh[n - 1] == '\n')
			n--;
		errno = EFBIG;
		if (n == 0 || n >= size - BINARY_LEN)
			return fail("the new JSON");
	}
	for (size_t i = 0; i < 2; i++) {
		uint8_t *h = both + i * size;
		uint8_t *json = h + BINARY_LEN;

		if (strcmp(verb, "put") == 0) {
			memset(json, 0, size - BINARY_LEN);
			memcpy(json, fresh, n);
		} else if (strcmp(verb, "uuid") == 0) {
			memset(h + AT_UUID, 0, UUID_LEN);
			memcpy(h + AT_UUID, arg, strnlen(arg, UUID_LEN - 1));
		} else if (strcmp(verb, "flip") == 0) {
			flip(json, strnlen((char *)json, size - BINARY_LEN), arg);
			continue;
		}
		fix(h, size);
	}
	return 0;
}

int main(int argc, char **argv)
{
	static uint8_t both[2 * HEADER_MAX];
	const char *verb = argc > 2 ? argv[2] : "";
	const bool takes_arg = strcmp(verb, "uuid") == 0 || strcmp(verb, "flip") == 0;
	const bool known = takes_arg || strcmp(verb, "json") == 0 ||
	                   strcmp(verb, "put") == 0 || strcmp(verb, "fix") == 0;

	if (!known || argc != (takes_arg ? 4 : 3)) {
		(void)fputs(usage_text, stderr);
		return 2;
	}
	const int fd = open(argv[1], O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return fail(argv[1]);
	errno = 0;
	if (pread(fd, both, BINARY_LEN, 0) != BINARY_LEN ||
	    memcmp(both, "LUKS\xba\xbe\0\2", 8) != 0)
		return fail(argv[1]);
	const size_t size = header_size(both);
	if (size == 0 || pread(fd, both, 2 * size, 0) != (ssize_t)(2 * size))
		return fail(argv[1]);
	if (strcmp(verb, "json") == 0)
		return puts((char *)both + BINARY_LEN) < 0;
	if (!gcry_check_version(NULL) ||
	    gcry_control(GCRYCTL_INITIALIZATION_FINISHED, 0) != 0)
		return fail("libgcrypt");
	const int rc = edit(both, size, verb, argc > 3 ? argv[3] : "");
	if (rc != 0)
		return rc;
	if (pwrite(fd, both, 2 * size, 0) != (ssize_t)(2 * size) || close(fd) != 0)
		return fail("writing");
	return 0;
}
