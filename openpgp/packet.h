/* SPDX-License-Identifier: GPL-2.0-or-later */
/* OpenPGP packets and multiprecision integers (RFC 9580, 4.2 and 3.2). */
#ifndef OPENPGP_PACKET_H
#define OPENPGP_PACKET_H

#include "core/bytes.h"

enum packet_tag {
	PACKET_PKESK = 1,
	PACKET_SIGNATURE = 2,
	PACKET_SKESK = 3,
	PACKET_ONE_PASS = 4,
	PACKET_SECRET_KEY = 5,
	PACKET_PUBLIC_KEY = 6,
	PACKET_COMPRESSED = 8,
	PACKET_SED = 9,
	PACKET_MARKER = 10,
	PACKET_LITERAL = 11,
	PACKET_TRUST = 12,
	PACKET_USER_ID = 13,
	PACKET_PUBLIC_SUBKEY = 14,
	PACKET_USER_ATTRIBUTE = 17,
	PACKET_SEIPD = 18,
	PACKET_AEAD = 20,
	PACKET_PADDING = 21,
};

/* A row of packets in memory of ours: partial bodies are joined in place. */
struct packets {
	uint8_t *p;
	size_t n;
};

struct packet {
	unsigned int tag;
	struct bytes body;
};

/* The next packet; call only while in->n > 0.  *in is spoilt by an error. */
enum err packet_next(struct packets *in, struct packet *ret);

/* Write a new-format header with a definite length. */
void put_packet_header(struct writer *w, enum packet_tag tag, size_t body_len);
size_t packet_header_len(size_t body_len);
void put_packet(struct writer *w, enum packet_tag tag, struct bytes body);

/* A number without its leading zero bytes; a wrong bit count in the same byte is let
 * through. */
enum err take_mpi(struct bytes *in, struct bytes *ret);
void put_mpi(struct writer *w, struct bytes number); /* leading zero bytes are dropped */

struct bytes without_zeros(struct bytes number);

#endif
