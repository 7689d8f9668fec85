/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lays commands with PINs out, in secrets, as the card's KDF wants to see them. */
#include "card/kdf.h"
#include "card/pw.h"

enum { HEAD = 5, SALT_USER = 0x84, SALT_CODE = 0x85, SALT_ADMIN = 0x86 };

static bool salt_of(struct bytes f9, uint32_t tag, struct card_kdf *k)
{
	struct bytes in = data_strip(TAG_KDF, f9);
	struct tlv t;

	while (data_next(&in, &t) == OK)
		if (t.tag == tag && t.value.n > 0 && t.value.n <= sizeof(k->salt_user)) {
			memcpy(k->salt_user, t.value.p, t.value.n);
			k->salt_len = t.value.n;
			return true;
		}
	return false;
}

/* 4.3.2: without a salt of its own the user's serves. */
enum err admin_kdf(struct card *c, enum card_pw which, struct card_kdf *ret)
{
	const struct card_info *info = &c->data.info;
	struct card_kdf k = info->kdf;
	struct card_info now = {0};
	struct bytes f9;
	uint16_t sw;

	if (!k.active || which == CARD_PW_USER) {
		*ret = k;
		return OK;
	}
	enum err e = card_get_data(c, TAG_KDF, &f9, &sw);
	if (e == OK && sw != SW_OK)
		e = ERR_CARD_STATE;
	if (e == OK)
		e = kdf_parse(f9, &now);
	if (e != OK)
		return e;
	/* Not the one that was told when it was opened: the PIN goes nowhere. */
	if (now.kdf_digest_len != info->kdf_digest_len ||
	    memcmp(now.kdf_digest_input, info->kdf_digest_input, now.kdf_digest_len) != 0)
		return ERR_CARD_STATE;
	if (!salt_of(f9, which == CARD_PW_CODE ? SALT_CODE : SALT_ADMIN, &k) &&
	    !salt_of(f9, SALT_USER, &k))
		return ERR_FORMAT;
	*ret = k;
	return OK;
}

static enum err derive(struct card *c, enum card_pw which, const struct secret *pin,
                       struct secret **ret)
{
	struct card_kdf k;

	const enum err e = admin_kdf(c, which, &k);
	return e == OK ? kdf_derive(&k, pin, ret) : e;
}

enum err pw_lay_out(struct card *c, const struct pw_command *p, struct secret **ret)
{
	AUTO_SECRET *first = NULL, *fresh = NULL, *cmd = NULL;
	struct bytes a = {0}, b = {0};

	enum err e = p->first ? derive(c, p->which, p->first, &first) : OK;
	if (e == OK && p->fresh)
		e = derive(c, p->sets, p->fresh, &fresh);
	if (e != OK)
		return e;
	if (first)
		a = secret_view(first);
	if (fresh)
		b = secret_view(fresh);
	if (a.n + b.n == 0 || a.n + b.n > PW_BODY_MAX)
		return ERR_PIN_LENGTH;
	e = secret_new(HEAD + a.n + b.n, &cmd);
	if (e != OK)
		return e;
	struct writer w = {secret_buf(cmd), secret_cap(cmd), 0, false};
	put_be(&w, 1, 0);
	put_be(&w, 1, p->ins);
	put_be(&w, 1, p->p1);
	put_be(&w, 1, p->p2);
	put_be(&w, 1, (uint32_t)(a.n + b.n));
	put_bytes(&w, a.p, a.n);
	put_bytes(&w, b.p, b.n);
	if (!writer_ok(&w))
		return ERR_BUG;
	e = secret_set_len(cmd, w.n);
	if (e != OK)
		return e;
	*ret = cmd;
	cmd = NULL;
	return OK;
}
