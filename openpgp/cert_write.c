/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A certificate, packet by packet: primary key, user id, subkeys, a signature behind
 * each.
 */
#include "openpgp/cert_write.h"
#include "openpgp/packet.h"

#include "core/utf8.h"

static bool name_ok(struct bytes uid)
{
	uint32_t c;

	if (uid.n == 0 || uid.n > CERT_UID_MAX || !utf8_is_text(uid))
		return false;
	while (bytes_take_be(&uid, 1, &c) == OK)
		if (c < 0x20 || c == 0x7f)
			return false;
	return true;
}

static enum err put_signed(const struct cert_plan *p, enum sig_type type, uint8_t flags,
                           const struct sig_subject *about, struct writer *w)
{
	const struct sig_claims claims = {p->created, p->expires, flags};
	struct bytes raw = {0};
	struct sig_draft d;

	enum err e = sig_draft(p->primary, type, &claims, about, &d);
	if (e == OK)
		e = p->sign(p->ctx, d.hash, (struct bytes){d.digest, hash_len(d.hash)},
		            &raw);
	return e == OK ? sig_finish(&d, p->primary, raw, w) : e;
}

static void put_key(struct writer *w, enum packet_tag tag, const struct pubkey *k)
{
	put_packet(w, tag, (struct bytes){k->body, k->body_len});
}

enum err cert_write(const struct cert_plan *p, struct writer *w)
{
	const struct bytes uid = bytes_of(p->uid);
	const struct sig_subject self = {
	        .primary = p->primary, .uid_tag = PACKET_USER_ID, .uid = uid};

	if (!name_ok(uid) || p->n_sub > CERT_SUBKEYS_MAX)
		return ERR_USAGE;
	put_key(w, PACKET_PUBLIC_KEY, p->primary);
	put_packet(w, PACKET_USER_ID, uid);
	enum err e = put_signed(p, SIG_CERT_LAST, p->flags, &self, w);

	for (size_t i = 0; i < p->n_sub && e == OK; i++) {
		const struct cert_subkey *s = &p->sub[i];
		const struct sig_subject binding = {.primary = p->primary,
		                                    .subkey = s->key};

		put_key(w, PACKET_PUBLIC_SUBKEY, s->key);
		e = put_signed(p, SIG_SUBKEY_BINDING, s->flags, &binding, w);
	}
	return e == OK && !writer_ok(w) ? ERR_BUG : e;
}
