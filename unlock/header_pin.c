/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The header pin: SHA-256 over the canonical JSON of what decides which key opens a
 * volume and how its data is encrypted (docs/FORMAT.md, "The header pin"). */
#include "unlock/header_pin.h"

#include <stdlib.h>

#include "core/hex.h"
#include "crypto/crypto.h"
#include "unlock/json.h"

enum { DIGESTS_DEPTH = 1 }; /* digests -> digest -> its "keyslots" */

static void put_member(const char *name, FILE *out)
{
	json_quote(name, strlen(name), out);
	(void)fputc(':', out);
}

/* The member as it stands, or nothing when it is not there. */
static enum err put_optional(const struct json_object *from, const char *name,
                             bool *first, FILE *out)
{
	const struct json_object *v = json_at(from, name);

	if (v == NULL)
		return OK;
	if (!*first)
		(void)fputc(',', out);
	*first = false;
	put_member(name, out);
	return json_canonical(v, NULL, 0, out);
}

enum err header_pin_text2(struct bytes metadata, const char *uuid, FILE *out)
{
	AUTO_JSON *meta = NULL;
	bool first = true;

	enum err e = json_read(metadata, &meta);
	if (e != OK)
		return e;
	const struct json_object *config = json_at(meta, "config");
	const struct json_object *digests = json_at(meta, "digests");
	const struct json_object *segments = json_at(meta, "segments");
	if (!json_is_object(config) || !json_is_object(digests) ||
	    !json_is_object(segments))
		return ERR_FORMAT;
	(void)fputs("{\"config\":{",
	            out); /* errors of `out` are its owner's to ask for */
	e = put_optional(config, "flags", &first, out);
	if (e == OK)
		e = put_optional(config, "requirements", &first, out);
	if (e != OK)
		return e;
	(void)fputs("},\"digests\":", out);
	e = json_canonical(digests, "keyslots", DIGESTS_DEPTH, out);
	if (e != OK)
		return e;
	(void)fputs(",\"luks\":2,\"segments\":", out);
	e = json_canonical(segments, NULL, 0, out);
	if (e != OK)
		return e;
	(void)fputs(",\"uuid\":", out);
	json_quote(uuid, strlen(uuid), out);
	(void)fputc('}', out);
	return OK;
}

enum field_kind { FIELD_NAME, FIELD_HEX, FIELD_NUMBER };
enum { HEX_MAX = 32 };

/* The LUKS1 header (specification 1.2.3, figure 3), in the order of the names. */
static const struct {
	const char *name;
	enum field_kind kind;
	size_t offset, width;
} fields1[] = {
        {"cipher",         FIELD_NAME,   8,   32},
        {"hash",           FIELD_NAME,   72,  32},
        {"key_bytes",      FIELD_NUMBER, 108, 4 },
        {"luks",           FIELD_NUMBER, 6,   2 },
        {"mk_digest",      FIELD_HEX,    112, 20},
        {"mk_iterations",  FIELD_NUMBER, 164, 4 },
        {"mk_salt",        FIELD_HEX,    132, 32},
        {"mode",           FIELD_NAME,   40,  32},
        {"payload_offset", FIELD_NUMBER, 104, 4 },
        {"uuid",           FIELD_NAME,   168, 40},
};

/* Text ended by NUL, or filling the field.  What follows a NUL is read by nobody. */
static enum err put_name(struct bytes field, FILE *out)
{
	size_t n = 0;

	for (; n < field.n && field.p[n] != 0; n++)
		if (field.p[n] < ' ' || field.p[n] > '~')
			return ERR_FORMAT;
	json_quote((const char *)field.p, n, out);
	return OK;
}

static enum err put_hex(struct bytes field, FILE *out)
{
	char text[2 * HEX_MAX + 1];

	if (field.n > HEX_MAX)
		return ERR_BUG;
	hex_encode(field, text);
	(void)fprintf(out, "\"%s\"", text);
	return OK;
}

static enum err put_number(struct bytes field, FILE *out)
{
	uint32_t v = 0;

	const enum err e = bytes_take_be(&field, field.n, &v);
	if (e == OK)
		(void)fprintf(out, "%u", v);
	return e;
}

static enum err put_field1(struct bytes header, size_t i, FILE *out)
{
	struct bytes before, field;

	enum err e = bytes_take(&header, fields1[i].offset, &before);
	if (e == OK)
		e = bytes_take(&header, fields1[i].width, &field);
	if (e != OK)
		return e;
	put_member(fields1[i].name, out);
	switch (fields1[i].kind) {
	case FIELD_NAME:
		return put_name(field, out);
	case FIELD_HEX:
		return put_hex(field, out);
	case FIELD_NUMBER:
		return put_number(field, out);
	}
	return ERR_BUG;
}

enum err header_pin_text1(struct bytes header, FILE *out)
{
	enum err e = OK;

	(void)fputc('{', out);
	for (size_t i = 0; e == OK && i < sizeof(fields1) / sizeof(fields1[0]); i++) {
		if (i > 0)
			(void)fputc(',', out);
		e = put_field1(header, i, out);
	}
	(void)fputc('}', out);
	return e;
}

enum err header_pin(const struct luks *l, uint8_t ret[static HEADER_PIN_LEN])
{
	const char *metadata = luks_metadata(l);
	uint8_t pin[HEADER_PIN_LEN];
	char *text = NULL;
	size_t len = 0;

	FILE *out = open_memstream(&text, &len);
	if (out == NULL)
		return ERR_NOMEM;
	enum err e = ERR_FORMAT;
	if (luks_version(l) == 1)
		e = header_pin_text1(luks1_header(l), out);
	else if (metadata != NULL)
		e = header_pin_text2(
		        (struct bytes){(const uint8_t *)metadata, strlen(metadata)},
		        luks_uuid(l), out);
	const bool whole = ferror(out) == 0;
	if (fclose(out) != 0 || !whole)
		e = e == OK ? ERR_NOMEM : e;
	if (e == OK)
		e = hash_all(HASH_SHA256, (struct bytes){(const uint8_t *)text, len}, pin,
		             sizeof(pin));
	if (e == OK)
		memcpy(ret, pin, sizeof(pin));
	free(text);
	return e;
}
