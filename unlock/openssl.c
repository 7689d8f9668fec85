/* SPDX-License-Identifier: GPL-2.0-or-later */
/* OpenSSL told to leave out what nobody here uses. */
#include "unlock/openssl.h"

#include <dlfcn.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* openssl/crypto.h: OPENSSL_INIT_NO_ADD_ALL_CIPHERS and _DIGESTS. */
enum { VERSION = 3, NO_CIPHERS = 0x10, NO_DIGESTS = 0x20 };

/* POSIX has dlsym return functions as void *. */
static void find(const char *name, void *ret, size_t size)
{
	/* In whatever library brought it: that may as well be built with another one. */
	void *f = dlsym(RTLD_DEFAULT, name);

	memcpy(ret, &f, size);
}

void openssl_without_old_names(void)
{
	unsigned (*version)(void) = NULL;
	int (*tell)(uint64_t opts, const void *settings) = NULL;

	find("OPENSSL_version_major", &version, sizeof(version));
	find("OPENSSL_init_crypto", &tell, sizeof(tell));
	if (version && tell && version() == VERSION)
		(void)tell(NO_CIPHERS | NO_DIGESTS, NULL); /* else it is slower */
}
