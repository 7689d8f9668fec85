/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looks into every reader and reads what its card says without a PIN. */
#include "cli/card_facts.h"

#include <stdlib.h>
#include <time.h>

#include "card/data.h"
#include "openpgp/packet.h"

enum { TAG_ORIGIN = 0xde, STEP_MS = 250, POINT_PREFIX = 0x40 };

/* --- one command at a time --- */

enum err raw_select(const struct link *l, uint16_t *ret_sw)
{
	static const uint8_t aid[] = {0xd2, 0x76, 0x00, 0x01, 0x24, 0x01};
	const struct apdu a = {
	        .ins = 0xa4, .p1 = 0x04, .data = {aid, sizeof(aid)},
                        .le = true
        };
	uint8_t buf[OBJECT_MAX + 2];
	size_t n;

	return apdu_send(l, &a, buf, sizeof(buf), &n, ret_sw);
}

enum err raw_get(const struct link *l, uint32_t tag, bool long_le, uint8_t *buf,
                 struct bytes *ret, uint16_t *ret_sw)
{
	const struct apdu a = {
	        .ins = 0xca,
	        .p1 = (uint8_t)(tag >> 8),
	        .p2 = (uint8_t)(tag & 0xff),
	        .le = true,
	        .long_le = long_le,
	};
	size_t n = 0;

	const enum err e = apdu_send(l, &a, buf, APDU_CAP, &n, ret_sw);
	if (e == OK)
		*ret = (struct bytes){buf, n};
	return e;
}

static bool find_in(struct bytes level, uint32_t tag, struct bytes *ret)
{
	struct tlv t;

	while (data_next(&level, &t) == OK)
		if (t.tag == tag) {
			*ret = t.value;
			return true;
		}
	return false;
}

bool find_object(struct bytes application, uint32_t tag, struct bytes *ret)
{
	const struct bytes all = data_strip(TAG_APPLICATION, application);
	struct bytes inner;

	return find_in(all, tag, ret) ||
	       (find_in(all, TAG_DISCRETIONARY, &inner) && find_in(inner, tag, ret));
}

/* --- the key --- */

static bool is_native(const struct curve *c)
{
	return c->id == CURVE_25519 || c->id == CURVE_ED25519;
}

/* ECDSA and EdDSA: RFC 9580, 5.5.5.4 and 5.5.5.5. */
static enum err match_signing(const struct card_key_info *info, const struct curve *c,
                              struct bytes oid, const struct card_pubkey *pub,
                              struct pubkey *ret)
{
	uint8_t body[PGP_KEY_MAX], point[OBJECT_MAX];
	struct writer w = {.p = body, .cap = sizeof(body)};
	struct writer m = {.p = point, .cap = sizeof(point)};
	struct pubkey k;

	if (is_native(c))
		put_be(&m, 1, POINT_PREFIX);
	put_bytes(&m, pub->point.p, pub->point.n);
	put_be(&w, 1, 4);
	put_be(&w, 4, info->created);
	put_be(&w, 1, pub->type == CARD_KEY_EDDSA ? PGP_EDDSA : PGP_ECDSA);
	put_be(&w, 1, (uint32_t)oid.n);
	put_bytes(&w, oid.p, oid.n);
	put_mpi(&w, writer_bytes(&m));
	if (!writer_ok(&w) || !writer_ok(&m))
		return ERR_UNSUPPORTED;
	const enum err e = pubkey_parse(writer_bytes(&w), &k);
	if (e != OK)
		return e;
	if (memcmp(k.fpr, info->fpr, FPR_LEN) != 0)
		return ERR_CRYPTO;
	pubkey_copy(ret, &k);
	return OK;
}

static enum err match_curve(const struct card_key_info *info,
                            const struct card_pubkey *pub, struct pubkey *ret)
{
	const struct curve *c = curve_by_oid(pub->oid);

	if (!c)
		return ERR_UNSUPPORTED;
	if (pub->type == CARD_KEY_ECDH)
		return pubkey_match_ecdh(info->created, c, pub->point, info->fpr, ret);
	const enum err e = match_signing(info, c, c->oid, pub, ret);
	if (e != ERR_CRYPTO || c->oid_new.n == 0)
		return e;
	return match_signing(info, c, c->oid_new, pub, ret);
}

enum err match_key(const struct card_key_info *info, const struct card_pubkey *pub,
                   struct pubkey *ret)
{
	if (pub->type == CARD_KEY_RSA)
		return pubkey_match_rsa(info->created, pub->rsa_n, pub->rsa_e, info->fpr,
		                        ret);
	return pub->type == CARD_KEY_NONE ? ERR_UNSUPPORTED : match_curve(info, pub, ret);
}

const char *why_not_enrolled(const struct card_facts *f)
{
	const struct card_key_info *key = &f->info.key[CARD_KEY_DEC];

	if (!key->present)
		return "it has no decryption key. Make one: gpg --card-edit, admin, "
		       "generate.";
	switch (f->dec_key) {
	case OK:
		break;
	case ERR_UNSUPPORTED:
		return "its decryption key is of a kind that we cannot use. Take RSA, a "
		       "NIST or Brainpool curve, or Curve25519.";
	case ERR_CRYPTO:
		return "its decryption key has not the fingerprint and time that the "
		       "card tells. Bring the key to the card once more.";
	case ERR_CARD_STATE:
		return "it tells a fingerprint, but holds no decryption key. Make or "
		       "import it again.";
	default:
		return "its decryption key cannot be read. Take the card out and put it "
		       "in again.";
	}
	if (f->info.tries_user == 0)
		return "its PIN is blocked. Unblock it first: gpg --card-edit, passwd.";
	return NULL;
}

/* --- one card --- */

static int first_byte(struct bytes value)
{
	uint32_t b;

	return bytes_take_be(&value, 1, &b) == OK ? (int)b : FACT_NOT_TOLD;
}

/* Pairs of key and state.  Some cards number the keys from 0: the place counts. */
static void take_origin(struct bytes v, struct card_facts *f)
{
	uint32_t pair;

	for (size_t k = 0; k < CARD_KEYS; k++)
		if (bytes_take_be(&v, 2, &pair) == OK)
			f->origin[k] = (int)(pair & 0xff);
}

/* In 6E, else asked for alone. */
static bool object(const struct link *l, struct bytes whole, uint32_t tag, uint8_t *buf,
                   struct bytes *ret)
{
	uint16_t sw;

	if (find_object(whole, tag, ret))
		return true;
	if (raw_get(l, tag, false, buf, ret, &sw) != OK || sw != SW_OK)
		return false;
	*ret = data_strip(tag, *ret);
	return true;
}

/* What card_open() has no use for.  A card that does not tell is no error. */
static enum err read_extras(const struct link *l, struct card_facts *f)
{
	uint8_t *buf = malloc(2 * (size_t)APDU_CAP);
	struct bytes whole = {0}, v;
	uint16_t sw;

	if (!buf)
		return ERR_NOMEM;
	if (raw_select(l, &sw) == OK &&
	    raw_get(l, TAG_APPLICATION, false, buf, &whole, &sw) == OK) {
		if (object(l, whole, TAG_ORIGIN, buf + APDU_CAP, &v))
			take_origin(v, f);
		for (uint32_t k = 0; k < CARD_KEYS; k++)
			if (object(l, whole, TAG_UIF_SIG + k, buf + APDU_CAP, &v))
				f->touch[k] = first_byte(v);
	}
	free(buf);
	return OK;
}

static void read_open(struct card *c, struct card_facts *f)
{
	struct card_pubkey pub;
	struct pubkey key;

	f->info = *card_info(c);
	f->dec_key = card_read_pubkey(c, CARD_KEY_DEC, &pub);
	if (f->dec_key == OK)
		f->dec_key = match_key(&card_info(c)->key[CARD_KEY_DEC], &pub, &key);
}

static enum err look_into(struct readers *r, const struct reader_slot *slot,
                          struct card_facts *f)
{
	struct transport *t = NULL;
	struct card *c = NULL;

	*f = (struct card_facts){.dec_key = ERR_CARD_STATE};
	memcpy(f->reader, slot->name, sizeof(f->reader) - 1); /* its end is there */
	for (size_t k = 0; k < CARD_KEYS; k++)
		f->origin[k] = f->touch[k] = FACT_NOT_TOLD;
	f->e = r->ops->connect(r, f->reader, &t);
	f->why = pick_why_connect(f->e);
	if (f->e != OK)
		return f->e == ERR_NOMEM || f->e == ERR_BUG ? f->e : OK;
	f->pad = t->ops->verify_on_pad != NULL;
	f->t0 = t->t0;
	f->atr_len = t->atr_len;
	memcpy(f->atr, t->atr, sizeof(f->atr));
	const struct link l = {.t = t};
	enum err e = read_extras(&l, f);
	f->reader_extended = t->extended; /* a reader child tells it with an answer */
	if (e != OK) {
		(void)transport_close(t);
		return e;
	}
	f->e = card_open(t, &c);
	f->why = pick_why_open(f->e);
	if (f->e == OK)
		read_open(c, f);
	(void)card_close(c);
	return f->e == ERR_NOMEM || f->e == ERR_BUG ? f->e : OK;
}

/* --- all readers --- */

static void raise_why(enum pick_why *why, enum pick_why to)
{
	if (to > *why)
		*why = to;
}

static enum err look_once(struct readers *r, const struct look_wish *w,
                          struct card_facts *list, size_t *ret_n, enum pick_why *ret_why)
{
	struct reader_list readers = {0};
	size_t n = 0;

	enum err e = r->ops->scan(r, &readers);
	if (e != OK) {
		*ret_why = e == ERR_NO_SERVICE ? PICK_NO_SERVICE : PICK_FAILED;
		return e;
	}
	*ret_why = PICK_NO_READER;
	for (size_t i = 0; i < readers.n && i < READERS_MAX; i++) {
		const struct reader_slot *slot = &readers.slot[i];
		struct card_facts *f = &list[n];

		raise_why(ret_why, PICK_NO_SUCH_READER);
		if (w->reader && !strcasestr(slot->name, w->reader))
			continue;
		raise_why(ret_why, PICK_NO_CARD);
		if (!slot->card_present)
			continue;
		e = look_into(r, slot, f);
		if (e != OK)
			return e;
		if (f->why == PICK_NO_CARD || f->why == PICK_NO_SERVICE)
			continue; /* gone between two looks */
		if (f->why == PICK_FOUND && w->serial &&
		    !pick_serial_matches(w->serial, f->info.ident)) {
			raise_why(ret_why, PICK_WRONG_SERIAL);
			continue;
		}
		n++;
	}
	if (n == 0)
		return pick_why_err(*ret_why);
	*ret_n = n;
	return OK;
}

static int64_t now_ms(void)
{
	struct timespec t = {0};

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail */
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

enum err card_look(struct readers *r, const struct look_wish *w, struct card_facts *list,
                   size_t *ret_n, enum pick_why *ret_why)
{
	const struct timespec nap = {.tv_nsec = STEP_MS * 1000000L};
	const int64_t end = now_ms() + w->wait_ms;

	for (;;) {
		const enum err e = look_once(r, w, list, ret_n, ret_why);
		const bool nothing =
		        e == ERR_NO_SERVICE || e == ERR_NO_READER || e == ERR_NO_CARD;

		if (!nothing || now_ms() >= end)
			return e;
		(void)nanosleep(&nap, NULL); /* a signal makes the next look earlier */
	}
}
