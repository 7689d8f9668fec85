/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What --json prints: built here, printed once, at the end, by main. */
#include "cli/output.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/hex.h"

/* Out of memory while printing: nothing sensible is left to say. */
static struct json_object *need(struct json_object *o)
{
	if (!o)
		abort();
	return o;
}

static void add(struct json_object *to, const char *key, struct json_object *value)
{
	if (json_object_object_add(to, key, value) != 0)
		abort();
}

static void append(struct json_object *list, struct json_object *value)
{
	if (json_object_array_add(list, value) != 0)
		abort();
}

/* Paths are bytes of anybody's choosing; JSON is UTF-8. */
static struct json_object *text(const char *s)
{
	char *clean = strdup(s);

	if (!clean)
		abort();
	for (char *p = clean; *p != '\0'; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
	struct json_object *o = need(json_object_new_string(clean));
	free(clean);
	return o;
}

static struct json_object *hex(struct bytes b)
{
	char digits[2 * 64 + 1];

	if (b.n > 64)
		abort();
	hex_encode(b, digits);
	return need(json_object_new_string(digits));
}

static bool wanted(const struct cli *c)
{
	return c->json || c->report;
}

static struct json_object *out(struct cli *c)
{
	if (!c->out)
		c->out = need(json_object_new_object());
	return c->n_entered > 0 ? c->entered[c->n_entered - 1] : c->out;
}

void out_enter(struct cli *c, const char *key)
{
	struct json_object *list = NULL;

	if (!wanted(c))
		return;
	if (c->n_entered == CLI_JSON_DEPTH)
		abort();
	if (!json_object_object_get_ex(out(c), key, &list)) {
		list = need(json_object_new_array());
		add(out(c), key, list);
	}
	struct json_object *entry = need(json_object_new_object());
	append(list, entry);
	c->entered[c->n_entered++] = entry;
}

void out_object(struct cli *c, const char *key)
{
	if (!wanted(c))
		return;
	if (c->n_entered == CLI_JSON_DEPTH)
		abort();
	struct json_object *o = need(json_object_new_object());
	add(out(c), key, o);
	c->entered[c->n_entered++] = o;
}

void out_leave(struct cli *c)
{
	if (c->n_entered > 0)
		c->n_entered--;
}

void out_text(struct cli *c, const char *key, const char *value)
{
	if (wanted(c))
		add(out(c), key, value ? text(value) : NULL);
}

void out_number(struct cli *c, const char *key, long value)
{
	if (wanted(c))
		add(out(c), key, need(json_object_new_int64(value)));
}

void out_bool(struct cli *c, const char *key, bool value)
{
	if (wanted(c))
		add(out(c), key, need(json_object_new_boolean(value)));
}

void out_hex(struct cli *c, const char *key, struct bytes value)
{
	if (c->json)
		add(out(c), key, hex(value));
}

const char *record_state_text(enum record_state s)
{
	static const char *const names[] = {
	        [RECORD_MATCHES] = "matches",
	        [RECORD_MISSING] = "missing",
	        [RECORD_DIFFERS] = "differs",
	        [RECORD_BROKEN] = "broken",
	};
	return names[s];
}

static void add_flag(struct json_object *o, const char *key, bool value)
{
	add(o, key, need(json_object_new_boolean(value)));
}

static struct json_object *enrolment(const struct enrolment *en)
{
	struct json_object *o = need(json_object_new_object());
	struct json_object *serials = need(json_object_new_array());
	char fpr[2 * FPR_LEN + 1];

	for (size_t i = 0; i < RECORD_SERIALS && *en->ident[i]; i++)
		append(serials, text(en->ident[i]));
	add(o, "keyslot", need(json_object_new_int(en->keyslot)));
	add(o, "backend", en->backend ? text(en->backend) : NULL);
	hex_encode_up((struct bytes){en->fpr, FPR_LEN}, fpr);
	add(o, "fingerprint", text(fpr));
	add(o, "serials", serials);
	add_flag(o, "needs_pin", en->needs_pin);
	add_flag(o, "complete", en->complete);
	add_flag(o, "in_record", en->in_record);
	add_flag(o, "has_token", en->has_token);
	add_flag(o, "has_blob_file", en->has_blob_file);
	add_flag(o, "slot_active", en->slot_active);
	return o;
}

static struct json_object *keyslots(const struct volume *v)
{
	struct json_object *list = need(json_object_new_array());

	for (int i = 0; i < luks_slots(v->luks); i++) {
		struct luks_slot s;

		if (luks_slot(v->luks, i, &s) != OK || !s.active)
			continue;
		struct json_object *o = need(json_object_new_object());
		add(o, "keyslot", need(json_object_new_int(i)));
		add(o, "cipher", text(s.cipher));
		add(o, "kdf", text(s.kdf));
		add(o, "iterations", need(json_object_new_int64(s.iterations)));
		add_flag(o, "prefer", s.prefer);
		append(list, o);
	}
	return list;
}

void out_volume(struct cli *c, const struct volume *v)
{
	if (!c->json)
		return;
	struct json_object *list = need(json_object_new_array());
	for (size_t i = 0; i < v->n_enrolled; i++)
		append(list, enrolment(&v->enrolled[i]));
	out_text(c, "device", v->where.device);
	out_number(c, "luks", luks_version(v->luks));
	out_text(c, "uuid", luks_uuid(v->luks));
	out_text(c, "record", record_state_text(v->state));
	out_hex(c, "header_pin", (struct bytes){v->pin, HEADER_PIN_LEN});
	out_text(c, "refused", v->strange);
	if (v->interrupted_slot >= 0)
		out_number(c, "interrupted_keyslot", v->interrupted_slot);
	else
		out_text(c, "interrupted_keyslot", NULL);
	add(out(c), "enrolled", list);
	add(out(c), "keyslots", keyslots(v));
}

const char *out_string(struct cli *c, enum err e)
{
	c->n_entered = 0; /* what an error left open */
	out_bool(c, "ok", e == OK);
	out_number(c, "status", (long)err_exit(e));
	if (e != OK) {
		out_text(c, "error", err_text(e));
		out_text(c, "message", *c->why ? c->why : err_advice(e));
	}
	return json_object_to_json_string_ext(
	        out(c), JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE);
}

enum err out_print(struct cli *c, enum err e)
{
	const int rc = c->json ? printf("%s\n", out_string(c, e)) : 0;

	(void)json_object_put(c->out);
	c->out = NULL;
	return rc < 0 ? ERR_IO : OK;
}
