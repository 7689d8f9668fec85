/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The "bootlatch" token's JSON, strictly. */
#include "unlock/token.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/hex.h"
#include "unlock/fields.h"
#include "unlock/json.h"
#include "unlock/luks.h"
#include "unlock/sealed.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static bool is_tpm2(const struct token *t)
{
	return strcmp(t->backend, BACKEND_TPM2) == 0;
}

static bool is_recovery(const struct token *t)
{
	return strcmp(t->backend, BACKEND_RECOVERY) == 0;
}

static enum err read_keyslot(const struct json_object *o, int *ret)
{
	const struct json_object *slots = json_at(o, "keyslots");
	const char *text = NULL;

	if (!json_is_array(slots) || json_count(slots) > 1)
		return ERR_FORMAT;
	if (json_count(slots) == 0) {
		*ret = -1;
		return OK;
	}
	const enum err e = json_item_text(slots, 0, &text);
	if (e != OK)
		return e;
	for (int i = 0; i < LUKS_SLOTS_MAX; i++) {
		char want[12];

		(void)snprintf(want, sizeof(want), "%d", i);
		if (strcmp(text, want) == 0) {
			*ret = i;
			return OK;
		}
	}
	return ERR_FORMAT;
}

static enum err read_recipients(const struct json_object *o, struct token *t)
{
	const struct json_object *from = json_at(o, "recipients");
	const size_t n = json_count(from);

	if (n < 1 || n > TOKEN_RECIPIENTS)
		return ERR_FORMAT;
	for (; t->n_fpr < n; t->n_fpr++) {
		const char *text = NULL;

		enum err e = json_item_text(from, t->n_fpr, &text);
		if (e == OK)
			e = field_fpr(text, t->fpr[t->n_fpr]);
		if (e != OK)
			return e;
		for (size_t i = 0; i < t->n_fpr; i++)
			if (memcmp(t->fpr[i], t->fpr[t->n_fpr], FPR_LEN) == 0)
				return ERR_FORMAT;
	}
	return OK;
}

static enum err read_serial(const struct json_object *o, struct token *t)
{
	const char *text = NULL;
	struct json_walk w = {0};
	bool there = false;

	while (json_next(o, &w))
		there = there || strcmp(w.name, "serial") == 0;
	if (!there)
		return OK;
	const enum err e = json_text(o, "serial", &text);
	return e == OK ? field_ident(text, t->ident) : e;
}

/* The last that can fail: nothing has to be freed after it. */
static enum err read_blob(const struct json_object *o, struct token *t)
{
	const char *text = NULL;

	enum err e = json_text(o, "blob", &text);
	if (e != OK)
		return e;
	uint8_t *blob = malloc(TOKEN_BLOB_MAX);
	if (blob == NULL)
		return ERR_NOMEM;
	size_t n = 0;
	e = base64_decode((struct bytes){(const uint8_t *)text, strlen(text)}, true, blob,
	                  TOKEN_BLOB_MAX, &n);
	if (e == OK && n == 0)
		e = ERR_FORMAT;
	if (e != OK) {
		free(blob);
		return e;
	}
	t->blob = blob;
	t->blob_len = n;
	return OK;
}

static enum err read_card(const struct json_object *o, struct token *t)
{
	static const char *const names[] = {
	        "type", "keyslots", "version", "backend", "recipients", "serial", "blob"};

	if (!json_only(o, names, COUNT(names)))
		return ERR_FORMAT;
	enum err e = read_recipients(o, t);
	if (e == OK)
		e = read_serial(o, t);
	return e == OK ? read_blob(o, t) : e;
}

/* Nothing has to be freed after it either. */
static enum err read_tpm2(const struct json_object *o, struct token *t)
{
	static const char *const names[] = {"type", "keyslots", "version", "backend",
	                                    "sealed"};
	struct tpm2_sealed s;
	char *text = NULL;

	if (!json_only(o, names, COUNT(names)))
		return ERR_FORMAT;
	enum err e = sealed_read(json_at(o, "sealed"), &s);
	if (e == OK)
		e = tpm2_id(&s, t->fpr[0]);
	if (e == OK)
		e = sealed_format(&s, &text);
	if (e != OK)
		return e;
	t->n_fpr = 1;
	t->blob = (uint8_t *)text;
	t->blob_len = strlen(text);
	return OK;
}

static enum err read_recovery(const struct json_object *o, struct token *t)
{
	static const char *const names[] = {"type", "keyslots", "version", "backend",
	                                    "id"};
	const char *text = NULL;

	if (!json_only(o, names, COUNT(names)))
		return ERR_FORMAT;
	t->n_fpr = 1;
	const enum err e = json_text(o, "id", &text);
	return e == OK ? field_fpr(text, t->fpr[0]) : e;
}

enum err token_parse(struct bytes json, struct token *ret)
{
	static const char *const names[] = {"type",    "keyslots",   "version",
	                                    "backend", "recipients", "serial",
	                                    "blob",    "sealed",     "id"};
	struct token t = {0};
	AUTO_JSON *o = NULL;
	const char *text = NULL;
	int version = 0;

	enum err e = json_read_only(json, TOKEN_JSON_MAX, names, COUNT(names), &o);
	if (e != OK)
		return e;
	e = json_text(o, "type", &text);
	if (e == OK && strcmp(text, TOKEN_TYPE) != 0)
		e = ERR_FORMAT;
	if (e == OK)
		e = json_int(o, "version", 1, 1, &version);
	if (e == OK)
		e = json_text(o, "backend", &text);
	if (e == OK && (t.backend = field_backend(text)) == NULL)
		e = ERR_FORMAT;
	if (e == OK)
		e = read_keyslot(o, &t.keyslot);
	if (e == OK)
		e = is_tpm2(&t)       ? read_tpm2(o, &t)
		    : is_recovery(&t) ? read_recovery(o, &t)
		                      : read_card(o, &t);
	if (e == OK)
		*ret = t;
	return e;
}

/* Errors of `out` are its owner's to ask for. */
static void put_token(const struct token *t, const uint8_t *blob, size_t n, FILE *out)
{
	(void)fputs("{\"type\":\"" TOKEN_TYPE "\",\"keyslots\":[", out);
	if (t->keyslot >= 0)
		(void)fprintf(out, "\"%d\"", t->keyslot);
	(void)fputs("],\"version\":1,\"backend\":", out);
	json_quote(t->backend, strlen(t->backend), out);
	if (is_tpm2(t)) {
		(void)fputs(",\"sealed\":", out);
		(void)fwrite(t->blob, 1, t->blob_len, out);
		(void)fputc('}', out);
		return;
	}
	if (is_recovery(t)) {
		(void)fputs(",\"id\":", out);
		field_put_fpr(t->fpr[0], out);
		(void)fputc('}', out);
		return;
	}
	(void)fputs(",\"recipients\":[", out);
	for (size_t i = 0; i < t->n_fpr; i++) {
		if (i > 0)
			(void)fputc(',', out);
		field_put_fpr(t->fpr[i], out);
	}
	(void)fputc(']', out);
	if (t->ident[0] != '\0') {
		(void)fputs(",\"serial\":", out);
		json_quote(t->ident, strlen(t->ident), out);
	}
	(void)fputs(",\"blob\":", out);
	json_quote((const char *)blob, n, out);
	(void)fputc('}', out);
}

enum err token_format(const struct token *t, char **ret_json)
{
	char *text = NULL;
	size_t n = 0;

	if ((t->blob_len == 0) != is_recovery(t) || t->blob_len > TOKEN_BLOB_MAX)
		return ERR_NO_SPACE;
	if (t->n_fpr == 0 || t->n_fpr > TOKEN_RECIPIENTS || t->keyslot >= LUKS_SLOTS_MAX)
		return ERR_BUG;
	const size_t blob_n = base64_len(t->blob_len, true);
	uint8_t *blob = malloc(blob_n > 0 ? blob_n : 1);
	FILE *out = blob != NULL ? open_memstream(&text, &n) : NULL;
	if (out == NULL) {
		free(blob);
		return ERR_NOMEM;
	}
	base64_encode((struct bytes){t->blob, t->blob_len}, true, blob);
	put_token(t, blob, blob_n, out);
	free(blob);
	const bool whole = ferror(out) == 0;
	if (fclose(out) != 0 || !whole) {
		free(text);
		return ERR_NOMEM;
	}
	*ret_json = text;
	return OK;
}

void token_clear(struct token *t)
{
	free(t->blob);
	*t = (struct token){.keyslot = -1};
}
