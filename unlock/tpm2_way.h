/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A TPM's way in as the record trusts it: between struct enrolment and tpm2.h. */
#ifndef UNLOCK_TPM2_WAY_H
#define UNLOCK_TPM2_WAY_H

#include "unlock/tpm2.h"
#include "unlock/volume.h"

/*
 * Copy i of en->blob, ready for tpm2_unseal: with the name of the storage root key that
 * the record has.  ERR_NOT_FOUND: there is no copy i.  ERR_FORMAT: it is damaged.
 * ERR_TAMPERED: it is not what the record says: another object, with a PIN or without
 * one, or the PCR that is to cap it is not among its own.
 */
enum err tpm2_way(const struct enrolment *en, size_t i, struct tpm2_sealed *ret);
/*
 * The copies in the order in which they are tried: the header's, which is what a boot
 * has, then that of /boot.  From *at (0 at first) on the next one that is as the record
 * says; *at is behind it then.  Two may differ in what no record has: the private part,
 * the salt and the key's handle.  Else the first fault; ERR_NOT_FOUND: there is none
 * left.  Where an image's record has several storage root keys that it may be for, the
 * copies come again with the next of them.
 */
enum err tpm2_way_next(const struct enrolment *en, size_t *at, struct tpm2_sealed *ret);

/* The keyslot's passphrase of what was sealed: base64 without padding, 43 characters. */
enum err tpm2_passphrase(const struct secret *sealed, struct secret **ret);

#endif
