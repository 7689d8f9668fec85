/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Strict and canonical JSON on top of json-c, which is lenient: what it would write must
 * be what was read. */
#include "unlock/json.h"

#include <json-c/json.h>
#include <stdlib.h>

#include "core/utf8.h"

enum { TEXT_MAX = 4 * 1024 * 1024 };

static bool is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Is `in` the text `plain`, but for white space between the tokens and for escaped
 * slashes? That also finds a name held twice, of which json-c keeps one. */
static bool same_text(struct bytes in, struct bytes plain)
{
	bool quoted = false;
	int depth = 0;

	while (in.n > 0) {
		uint32_t c = 0, want = 0;
		bool escaped = false;

		if (bytes_take_be(&in, 1, &c) != OK)
			return false;
		if (!quoted && is_space((uint8_t)c))
			continue;
		if (!quoted && (c == 'N' || c == 'I')) /* NaN, Infinity */
			return false;
		if (!quoted && (c == '{' || c == '['))
			depth++;
		if (!quoted && (c == '}' || c == ']'))
			depth--;
		if (depth > JSON_NESTING_MAX)
			return false;
		if (quoted && c == '\\' && in.n > 0) {
			escaped = in.p[0] != '/';
			if (!escaped && bytes_take_be(&in, 1, &c) != OK)
				return false;
		}
		if (c == '"')
			quoted = !quoted;
		if (bytes_take_be(&plain, 1, &want) != OK || c != want)
			return false;
		if (escaped && (bytes_take_be(&in, 1, &c) != OK ||
		                bytes_take_be(&plain, 1, &want) != OK || c != want))
			return false;
	}
	return plain.n == 0;
}

static enum err parse(struct bytes text, struct json_object **ret)
{
	enum err e = ERR_NOMEM;
	char *copy = malloc(text.n + 1);
	struct json_tokener *tok = json_tokener_new_ex(JSON_NESTING_MAX + 2);

	if (copy != NULL && tok != NULL) {
		memcpy(copy, text.p, text.n);
		copy[text.n] = '\0';
		/* Not JSON_TOKENER_STRICT: from 0.17 it takes bytes of UTF-8 for control
		 * characters. What it would refuse does not come out as it went in, and
		 * is refused for that. */
		/* The NUL goes in as well: it ends a number. */
		struct json_object *o = json_tokener_parse_ex(tok, copy, (int)text.n + 1);
		e = ERR_FORMAT;
		if (json_tokener_get_error(tok) == json_tokener_success && o != NULL) {
			*ret = o;
			e = OK;
		} else {
			json_drop(o);
		}
	}
	if (tok != NULL)
		json_tokener_free(tok);
	free(copy);
	return e;
}

enum err json_read(struct bytes text, struct json_object **ret)
{
	struct json_object *o = NULL;
	size_t n = 0;

	while (text.n > 0 && is_space(text.p[text.n - 1]))
		text.n--;
	if (text.n == 0 || text.n > TEXT_MAX || !utf8_is_text(text))
		return ERR_FORMAT;
	const enum err e = parse(text, &o);
	if (e != OK)
		return e;
	const char *plain = json_object_to_json_string_length(
	        o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &n);
	if (plain == NULL) {
		json_drop(o);
		return ERR_NOMEM;
	}
	if (!same_text(text, (struct bytes){(const uint8_t *)plain, n})) {
		json_drop(o);
		return ERR_FORMAT;
	}
	*ret = o;
	return OK;
}

void json_drop(struct json_object *o)
{
	(void)json_object_put(o);
}

bool json_is_object(const struct json_object *o)
{
	return json_object_is_type(o, json_type_object) != 0;
}

bool json_is_array(const struct json_object *o)
{
	return json_object_is_type(o, json_type_array) != 0;
}

struct json_object *json_at(const struct json_object *o, const char *name)
{
	struct json_object *found = NULL;

	if (!json_is_object(o) || !json_object_object_get_ex(o, name, &found))
		return NULL;
	return found;
}

bool json_next(const struct json_object *o, struct json_walk *w)
{
	if (!json_is_object(o))
		return false;
	const struct lh_entry *at = w->at;
	at = !w->started ? json_object_get_object(o)->head : at != NULL ? at->next : NULL;
	w->started = true;
	w->at = at;
	if (at == NULL)
		return false;
	w->name = lh_entry_k(at);
	w->value = lh_entry_v(at);
	return true;
}

bool json_only(const struct json_object *o, const char *const *names, size_t n)
{
	struct json_walk w = {0};

	if (!json_is_object(o))
		return false;
	while (json_next(o, &w)) {
		size_t i = 0;

		while (i < n && strcmp(names[i], w.name) != 0)
			i++;
		if (i == n)
			return false;
	}
	return true;
}

enum err json_read_only(struct bytes text, size_t max, const char *const *names, size_t n,
                        struct json_object **ret)
{
	struct json_object *o = NULL;

	if (text.n > max)
		return ERR_FORMAT;
	const enum err e = json_read(text, &o);
	if (e != OK)
		return e;
	if (!json_only(o, names, n)) {
		json_drop(o);
		return ERR_FORMAT;
	}
	*ret = o;
	return OK;
}

static enum err int_of(const struct json_object *v, int min, int max, int *ret)
{
	if (v == NULL || !json_object_is_type(v, json_type_int))
		return ERR_FORMAT;
	const int64_t i = json_object_get_int64(v);
	if (i < min || i > max)
		return ERR_FORMAT;
	*ret = (int)i;
	return OK;
}

enum err json_int(const struct json_object *o, const char *name, int min, int max,
                  int *ret)
{
	return int_of(json_at(o, name), min, max, ret);
}

enum err json_flag(const struct json_object *o, const char *name, bool *ret)
{
	const struct json_object *v = json_at(o, name);

	if (v == NULL || !json_object_is_type(v, json_type_boolean))
		return ERR_FORMAT;
	*ret = json_object_get_boolean(v) != 0;
	return OK;
}

static enum err text_of(struct json_object *v, const char **ret)
{
	if (v == NULL || !json_object_is_type(v, json_type_string))
		return ERR_FORMAT;
	const char *s = json_object_get_string(v);
	if (s == NULL || strlen(s) != (size_t)json_object_get_string_len(v))
		return ERR_FORMAT;
	*ret = s;
	return OK;
}

enum err json_text(const struct json_object *o, const char *name, const char **ret)
{
	return text_of(json_at(o, name), ret);
}

size_t json_count(const struct json_object *array)
{
	return json_is_array(array) ? json_object_array_length(array) : 0;
}

struct json_object *json_item(const struct json_object *array, size_t i)
{
	return i < json_count(array) ? json_object_array_get_idx(array, i) : NULL;
}

enum err json_item_text(const struct json_object *array, size_t i, const char **ret)
{
	return text_of(json_item(array, i), ret);
}

enum err json_item_int(const struct json_object *array, size_t i, int min, int max,
                       int *ret)
{
	return int_of(json_item(array, i), min, max, ret);
}
