/* SPDX-License-Identifier: GPL-2.0-or-later */
/* OpenSSL without its old names: what is asked of its providers is there all the same. */
#include <dlfcn.h>

#include "tests/unit/check.h"
#include "unlock/openssl.h"

/* POSIX has dlsym return functions as void *. */
union found {
	void *p;
	const void *(*by_old_name)(const char *name);
	void *(*fetch)(void *context, const char *name, const char *properties);
	void (*drop)(void *fetched);
};

/* Where the build has another library for cryptography there is nothing to see. */
static bool is_here(void)
{
	return dlopen("libcrypto.so.3", RTLD_NOW | RTLD_GLOBAL) != NULL;
}

static void has(const char *fetch, const char *drop, const char *name)
{
	const union found f = {.p = dlsym(RTLD_DEFAULT, fetch)};
	const union found d = {.p = dlsym(RTLD_DEFAULT, drop)};

	CHECK(f.fetch && d.drop);
	if (!f.fetch || !d.drop)
		return;
	void *algorithm = f.fetch(NULL, name, NULL);
	CHECK_ROW(algorithm != NULL, name);
	d.drop(algorithm);
}

static void the_old_names_are_left_out(void)
{
	if (!is_here())
		return;
	openssl_without_old_names();
	const union found old = {.p = dlsym(RTLD_DEFAULT, "EVP_get_digestbyname")};
	CHECK(old.by_old_name != NULL);
	CHECK(old.by_old_name && old.by_old_name("SHA256") == NULL);
}

/* As libcryptsetup writes them, and tss2. */
static void what_providers_have_is_found(void)
{
	static const char *const digests[] = {"sha1",   "sha256",     "sha512",
	                                      "SHA384", "blake2b512", "sha3-256"};
	static const char *const ciphers[] = {"aes-256-xts", "aes-128-cbc",
	                                      "AES-128-CFB"};

	if (!is_here())
		return;
	openssl_without_old_names();
	openssl_without_old_names();
	for (size_t i = 0; i < sizeof(digests) / sizeof(digests[0]); i++)
		has("EVP_MD_fetch", "EVP_MD_free", digests[i]);
	for (size_t i = 0; i < sizeof(ciphers) / sizeof(ciphers[0]); i++)
		has("EVP_CIPHER_fetch", "EVP_CIPHER_free", ciphers[i]);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"the old names are left out",   the_old_names_are_left_out  },
	        {"what providers have is found", what_providers_have_is_found},
	};

	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
