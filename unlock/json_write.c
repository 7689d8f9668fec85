/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes the canonical form of JSON: what is hashed of a header. */
#include <inttypes.h>
#include <json-c/json.h>
#include <stdlib.h>

#include "unlock/json.h"

/* Errors of `out` stick in it; its owner asks for them. */
void json_quote(const char *s, size_t n, FILE *out)
{
	static const char from[] = "\"\\\b\f\n\r\t";
	static const char to[] = "\"\\bfnrt";

	(void)fputc('"', out);
	for (size_t i = 0; i < n; i++) {
		const char *at = s[i] != '\0' ? strchr(from, s[i]) : NULL;

		if (at != NULL)
			(void)fprintf(out, "\\%c", to[at - from]);
		else if ((unsigned char)s[i] < ' ')
			(void)fprintf(out, "\\u%04x", (unsigned int)s[i]);
		else
			(void)fputc(s[i], out);
	}
	(void)fputc('"', out);
}

static int by_name(const void *a, const void *b)
{
	const struct json_walk *x = a;
	const struct json_walk *y = b;

	return strcmp(x->name, y->name);
}

/* An object or array that is being written. */
struct level {
	const struct json_object *o;
	struct json_walk *members; /* of an object, by name; NULL: an array */
	size_t n, at;
};

struct canon {
	const char *omit;
	size_t omit_depth;
	FILE *out;
	struct level level[JSON_NESTING_MAX]; /* the outermost first */
	size_t depth;
};

static enum err list_members(const struct canon *c, struct level *l)
{
	const size_t n = (size_t)json_object_object_length(l->o);
	struct json_walk w = {0};

	l->members = calloc(n > 0 ? n : 1, sizeof(*l->members));
	if (l->members == NULL)
		return ERR_NOMEM;
	while (l->n < n && json_next(l->o, &w))
		if (c->omit == NULL || c->depth != c->omit_depth ||
		    strcmp(w.name, c->omit) != 0)
			l->members[l->n++] = w;
	qsort(l->members, l->n, sizeof(*l->members), by_name);
	return OK;
}

static enum err open_level(struct canon *c, const struct json_object *o)
{
	struct level l = {.o = o};

	if (c->depth == JSON_NESTING_MAX)
		return ERR_FORMAT;
	if (json_is_object(o)) {
		const enum err e = list_members(c, &l);
		if (e != OK)
			return e;
	} else {
		l.n = json_count(o);
	}
	c->level[c->depth++] = l;
	(void)fputc(l.members != NULL ? '{' : '[', c->out);
	return OK;
}

static void put_int(const struct json_object *o, FILE *out)
{
	const int64_t v = json_object_get_int64(o);

	if (v < 0)
		(void)fprintf(out, "%" PRId64, v);
	else
		(void)fprintf(out, "%" PRIu64, json_object_get_uint64(o));
}

/* An object or array is only begun: put_next writes what is in it. */
static enum err put_value(struct canon *c, const struct json_object *o)
{
	switch (json_object_get_type(o)) {
	case json_type_object:
	case json_type_array:
		return open_level(c, o);
	case json_type_boolean:
		(void)fputs(json_object_get_boolean(o) ? "true" : "false", c->out);
		return OK;
	case json_type_int:
		put_int(o, c->out);
		return OK;
	case json_type_string:
		/* json-c asks for a non-const object only to keep the text of other
		 * types. */
		/* NOLINTNEXTLINE(performance-no-int-to-ptr) */
		json_quote(json_object_get_string((struct json_object *)(uintptr_t)o),
		           (size_t)json_object_get_string_len(o), c->out);
		return OK;
	case json_type_null:
	case json_type_double:
	default:
		return ERR_FORMAT;
	}
}

/* What comes next in the innermost level: a member, an item, or its end. */
static enum err put_next(struct canon *c)
{
	struct level *l = &c->level[c->depth - 1];

	if (l->at == l->n) {
		(void)fputc(l->members != NULL ? '}' : ']', c->out);
		free(l->members);
		c->depth--;
		return OK;
	}
	const size_t i = l->at++;
	if (i > 0)
		(void)fputc(',', c->out);
	if (l->members == NULL)
		return put_value(c, json_item(l->o, i));
	json_quote(l->members[i].name, strlen(l->members[i].name), c->out);
	(void)fputc(':', c->out);
	return put_value(c, l->members[i].value);
}

enum err json_canonical(const struct json_object *o, const char *omit, size_t omit_depth,
                        FILE *out)
{
	struct canon c = {.omit = omit, .omit_depth = omit_depth, .out = out};

	enum err e = put_value(&c, o);
	while (e == OK && c.depth > 0)
		e = put_next(&c);
	while (c.depth > 0)
		free(c.level[--c.depth].members);
	return e;
}
