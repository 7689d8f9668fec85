/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The self-test's cases that need the PIN: decryption, a signature, and that a reset
 * takes it away. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/card_cases.h"
#include "openpgp/message.h"
#include "openpgp/sign.h"

enum { CHALLENGE_LEN = 32, WRONG_MAX = 12, TRIES_FOR_WRONG = 3 };

struct pin_test {
	struct selftest *t;
	struct session *s;
	const struct card_facts *f;
	struct message m; /* encrypted to the card, by us, a moment ago */
	struct secret *challenge;
};

static const char deciphers[] = "deciphers what was encrypted to its public key";

/* --- the challenge --- */

static enum err challenge_new(struct pin_test *p)
{
	const struct pubkey *const to = &p->t->dec;
	uint8_t *text = NULL;
	size_t n = 0;

	enum err e = random_secret(CHALLENGE_LEN, &p->challenge);
	if (e == OK)
		e = message_encrypt(&to, 1, p->challenge, &text, &n);
	if (e == OK)
		e = message_parse((struct bytes){text, n}, &p->m);
	free(text);
	return e;
}

/* What the card makes of it: PKCS #1's message, or the shared secret. */
static enum err decipher(struct pin_test *p, struct secret **ret)
{
	const struct pubkey *key = &p->t->dec;
	struct card *card = session_card_handle(p->s);
	const struct pkesk *k = &p->m.pkesk[0];

	return key->alg == PGP_ECDH
	               ? card_decipher_ecdh(card, k->point, key->curve->field_len, ret)
	               : card_decipher_rsa(card, k->rsa, ret);
}

/* Is that the challenge?  ERR_CRYPTO: no. */
static enum err is_challenge(const struct pin_test *p, const struct secret *plain)
{
	const struct pubkey *key = &p->t->dec;
	const struct pkesk *k = &p->m.pkesk[0];
	AUTO_SECRET *session = NULL, *body = NULL;

	enum err e = key->alg == PGP_ECDH ? pkesk_session_ecdh(k, key, plain, &session)
	                                  : pkesk_session_rsa(k, plain, &session);
	if (e == OK)
		e = message_decrypt(&p->m, session, &body);
	if (e == OK && !secret_equal(body, p->challenge))
		e = ERR_CRYPTO;
	return e;
}

static void note(struct pin_test *p, const char *text)
{
	struct ask *a = session_ask(p->s);

	a->ops->note(a, text);
}

/* --- cases --- */

/* Nothing may come of it; how the card says no is its business. */
static enum err refused_case(struct pin_test *p, const char *what)
{
	AUTO_SECRET *plain = NULL;

	const enum err e = decipher(p, &plain);
	switch (e) {
	case OK:
		case_add(p->t, what, CASE_FAIL, "the card deciphered");
		return OK;
	case ERR_TOUCH:
		case_add(p->t, what, CASE_SKIP,
		         "the card may have waited for a touch: nothing is known");
		return OK;
	case ERR_CARD_STATE:
	case ERR_CRYPTO:
		case_add(p->t, what, CASE_OK, "");
		return OK;
	case ERR_FORMAT:
		case_add(p->t, what, CASE_FAIL, "it answers with nonsense, as if it had");
		return OK;
	default:
		case_err(p->t, what, e);
		return e;
	}
}

static enum err decipher_case(struct pin_test *p)
{
	AUTO_SECRET *plain = NULL;

	if (card_info(session_card_handle(p->s))->key[CARD_KEY_DEC].touch)
		note(p, "Touch the dongle now.");
	enum err e = decipher(p, &plain);
	if (e == OK)
		e = is_challenge(p, plain);
	case_err(p->t, deciphers, e);
	return e == ERR_CARD_STATE || e == ERR_CRYPTO || e == ERR_FORMAT || e == ERR_TOUCH
	               ? OK
	               : e;
}

static enum err tries_case(struct pin_test *p, const char *what, int want)
{
	struct card *card = session_card_handle(p->s);
	char why[CASE_WHY_MAX] = "";

	const enum err e = card_refresh_tries(card);
	if (e != OK) {
		case_err(p->t, what, e);
		return e;
	}
	const int now = card_info(card)->tries_user;
	if (now != want)
		(void)snprintf(why, sizeof(why), "%d left, not %d", now, want);
	case_add(p->t, what, now == want ? CASE_OK : CASE_FAIL, why);
	return OK;
}

/* Digits: every card takes them. */
static enum err make_wrong(size_t max, struct secret **ret)
{
	uint8_t digits[WRONG_MAX];
	const size_t n = max < sizeof(digits) ? max : sizeof(digits);

	const enum err e = random_bytes(digits, n);
	for (size_t i = 0; i < n; i++)
		digits[i] = (uint8_t)('0' + digits[i] % 10);
	return e == OK ? secret_copy((struct bytes){digits, n}, ret) : e;
}

static enum err wrong_case(struct pin_test *p)
{
	const char *what = "a wrong PIN is refused";
	struct card *card = session_card_handle(p->s);
	const int before = card_info(card)->tries_user;
	AUTO_SECRET *wrong = NULL;

	if (before < TRIES_FOR_WRONG) {
		case_add(p->t, what, CASE_SKIP, "fewer than 3 tries are left");
		return OK;
	}
	enum err e = make_wrong(card_info(card)->pin_max, &wrong);
	if (e != OK)
		return e;
	e = card_verify_user(card, wrong, false);
	if (e == OK) {
		case_add(p->t, what, CASE_FAIL, "a PIN that was made up was taken");
		return OK;
	}
	if (e != ERR_PIN_WRONG) {
		case_err(p->t, what, e);
		return e;
	}
	case_add(p->t, what, CASE_OK, "");
	e = tries_case(p, "it costs one try", before - 1);
	return e == OK ? refused_case(p, "after it nothing is deciphered") : e;
}

/* OK: the PIN holds. */
static enum err pin_case(struct pin_test *p)
{
	const char *what = "the PIN is taken";

	const enum err e = session_verify_pin(p->s, NULL);
	switch (e) {
	case OK:
		case_add(p->t, what, CASE_OK, "");
		break;
	case ERR_CANCELLED: /* nothing that the card did */
	case ERR_PIN_WRONG:
	case ERR_PIN_BLOCKED:
	case ERR_PIN_LENGTH:
	case ERR_PIN_BYTES:
	case ERR_PIN_LAST_TRY:
		case_add(p->t, what, CASE_SKIP, err_text(e));
		break;
	default:
		case_err(p->t, what, e);
		break;
	}
	return e;
}

/* As a /boot is signed; what comes back must verify. */
static enum err sign(struct pin_test *p)
{
	static const uint8_t text[] = "bootlatch card selftest";
	const struct pubkey *key = &p->t->sig;
	const struct sig_subject about = {
	        .document = {text, sizeof(text)}
        };
	const struct sig_claims claims = {.created = key->created};
	uint8_t packet[SIG_PACKET_MAX];
	struct writer w = {.p = packet, .cap = sizeof(packet)};
	struct sig_draft d;
	struct bytes raw = {0};

	enum err e = sig_draft(key, SIG_BINARY, &claims, &about, &d);
	if (e == OK)
		e = card_sign(session_card_handle(p->s), d.hash,
		              (struct bytes){d.digest, hash_len(d.hash)}, &raw);
	return e == OK ? sig_finish(&d, key, raw, &w) : e;
}

/* Its counter of signatures shows that ever after: only on request. */
static enum err sign_case(struct pin_test *p)
{
	const char *what = "signs, and its public key verifies that";

	if (!p->t->has_sig) {
		case_add(p->t, what, CASE_SKIP, "it has no signing key that we can use");
		return OK;
	}
	enum err e = session_verify_sign_pin(p->s, "the test");
	if (e == ERR_CANCELLED) {
		case_add(p->t, what, CASE_SKIP, err_text(e));
		return OK;
	}
	if (e == OK && card_info(session_card_handle(p->s))->key[CARD_KEY_SIG].touch)
		note(p, "Touch the dongle now.");
	if (e == OK)
		e = sign(p);
	case_err(p->t, what, e);
	return e == ERR_CARD_STATE || e == ERR_CRYPTO || e == ERR_FORMAT ||
	                       e == ERR_TOUCH || e == ERR_SIGNATURE ||
	                       e == ERR_UNSUPPORTED
	               ? OK
	               : e;
}

/* The card is let go of, which resets it, and opened anew. */
static enum err reset_case(struct pin_test *p)
{
	session_drop_card(p->s);
	const enum err e = session_wait_card(p->s, NULL, 0);
	if (e != OK) {
		case_err(p->t, "it comes back after a reset", e);
		return e;
	}
	return refused_case(p, "a reset takes the PIN away");
}

static enum err with_pin(struct pin_test *p, bool signs)
{
	int full = p->f->info.tries_user;

	enum err e = pin_case(p);
	if (e == OK)
		e = decipher_case(p);
	if (e != OK)
		return e;
	/* Wrong ones that were typed before are forgiven by the right one. */
	if (card_refresh_tries(session_card_handle(p->s)) == OK &&
	    session_card(p->s)->tries_user > full)
		full = session_card(p->s)->tries_user;
	e = tries_case(p, "the right PIN costs no try", full);
	if (e == OK && signs)
		e = sign_case(p);
	return e == OK ? reset_case(p) : e;
}

static enum err all_cases(struct pin_test *p, bool writes)
{
	enum err e = session_wait_card(p->s, NULL, 0);
	if (e != OK)
		return e;
	const struct card_info *info = session_card(p->s);
	if (strcmp(info->ident, p->f->info.ident) != 0)
		return ERR_WRONG_CARD;
	e = refused_case(p, "without a PIN nothing is deciphered");
	if (e != OK)
		return e;
	if (session_answer(p->s, ASK_USER_PIN) == ANSWER_NONE) {
		case_add(p->t, deciphers, CASE_SKIP, "nobody can be asked for the PIN");
		return OK;
	}
	if (info->tries_user < 2) { /* a test is not worth the last one */
		case_add(p->t, deciphers, CASE_SKIP,
		         info->tries_user == 0 ? "the PIN is blocked"
		                               : "one try is left: it is not spent here");
		return OK;
	}
	if (writes) /* only where the right one can follow */
		e = wrong_case(p);
	return e == OK ? with_pin(p, writes) : e;
}

enum err pin_cases(struct selftest *t, const struct card_facts *f, struct session *s,
                   bool writes)
{
	struct pin_test p = {.t = t, .s = s, .f = f};

	if (!t->has_dec) {
		case_add(t, deciphers, CASE_SKIP,
		         "it has no decryption key that we can use");
		return OK;
	}
	enum err e = challenge_new(&p);
	if (e == OK) {
		e = all_cases(&p, writes);
		message_free(&p.m);
	}
	p.challenge = secret_free(p.challenge);
	return e;
}
