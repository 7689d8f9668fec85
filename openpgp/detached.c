/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A file of signatures against a document and keys. */
#include <stdlib.h>

#include "openpgp/armor.h"
#include "openpgp/detached.h"
#include "openpgp/packet.h"

struct question {
	struct sig_subject about;
	const struct pubkey *keys;
	size_t n_keys;
	uint32_t now;
	bool every; /* not one of them, but each must be good */
};

static bool may_be_by(const struct signature *s, const struct pubkey *key)
{
	return !s->has_issuer || memcmp(s->issuer, key->keyid, sizeof(s->issuer)) == 0;
}

static enum err try_keys(const struct question *q, const struct signature *s,
                         struct detached *ret)
{
	for (size_t i = 0; i < q->n_keys; i++) {
		const struct pubkey *key = &q->keys[i];

		if (!may_be_by(s, key) || s->created < key->created)
			continue;
		const enum err e = signature_verify(s, key, &q->about);
		if (e == OK)
			*ret = (struct detached){.key = i, .created = s->created};
		if (e == OK || e == ERR_NOMEM)
			return e;
	}
	return ERR_SIGNATURE;
}

static enum err see_signature(const struct question *q, struct bytes body,
                              struct detached *ret)
{
	struct signature s;
	unsigned int type = 0;

	enum err e = signature_parse(body, &s, &type);
	if (e != OK) /* a version of the future is not ours to judge */
		return e == ERR_UNSUPPORTED ? ERR_SIGNATURE : e;
	if (s.type != SIG_BINARY || !signature_in_force(&s, q->now))
		return ERR_SIGNATURE;
	return try_keys(q, &s, ret);
}

/* Is there nothing that another signature could change? */
static bool is_settled(const struct question *q, enum err e, size_t seen)
{
	return q->every ? seen > 0 && e != OK : e == OK;
}

static enum err see_all(const struct question *q, struct packets in, struct detached *ret)
{
	enum err result = ERR_SIGNATURE;
	struct detached by = {0};
	struct packet p;
	size_t seen = 0;

	while (in.n > 0) {
		enum err e = packet_next(&in, &p);
		if (e != OK)
			return e;
		/* RFC 9580, 5.8; gpg, and so Heads, refuses any other. */
		if (p.tag == PACKET_MARKER && bytes_equal(p.body, bytes_of("PGP")))
			continue;
		if (p.tag != PACKET_SIGNATURE || seen == DETACHED_SIGNATURES)
			return ERR_FORMAT;
		if (!is_settled(q, result, seen++)) {
			result = see_signature(q, p.body, &by);
			if (result == OK && by.created >= ret->created)
				*ret = by;
		}
		if (result != OK && result != ERR_SIGNATURE)
			return result;
	}
	return result;
}

static enum err answer(const struct question *q, struct bytes sig, struct detached *ret)
{
	struct detached found = {0};
	uint8_t *own = NULL;
	size_t len = 0;

	if (sig.n == 0)
		return ERR_SIGNATURE;
	if (sig.n > DETACHED_MAX)
		return ERR_FORMAT;
	enum err e = armor_own(sig, &own, &len);
	if (e != OK)
		return e;
	e = see_all(q, (struct packets){own, len}, &found);
	free(own);
	if (e == OK)
		*ret = found;
	return e;
}

enum err detached_verify(struct bytes sig, struct bytes document,
                         const struct pubkey *keys, size_t n_keys, uint32_t now,
                         struct detached *ret)
{
	const struct question q = {.about = {.document = document},
	                           .keys = keys,
	                           .n_keys = n_keys,
	                           .now = now};

	return answer(&q, sig, ret);
}

enum err detached_verify_every(struct bytes sig, struct bytes document,
                               const struct pubkey *keys, size_t n_keys, uint32_t now,
                               struct detached *ret)
{
	const struct question q = {.about = {.document = document},
	                           .keys = keys,
	                           .n_keys = n_keys,
	                           .now = now,
	                           .every = true};

	return answer(&q, sig, ret);
}
