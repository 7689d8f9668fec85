/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whose signature on /boot this machine takes: certificates and bare public keys, from
 * files that the person names or from /etc/bootlatch/signers/. */
#ifndef SIGN_SIGNERS_H
#define SIGN_SIGNERS_H

#include "openpgp/pubkey.h"

enum { SIGNERS_MAX = 32, SIGNERS_FILE_MAX = 1024 * 1024 };

struct signers {
	struct pubkey key[SIGNERS_MAX];
	size_t n;
};

/*
 * The signing keys of a certificate (openpgp/pubkey.h, cert_signing_keys) or keyring,
 * binary or armored; with `bare` also public-key packets without any signature, which
 * only a folder of root's own may hold.  Keys that are there already are not added twice.
 * ERR_NOT_FOUND: no key in it signs, *ret_why says why (may be NULL).  ERR_FORMAT.
 */
enum err signers_add(struct signers *s, struct bytes file, bool bare, uint32_t now,
                     const char **ret_why);
/* Every file FPR.pgp in config/signers (config: /etc/bootlatch).  ERR_NOT_FOUND: there is
 * no such folder or nothing in it; ERR_TAMPERED: others than root may write there. */
enum err signers_load(struct signers *s, const char *config, uint32_t now);
/* Publish config/signers/FPR.pgp, the bare public-key packet; nothing when it is there.
 */
enum err signers_remember(const char *config, const struct pubkey *key);
/* NULL: not among them. */
const struct pubkey *signers_find(const struct signers *s,
                                  const uint8_t fpr[static PGP_FPR_LEN]);

#endif
