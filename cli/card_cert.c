/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bootlatch card cert: an OpenPGP certificate of a card's keys, signed by the card. */
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/card_words.h"
#include "cli/card_work.h"
#include "cli/output.h"
#include "core/file.h"
#include "core/hex.h"
#include "openpgp/armor.h"
#include "openpgp/cert_write.h"
#include "unlock/words.h"

enum { UID_LEN = 64, PUBLIC_MODE = 0644, FOUND_MAX = 4, PATH_LEN_MAX = 4096 };

/* --- its keys --- */

static enum err no_signature_key(struct card_work *w, enum slot_state state)
{
	if (state == SLOT_EMPTY)
		return cli_why(w->c, ERR_CARD_STATE,
		               "Card %s has no signature key, which signs a certificate. "
		               "Have it make one: bootlatch card generate.",
		               w->ident);
	if (state == SLOT_NO_FPR)
		return cli_why(
		        w->c, ERR_CARD_STATE,
		        "Card %s has a signature key without fingerprint. Have that "
		        "written: bootlatch card generate.",
		        w->ident);
	return cli_why(w->c, ERR_CARD_STATE,
	               "The signature key of card %s is of a kind that is not ours, or "
	               "its fingerprint is none of its own: no certificate would name "
	               "it.",
	               w->ident);
}

/* A key that cannot be bound is left out, and that is said. */
static enum err take_subkey(struct card_work *w, enum card_key k, uint8_t flags,
                            struct pubkey *key, struct cert_plan *plan)
{
	enum slot_state state = SLOT_UNKNOWN;

	const enum err e = slot_look(work_card(w), k, &state, key);
	if (e != OK)
		return work_why(w, e, "tell its keys", "");
	if (state == SLOT_WHOLE)
		plan->sub[plan->n_sub++] = (struct cert_subkey){key, flags};
	else
		work_note(w, "The certificate is without %s key: %s.", card_key_use(k),
		          state == SLOT_EMPTY
		                  ? "there is none"
		                  : "what the card tells of it does not fit together");
	return OK;
}

struct keys {
	struct pubkey sig, dec, aut;
};

static enum err read_keys(struct card_work *w, struct keys *k, struct cert_plan *plan)
{
	enum slot_state state = SLOT_UNKNOWN;

	enum err e = slot_look(work_card(w), CARD_KEY_SIG, &state, &k->sig);
	if (e != OK)
		return work_why(w, e, "tell its keys", "");
	if (state != SLOT_WHOLE || signature_hash(&k->sig) == HASH_NONE)
		return no_signature_key(w, state);
	plan->primary = &k->sig;
	e = take_subkey(w, CARD_KEY_DEC, FLAG_ENCRYPT, &k->dec, plan);
	if (e == OK)
		e = take_subkey(w, CARD_KEY_AUT, FLAG_AUTHENTICATE, &k->aut, plan);
	return e;
}

/* --- signing --- */

static enum err sign(void *ctx, enum hash_alg alg, struct bytes digest, struct bytes *ret)
{
	struct card_work *w = ctx;

	for (;;) {
		enum err e = session_verify_sign_pin(w->s, "its certificate");
		if (e != OK)
			return e;
		if (work_info(w)->key[CARD_KEY_SIG].touch)
			words_say(session_ask(w->s), WORDS_TOUCH, NULL);
		e = card_sign(work_card(w), alg, digest, ret);
		if (e != ERR_TOUCH || !session_touch_again(w->s))
			return e;
	}
}

static enum err not_signed(struct card_work *w, enum err e)
{
	switch (e) {
	case ERR_USAGE:
		return cli_why(
		        w->c, e,
		        "That user id cannot be used: it is text of 1 to %d bytes "
		        "without control characters, as \"Name <name@example.org>\".",
		        CERT_UID_MAX);
	case ERR_SIGNATURE:
		return cli_why(
		        w->c, ERR_CARD_STATE,
		        "What card %s answered is no signature of its key. There is "
		        "no certificate.",
		        w->ident);
	case ERR_PIN_WRONG:
	case ERR_PIN_BLOCKED:
	case ERR_PIN_LENGTH:
	case ERR_PIN_BYTES:
	case ERR_PIN_LAST_TRY:
	case ERR_PIN_UNKNOWN:
		return e;
	default:
		return work_why(w, e, "sign", "There is no certificate.");
	}
}

/* Is it what others will read? */
static enum err read_back(const struct cert_plan *p, struct bytes cert, uint32_t now)
{
	struct pubkey found[FOUND_MAX];
	size_t n = 0;

	enum err e = cert_signing_keys(cert, now, found, FOUND_MAX, &n, NULL);
	if (e != OK || n != 1 ||
	    memcmp(found[0].fpr, p->primary->fpr, sizeof(found[0].fpr)) != 0)
		return ERR_BUG;
	if (p->n_sub == 0 || p->sub[0].flags != FLAG_ENCRYPT)
		return OK;
	e = cert_encryption_keys(cert, now, found, FOUND_MAX, &n, NULL);
	return e == OK && n == 1 &&
	                       memcmp(found[0].fpr, p->sub[0].key->fpr,
	                              sizeof(found[0].fpr)) == 0
	               ? OK
	               : ERR_BUG;
}

static enum err check_user_pin(struct card_work *w)
{
	if (work_info(w)->tries_user > 0)
		return OK;
	return cli_why(
	        w->c, ERR_PIN_BLOCKED,
	        "The PIN of card %s is blocked. Unblock it: bootlatch card unblock.",
	        w->ident);
}

static enum err write_cert(struct card_work *w, const struct cert_wish *wish,
                           struct keys *k, uint8_t **ret, size_t *ret_n)
{
	struct cert_plan plan = {
	        .flags = FLAG_CERTIFY | FLAG_SIGN, .sign = sign, .ctx = w};
	char uid[UID_LEN];
	uint32_t now;

	(void)snprintf(uid, sizeof(uid), "bootlatch card %s", w->ident);
	plan.uid = wish->uid ? wish->uid : uid;
	plan.expires = wish->expires;
	enum err e = work_clock(w, &now);
	if (e == OK)
		e = read_keys(w, k, &plan);
	if (e == OK)
		e = check_user_pin(w);
	if (e != OK)
		return e;
	plan.created = now;
	uint8_t *cert = malloc(CERT_MAX);
	struct writer out = {.p = cert, .cap = CERT_MAX};
	if (!cert)
		return ERR_NOMEM;
	e = cert_write(&plan, &out);
	if (e != OK) {
		free(cert);
		return not_signed(w, e);
	}
	e = read_back(&plan, writer_bytes(&out), now);
	if (e != OK) {
		free(cert);
		return e;
	}
	*ret = cert;
	*ret_n = out.n;
	return OK;
}

enum err work_cert(struct card_work *w, const struct cert_wish *wish, uint8_t **ret,
                   size_t *ret_n)
{
	struct keys *k = calloc(1, sizeof(*k));

	const enum err e = k ? write_cert(w, wish, k, ret, ret_n) : ERR_NOMEM;
	free(k);
	return e;
}

/* --- where it goes --- */

/* Before the card is asked for anything. */
static enum err check_output(struct cli *c)
{
	const char *to = c->card_wish.output;

	if (!to || c->force || access(to, F_OK) != 0)
		return OK;
	return cli_why(c, ERR_EXISTS,
	               "%s is there already. Name another file, or replace it with "
	               "--force.",
	               to);
}

static enum err put_file(struct cli *c, struct bytes text)
{
	const char *to = c->card_wish.output;
	char *dir_name = strdup(to), *file_name = strdup(to);
	int dir = -1;

	enum err e =
	        dir_name && file_name ? dir_open(dirname(dir_name), &dir) : ERR_NOMEM;
	if (e == OK)
		e = c->force ? file_publish(dir, basename(file_name), text, PUBLIC_MODE)
		             : file_create(dir, basename(file_name), text, PUBLIC_MODE);
	if (dir >= 0)
		(void)close(dir); /* read-only */
	free(dir_name);
	free(file_name);
	return e == OK ? OK
	               : cli_why(c, e, "%s could not be written: %s.", to, err_text(e));
}

/* One line, which JSON can hold. */
static enum err put_json(struct cli *c, struct bytes cert)
{
	const size_t n = base64_len(cert.n, true);
	uint8_t *text = malloc(n + 1);

	if (!text)
		return ERR_NOMEM;
	base64_encode(cert, true, text);
	text[n] = '\0';
	out_text(c, "certificate", (const char *)text);
	free(text);
	return OK;
}

/* To a terminal as text, else as it was asked for. */
static enum err put_cert(struct cli *c, struct bytes cert)
{
	const bool to_stdout = !c->card_wish.output && !c->json;
	struct bytes text = cert;
	char *armored = NULL;
	size_t n = 0;
	enum err e = OK;

	if (c->json && !c->card_wish.output)
		return put_json(c, cert);
	if (c->card_wish.armor || (to_stdout && isatty(STDOUT_FILENO) == 1)) {
		e = armor_write(ARMOR_PUBLIC_KEY, cert, &armored, &n);
		text = (struct bytes){(const uint8_t *)armored, n};
	}
	if (e == OK && c->card_wish.output)
		e = put_file(c, text);
	else if (e == OK && fwrite(text.p, 1, text.n, stdout) != text.n)
		e = ERR_IO;
	free(armored);
	return e;
}

static enum err make(struct card_work *w)
{
	struct cli *c = w->c;
	struct cert_wish wish = {.uid = c->card_wish.uid};
	char fpr[2 * FPR_LEN + 1];
	uint8_t *cert = NULL;
	size_t n = 0;

	enum err e = OK;
	if (c->card_wish.expires)
		e = wish_end(c->card_wish.expires, (uint32_t)time(NULL), &wish.expires);
	if (e == OK)
		e = work_cert(w, &wish, &cert, &n);
	if (e == OK)
		e = put_cert(c, (struct bytes){cert, n});
	free(cert);
	if (e != OK)
		return e;
	hex_encode_up((struct bytes){work_info(w)->key[CARD_KEY_SIG].fpr, FPR_LEN}, fpr);
	out_text(c, "fingerprint", fpr);
	if (c->card_wish.output)
		cli_say(c, "%s: certificate %s of card %s.", c->card_wish.output, fpr,
		        w->ident);
	return OK;
}

static enum err run_cert(struct cli *c)
{
	AUTO_SESSION *s = NULL;
	AUTO_WORK w = {0};

	enum err e = check_output(c);
	if (e == OK)
		e = cli_session(c, &s);
	if (e == OK)
		e = work_begin(c, s, &w);
	if (e != OK)
		return e;
	e = make(&w);
	work_counters(&w);
	return e;
}

static const struct own_option options[] = {
        {"user-id", "UID",  "whose it is (default: one that names the card)",
         card_take_user_id                                                                     },
        {"expires", "WHEN",
         "never (the default), 90d, 52w, 18m, 2y, or a day as 2030-12-31",    card_take_expires},
        {"output",  "FILE", "write it to FILE instead of standard output",
         card_take_output                                                                      },
        {"armor",   NULL,   "as text, which a terminal gets in any case",     card_take_armor  },
        {NULL,      NULL,   NULL,                                             NULL             },
};

const struct verb verb_card_cert = {
        .name = "card cert",
        .operands = "",
        .opts = OPT_READERS | OPT_PIN_FD | OPT_FORCE,
        .own = options,
        .summary = "write an OpenPGP certificate of the card's keys",
        .help = "The signature key becomes the primary key, which certifies and signs; "
                "the "
                "decryption key and the\n"
                "authentication key are bound to it. The card signs all that: its PIN is "
                "asked for, with many\n"
                "cards once a signature. gpg, sq, rnp and Heads import it; gpg "
                "--card-status then connects it with\n"
                "the card. A file that is there is replaced with --force only.",
        .run = run_cert,
};
