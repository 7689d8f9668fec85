/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The spellings that record, token and journal share: one each, checked strictly. */
#include "unlock/fields.h"

#include "core/hex.h"
#include "unlock/token.h"

enum { MAKER_LEN = 4, HEX_MAX = 64, UUID_MAX = 36 };

static enum err hex_in_case(const char *text, bool upper, uint8_t *ret, size_t n)
{
	uint8_t raw[HEX_MAX];
	char again[2 * HEX_MAX + 1];

	if (n > sizeof(raw))
		return ERR_BUG;
	const enum err e = hex_decode(text, strlen(text), raw, n);
	if (e != OK)
		return e;
	if (upper)
		hex_encode_up((struct bytes){raw, n}, again);
	else
		hex_encode((struct bytes){raw, n}, again);
	if (strcmp(again, text) != 0)
		return ERR_FORMAT;
	memcpy(ret, raw, n);
	return OK;
}

enum err field_hex_upper(const char *text, uint8_t *ret, size_t n)
{
	return hex_in_case(text, true, ret, n);
}

enum err field_hex_lower(const char *text, uint8_t *ret, size_t n)
{
	return hex_in_case(text, false, ret, n);
}

enum err field_fpr(const char *text, uint8_t ret[static FPR_LEN])
{
	return hex_in_case(text, true, ret, FPR_LEN);
}

void field_put_fpr(const uint8_t fpr[static FPR_LEN], FILE *out)
{
	char text[2 * FPR_LEN + 1];

	hex_encode_up((struct bytes){fpr, FPR_LEN}, text);
	(void)fprintf(out, "\"%s\"",
	              text); /* errors of `out` are its owner's to ask for */
}

enum err field_ident(const char *text, char ret[static CARD_IDENT_LEN])
{
	if (strlen(text) != CARD_IDENT_LEN - 1)
		return ERR_FORMAT;
	for (size_t i = 0; i < CARD_IDENT_LEN - 1; i++) {
		const char *set = i == MAKER_LEN ? ":" : "0123456789ABCDEF";

		if (strchr(set, text[i]) == NULL)
			return ERR_FORMAT;
	}
	memcpy(ret, text, CARD_IDENT_LEN);
	return OK;
}

const char *field_backend(const char *text)
{
	static const char *const known[] = {BACKEND_CARD, BACKEND_TPM2, BACKEND_RECOVERY};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(text, known[i]) == 0)
			return known[i];
	return NULL;
}

bool field_uuid_ok(const char *text)
{
	const size_t n = strlen(text);

	return n >= 1 && n <= UUID_MAX && strspn(text, "0123456789abcdefABCDEF-") == n;
}
