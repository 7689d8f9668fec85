/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The self-test's reading cases: every object and public key, in every form that our code
 * takes it in. */
#include <stdio.h>
#include <stdlib.h>

#include "card/alter.h"
#include "card/atr.h"
#include "card/data.h"
#include "card/kdf.h"
#include "cli/card_cases.h"
#include "cli/card_words.h"
#include "openpgp/signature.h"
#include "unlock/card_key.h"

struct reading {
	struct selftest *t;
	const struct card_facts *f;
	struct link l;
	struct bytes whole; /* 6E, in buf[0] */
	uint8_t buf[3][APDU_CAP];
};

static const struct {
	uint32_t tag;
	const char *name;
} objects[] = {
        {TAG_AID,          "4F (application identifier)"  },
        {TAG_HISTORICAL,   "5F52 (historical bytes)"      },
        {TAG_LENGTHS,      "7F66 (lengths)"               },
        {TAG_EXT_CAPS,     "C0 (capabilities)"            },
        {TAG_ATTR_SIG,     "C1 (signature algorithm)"     },
        {TAG_ATTR_DEC,     "C2 (decryption algorithm)"    },
        {TAG_ATTR_AUT,     "C3 (authentication algorithm)"},
        {TAG_PW_STATUS,    "C4 (PIN status)"              },
        {TAG_FINGERPRINTS, "C5 (fingerprints)"            },
        {TAG_TIMES,        "CD (times)"                   },
        {TAG_UIF_SIG,      "D6 (touch for signatures)"    },
        {TAG_UIF_DEC,      "D7 (touch for decryption)"    },
        {TAG_UIF_AUT,      "D8 (touch for authentication)"},
};

/* The connection ended; a card that answers, in whatever words, is none of these. */
static bool broken(enum err e)
{
	return e != OK && e != ERR_FORMAT;
}

static void case_sw(struct selftest *t, const char *what, enum outcome o,
                    const char *phrase, uint16_t sw)
{
	char why[CASE_WHY_MAX];

	(void)snprintf(why, sizeof(why), "%s (%04X)", phrase, (unsigned)sw);
	case_add(t, what, o, why);
}

/* --- 6E --- */

static enum err select_case(struct reading *r)
{
	const char *what = "SELECT finds the OpenPGP application";
	uint16_t sw = 0;

	const enum err e = raw_select(&r->l, &sw);
	if (e != OK)
		case_err(r->t, what, e);
	else if (sw != SW_OK)
		case_sw(r->t, what, CASE_FAIL, "the card says no", sw);
	else
		case_add(r->t, what, CASE_OK, "");
	return e;
}

static enum err short_6e_case(struct reading *r)
{
	const char *what = "6E is read in short answers";
	struct card_data d = {0};
	uint16_t sw = 0;

	enum err e = raw_get(&r->l, TAG_APPLICATION, false, r->buf[0], &r->whole, &sw);
	if (e != OK) {
		case_err(r->t, what, e);
		return e;
	}
	if (sw != SW_OK) {
		r->whole = (struct bytes){0};
		case_sw(r->t, what, CASE_FAIL, "the card says no", sw);
		return OK;
	}
	/* Objects that nobody knows are passed over; one at least is known of every card.
	 */
	const enum err parsed = data_parse(r->whole, &d);
	case_err(r->t, what, parsed == OK && d.have == 0 ? ERR_FORMAT : parsed);
	return OK;
}

static enum err long_6e_case(struct reading *r)
{
	const char *what = "6E in extended length is the same";
	struct bytes got = {0};
	uint16_t sw = 0;

	if (!link_may_extend(&r->l)) {
		case_add(r->t, what, CASE_SKIP,
		         "card or reader does not announce extended length");
		return OK;
	}
	const enum err e = raw_get(&r->l, TAG_APPLICATION, true, r->buf[1], &got, &sw);
	if (e != OK)
		case_err(r->t, what, e);
	else if (sw != SW_OK)
		case_sw(r->t, what, CASE_FAIL, "the card says no", sw);
	else
		case_add(r->t, what, bytes_equal(got, r->whole) ? CASE_OK : CASE_FAIL,
		         bytes_equal(got, r->whole) ? "" : "the two answers differ");
	return e;
}

/* --- its objects, one by one --- */

static bool same_meaning(uint32_t tag, struct bytes a, struct bytes b)
{
	struct card_data da, db;

	memset(&da, 0, sizeof(da));
	memset(&db, 0, sizeof(db));
	/* NOLINTBEGIN(bugprone-suspicious-memory-comparison,cert-exp42-c,cert-flp37-c) */
	/* Both were zeroed, padding and all, before their members were written. */
	return data_parse_one(tag, a, &da) == OK && data_parse_one(tag, b, &db) == OK &&
	       da.have == db.have && memcmp(&da.info, &db.info, sizeof(da.info)) == 0;
	/* NOLINTEND(bugprone-suspicious-memory-comparison,cert-exp42-c,cert-flp37-c) */
}

static enum err object_case(struct reading *r, size_t i)
{
	const uint32_t tag = objects[i].tag;
	struct bytes alone = {0}, inside = {0};
	char what[CASE_WHAT_MAX];
	uint16_t sw = 0;

	(void)snprintf(what, sizeof(what), "%s alone is as in 6E", objects[i].name);
	const bool has = card_find_object(r->whole, tag, &inside);
	const enum err e = raw_get(&r->l, tag, false, r->buf[1], &alone, &sw);
	if (e != OK) {
		case_err(r->t, what, e);
		return e;
	}
	alone = data_strip(tag, alone);
	if (sw != SW_OK)
		case_sw(r->t, what, CASE_SKIP,
		        has ? "told in 6E only" : "the card does not tell it", sw);
	else if (!has)
		case_add(r->t, what, CASE_SKIP,
		         alone.n > 0 ? "told alone only" : "empty, and not in 6E");
	else if (bytes_equal(alone, inside))
		case_add(r->t, what, CASE_OK, "");
	else if (same_meaning(tag, alone, inside))
		case_add(r->t, what, CASE_OK, "in other words, with the same meaning");
	else
		case_add(r->t, what, CASE_FAIL, "they differ");
	return OK;
}

static enum err kdf_case(struct reading *r)
{
	const char *what = "F9 (hashing of PINs) is understood";
	struct card_info info = {0};
	struct bytes got = {0};
	uint16_t sw = 0;

	enum err e = raw_get(&r->l, TAG_KDF, false, r->buf[1], &got, &sw);
	if (e != OK) {
		case_err(r->t, what, e);
		return e;
	}
	if (sw != SW_OK) {
		case_sw(r->t, what, CASE_SKIP, "the card does not tell it", sw);
		return OK;
	}
	e = kdf_parse(got, &info);
	if (e != OK)
		case_err(r->t, what, e);
	else
		case_add(r->t, what, CASE_OK, info.kdf.active ? "on" : "off");
	return OK;
}

/* --- public keys --- */

static enum err raw_pubkey(const struct link *l, enum card_key k, bool long_le,
                           uint8_t *buf, struct bytes *ret, uint16_t *ret_sw)
{
	static const uint8_t crt[CARD_KEYS][2] = {
	        {0xb6, 0x00},
                {0xb8, 0x00},
                {0xa4, 0x00}
        };
	const struct apdu a = {
	        .ins = 0x47,
	        .p1 = 0x81, /* read; 80 would make a new key */
	        .data = {crt[k], sizeof(crt[k])},
	        .le = true,
	        .long_le = long_le,
	};

	return raw_ask(l, &a, buf, ret, ret_sw);
}

static enum err pubkey_forms_case(struct reading *r, enum card_key k)
{
	struct bytes brief = {0}, whole = {0};
	char what[CASE_WHAT_MAX];
	uint16_t sw = 0;

	(void)snprintf(what, sizeof(what), "%s key: extended length gives the same",
	               card_key_use(k));
	if (!link_may_extend(&r->l)) {
		case_add(r->t, what, CASE_SKIP,
		         "card or reader does not announce extended length");
		return OK;
	}
	enum err e = raw_pubkey(&r->l, k, false, r->buf[1], &brief, &sw);
	if (e == OK && sw == SW_OK)
		e = raw_pubkey(&r->l, k, true, r->buf[2], &whole, &sw);
	if (e != OK)
		case_err(r->t, what, e);
	else if (sw != SW_OK)
		case_sw(r->t, what, r->f->info.key[k].present ? CASE_FAIL : CASE_SKIP,
		        r->f->info.key[k].present ? "the card says no" : "no key", sw);
	else
		case_add(r->t, what, bytes_equal(brief, whole) ? CASE_OK : CASE_FAIL,
		         bytes_equal(brief, whole) ? "" : "the two answers differ");
	return e;
}

static enum err pubkey_case(struct selftest *t, struct card *c, enum card_key k)
{
	const struct card_key_info *info = &card_info(c)->key[k];
	struct card_pubkey pub = {0};
	char what[CASE_WHAT_MAX];
	struct pubkey key;

	(void)snprintf(what, sizeof(what),
	               "%s key: has the fingerprint that the card tells",
	               card_key_use(k));
	if (!info->present) {
		case_add(t, what, CASE_SKIP,
		         card_info(c)->fpr_told ? "no key" : "fingerprints not told");
		return OK;
	}
	enum err e = card_read_pubkey(c, k, &pub);
	if (e == ERR_UNSUPPORTED) {
		case_add(t, what, CASE_SKIP, "not a kind of key that we know");
		return OK;
	}
	if (e == ERR_CARD_STATE) {
		case_add(t, what, CASE_FAIL, "the card has a fingerprint and no key");
		return OK;
	}
	if (e != OK) {
		case_err(t, what, e);
		return e;
	}
	e = card_key_openpgp(info, &pub, &key);
	if (e != OK) {
		case_add(t, what, e == ERR_UNSUPPORTED ? CASE_SKIP : CASE_FAIL,
		         e == ERR_CRYPTO ? "key, time and fingerprint do not belong "
		                           "together"
		                         : err_text(e));
		return OK;
	}
	case_add(t, what, CASE_OK, "");
	if (k == CARD_KEY_DEC) {
		pubkey_copy(&t->dec, &key);
		t->has_dec = true;
	}
	if (k == CARD_KEY_SIG) {
		pubkey_copy(&t->sig, &key);
		t->has_sig = signature_hash(&key) != HASH_NONE;
	}
	return OK;
}

/* --- all of it --- */

static enum err raw_cases(struct reading *r)
{
	enum err e = select_case(r);

	if (!broken(e))
		e = short_6e_case(r);
	if (!broken(e))
		e = long_6e_case(r);
	for (size_t i = 0; !broken(e) && i < sizeof(objects) / sizeof(objects[0]); i++)
		e = object_case(r, i);
	if (!broken(e))
		e = kdf_case(r);
	for (enum card_key k = CARD_KEY_SIG; !broken(e) && k < CARD_KEYS; k++)
		e = pubkey_forms_case(r, k);
	return broken(e) ? e : OK;
}

enum err read_cases(struct selftest *t, const struct card_facts *f, struct transport *tr)
{
	struct reading *r = calloc(1, sizeof(*r));
	struct card *c = NULL;

	if (!r) {
		(void)transport_close(tr);
		return ERR_NOMEM;
	}
	r->t = t;
	r->f = f;
	r->l = (struct link){
	        .t = tr,
	        .chaining = f->info.chaining,
	        .extended = f->why == PICK_FOUND
	                            ? f->info.extended
	                            : atr_extends((struct bytes){f->atr, f->atr_len}),
	        .max_response = f->info.max_response,
	};
	enum err e = raw_cases(r);
	free(r);
	if (e != OK) {
		(void)transport_close(tr);
		return e;
	}
	e = card_open(tr, &c);
	case_err(t, "what the card says of itself is understood", e);
	if (e != OK)
		return e;
	for (enum card_key k = CARD_KEY_SIG; !broken(e) && k < CARD_KEYS; k++)
		e = pubkey_case(t, c, k);
	(void)card_close(c);
	return broken(e) ? e : OK;
}
