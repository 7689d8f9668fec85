/* SPDX-License-Identifier: GPL-2.0-or-later */
/* OpenSSL, which libcryptsetup and tss2 bring along; nothing of ours calls it for its
 * cryptography. */
#ifndef UNLOCK_OPENSSL_H
#define UNLOCK_OPENSSL_H

/*
 * Both ask OpenSSL 3's providers for algorithms by name.  Its tables of names from before
 * there were providers are copied into every library context all the same, and tss2 makes
 * a context for each digest that it computes: without them an unlock by a TPM takes a
 * quarter less of the processor.  To be called before either library computes anything;
 * again is fine.  Nothing happens where OpenSSL is not there or not version 3: older ones
 * find everything by these tables.
 */
void openssl_without_old_names(void);

#endif
