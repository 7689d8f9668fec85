/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a card's key and an OpenPGP key are compared: the seam between card/ and
 * openpgp/. */
#ifndef UNLOCK_CARD_KEY_H
#define UNLOCK_CARD_KEY_H

#include "card/card.h"
#include "openpgp/pubkey.h"

/*
 * The OpenPGP key that has this public key and the time and fingerprint that the card
 * tells.  ERR_CRYPTO: the three do not belong together.  ERR_UNSUPPORTED: a kind of key
 * that is not ours.
 */
enum err card_key_openpgp(const struct card_key_info *info, const struct card_pubkey *pub,
                          struct pubkey *ret);

/*
 * Which of a certificate's keys is this key of the card?  The public key decides; among
 * several that share it the one with the fingerprint that the card tells, else the first.
 * *ret_fpr_told: the fingerprint is the card's too (one that is not set, or of another
 * time, is no obstacle to using the key).  ERR_NOT_FOUND: none.  ERR_CRYPTO: one has the
 * card's fingerprint, but the card holds another key.
 */
enum err card_key_among(const struct card_key_info *info, const struct card_pubkey *pub,
                        const struct pubkey *keys, size_t n, size_t *ret_at,
                        bool *ret_fpr_told);

#endif
