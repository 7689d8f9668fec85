/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packet framing: headers of both formats, partial bodies joined in place, MPIs. */
#include "openpgp/packet.h"

enum length_kind { LENGTH_DEFINITE, LENGTH_PARTIAL, LENGTH_TO_END };

/* Only packets that carry data may come in pieces (RFC 9580, 4.2.1.4). */
static bool may_be_partial(unsigned int tag)
{
	switch (tag) {
	case PACKET_COMPRESSED:
	case PACKET_SED:
	case PACKET_LITERAL:
	case PACKET_SEIPD:
	case PACKET_AEAD:
		return true;
	default:
		return false;
	}
}

static enum err take_new_length(struct bytes *in, enum length_kind *kind, size_t *ret)
{
	uint32_t first, more;

	*kind = LENGTH_DEFINITE;
	enum err e = bytes_take_be(in, 1, &first);
	if (e != OK)
		return e;
	if (first < 192) {
		*ret = first;
		return OK;
	}
	if (first < 224) {
		e = bytes_take_be(in, 1, &more);
		if (e == OK)
			*ret = ((first - 192) << 8) + more + 192;
		return e;
	}
	if (first == 255) {
		e = bytes_take_be(in, 4, &more);
		if (e == OK)
			*ret = more;
		return e;
	}
	*kind = LENGTH_PARTIAL;
	*ret = (size_t)1 << (first & 0x1f);
	return OK;
}

static enum err take_old_length(struct bytes *in, uint32_t type, enum length_kind *kind,
                                size_t *ret)
{
	uint32_t v;

	*kind = LENGTH_DEFINITE;
	if (type == 3) {
		*kind = LENGTH_TO_END;
		*ret = in->n;
		return OK;
	}
	enum err e = bytes_take_be(in, (size_t)1 << type, &v);
	if (e == OK)
		*ret = v;
	return e;
}

/* The first piece starts at base + body; each further one moves down to its predecessor.
 */
static enum err join_pieces(uint8_t *base, size_t body, struct bytes *in, size_t first,
                            size_t *ret_len)
{
	enum length_kind kind = LENGTH_PARTIAL;
	struct bytes piece;
	size_t len = first, joined = 0;

	for (;;) {
		enum err e = bytes_take(in, len, &piece);
		if (e != OK)
			return e;
		if (piece.n > 0)
			memmove(base + body + joined, piece.p, piece.n);
		joined += piece.n;
		if (kind == LENGTH_DEFINITE)
			break;
		e = take_new_length(in, &kind, &len);
		if (e != OK)
			return e;
	}
	*ret_len = joined;
	return OK;
}

enum err packet_next(struct packets *in, struct packet *ret)
{
	struct bytes left = {in->p, in->n};
	struct packet out = {0};
	enum length_kind kind;
	uint32_t head;
	size_t len;

	enum err e = bytes_take_be(&left, 1, &head);
	if (e != OK)
		return e;
	if ((head & 0x80) == 0)
		return ERR_FORMAT;
	if ((head & 0x40) != 0) {
		out.tag = head & 0x3f;
		e = take_new_length(&left, &kind, &len);
	} else {
		out.tag = (head >> 2) & 0x0f;
		e = take_old_length(&left, head & 3, &kind, &len);
	}
	if (e != OK)
		return e;
	if (out.tag == 0 || (kind != LENGTH_DEFINITE && !may_be_partial(out.tag)))
		return ERR_FORMAT;

	const size_t body = in->n - left.n;

	if (kind == LENGTH_PARTIAL) {
		e = join_pieces(in->p, body, &left, len, &len);
		out.body = (struct bytes){in->p + body, len};
	} else {
		e = bytes_take(&left, len, &out.body);
	}
	if (e != OK)
		return e;
	in->p += in->n - left.n;
	in->n = left.n;
	*ret = out;
	return OK;
}

size_t packet_header_len(size_t body_len)
{
	if (body_len < 192)
		return 2;
	return body_len < 8384 ? 3 : 6;
}

void put_packet_header(struct writer *w, enum packet_tag tag, size_t body_len)
{
	put_be(w, 1, 0xc0 | (uint32_t)tag);
	if (body_len < 192) {
		put_be(w, 1, (uint32_t)body_len);
	} else if (body_len < 8384) {
		put_be(w, 2, (uint32_t)(body_len - 192 + (192 << 8)));
	} else if (body_len <= UINT32_MAX) {
		put_be(w, 1, 255);
		put_be(w, 4, (uint32_t)body_len);
	} else {
		w->overflow = true;
	}
}

void put_packet(struct writer *w, enum packet_tag tag, struct bytes body)
{
	put_packet_header(w, tag, body.n);
	put_bytes(w, body.p, body.n);
}

struct bytes without_zeros(struct bytes number)
{
	while (number.n > 0 && number.p[0] == 0) {
		number.p++;
		number.n--;
	}
	return number;
}

enum err take_mpi(struct bytes *in, struct bytes *ret)
{
	struct bytes left = *in, number;
	uint32_t bits;

	enum err e = bytes_take_be(&left, 2, &bits);
	if (e != OK)
		return e;
	e = bytes_take(&left, (bits + 7) / 8, &number);
	if (e != OK)
		return e;
	*in = left;
	*ret = without_zeros(number);
	return OK;
}

void put_mpi(struct writer *w, struct bytes number)
{
	const struct bytes v = without_zeros(number);
	size_t bits = v.n * 8;

	if (v.n > 0) {
		for (unsigned int top = v.p[0]; (top & 0x80) == 0; top <<= 1)
			bits--;
	}
	if (bits > UINT16_MAX) {
		w->overflow = true;
		return;
	}
	put_be(w, 2, (uint32_t)bits);
	put_bytes(w, v.p, v.n);
}
