/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From an enrolled OpenPGP card and the blobs of an enrolment to the keyslot passphrase.
 */
#include "openpgp/message.h"
#include "unlock/backend.h"
#include "unlock/words.h"

#include "core/log.h"

enum {
	BLOBS = 2,     /* /boot's copy, then the token's */
	DECIPHERS = 4, /* of one blob: hidden recipients cost one each */
};

static const char *const where_from[BLOBS] = {
        "the copy on /boot",
        "the copy in the LUKS header",
};

/* One blob: what is worth sending to the card. */
struct plan {
	struct message m;
	bool parsed;
	size_t pkesk[DECIPHERS]; /* indexes into m.pkesk */
	size_t n;
};

static struct words_args args_of(const struct session *s, const struct enrolment *en,
                                 const char *text)
{
	return (struct words_args){
	        .card = session_card(s)->ident,
	        .disk = session_disk(s),
	        .text = text,
	        .n = en->keyslot,
	};
}

/* --- is it the card that was enrolled? --- */

static enum err kdf_as_enrolled(const struct card_info *info, const struct enrolment *en)
{
	uint8_t now[sizeof(en->kdf_digest)];

	if (en->kdf == RECORD_KDF_UNKNOWN)
		return OK;
	if (en->kdf == RECORD_KDF_NONE)
		return info->kdf.active ? ERR_WRONG_CARD : OK;
	if (!info->kdf.active || info->kdf_digest_len > sizeof(info->kdf_digest_input))
		return ERR_WRONG_CARD;
	const struct bytes raw = {info->kdf_digest_input, info->kdf_digest_len};
	enum err e = hash_all(HASH_SHA256, raw, now, sizeof(now));
	if (e != OK)
		return e;
	return memcmp(now, en->kdf_digest, sizeof(now)) == 0 ? OK : ERR_WRONG_CARD;
}

static enum err is_enrolled_card(struct session *s, const struct enrolment *en, bool say)
{
	const struct card_info *info = session_card(s);
	struct words_args args;

	if (!info)
		return ERR_NO_CARD;
	args = args_of(s, en, NULL);
	args.reader = card_reader(session_card_handle(s));
	if (!info->key[CARD_KEY_DEC].present ||
	    memcmp(info->key[CARD_KEY_DEC].fpr, en->fpr, FPR_LEN) != 0) {
		if (say)
			words_say(session_ask(s), WORDS_FOREIGN, &args);
		return ERR_WRONG_CARD;
	}
	enum err e = kdf_as_enrolled(info, en);
	if (e == ERR_WRONG_CARD && say)
		words_say(session_ask(s), WORDS_KDF_CHANGED, &args);
	return e;
}

/* --- what could the card decrypt?  Known before any PIN is asked for. --- */

static bool is_hidden(const struct pkesk *p)
{
	static const uint8_t hidden[sizeof(p->keyid)] = {0};

	return memcmp(p->keyid, hidden, sizeof(hidden)) == 0;
}

/* Of the card's key; when its attributes name no curve that we know, the nth that has
 * such points. */
static const struct curve *curve_of(const struct card_info *info, const struct pkesk *p,
                                    size_t nth)
{
	static const enum curve_id usual[] = {CURVE_P256,  CURVE_P384,  CURVE_P521,
	                                      CURVE_25519, CURVE_BP256, CURVE_BP384,
	                                      CURVE_BP512};
	const struct card_key_attr *attr = &info->key[CARD_KEY_DEC].attr;

	const struct curve *c = curve_by_oid((struct bytes){attr->oid, attr->oid_len});
	if (c)
		return nth == 0 && c->point_len == p->point.n ? c : NULL;
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
		c = curve_by_id(usual[i]);
		if (c && c->point_len == p->point.n && nth-- == 0)
			return c;
	}
	return NULL;
}

static bool is_for_card(const struct card_info *info, const struct pkesk *p)
{
	const struct card_key_info *key = &info->key[CARD_KEY_DEC];

	if (!is_hidden(p) && !pkesk_names(p, key->fpr))
		return false;
	switch (p->alg) {
	case PGP_RSA:
	case PGP_RSA_ENC:
		if (key->attr.type != CARD_KEY_RSA)
			return key->attr.type == CARD_KEY_NONE;
		return p->rsa.n > 0 && p->rsa.n <= (key->attr.rsa_bits + 7u) / 8u;
	case PGP_ECDH:
		return (key->attr.type == CARD_KEY_ECDH ||
		        key->attr.type == CARD_KEY_NONE) &&
		       curve_of(info, p, 0) != NULL;
	case PGP_RSA_SIGN:
	case PGP_ECDSA:
	case PGP_EDDSA:
	default:
		return false;
	}
}

static void pick_recipients(const struct card_info *info, struct plan *p, bool hidden)
{
	for (size_t i = 0; i < p->m.n_pkesk && p->n < DECIPHERS; i++)
		if (is_hidden(&p->m.pkesk[i]) == hidden &&
		    is_for_card(info, &p->m.pkesk[i]))
			p->pkesk[p->n++] = i;
}

static enum err plan_blob(struct session *s, const struct enrolment *en, size_t which,
                          bool say, struct plan *p)
{
	const struct words_args args = args_of(s, en, where_from[which]);
	const struct bytes in = {en->blob[which], en->blob_len[which]};

	if (in.n == 0)
		return ERR_NOT_FOUND;
	enum err e = message_parse(in, &p->m);
	if (e != OK) {
		log_line(LOG_DEBUG, "card: blob %zu of slot %d: %s", which, en->keyslot,
		         err_text(e));
		if (say)
			words_say(session_ask(s),
			          e == ERR_UNSUPPORTED ? WORDS_BLOB_KIND
			                               : WORDS_BLOB_DAMAGED,
			          &args);
		return e;
	}
	p->parsed = true;
	pick_recipients(session_card(s), p, false);
	pick_recipients(session_card(s), p, true);
	if (p->n == 0) {
		if (say)
			words_say(session_ask(s), WORDS_BLOB_OTHER_KEY, &args);
		return ERR_CRYPTO;
	}
	return OK;
}

/* OK: at least one blob is worth a PIN. */
static enum err plan_all(struct session *s, const struct enrolment *en, bool say,
                         struct plan plan[static BLOBS])
{
	enum err first = ERR_NOT_FOUND;
	bool any = false;

	for (size_t i = 0; i < BLOBS; i++) {
		enum err e = plan_blob(s, en, i, say, &plan[i]);
		if (e == ERR_NOMEM || e == ERR_BUG)
			return e;
		any = any || e == OK;
		if (first == ERR_NOT_FOUND)
			first = e;
	}
	return any ? OK : first;
}

static void plan_free(struct plan plan[static BLOBS])
{
	for (size_t i = 0; i < BLOBS; i++)
		if (plan[i].parsed)
			message_free(&plan[i].m);
}

static enum err probe(struct session *s, const struct volume *v,
                      const struct enrolment *en)
{
	struct plan plan[BLOBS] = {0};

	(void)v;
	enum err e = is_enrolled_card(s, en, false);
	if (e != OK)
		return e;
	e = plan_all(s, en, false, plan);
	plan_free(plan);
	return e;
}

/* --- decryption --- */

/* The wrapped key tells whether it was the right curve. */
static enum err unwrap(struct session *s, const struct pkesk *p,
                       const struct secret *plain, struct secret **ret_session)
{
	const struct card_info *info = session_card(s);
	const struct curve *c;
	enum err e = ERR_CRYPTO;

	for (size_t nth = 0; e == ERR_CRYPTO && (c = curve_of(info, p, nth)); nth++)
		e = pkesk_session_ecdh_fpr(p, c, info->key[CARD_KEY_DEC].fpr, plain,
		                           ret_session);
	return e;
}

static enum err decipher_once(struct session *s, const struct pkesk *p,
                              struct secret **ret_session)
{
	const struct card_info *info = session_card(s);
	struct card *card = session_card_handle(s);
	AUTO_SECRET *plain = NULL;

	if (p->alg != PGP_ECDH) {
		enum err e = card_decipher_rsa(card, p->rsa, &plain);
		if (e != OK)
			return e;
		return pkesk_session_rsa(p, plain, ret_session);
	}
	const struct curve *c = curve_of(info, p, 0);
	if (!c)
		return ERR_BUG; /* it was planned, so there is one */
	enum err e = card_decipher_ecdh(card, p->point, c->field_len, &plain);
	return e == OK ? unwrap(s, p, plain, ret_session) : e;
}

/* The PIN may hold for one use only, or another program may have reset it: it is verified
 * once more, by the rules. */
static enum err decipher_verified(struct session *s, const struct pkesk *p,
                                  struct secret **ret_session)
{
	enum err e = decipher_once(s, p, ret_session);

	if (e != ERR_PIN_GONE)
		return e;
	session_pin_gone(s);
	e = session_verify_pin(s, session_disk(s));
	return e == OK ? decipher_once(s, p, ret_session) : e;
}

/* nth of n operations for one blob, each of which may want a touch. */
static enum err decipher(struct session *s, const struct pkesk *p, size_t nth, size_t n,
                         struct secret **ret_session)
{
	const struct words_args args = {.n = (int)nth, .m = (int)n};

	for (;;) {
		if (session_card(s)->key[CARD_KEY_DEC].touch)
			words_say(session_ask(s), n > 1 ? WORDS_TOUCH_OF : WORDS_TOUCH,
			          &args);
		enum err e = decipher_verified(s, p, ret_session);
		if (e != ERR_TOUCH || !session_touch_again(s))
			return e;
	}
}

/* Another copy, or another way in, may be better. */
static bool blob_at_fault(enum err e)
{
	return e == ERR_CRYPTO || e == ERR_FORMAT || e == ERR_UNSUPPORTED ||
	       e == ERR_PASSPHRASE;
}

static enum err decrypt(struct session *s, const struct plan *p, struct secret **ret_body)
{
	enum err e = ERR_CRYPTO;

	for (size_t i = 0; i < p->n; i++) {
		AUTO_SECRET *key = NULL;

		e = decipher(s, &p->m.pkesk[p->pkesk[i]], i + 1, p->n, &key);
		if (e == OK)
			e = message_decrypt(&p->m, key, ret_body);
		if (e == OK || !blob_at_fault(e))
			return e;
		log_line(LOG_DEBUG, "card: recipient %zu: %s", p->pkesk[i], err_text(e));
	}
	return e;
}

static enum err open_blob(struct session *s, const struct volume *v,
                          const struct enrolment *en, const struct plan *p,
                          const char *from, struct secret **ret_pass)
{
	const struct words_args args = args_of(s, en, from);
	AUTO_SECRET *pass = NULL;

	enum err e = decrypt(s, p, &pass);
	if (e != OK) {
		if (blob_at_fault(e) && !en->trial)
			words_say(session_ask(s), WORDS_BLOB_NOT_OPENED, &args);
		return e;
	}
	e = en->untried ? OK : passphrase_is_recorded(s, v, en, pass);
	if (e == ERR_PASSPHRASE && !en->trial)
		words_say(session_ask(s), WORDS_BLOB_STALE, &args);
	if (e != OK)
		return e;
	*ret_pass = pass;
	pass = NULL;
	return OK;
}

static enum err recover(struct session *s, const struct volume *v,
                        const struct enrolment *en, struct secret **ret_pass)
{
	struct plan plan[BLOBS] = {0};
	const char *disk = session_disk(s) ? session_disk(s) : v->where.device;

	enum err e = is_enrolled_card(s, en, true);
	if (e != OK)
		return e;
	e = plan_all(s, en, !en->trial, plan);
	if (e == OK)
		e = session_verify_pin(s, disk);
	if (e != OK) {
		plan_free(plan);
		return e;
	}
	e = ERR_CRYPTO;
	for (size_t i = 0; i < BLOBS; i++) {
		if (plan[i].n == 0)
			continue;
		e = open_blob(s, v, en, &plan[i], where_from[i], ret_pass);
		if (e == OK || !blob_at_fault(e))
			break;
	}
	plan_free(plan);
	return e;
}

const struct backend backend_card = {
        .type = BACKEND_CARD,
        .probe = probe,
        .recover = recover,
};
