/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The inside of a compressed-data packet (RFC 9580, 5.6). */
#ifndef OPENPGP_COMPRESS_H
#define OPENPGP_COMPRESS_H

#include "core/secret.h"

/* body: algorithm byte || data.  More than cap bytes: ERR_FORMAT; bzip2: ERR_UNSUPPORTED.
 */
enum err decompress(struct bytes body, size_t cap, struct secret **ret);

#endif
