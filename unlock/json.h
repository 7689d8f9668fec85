/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Strict JSON: read whole and bounded, ask for fields by type, write in one canonical
 * form.  The only way from the unlock layer to json-c. */
#ifndef UNLOCK_JSON_H
#define UNLOCK_JSON_H

#include <stdio.h>

#include "core/bytes.h"

struct json_object; /* json-c's */

enum { JSON_NESTING_MAX = 12 };

/*
 * One JSON value and nothing but white space after it.  Refused besides what json-c
 * refuses: a name that an object holds twice (json-c would keep the last one silently), a
 * number or string in any spelling but the plain one, invalid UTF-8, depth over
 * JSON_NESTING_MAX.
 */
enum err json_read(struct bytes text, struct json_object **ret);
void json_drop(struct json_object *o); /* NULL is fine */

static inline void json_cleanup_(struct json_object **o)
{
	json_drop(*o);
}

#define AUTO_JSON __attribute__((cleanup(json_cleanup_))) struct json_object

/* An object with no names but these. */
bool json_only(const struct json_object *o, const char *const *names, size_t n);
/* Both at once, of a text of at most `max` bytes: how our own files begin. */
enum err json_read_only(struct bytes text, size_t max, const char *const *names, size_t n,
                        struct json_object **ret);
bool json_is_object(const struct json_object *o);
bool json_is_array(const struct json_object *o);
/* NULL: o is no object or has no such name. */
struct json_object *json_at(const struct json_object *o, const char *name);

/* Members by name.  ERR_FORMAT: not there, another type, out of range. */
enum err json_int(const struct json_object *o, const char *name, int min, int max,
                  int *ret);
enum err json_flag(const struct json_object *o, const char *name, bool *ret);
/* No NUL inside; what comes back ends in one and lives as long as o. */
enum err json_text(const struct json_object *o, const char *name, const char **ret);

size_t json_count(const struct json_object *array); /* 0 when it is none */
enum err json_item_text(const struct json_object *array, size_t i, const char **ret);
enum err json_item_int(const struct json_object *array, size_t i, int min, int max,
                       int *ret);
struct json_object *json_item(const struct json_object *array, size_t i);

/* The members of an object in turn: start with a zeroed walk. */
struct json_walk {
	const void *at;
	bool started;
	const char *name;
	struct json_object *value;
};
bool json_next(const struct json_object *o, struct json_walk *w);

/*
 * The canonical form (docs/FORMAT.md): names sorted bytewise, no white space, strings
 * with the fewest escapes, integers in decimal.  ERR_FORMAT: a fraction or a null is in
 * it, or it is deeper than JSON_NESTING_MAX.  A member called `omit` (NULL: none) of an
 * object at depth omit_depth is left out.
 */
enum err json_canonical(const struct json_object *o, const char *omit, size_t omit_depth,
                        FILE *out);
/* A string in that form, quotes included. */
void json_quote(const char *s, size_t n, FILE *out);

#endif
