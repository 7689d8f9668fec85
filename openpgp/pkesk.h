/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Public-key encrypted session key packets: their bodies. */
#ifndef OPENPGP_PKESK_H
#define OPENPGP_PKESK_H

#include "openpgp/message.h"

/* ERR_UNSUPPORTED: a version or an algorithm that no card of ours deciphers. */
enum err pkesk_parse(struct bytes body, struct pkesk *ret);

/* The whole packet for one key; session: algorithm byte || key. */
enum { PKESK_PACKET_MAX = 1200 };
enum err pkesk_put(struct writer *w, const struct pubkey *key,
                   const struct secret *session);

#endif
