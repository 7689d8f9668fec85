/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sealed object's JSON, strictly. */
#include "unlock/sealed.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/hex.h"
#include "unlock/fields.h"
#include "unlock/json.h"
#include "unlock/pcrs_json.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *const names[] = {"bank", "pcrs", "private", "public", "salt", "srk"};
static const char made[] = "none";

enum { HANDLE_LEN = 4, PERSISTENT = 0x81 /* Part 2, 7.5 */ };

/* --- read --- */

static enum err read_bank(const struct json_object *o, struct tpm2_sealed *s)
{
	const char *text = NULL;

	const enum err e = json_text(o, "bank", &text);
	if (e != OK)
		return e;
	s->pcrs.bank = tpm2_bank_by_name(text);
	return s->pcrs.bank == HASH_NONE ? ERR_FORMAT : OK;
}

static enum err read_pcrs(const struct json_object *o, struct tpm2_sealed *s)
{
	const enum err e = pcrs_read(json_at(o, "pcrs"), &s->pcrs);

	if (e == OK && (s->pcrs.mask & TPM2_PCRS_RESETTABLE) != 0)
		return ERR_FORMAT;
	return e;
}

static enum err read_base64(const struct json_object *o, const char *name, uint8_t *ret,
                            size_t cap, size_t *ret_len)
{
	const char *text = NULL;

	const enum err e = json_text(o, name, &text);
	return e == OK ? base64_decode(bytes_of(text), true, ret, cap, ret_len) : e;
}

static enum err read_srk(const struct json_object *o, struct tpm2_sealed *s)
{
	const char *text = NULL;
	uint8_t handle[HANDLE_LEN];

	enum err e = json_text(o, "srk", &text);
	if (e != OK || strcmp(text, made) == 0)
		return e;
	e = field_hex_lower(text, handle, sizeof(handle));
	if (e == OK && handle[0] != PERSISTENT)
		e = ERR_FORMAT;
	struct bytes in = {handle, sizeof(handle)};
	return e == OK ? bytes_take_be(&in, sizeof(handle), &s->srk) : e;
}

/* Whichever of the two it is. */
static enum err check(struct tpm2_sealed *s)
{
	s->needs_pin = true;
	const enum err e = tpm2_sealed_check(s);
	if (e != ERR_FORMAT)
		return e;
	s->needs_pin = false;
	return tpm2_sealed_check(s);
}

enum err sealed_read(const struct json_object *o, struct tpm2_sealed *ret)
{
	struct tpm2_sealed s = {0};
	const char *text = NULL;

	if (!json_only(o, names, COUNT(names)))
		return ERR_FORMAT;
	enum err e = read_bank(o, &s);
	if (e == OK)
		e = read_pcrs(o, &s);
	if (e == OK)
		e = read_base64(o, "private", s.priv, sizeof(s.priv), &s.priv_len);
	if (e == OK)
		e = read_base64(o, "public", s.pub, sizeof(s.pub), &s.pub_len);
	if (e == OK)
		e = json_text(o, "salt", &text);
	if (e == OK)
		e = field_hex_lower(text, s.salt, sizeof(s.salt));
	if (e == OK)
		e = read_srk(o, &s);
	if (e == OK)
		e = check(&s);
	if (e == OK)
		*ret = s;
	return e;
}

enum err sealed_parse(struct bytes json, struct tpm2_sealed *ret)
{
	AUTO_JSON *o = NULL;

	const enum err e = json_read_only(json, SEALED_JSON_MAX, names, COUNT(names), &o);
	return e == OK ? sealed_read(o, ret) : e;
}

/* --- written --- */

/* Errors of `out` are its owner's to ask for. */
static void put_hex(struct bytes b, FILE *out)
{
	char text[2 * HASH_MAX_LEN + 1];

	hex_encode(b, text);
	(void)fprintf(out, "\"%s\"", text);
}

static void put_base64(const uint8_t *p, size_t n, FILE *out)
{
	uint8_t text[(TPM2_PRIVATE_MAX + 2) / 3 * 4];

	base64_encode((struct bytes){p, n}, true, text);
	json_quote((const char *)text, base64_len(n, true), out);
}

static void put_sealed(const struct tpm2_sealed *s, FILE *out)
{
	(void)fprintf(out, "{\"bank\":\"%s\",\"pcrs\":", tpm2_bank_name(s->pcrs.bank));
	pcrs_put(&s->pcrs, out);
	(void)fputs(",\"private\":", out);
	put_base64(s->priv, s->priv_len, out);
	(void)fputs(",\"public\":", out);
	put_base64(s->pub, s->pub_len, out);
	(void)fputs(",\"salt\":", out);
	put_hex((struct bytes){s->salt, sizeof(s->salt)}, out);
	if (s->srk == 0)
		(void)fprintf(out, ",\"srk\":\"%s\"}", made);
	else
		(void)fprintf(out, ",\"srk\":\"%08x\"}", s->srk);
}

enum err sealed_format(const struct tpm2_sealed *s, char **ret_json)
{
	struct tpm2_sealed again;
	char *text = NULL;
	size_t n = 0;

	if (s->pub_len > sizeof(s->pub) || s->priv_len > sizeof(s->priv))
		return ERR_BUG;
	FILE *out = open_memstream(&text, &n);
	if (out == NULL)
		return ERR_NOMEM;
	put_sealed(s, out);
	const bool whole = ferror(out) == 0;
	enum err e = fclose(out) == 0 && whole ? OK : ERR_NOMEM;
	/* Never write what could not be read again. */
	if (e == OK)
		e = sealed_parse((struct bytes){(const uint8_t *)text, n}, &again);
	if (e != OK) {
		free(text);
		return e;
	}
	*ret_json = text;
	return OK;
}
