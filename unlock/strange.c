/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Headers that no honest tool writes, or that stand in the middle of a reencryption. */
#include <stdlib.h>

#include "unlock/fields.h"
#include "unlock/json.h"
#include "unlock/luks.h"

static const char why_segment[] =
        "The data is said to be encrypted with a null or unknown "
        "cipher: it would be read and written in plain.";
static const char why_reencrypt[] =
        "A reencryption is in progress: finish it with cryptsetup.";

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* Runs of [a-z0-9] with single separators in between: "aes-xts-plain64",
 * "xchacha20,aes-adiantum-plain64", "aes-cbc-essiv:sha256".  The kernel's own template
 * syntax ("capi:...") and anything called null are not spoken here. */
static bool cipher_is_sane(const char *spec)
{
	size_t parts = 1;
	const char *first_dash = strchr(spec, '-');

	if (strstr(spec, "null") != NULL || strncmp(spec, "capi:", 5) == 0 ||
	    first_dash == NULL)
		return false;
	for (const char *p = spec; *p != '\0'; p++) {
		if (is_word(*p))
			continue;
		if (strchr("-,:", *p) == NULL || p == spec || !is_word(p[-1]) ||
		    !is_word(p[1]))
			return false;
		/* An IV generator may have an option after a colon, the cipher may not.
		 */
		if (*p == ':' && p < first_dash)
			return false;
		parts += *p == '-';
	}
	return parts >= 2 && parts <= 4;
}

static enum err refuse(enum err e, const char *why, const char **ret_why)
{
	if (ret_why != NULL)
		*ret_why = why;
	return e;
}

static enum err check_slots(const struct luks *l, const char **ret_why)
{
	for (int i = 0; i < luks_slots(l); i++) {
		struct luks_slot s;

		const enum err e = luks_slot(l, i, &s);
		if (e != OK)
			return refuse(e, "A keyslot cannot be read.", ret_why);
		if (s.active && !cipher_is_sane(s.cipher))
			return refuse(ERR_TAMPERED,
			              "A keyslot is encrypted with a null or unknown "
			              "cipher: any passphrase could open it.",
			              ret_why);
	}
	return OK;
}

static enum err check_segments(const struct json_object *segments, const char **ret_why)
{
	struct json_walk w = {0};
	size_t n = 0;

	while (json_next(segments, &w)) {
		const char *type = NULL, *cipher = NULL;

		n++;
		if (json_at(w.value, "flags") != NULL)
			return refuse(ERR_UNSUPPORTED, why_reencrypt, ret_why);
		if (json_text(w.value, "type", &type) != OK || strcmp(type, "crypt") != 0)
			return refuse(ERR_TAMPERED,
			              "A data segment is not encrypted with dm-crypt.",
			              ret_why);
		if (json_text(w.value, "encryption", &cipher) != OK ||
		    !cipher_is_sane(cipher))
			return refuse(ERR_TAMPERED, why_segment, ret_why);
	}
	if (n == 0)
		return refuse(ERR_TAMPERED, "The header has no data segment.", ret_why);
	return OK;
}

static enum err check_slot_types(const struct json_object *slots, const char **ret_why)
{
	struct json_walk w = {0};

	while (json_next(slots, &w)) {
		const char *type = NULL;

		if (json_text(w.value, "type", &type) != OK)
			type = "";
		if (strcmp(type, "reencrypt") == 0)
			return refuse(ERR_UNSUPPORTED, why_reencrypt, ret_why);
		if (strcmp(type, "luks2") != 0)
			return refuse(ERR_TAMPERED, "A keyslot is of an unknown type.",
			              ret_why);
	}
	return OK;
}

static enum err check_requirements(const struct json_object *config, const char **ret_why)
{
	const struct json_object *all = json_at(config, "requirements");
	const struct json_object *must = json_at(all, "mandatory");
	const char *name = NULL;

	if (all == NULL)
		return OK;
	if (!json_only(all, (const char *const[]){"mandatory"}, 1) ||
	    (must != NULL && !json_is_array(must)))
		return refuse(ERR_UNSUPPORTED, "The header's requirements are unknown.",
		              ret_why);
	if (json_count(must) == 0)
		return OK;
	if (json_item_text(must, 0, &name) == OK && strstr(name, "reencrypt") != NULL)
		return refuse(ERR_UNSUPPORTED, why_reencrypt, ret_why);
	return refuse(ERR_UNSUPPORTED,
	              "The header requires a feature that is not known here.", ret_why);
}

static enum err check_luks2(const struct luks *l, const char **ret_why)
{
	AUTO_JSON *meta = NULL;
	const char *text = luks_metadata(l);

	if (text == NULL)
		return refuse(ERR_FORMAT, "The header cannot be read.", ret_why);
	enum err e =
	        json_read((struct bytes){(const uint8_t *)text, strlen(text)}, &meta);
	if (e != OK)
		return refuse(e == ERR_FORMAT ? ERR_TAMPERED : e,
		              "The header is not what cryptsetup writes.", ret_why);
	e = check_requirements(json_at(meta, "config"), ret_why);
	if (e == OK)
		e = check_slot_types(json_at(meta, "keyslots"), ret_why);
	if (e == OK)
		e = check_segments(json_at(meta, "segments"), ret_why);
	if (e == OK && luks_reencrypting(l))
		return refuse(ERR_UNSUPPORTED, why_reencrypt, ret_why);
	return e;
}

/* Offsets of the LUKS1 specification 1.2.3, figure 3. */
enum { L1_CIPHER = 8, L1_MODE = 40, L1_NAME_LEN = 32 };

static enum err check_luks1(const struct luks *l, const char **ret_why)
{
	const struct bytes h = luks1_header(l);
	char spec[2 * L1_NAME_LEN + 2];

	if (h.n < L1_MODE + L1_NAME_LEN)
		return refuse(ERR_FORMAT, "The header cannot be read.", ret_why);
	(void)snprintf(spec, sizeof(spec), "%.*s-%.*s", L1_NAME_LEN,
	               (const char *)h.p + L1_CIPHER, L1_NAME_LEN,
	               (const char *)h.p + L1_MODE);
	if (!cipher_is_sane(spec))
		return refuse(ERR_TAMPERED, why_segment, ret_why);
	return OK;
}

enum err luks_refuse_strange(const struct luks *l, const char **ret_why)
{
	/* It names our files; a record under another spelling is none. */
	if (!field_uuid_ok(luks_uuid(l)))
		return refuse(ERR_TAMPERED, "The header's UUID is not one.", ret_why);
	const enum err e =
	        luks_version(l) == 1 ? check_luks1(l, ret_why) : check_luks2(l, ret_why);

	return e != OK ? e : check_slots(l, ret_why);
}

bool luks_slot_looks_ours(const struct luks_slot *s)
{
	return s->active && strcmp(s->kdf, "pbkdf2") == 0 &&
	       s->iterations == LUKS_OUR_ITERATIONS;
}
