/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The key derivation function of the PINs, DO F9 (OpenPGP card 3.4.1, 4.3.2). */
#ifndef CARD_KDF_H
#define CARD_KDF_H

#include "card/card.h"

/* The answer to GET DATA F9: fills info->kdf and the digest input.  ERR_UNSUPPORTED: a
 * hash or a count that we refuse. */
enum err kdf_parse(struct bytes answer, struct card_info *info);

/* What VERIFY sends for this PIN. */
enum err kdf_derive(const struct card_kdf *k, const struct secret *pin,
                    struct secret **ret);

#endif
