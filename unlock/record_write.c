/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The enrolment record as JSON, written. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/hex.h"
#include "unlock/fields.h"
#include "unlock/json.h"
#include "unlock/record.h"
#include "unlock/token.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Errors of `out` are its owner's to ask for. */
static void put_kdf(const struct record_entry *en, FILE *out)
{
	char text[2 * sizeof(en->kdf_digest) + 1];

	switch (en->kdf) {
	case RECORD_KDF_NONE:
		(void)fputs("\"none\"", out);
		return;
	case RECORD_KDF_UNKNOWN:
		(void)fputs("\"unknown\"", out);
		return;
	case RECORD_KDF_PINNED:
		hex_encode((struct bytes){en->kdf_digest, sizeof(en->kdf_digest)}, text);
		(void)fprintf(out, "\"%s\"", text);
		return;
	}
}

static void put_srk_and_cap(const uint8_t srk_name[static TPM2_NAME_LEN], unsigned cap,
                            FILE *out)
{
	char text[2 * TPM2_NAME_LEN + 1];

	hex_encode((struct bytes){srk_name, TPM2_NAME_LEN}, text);
	(void)fprintf(out, ",\"srk\":\"%s\",\"cap\":%u", text, cap);
}

static void put_tpm2(const struct record_entry *en, FILE *out)
{
	(void)fputs(",\"object\":", out);
	field_put_fpr(en->fpr, out);
	put_srk_and_cap(en->srk_name, en->cap, out);
}

static void put_image_tpm2(const struct record *r, FILE *out)
{
	if (r->n_tpm2 == 0)
		return;
	(void)fputs("\"tpm2\":[", out);
	for (size_t i = 0; i < r->n_tpm2 && i < COUNT(r->tpm2); i++) {
		(void)fprintf(out, "%s{\"needs_pin\":%s", i > 0 ? "," : "",
		              r->tpm2[i].needs_pin ? "true" : "false");
		put_srk_and_cap(r->tpm2[i].srk_name, r->tpm2[i].cap, out);
		(void)fputc('}', out);
	}
	(void)fputs("],", out);
}

static void put_recovery(const struct record_entry *en, FILE *out)
{
	(void)fputs(",\"id\":", out);
	field_put_fpr(en->fpr, out);
}

static void put_card(const struct record_entry *en, FILE *out)
{
	(void)fputs(",\"recipient\":", out);
	field_put_fpr(en->fpr, out);
	(void)fputs(",\"cards\":[", out);
	for (size_t i = 0; i < RECORD_SERIALS && en->ident[i][0] != '\0'; i++) {
		if (i > 0)
			(void)fputc(',', out);
		json_quote(en->ident[i], strlen(en->ident[i]), out);
	}
	(void)fputs("],\"kdf\":", out);
	put_kdf(en, out);
}

static void put_entry(const struct record_entry *en, FILE *out)
{
	(void)fprintf(out, "{\"keyslot\":%d,\"backend\":", en->keyslot);
	json_quote(en->backend, strlen(en->backend), out);
	(void)fprintf(out, ",\"needs_pin\":%s", en->needs_pin ? "true" : "false");
	if (record_entry_is(en, BACKEND_TPM2))
		put_tpm2(en, out);
	else if (record_entry_is(en, BACKEND_RECOVERY))
		put_recovery(en, out);
	else
		put_card(en, out);
	if (en->knows_passphrase) {
		char text[2 * PASSPHRASE_DIGEST_LEN + 1];

		hex_encode((struct bytes){en->passphrase_digest,
		                          sizeof(en->passphrase_digest)},
		           text);
		(void)fprintf(out, ",\"passphrase\":\"%s\"", text);
	}
	(void)fputc('}', out);
}

static void put_record(const struct record *r, FILE *out)
{
	char pin[2 * HEADER_PIN_LEN + 1];

	hex_encode((struct bytes){r->pin, sizeof(r->pin)}, pin);
	(void)fputs("{\"version\":1,\"uuid\":", out);
	json_quote(r->uuid, strlen(r->uuid), out);
	(void)fprintf(out, ",\"header_pin\":\"%s\",", pin);
	put_image_tpm2(r, out);
	(void)fputs("\"ways\":[", out);
	for (size_t i = 0; i < r->n; i++) {
		if (i > 0)
			(void)fputc(',', out);
		put_entry(&r->entry[i], out);
	}
	(void)fputs("]}\n", out);
}

enum err record_format(const struct record *r, char **ret_json)
{
	struct record again;
	char *text = NULL;
	size_t n = 0;

	if (r->n > COUNT(r->entry))
		return ERR_BUG;
	FILE *out = open_memstream(&text, &n);
	if (out == NULL)
		return ERR_NOMEM;
	put_record(r, out);
	const bool whole = ferror(out) == 0;
	enum err e = fclose(out) == 0 && whole ? OK : ERR_NOMEM;
	/* Never write what could not be read again. */
	if (e == OK)
		e = record_parse((struct bytes){(const uint8_t *)text, n}, &again);
	if (e != OK) {
		free(text);
		return e;
	}
	*ret_json = text;
	return OK;
}
