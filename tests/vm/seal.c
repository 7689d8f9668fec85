/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes a file system into a LUKS container as dm-crypt would: aes-xts-plain64, sectors
 * of 512 bytes.  For machines without dm-crypt. */
#include <fcntl.h>
#include <gcrypt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SECTOR = 512, KEY = 64, CHUNK = 2048 };

static bool seal_sector(gcry_cipher_hd_t h, uint64_t number, unsigned char *sector)
{
	unsigned char iv[16] = {0};

	for (size_t i = 0; i < 8; i++)
		iv[i] = (unsigned char)(number >> 8 * i);
	return gcry_cipher_setiv(h, iv, sizeof(iv)) == 0 &&
	       gcry_cipher_encrypt(h, sector, SECTOR, NULL, 0) == 0;
}

/* in is read to its end; out goes on where it stands. */
static bool seal(gcry_cipher_hd_t h, int in, int out)
{
	static unsigned char chunk[CHUNK * SECTOR];
	uint64_t number = 0;
	ssize_t n = 0;

	while ((n = read(in, chunk, sizeof(chunk))) > 0) {
		if (n % SECTOR != 0)
			return false;
		for (ssize_t at = 0; at < n; at += SECTOR) {
			if (!seal_sector(h, number++, chunk + at))
				return false;
		}
		if (write(out, chunk, (size_t)n) != n)
			return false;
	}
	return n == 0;
}

int main(int argc, char **argv)
{
	if (argc != 5) {
		(void)fputs("usage: seal CONTAINER OFFSET KEYFILE FILESYSTEM\n", stderr);
		return 2;
	}
	const int out = open(argv[1], O_WRONLY | O_CLOEXEC);
	const int key_file = open(argv[3], O_RDONLY | O_CLOEXEC);
	const int in = open(argv[4], O_RDONLY | O_CLOEXEC);
	unsigned char key[KEY];
	gcry_cipher_hd_t h = NULL;

	(void)gcry_check_version(NULL);
	(void)gcry_control(GCRYCTL_DISABLE_SECMEM, 0);
	(void)gcry_control(GCRYCTL_INITIALIZATION_FINISHED, 0);
	if (out < 0 || in < 0 || key_file < 0 || read(key_file, key, KEY) != KEY ||
	    lseek(out, strtol(argv[2], NULL, 10), SEEK_SET) < 0 ||
	    gcry_cipher_open(&h, GCRY_CIPHER_AES256, GCRY_CIPHER_MODE_XTS, 0) != 0 ||
	    gcry_cipher_setkey(h, key, KEY) != 0 || !seal(h, in, out) ||
	    fsync(out) != 0) {
		(void)fputs("seal: not written\n", stderr);
		return 1;
	}
	gcry_cipher_close(h);
	return 0;
}
