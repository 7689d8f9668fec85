/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The key that somebody else's set-up encrypted to the card: found, and opened with it.
 * It shows that a key may be added, and nothing else is done with it. */
#include "unlock/import.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/file.h"
#include "core/hex.h"
#include "core/log.h"
#include "openpgp/message.h"
#include "unlock/backend.h"
#include "unlock/enroll_impl.h"
#include "unlock/json.h"
#include "unlock/words.h"

/* luks-root-smartcard reads the first; one version of its script wrote the second. */
static const char *const token_types[] = {"gpg-token", "root-gpg"};

enum { TOKEN_TYPES = sizeof(token_types) / sizeof(token_types[0]), IDS_SHOWN = 4 };

/* --- what is there --- */

/* Takes p over. */
static enum err add(struct import *i, const char *where, int token, uint8_t *p, size_t n)
{
	struct message m;

	enum err e = i->n < IMPORT_MAX ? message_parse((struct bytes){p, n}, &m)
	                               : ERR_NO_SPACE;
	if (e == OK) {
		if (m.n_pkesk == 0)
			e = ERR_FORMAT;
		message_free(&m);
	}
	if (e != OK) {
		free(p);
		return e;
	}
	struct import_message *new = &i->message[i->n++];
	(void)snprintf(new->where, sizeof(new->where), "%s", where);
	new->token = token;
	new->p = p;
	new->n = n;
	return OK;
}

enum err import_add_file(const char *path, struct import *i)
{
	uint8_t *p = NULL;
	size_t n = 0;

	const enum err e = file_read_path(path, MESSAGE_MAX, &p, &n);
	return e == OK ? add(i, path, -1, p, n) : e;
}

/* {"type":…,"keyslots":[…],"gpg-recipient":…,"gpg-key":BASE64}: only the last one is
 * believed, and that only as far as the card opens it and it opens the volume. */
static enum err read_token(const char *json, uint8_t **ret, size_t *ret_len)
{
	AUTO_JSON *o = NULL;
	const char *text = NULL;
	size_t n = 0;

	enum err e = json_read(bytes_of(json), &o);
	if (e == OK)
		e = json_text(o, "gpg-key", &text);
	if (e != OK)
		return e;
	const size_t cap = strlen(text) / 4 * 3 + 3;
	uint8_t *p = malloc(cap);
	if (p == NULL)
		return ERR_NOMEM;
	e = base64_decode(bytes_of(text), true, p, cap, &n);
	if (e != OK) {
		free(p);
		return e;
	}
	*ret = p;
	*ret_len = n;
	return OK;
}

static enum err add_token(const struct volume *v, int token, const char *type,
                          struct import *i)
{
	char where[IMPORT_WHERE_MAX];
	char *json = NULL;
	uint8_t *p = NULL;
	size_t n = 0;

	enum err e = luks_token_get(v->luks, token, type, &json);
	if (e != OK)
		return e == ERR_NOT_FOUND ? OK : e;
	e = read_token(json, &p, &n);
	free(json);
	(void)snprintf(where, sizeof(where), "token %d of %.200s", token,
	               v->where.device);
	if (e == OK)
		e = add(i, where, token, p, n);
	if (e == OK || e == ERR_NOMEM)
		return e;
	log_line(LOG_DEBUG, "import: token %d: %s", token, err_text(e));
	return OK;
}

enum err import_add_tokens(const struct volume *v, struct import *i)
{
	enum err e = OK;

	for (int token = 0; token < LUKS_TOKENS_MAX; token++)
		for (size_t t = 0; e == OK && t < TOKEN_TYPES; t++)
			e = add_token(v, token, token_types[t], i);
	return e;
}

void import_clear(struct import *i)
{
	for (size_t k = 0; k < i->n; k++)
		free(i->message[k].p);
	*i = (struct import){0};
}

/* --- is it for this card? --- */

/* The keys that a message names, as gpg shows them. */
static void list_ids(const struct message *m, char *out, size_t cap)
{
	size_t n = 0;

	out[0] = '\0';
	for (size_t i = 0; i < m->n_pkesk && i < IDS_SHOWN && n < cap; i++) {
		char id[2 * sizeof(m->pkesk[i].keyid) + 1];

		hex_encode_up(
		        (struct bytes){m->pkesk[i].keyid, sizeof(m->pkesk[i].keyid)}, id);
		n += (size_t)snprintf(out + n, cap - n, "%s%s", n > 0 ? ", " : "", id);
	}
	if (m->n_pkesk > IDS_SHOWN && n < cap)
		(void)snprintf(out + n, cap - n, " and others");
}

static bool is_for(const struct message *m, const struct pubkey *key)
{
	for (size_t i = 0; i < m->n_pkesk; i++)
		if (pkesk_may_be_for(&m->pkesk[i], key))
			return true;
	return false;
}

static void why_not_for(const struct enrolling *w, const struct import_message *i,
                        const struct message *m)
{
	char text[SENTENCE_MAX], ids[128];

	list_ids(m, ids, sizeof(ids));
	(void)snprintf(text, sizeof(text),
	               "%.200s is encrypted to %s, and card %s does not hold that key. "
	               "Insert the card that opens it today, or name it with --serial.",
	               i->where, ids, session_card(w->s)->ident);
	enroll_why(w, text);
}

enum err import_choose(struct enrolling *w)
{
	const struct import *all = w->req->import;

	for (size_t i = 0; i < all->n; i++) {
		const struct import_message *one = &all->message[i];
		struct message m;

		enum err e = message_parse((struct bytes){one->p, one->n}, &m);
		if (e != OK)
			return e;
		const bool fits = is_for(&m, &w->key);
		if (!fits && i + 1 == all->n)
			why_not_for(w, one, &m);
		message_free(&m);
		if (fits) {
			w->imported = one;
			return OK;
		}
	}
	if (all->n > 0)
		return ERR_WRONG_CARD;
	enroll_why(w, "Nothing is there that another set-up's card opens.");
	return ERR_NOT_FOUND;
}

/* --- opening it --- */

enum err import_open(const struct enrolling *w, struct secret **ret_key)
{
	const struct import_message *i = w->imported;
	struct enrolment en = {
	        /* as if it were a way in of ours */
	        .keyslot = LUKS_ANY_SLOT, .backend = BACKEND_CARD,
	        .needs_pin = true,        .trial = true,
	        .untried = true,          .kdf = w->entry.kdf,
	        .blob = {i->p},           .blob_len = {i->n},
	};
	char text[SENTENCE_MAX];

	memcpy(en.fpr, w->entry.fpr, sizeof(en.fpr));
	memcpy(en.kdf_digest, w->entry.kdf_digest, sizeof(en.kdf_digest));
	(void)snprintf(text, sizeof(text), "Opening %.200s with the card.", i->where);
	enroll_step(w, text);
	const enum err e = backend_card.recover(w->s, w->v, &en, ret_key);
	if (e != ERR_CRYPTO && e != ERR_FORMAT && e != ERR_UNSUPPORTED)
		return e;
	(void)snprintf(text, sizeof(text),
	               "%.200s is damaged, or of a kind that we do not read: the card "
	               "gets no key out of it. See whether gpg -d opens it; if not, "
	               "enroll with your passphrase instead, without --import.",
	               i->where);
	enroll_why(w, text);
	return e;
}

void import_opens_nothing(const struct enrolling *w)
{
	char text[SENTENCE_MAX];

	(void)snprintf(text, sizeof(text),
	               "The key in %.200s opens no keyslot of %.120s: it is another "
	               "volume's, or its keyslot was wiped. Enroll with your passphrase "
	               "instead, without --import.",
	               w->imported->where, w->v->where.device);
	enroll_why(w, text);
}
