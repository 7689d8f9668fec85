/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opens a keyslot by libcryptsetup's token of systemd and a PIN from standard input, as
 * systemd-cryptsetup does up to the mapping: `cryptsetup open --token-only` cannot name
 * a TPM that is no device. */
#include <libcryptsetup.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* systemd's tpm2-util.h; what later versions add behind it stays NULL. */
struct params {
	uint32_t pcrs;
	const char *device;
	const char *signature, *later[4];
};

int main(int argc, char **argv)
{
	struct crypt_device *cd = NULL;
	char pin[128] = "";

	if (argc != 3 || !fgets(pin, sizeof(pin), stdin)) {
		(void)fprintf(stderr, "Usage: token_open VOLUME TCTI <PIN\n");
		return 2;
	}
	pin[strcspn(pin, "\n")] = '\0';
	struct params p = {.pcrs = UINT32_MAX, .device = argv[2]};
	if (crypt_init(&cd, argv[1]) != 0 || crypt_load(cd, CRYPT_LUKS2, NULL) != 0)
		return 1;
	const int slot = crypt_activate_by_token_pin(
	        cd, NULL, "systemd-tpm2", CRYPT_ANY_TOKEN, pin, strlen(pin), &p, 0);
	crypt_free(cd);
	if (slot < 0)
		(void)fprintf(stderr, "token_open: %s\n", strerror(-slot));
	else
		printf("keyslot %d\n", slot);
	return slot < 0;
}
