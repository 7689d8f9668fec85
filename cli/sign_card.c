/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bootlatch sign: the card, its key, and the one signature. */
#include <stdlib.h>
#include <time.h>

#include "cli/sign.h"
#include "core/clock.h"
#include "core/hex.h"
#include "openpgp/armor.h"
#include "openpgp/sign.h"
#include "unlock/card_key.h"
#include "unlock/words.h"

enum { EARLIEST = 1704067200 /* 2024-01-01: no clock that is right says less */ };

/* --- which card --- */

static enum err no_such_card(struct signing *x, enum err e)
{
	struct cli *c = x->c;

	if (e == ERR_WRONG_CARD && c->serial)
		return cli_why(c, e,
		               "Card %s is not here, or its signing key is not the one "
		               "that is wanted.",
		               c->serial);
	if (e == ERR_WRONG_CARD && c->sign.has_key)
		return cli_why(
		        c, e,
		        "No card that is here has the signing key that --key "
		        "names. bootlatch card status shows which key a card has.");
	if (e == ERR_WRONG_CARD)
		return cli_why(
		        c, e,
		        "No card that is here has one of the keys that sign on "
		        "this machine (%s/signers). Insert the one that has, or "
		        "name the new key: bootlatch sign --key FINGERPRINT. Heads "
		        "must know that key too.",
		        c->where.config_dir);
	return e;
}

static enum err wait_for_card(struct signing *x)
{
	uint8_t fprs[SIGNERS_MAX][FPR_LEN];
	size_t n = 0;

	if (x->c->sign.has_key)
		memcpy(fprs[n++], x->c->sign.key, FPR_LEN);
	for (size_t i = 0; !x->c->sign.has_key && i < x->signers->n; i++)
		memcpy(fprs[n++], x->signers->key[i].fpr, FPR_LEN);
	session_want_key(x->session, CARD_KEY_SIG);
	const enum err e = session_wait_card(x->session, fprs, n);
	return e == OK ? OK : no_such_card(x, e);
}

/* Of a card that is just being put in, or that another program is about to let go of. */
static bool passes(enum err e)
{
	return e == ERR_BUSY || e == ERR_CARD_MUTE || e == ERR_CARD_LOST ||
	       e == ERR_CARD_RESET || e == ERR_IO;
}

/* --- which key --- */

static enum err no_key(struct signing *x, enum err e)
{
	struct cli *c = x->c;
	const char *ident = session_card(x->session)->ident;

	switch (e) {
	case ERR_CARD_STATE:
		return cli_why(
		        c, e,
		        "Card %s has no signature key. Have it make one (bootlatch "
		        "card generate), or insert another card.",
		        ident);
	case ERR_CARD_REFUSES:
		return cli_why(c, e,
		               "Card %s does not tell its signature key. Take it out and "
		               "put it in again; see bootlatch card selftest.",
		               ident);
	case ERR_UNSUPPORTED:
		return cli_why(
		        c, e,
		        "The signature key of card %s is of a kind that cannot be "
		        "used here. It takes RSA, NIST, Brainpool or Ed25519 keys.",
		        ident);
	case ERR_CRYPTO:
	case ERR_NOT_FOUND:
		return cli_why(c, ERR_CARD_STATE,
		               "Card %s tells a fingerprint that is not that of its "
		               "signature key, so Heads could not know the key either. "
		               "Set it right with gpg (--card-edit, admin).",
		               ident);
	default:
		return e;
	}
}

static enum err read_key(struct signing *x)
{
	const struct card_key_info *info = &session_card(x->session)->key[CARD_KEY_SIG];
	struct card_pubkey pub = {0};
	bool told = false;
	size_t at = 0;

	enum err e =
	        card_read_pubkey(session_card_handle(x->session), CARD_KEY_SIG, &pub);
	if (e != OK)
		return no_key(x, e);
	e = card_key_openpgp(info, &pub, &x->key);
	/* Without time or fingerprint on the card a certificate may tell them. */
	if (e == ERR_CRYPTO) {
		e = card_key_among(info, &pub, x->signers->key, x->signers->n, &at,
		                   &told);
		if (e == OK)
			pubkey_copy(&x->key, &x->signers->key[at]);
	}
	if (e == OK && signature_hash(&x->key) == HASH_NONE)
		e = ERR_UNSUPPORTED;
	if (e != OK)
		return no_key(x, e);
	hex_encode_up((struct bytes){x->key.fpr, PGP_FPR_LEN}, x->fpr);
	x->key_known = true;
	return OK;
}

/* --- is it worth going on? --- */

/* HEADS.md 11: gpg refuses what is dated before its key or in its own future. */
static enum err check_clock(struct signing *x)
{
	char now[40], then[40];

	(void)sign_day(x->now, now);
	if (x->now < x->key.created)
		return cli_why(x->c, ERR_REFUSED,
		               "The clock says %s, but the key was made on %s: no "
		               "signature of now would be believed. Set the clock, then "
		               "sign again.",
		               now, sign_day(x->key.created, then));
	if (x->now < EARLIEST)
		return cli_why(x->c, ERR_REFUSED,
		               "The clock says %s, which cannot be. Set it, then sign "
		               "again.",
		               now);
	return OK;
}

static enum err check_pin(struct signing *x)
{
	const struct card_info *info = session_card(x->session);

	if (info->tries_user > 0)
		return OK;
	return cli_why(x->c, ERR_PIN_BLOCKED,
	               "The PIN of card %s is blocked, and nothing was changed. Unblock "
	               "it (bootlatch card unblock), then sign again.",
	               info->ident);
}

enum err sign_find_card(struct signing *x)
{
	const int64_t start = clock_ms();
	enum err e = OK;

	for (;;) {
		e = wait_for_card(x);
		if (e == OK)
			e = read_key(x);
		if (!passes(e) || clock_ms() - start >= (int64_t)x->c->wait_s * 1000)
			break;
		session_look_again(x->session); /* --wait is not over */
		(void)session_pause(x->session, false);
	}
	if (e == OK)
		e = check_clock(x);
	return e == OK ? check_pin(x) : e;
}

/* --- signing --- */

static enum err ask_card(struct signing *x, const struct sig_draft *d, struct bytes *ret)
{
	struct session *s = x->session;
	const struct bytes digest = {d->digest, hash_len(d->hash)};

	/* What is said after their question nobody would see in time. */
	if (x->c->sign.agents)
		cli_say(x->c, "After the PIN, touch the dongle if it blinks.");
	for (;;) {
		enum err e = session_verify_sign_pin(s, x->boot);
		if (e != OK)
			return e;
		/* Certain only now (card.h). */
		if (session_card(s)->key[CARD_KEY_SIG].touch)
			words_say(session_ask(s), WORDS_TOUCH, NULL);
		e = card_sign(session_card_handle(s), d->hash, digest, ret);
		if (e != ERR_TOUCH || !session_touch_again(s))
			return e;
	}
}

static enum err not_signed(struct signing *x, enum err e)
{
	switch (e) {
	case ERR_SIGNATURE:
		return cli_why(
		        x->c, ERR_CARD_STATE,
		        "What card %s answered is no signature of its key. Nothing "
		        "was changed.",
		        session_card(x->session)->ident);
	case ERR_CARD_LOST:
	case ERR_CARD_RESET:
		return cli_why(x->c, e,
		               "The card went away before it had signed. Nothing was "
		               "changed: insert it and sign again.");
	case ERR_TOUCH:
		return cli_why(x->c, e,
		               "Nobody touched the dongle in time. Nothing was changed: "
		               "sign again and touch it when it blinks.");
	case ERR_CRYPTO:
	case ERR_FORMAT:
		return cli_why(x->c, ERR_CARD_STATE,
		               "Card %s could not sign (%s). Nothing was changed.",
		               session_card(x->session)->ident, err_text(e));
	default:
		return e;
	}
}

/* As Heads will see it: armored, over the manifest of the set. */
static enum err put_signature(struct signing *x, struct bytes packet)
{
	enum kexec_style style = KEXEC_RELATIVE;
	struct detached d = {0};
	char *armor = NULL;
	size_t n = 0;

	enum err e = armor_write(ARMOR_SIGNATURE, packet, &armor, &n);
	if (e == OK)
		e = kexec_put_sig(x->set, bytes_of(armor));
	free(armor);
	if (e == OK)
		e = kexec_verify(x->set, &x->key, 1, x->now, &style, &d);
	return e == OK && style != x->style ? ERR_BUG : e;
}

enum err sign_with_card(struct signing *x)
{
	uint8_t packet[SIG_PACKET_MAX + 8];
	struct writer w = {.p = packet, .cap = sizeof(packet)};
	struct sig_draft draft;
	struct bytes raw = {0};
	AUTO_BUFFER manifest = {0};

	x->now = (uint32_t)time(NULL);
	enum err e = check_clock(x);
	if (e == OK)
		e = kexec_manifest(x->set, x->style, &manifest);
	if (e == OK)
		e = buffer_ok(&manifest);
	const struct sig_subject about = {.document = buffer_bytes(&manifest)};
	const struct sig_claims claims = {.created = x->now};
	if (e == OK)
		e = sig_draft(&x->key, SIG_BINARY, &claims, &about, &draft);
	if (e == OK)
		e = ask_card(x, &draft, &raw);
	if (e == OK)
		e = sig_finish(&draft, &x->key, raw, &w);
	if (e == OK)
		e = put_signature(x, writer_bytes(&w));
	return e == OK ? OK : not_signed(x, e);
}
