/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The outside of an encrypted message: who can read it, and what is encrypted. */
#include <stdlib.h>

#include "core/log.h"
#include "openpgp/armor.h"
#include "openpgp/packet.h"
#include "openpgp/pkesk.h"

/* A damaged PKESK may be somebody else's: what counts is that ours is whole. */
static enum err add_pkesk(struct message *m, struct bytes body)
{
	struct pkesk p;

	enum err e = pkesk_parse(body, &p);
	if (e != OK) {
		log_line(LOG_DEBUG, "a session key packet is left out: %s", err_text(e));
		return OK;
	}
	if (m->n_pkesk == MESSAGE_RECIPIENTS)
		return ERR_UNSUPPORTED;
	m->pkesk[m->n_pkesk++] = p;
	return OK;
}

static enum err set_seipd(struct message *m, struct bytes body)
{
	uint32_t version;

	enum err e = bytes_take_be(&body, 1, &version);
	if (e != OK)
		return e;
	if (version != 1)
		return ERR_UNSUPPORTED;
	m->seipd = body;
	return OK;
}

static enum err read_packets(struct packets in, struct message *m)
{
	struct packet p;

	while (in.n > 0) {
		enum err e = packet_next(&in, &p);
		if (e != OK)
			return e;
		switch (p.tag) {
		case PACKET_PKESK:
			e = add_pkesk(m, p.body);
			if (e != OK)
				return e;
			break;
		case PACKET_SKESK:
		case PACKET_MARKER:
		case PACKET_PADDING:
			break;
		case PACKET_SEIPD:
			e = set_seipd(m, p.body);
			if (e != OK)
				return e;
			return in.n == 0 ? OK : ERR_FORMAT;
		case PACKET_SED: /* no integrity protection */
		case PACKET_AEAD:
			return ERR_UNSUPPORTED;
		default:
			return ERR_FORMAT;
		}
	}
	return ERR_FORMAT;
}

enum err message_parse(struct bytes in, struct message *ret)
{
	struct message m = {0};
	size_t len = 0;

	if (in.n > MESSAGE_MAX)
		return ERR_FORMAT;
	enum err e = armor_own(in, &m.own, &len);
	if (e != OK)
		return e;
	e = read_packets((struct packets){m.own, len}, &m);
	if (e != OK) {
		message_free(&m);
		return e;
	}
	*ret = m;
	return OK;
}

void message_free(struct message *m)
{
	free(m->own);
	explicit_bzero(m, sizeof(*m));
}
