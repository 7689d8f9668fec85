/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Write an encrypted message that every OpenPGP program reads. */
#include <stdlib.h>

#include "openpgp/message.h"
#include "openpgp/packet.h"
#include "openpgp/pkesk.h"

enum { BLOCK = 16, PREFIX = BLOCK + 2, SHA1_LEN = 20, LITERAL_HEAD = 6, KEY_LEN = 32 };

/* random prefix || repeat || literal packet || MDC packet */
static enum err make_plain(const struct secret *body, struct secret **ret)
{
	const size_t body_len = secret_len(body);
	const size_t literal_len = LITERAL_HEAD + body_len;
	AUTO_SECRET *plain = NULL;
	uint8_t prefix[BLOCK];

	enum err e = secret_new(PREFIX + packet_header_len(literal_len) + literal_len +
	                                2 + SHA1_LEN,
	                        &plain);
	if (e == OK)
		e = random_bytes(prefix, sizeof(prefix));
	if (e != OK)
		return e;

	struct writer w = {.p = secret_buf(plain), .cap = secret_cap(plain)};

	put_bytes(&w, prefix, sizeof(prefix));
	put_bytes(&w, prefix + BLOCK - 2, 2);
	put_packet_header(&w, PACKET_LITERAL, literal_len);
	put_be(&w, 1, 'b');
	put_be(&w, 1, 0); /* no name */
	put_be(&w, 4, 0); /* no date */
	put_bytes(&w, secret_view(body).p, body_len);
	put_be(&w, 2, 0xd314);
	if (!writer_ok(&w) || w.cap - w.n < SHA1_LEN)
		return ERR_BUG;
	e = hash_all(HASH_SHA1, writer_bytes(&w), w.p + w.n, SHA1_LEN);
	if (e == OK)
		e = secret_set_len(plain, w.n + SHA1_LEN);
	if (e != OK)
		return e;
	*ret = plain;
	plain = NULL;
	return OK;
}

/* ret_session: algorithm byte || key */
static enum err make_session(struct secret **ret_key, struct secret **ret_session)
{
	AUTO_SECRET *key = NULL, *session = NULL;

	enum err e = random_secret(KEY_LEN, &key);
	if (e == OK)
		e = secret_new(1 + KEY_LEN, &session);
	if (e != OK)
		return e;
	secret_buf(session)[0] = CIPHER_AES256;
	memcpy(secret_buf(session) + 1, secret_view(key).p, KEY_LEN);
	e = secret_set_len(session, 1 + KEY_LEN);
	if (e != OK)
		return e;
	*ret_key = key;
	*ret_session = session;
	key = session = NULL;
	return OK;
}

static enum err put_seipd(struct writer *w, const struct secret *key,
                          const struct secret *plain)
{
	const struct bytes in = secret_view(plain);

	put_packet_header(w, PACKET_SEIPD, 1 + in.n);
	put_be(w, 1, 1);
	if (!writer_ok(w) || w->cap - w->n < in.n)
		return ERR_BUG;
	enum err e = cfb_encrypt(CIPHER_AES256, key, in, w->p + w->n);
	if (e == OK)
		w->n += in.n;
	return e;
}

enum err message_encrypt(const struct pubkey *const *keys, size_t n_keys,
                         const struct secret *body, uint8_t **ret, size_t *ret_len)
{
	AUTO_SECRET *key = NULL, *session = NULL, *plain = NULL;

	if (n_keys == 0 || n_keys > MESSAGE_RECIPIENTS ||
	    secret_len(body) > MESSAGE_BODY_MAX)
		return ERR_USAGE;
	enum err e = make_session(&key, &session);
	if (e == OK)
		e = make_plain(body, &plain);
	if (e != OK)
		return e;

	const size_t cap = n_keys * PKESK_PACKET_MAX + 8 + secret_len(plain);
	struct writer w = {.p = malloc(cap), .cap = cap};

	if (w.p == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; e == OK && i < n_keys; i++)
		e = pkesk_put(&w, keys[i], session);
	if (e == OK)
		e = put_seipd(&w, key, plain);
	if (e != OK) {
		free(w.p);
		return e;
	}
	*ret = w.p;
	*ret_len = w.n;
	return OK;
}
