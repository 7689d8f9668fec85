/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Certificates: which of its keys may encrypt or sign, as its own signatures say. */
#include <stdlib.h>

#include "openpgp/armor.h"
#include "openpgp/packet.h"
#include "openpgp/signature.h"

/* The newest signature that says something about a key or a user id. */
struct claim {
	bool there;
	struct signature sig;
};

/* What keys are looked for, and what to say when there is none. */
struct purpose {
	uint8_t flags;
	const char *none, *not_meant;
	const char *revoked, *expired, *future;
};

static const struct purpose to_encrypt = {
        .flags = FLAG_ENCRYPT,
        .none = "The certificate has no encryption key. Make one (gpg --edit-key KEYID, "
                "addkey) and export it anew.",
        .not_meant = "The certificate has no key that is meant for encryption. Make one "
                     "(gpg --edit-key KEYID, addkey) and export it anew.",
        .revoked = "The encryption key is revoked. Make another one (gpg --edit-key "
                   "KEYID, addkey).",
        .expired = "The encryption key has expired. Extend it (gpg --edit-key KEYID, key "
                   "N, expire) and export it anew.",
        .future = "The encryption key was made in the future: is the clock right?",
};
static const struct purpose to_sign = {
        .flags = FLAG_SIGN,
        .none = "The certificate has no signing key.",
        .not_meant = "The certificate has no key that is meant for signing.",
        .revoked = "The signing key is revoked.",
        .expired = "The signing key has expired.",
        .future = "The signing key was made in the future: is the clock right?",
};

static const char several[] =
        "The file has more than one certificate. Export one alone: gpg --export KEYID.";

static const char secret[] =
        "The file has a secret key. Give the public one: gpg --export KEYID.";

static const char version[] = "Its key is not of OpenPGP's version 4 but an older or "
                              "newer one (5 and 6 are the "
                              "newer), which is not read here. Cards hold keys of "
                              "version 4: give one of those.";

static const char algorithm[] = "Its key is of an algorithm that is not supported: RSA, "
                                "NIST and Brainpool curves, "
                                "Curve25519 and Ed25519 are, as GnuPG 2.2 writes them.";

/* One pass over a certificate; `component` is what the signatures that follow are about.
 */
struct walk {
	const struct purpose *purpose;
	uint32_t now;
	struct pubkey primary;
	struct claim self; /* about the primary key: user ids and direct */
	bool primary_revoked;
	unsigned int component; /* packet tag */
	struct bytes uid;
	struct claim uid_self;
	uint32_t uid_revoked; /* when, plus one; 0: not */
	struct pubkey sub;
	bool sub_known; /* parsed */
	struct claim binding;
	bool sub_revoked;
	struct pubkey *found; /* cap of them */
	size_t cap, n;
	const char *why;
};

static void claim_newest(struct claim *c, const struct signature *s)
{
	if (!c->there || s->created >= c->sig.created)
		*c = (struct claim){true, *s};
}

static bool key_expired(const struct pubkey *k, const struct signature *s, uint32_t now)
{
	return s->key_lifetime != 0 && (uint64_t)k->created + s->key_lifetime <= now;
}

static void add_found(struct walk *w, const struct pubkey *k)
{
	size_t at = 0;

	while (at < w->n && w->found[at].created >= k->created)
		at++;
	if (at == w->cap)
		return;
	if (w->n < w->cap)
		w->n++;
	for (size_t i = w->n - 1; i > at; i--)
		pubkey_copy(&w->found[i], &w->found[i - 1]);
	pubkey_copy(&w->found[at], k);
}

/* Is its kind one that can do that at all? */
static bool can(const struct purpose *what, const struct pubkey *k)
{
	if (what == &to_sign)
		return signature_hash(k) != HASH_NONE;
	return k->alg == PGP_RSA || k->alg == PGP_RSA_ENC || k->alg == PGP_ECDH;
}

/* A subkey that signs has to agree: nobody can claim another's signatures as his own. */
static bool agrees(const struct walk *w, const struct pubkey *k,
                   const struct signature *s)
{
	struct signature back;
	unsigned int type = 0;

	if (w->purpose != &to_sign || k == &w->primary)
		return true;
	return signature_parse(s->embedded, &back, &type) == OK &&
	       back.type == SIG_PRIMARY_BINDING && signature_in_force(&back, w->now) &&
	       signature_verify(
	               &back, k,
	               &(struct sig_subject){.primary = &w->primary, .subkey = k}) == OK;
}

static void consider(struct walk *w, const struct pubkey *k, const struct claim *c,
                     bool revoked)
{
	const struct purpose *what = w->purpose;

	if (!can(what, k))
		return;
	if (!c->there)
		w->why =
		        "The key has no binding signature that verifies. Export it anew.";
	else if (revoked)
		w->why = what->revoked;
	else if (c->sig.has_flags && (c->sig.flags & what->flags) == 0)
		/* Why one that is meant for it will not do tells more. */
		w->why = w->why == what->none ? what->not_meant : w->why;
	else if (key_expired(k, &c->sig, w->now))
		w->why = what->expired;
	else if (k->created > w->now && k->created - w->now > 24 * 60 * 60)
		w->why = what->future;
	else if (!agrees(w, k, &c->sig))
		w->why = "The signing key has not signed the certificate in return.";
	else
		add_found(w, k);
}

/* The signatures about a component are all seen. */
static void end_component(struct walk *w)
{
	if (w->component == PACKET_PUBLIC_SUBKEY && w->sub_known)
		consider(w, &w->sub, &w->binding, w->sub_revoked);
	if ((w->component == PACKET_USER_ID || w->component == PACKET_USER_ATTRIBUTE) &&
	    w->uid_self.there && w->uid_revoked <= w->uid_self.sig.created)
		claim_newest(&w->self, &w->uid_self.sig);
	w->uid_self = (struct claim){0};
	w->binding = (struct claim){0};
	w->uid_revoked = 0;
	w->sub_known = w->sub_revoked = false;
}

/* Was it made by the primary key, about itself, a subkey or the user id seen last? */
static enum err verify(const struct walk *w, const struct signature *s,
                       const struct pubkey *subkey, unsigned int uid_tag)
{
	const struct sig_subject about = {.primary = &w->primary,
	                                  .subkey = subkey,
	                                  .uid_tag = uid_tag,
	                                  .uid = w->uid};

	return signature_verify(s, &w->primary, &about);
}

/*
 * A revocation counts unless it claims to be by this very key and is not; one by somebody
 * else may be a designated revoker's, which we cannot check.
 */
static bool revocation_counts(const struct walk *w, const struct signature *s,
                              const struct pubkey *about)
{
	if (s->has_issuer && memcmp(s->issuer, w->primary.keyid, sizeof(s->issuer)) != 0)
		return true;
	return verify(w, s, about, 0) != ERR_SIGNATURE;
}

static void see_direct(struct walk *w, const struct signature *s)
{
	if (s->type == SIG_KEY_REVOCATION)
		w->primary_revoked |= revocation_counts(w, s, NULL);
	else if (s->type == SIG_DIRECT_KEY && signature_in_force(s, w->now) &&
	         verify(w, s, NULL, 0) == OK)
		claim_newest(&w->self, s);
}

static void see_about_uid(struct walk *w, const struct signature *s)
{
	const bool cert = s->type >= SIG_CERT_FIRST && s->type <= SIG_CERT_LAST;

	if (!cert && s->type != SIG_CERT_REVOCATION)
		return;
	if (s->has_issuer && memcmp(s->issuer, w->primary.keyid, sizeof(s->issuer)) != 0)
		return; /* somebody else's opinion */
	if (verify(w, s, NULL, w->component) != OK)
		return;
	if (!cert && s->created >= w->uid_revoked)
		w->uid_revoked = s->created == UINT32_MAX ? UINT32_MAX : s->created + 1;
	else if (cert && signature_in_force(s, w->now))
		claim_newest(&w->uid_self, s);
}

static void see_about_subkey(struct walk *w, const struct signature *s)
{
	if (!w->sub_known)
		return;
	if (s->type == SIG_SUBKEY_REVOCATION)
		w->sub_revoked |= revocation_counts(w, s, &w->sub);
	else if (s->type == SIG_SUBKEY_BINDING && signature_in_force(s, w->now) &&
	         verify(w, s, &w->sub, 0) == OK)
		claim_newest(&w->binding, s);
}

static enum err see_signature(struct walk *w, struct bytes body)
{
	struct signature s;
	unsigned int type = 0;

	enum err e = signature_parse(body, &s, &type);
	if (e != OK) {
		/* unreadable: only a revocation means something */
		if (type == SIG_KEY_REVOCATION)
			w->primary_revoked = true;
		if (type == SIG_SUBKEY_REVOCATION)
			w->sub_revoked = true;
		return e == ERR_UNSUPPORTED ? OK : e;
	}
	if (s.type == SIG_KEY_REVOCATION || s.type == SIG_DIRECT_KEY)
		see_direct(w, &s);
	else if (w->component == PACKET_PUBLIC_SUBKEY)
		see_about_subkey(w, &s);
	else if (w->component == PACKET_USER_ID || w->component == PACKET_USER_ATTRIBUTE)
		see_about_uid(w, &s);
	return OK;
}

static enum err see_packet(struct walk *w, const struct packet *p)
{
	switch (p->tag) {
	case PACKET_SIGNATURE:
		return see_signature(w, p->body);
	case PACKET_USER_ID:
	case PACKET_USER_ATTRIBUTE:
		end_component(w);
		w->component = p->tag;
		w->uid = p->body;
		return OK;
	case PACKET_PUBLIC_SUBKEY:
		end_component(w);
		w->component = p->tag;
		w->sub_known = pubkey_parse(p->body, &w->sub) == OK;
		if (!w->sub_known)
			w->why = "A subkey is of a kind that is not supported.";
		return OK;
	case PACKET_MARKER:
	case PACKET_TRUST:
	case PACKET_PADDING:
		return OK;
	case PACKET_PUBLIC_KEY:
		w->why = several;
		return ERR_FORMAT;
	default:
		return ERR_FORMAT;
	}
}

static enum err parse_primary(struct bytes body, struct walk *w)
{
	uint32_t v = 0;

	const enum err e = pubkey_parse(body, &w->primary);
	if (e == ERR_UNSUPPORTED && bytes_take_be(&body, 1, &v) == OK)
		w->why = v == 4 ? algorithm : version;
	return e;
}

static enum err walk_packets(struct packets in, struct walk *w)
{
	struct packet p;

	if (in.n == 0)
		return ERR_FORMAT;
	enum err e = packet_next(&in, &p);
	if (e == OK && p.tag == PACKET_SECRET_KEY)
		w->why = secret;
	if (e == OK && p.tag != PACKET_PUBLIC_KEY)
		e = ERR_FORMAT;
	if (e == OK)
		e = parse_primary(p.body, w);
	w->component = PACKET_PUBLIC_KEY;
	while (e == OK && in.n > 0) {
		e = packet_next(&in, &p);
		if (e == OK)
			e = see_packet(w, &p);
	}
	if (e != OK)
		return e;
	end_component(w);
	if (!w->self.there)
		w->why = "The certificate has no self-signature that verifies. Export it "
		         "anew.";
	else if (w->primary_revoked)
		w->why = "The certificate is revoked.";
	else if (key_expired(&w->primary, &w->self.sig, w->now))
		w->why = "The certificate has expired. Extend it (gpg --edit-key KEYID, "
		         "expire) and export it anew.";
	else
		consider(w, &w->primary, &w->self, false);
	if (!w->self.there || w->primary_revoked ||
	    key_expired(&w->primary, &w->self.sig, w->now))
		w->n = 0;
	return w->n > 0 ? OK : ERR_NOT_FOUND;
}

static bool has_two_blocks(struct bytes armor)
{
	struct bytes line;

	if (!armor_is(armor) || bytes_take(&armor, 1, &line) != OK)
		return false;
	return armor_is(armor_find(armor));
}

static enum err keys_for(const struct purpose *what, struct bytes cert, uint32_t now,
                         struct pubkey *ret, size_t cap, size_t *ret_n,
                         const char **ret_why)
{
	uint8_t *own = NULL;
	size_t len = 0;

	const struct bytes in = armor_find(cert);
	enum err e = armor_own(in, &own, &len);
	if (e == ERR_FORMAT && ret_why != NULL && has_two_blocks(in))
		*ret_why = several;
	if (e != OK)
		return e;

	struct walk *w = calloc(1, sizeof(*w));

	e = ERR_NOMEM;
	if (w == NULL)
		goto out;
	w->purpose = what;
	w->now = now;
	w->cap = cap;
	w->why = what->none;
	w->found = calloc(cap == 0 ? 1 : cap, sizeof(*w->found));
	if (w->found == NULL)
		goto out;
	e = walk_packets((struct packets){own, len}, w);
	if (e == OK) {
		for (size_t i = 0; i < w->n; i++)
			pubkey_copy(&ret[i], &w->found[i]);
		*ret_n = w->n;
	} else if (ret_why != NULL && (e == ERR_NOT_FOUND || e == ERR_UNSUPPORTED ||
	                               w->why == several || w->why == secret)) {
		*ret_why = w->why;
	}
out:
	if (w != NULL)
		free(w->found);
	free(w);
	free(own);
	return e;
}

enum err cert_encryption_keys(struct bytes cert, uint32_t now, struct pubkey *ret,
                              size_t cap, size_t *ret_n, const char **ret_why)
{
	return keys_for(&to_encrypt, cert, now, ret, cap, ret_n, ret_why);
}

enum err cert_signing_keys(struct bytes cert, uint32_t now, struct pubkey *ret,
                           size_t cap, size_t *ret_n, const char **ret_why)
{
	return keys_for(&to_sign, cert, now, ret, cap, ret_n, ret_why);
}
