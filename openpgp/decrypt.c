/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The inside of an encrypted message: integrity first, then down to the literal body. */
#include "openpgp/compress.h"
#include "openpgp/message.h"
#include "openpgp/packet.h"
#include "openpgp/reveal.h"

enum { BLOCK = 16, PREFIX = BLOCK + 2, MDC_HEAD = 2, MDC = MDC_HEAD + 20 };
/* A compressed packet may hold the literal body, its header and a few signatures. */
enum { INNER_MAX = MESSAGE_BODY_MAX + 16 * 1024 };

/* What is seen of: [one-pass | signature]* literal signature* (RFC 9580, 10.3). */
struct inner {
	struct bytes literal, compressed;
	bool has_literal, has_compressed;
	size_t one_pass, signed_before, signed_after;
};

static enum err see_packet(struct inner *s, const struct packet *p)
{
	switch (p->tag) {
	case PACKET_MARKER:
	case PACKET_PADDING:
		return OK;
	case PACKET_ONE_PASS:
		s->one_pass++;
		return s->has_literal || s->has_compressed ? ERR_FORMAT : OK;
	case PACKET_SIGNATURE:
		if (s->has_literal)
			s->signed_after++;
		else
			s->signed_before++;
		return OK;
	case PACKET_LITERAL:
		if (s->has_literal || s->has_compressed)
			return ERR_FORMAT;
		s->has_literal = true;
		s->literal = p->body;
		return OK;
	case PACKET_COMPRESSED:
		if (s->has_literal || s->has_compressed)
			return ERR_FORMAT;
		s->has_compressed = true;
		s->compressed = p->body;
		return OK;
	default:
		return ERR_FORMAT;
	}
}

static enum err see_all(struct packets in, struct inner *s)
{
	struct packet p;

	while (in.n > 0) {
		enum err e = packet_next(&in, &p);
		if (e == OK)
			e = see_packet(s, &p);
		if (e != OK)
			return e;
	}
	if (s->has_compressed)
		return s->one_pass == 0 && s->signed_before == 0 ? OK : ERR_FORMAT;
	return s->has_literal && s->one_pass == s->signed_after ? OK : ERR_FORMAT;
}

static enum err literal_body(struct bytes in, struct secret **ret)
{
	struct bytes skipped;
	uint32_t format, name_len;

	enum err e = bytes_take_be(&in, 1, &format);
	if (e == OK)
		e = bytes_take_be(&in, 1, &name_len);
	if (e == OK)
		e = bytes_take(&in, name_len, &skipped);
	if (e == OK)
		e = bytes_take(&in, 4, &skipped); /* the date */
	if (e != OK)
		return e;
	return in.n <= MESSAGE_BODY_MAX ? secret_copy(in, ret) : ERR_FORMAT;
}

static enum err read_inner(struct packets in, struct secret **ret)
{
	AUTO_SECRET *unpacked = NULL;
	struct inner s = {0}, deep = {0};

	enum err e = see_all(in, &s);
	if (e != OK)
		return e;
	if (s.has_literal)
		return literal_body(s.literal, ret);
	e = decompress(s.compressed, INNER_MAX, &unpacked);
	if (e != OK)
		return e;
	e = see_all((struct packets){secret_buf(unpacked), secret_len(unpacked)}, &deep);
	if (e != OK)
		return e;
	return deep.has_literal ? literal_body(deep.literal, ret) : ERR_FORMAT;
}

/* One answer for every way to be wrong, and nothing of the text is looked at before. */
static enum err check_mdc(struct bytes plain)
{
	static const uint8_t head[MDC_HEAD] = {0xd3, 0x14};
	const uint8_t *mdc = plain.p + plain.n - MDC;
	uint8_t sum[MDC - MDC_HEAD];

	enum err e = hash_all(HASH_SHA1, (struct bytes){plain.p, plain.n - sizeof(sum)},
	                      sum, sizeof(sum));
	if (e != OK)
		return e;

	const unsigned int same =
	        (unsigned int)mem_equal_ct(sum, mdc + MDC_HEAD, sizeof(sum)) &
	        (unsigned int)mem_equal_ct(head, mdc, MDC_HEAD) &
	        (unsigned int)mem_equal_ct(plain.p + BLOCK - 2, plain.p + BLOCK, 2);

	explicit_bzero(sum, sizeof(sum));
	return reveal(same) == 1 ? OK : ERR_CRYPTO;
}

static enum err open_seipd(struct bytes seipd, const struct secret *session,
                           struct secret **ret)
{
	const struct bytes s = secret_view(session);
	AUTO_SECRET *key = NULL, *plain = NULL;

	if (s.n == 0 || seipd.n < PREFIX + MDC)
		return ERR_CRYPTO;

	const enum cipher_alg alg = (enum cipher_alg)s.p[0];
	const size_t key_len = cipher_key_len(alg);

	if (key_len == 0 || s.n != 1 + key_len)
		return ERR_CRYPTO;
	enum err e = secret_copy((struct bytes){s.p + 1, key_len}, &key);
	if (e == OK)
		e = secret_new(seipd.n, &plain);
	if (e == OK)
		e = cfb_decrypt(alg, key, seipd, secret_buf(plain));
	if (e == OK)
		e = secret_set_len(plain, seipd.n);
	if (e == OK)
		e = check_mdc(secret_view(plain));
	if (e != OK)
		return e;
	*ret = plain;
	plain = NULL;
	return OK;
}

enum err message_decrypt(const struct message *m, const struct secret *session,
                         struct secret **ret_body)
{
	AUTO_SECRET *plain = NULL;

	enum err e = open_seipd(m->seipd, session, &plain);
	if (e != OK)
		return e;
	return read_inner((struct packets){secret_buf(plain) + PREFIX,
	                                   secret_len(plain) - PREFIX - MDC},
	                  ret_body);
}
