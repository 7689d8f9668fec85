/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unlock/json.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/check.h"

static struct bytes text(const char *s)
{
	return (struct bytes){(const uint8_t *)s, strlen(s)};
}

static void only_plain_json_is_read(void)
{
	static const struct {
		const char *in;
		enum err want;
	} rows[] = {
	        {"{}",	                   OK        },
	        {" { \"a\" : [ 1 , true ] }\n",  OK        },
	        {"{\"a\":\"x\\/y\"}",            OK        },
	        {"{\"a\":\"x/y\"}",              OK        },
	        {"{\"a\":\"\\\\/\\\"\"}",        OK        },
	        {"{\"a\":\"\xc3\xa9\"}",         OK        },
	        {"[[[[[[[[[[[[]]]]]]]]]]]]",     OK        },
	        {"[[[[[[[[[[[[[]]]]]]]]]]]]]",   ERR_FORMAT},
	        {"",	                     ERR_FORMAT},
	        {"{",	                    ERR_FORMAT},
	        {"{} x",	                 ERR_FORMAT},
	        {"{}{}",	                 ERR_FORMAT},
	        {"{\"a\":1,\"a\":1}",            ERR_FORMAT},
	        {"{\"a\":{\"b\":1,\"b\":2}}",    ERR_FORMAT},
	        {"{\"a\":01}",                   ERR_FORMAT},
	        {"{\"a\":-0}",                   ERR_FORMAT},
	        {"{\"a\":+1}",                   ERR_FORMAT},
	        {"{\"a\":99999999999999999999}", ERR_FORMAT},
	        {"{\"a\":\"\\u0041\"}",          ERR_FORMAT},
	        {"{'a':1}",                      ERR_FORMAT},
	        {"{\"a\":1,}",                   ERR_FORMAT},
	        {"{/* c */\"a\":1}",             ERR_FORMAT},
	        {"{\"a\":NaN}",                  ERR_FORMAT},
	        {"{\"a\":\"\xc3\x28\"}",         ERR_FORMAT},
	        {"{\"a\":\"\xc0\xaf\"}",         ERR_FORMAT},
	        {"{\"a\":\"\xed\xa0\x80\"}",     ERR_FORMAT},
	        {"{\"a\":\"\xf4\x90\x80\x80\"}", ERR_FORMAT},
	        {"{\"a\":\"\t\"}",               ERR_FORMAT},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		AUTO_JSON *o = NULL;

		CHECK_ROW(json_read(text(rows[i].in), &o) == rows[i].want, rows[i].in);
		CHECK_ROW((o != NULL) == (rows[i].want == OK), rows[i].in);
	}
	struct json_object *o = NULL;
	CHECK(json_read((struct bytes){(const uint8_t *)"{}\0", 3}, &o) == ERR_FORMAT);
}

static void members_are_asked_for_by_type(void)
{
	static const char *const names[] = {"i", "b", "s", "z", "l"};
	AUTO_JSON *o = NULL;
	const char *s = NULL;
	bool b = false;
	int i = 0;

	CHECK(json_read(text("{\"i\":7,\"b\":true,\"s\":\"x\",\"z\":\"a\\u0000b\","
	                     "\"l\":[\"y\",3]}"),
	                &o) == OK);
	CHECK(json_only(o, names, 5) && !json_only(o, names, 4));
	CHECK(json_int(o, "i", 0, 7, &i) == OK && i == 7);
	CHECK(json_int(o, "i", 0, 6, &i) == ERR_FORMAT);
	CHECK(json_int(o, "b", 0, 6, &i) == ERR_FORMAT);
	CHECK(json_int(o, "none", 0, 6, &i) == ERR_FORMAT);
	CHECK(json_flag(o, "b", &b) == OK && b);
	CHECK(json_flag(o, "i", &b) == ERR_FORMAT);
	CHECK(json_text(o, "s", &s) == OK && strcmp(s, "x") == 0);
	CHECK(json_text(o, "z", &s) == ERR_FORMAT);
	CHECK(json_count(json_at(o, "l")) == 2 && json_count(o) == 0);
	CHECK(json_item_text(json_at(o, "l"), 0, &s) == OK && strcmp(s, "y") == 0);
	CHECK(json_item_text(json_at(o, "l"), 1, &s) == ERR_FORMAT);
	CHECK(json_item(json_at(o, "l"), 2) == NULL);
}

static bool canonical_is(const char *in, const char *omit, size_t depth, const char *want)
{
	AUTO_JSON *o = NULL;
	char *got = NULL;
	size_t n = 0;

	if (json_read(text(in), &o) != OK)
		return false;
	FILE *out = open_memstream(&got, &n);
	const enum err e = json_canonical(o, omit, depth, out);
	(void)fclose(out);
	const bool ok =
	        want == NULL ? e == ERR_FORMAT : e == OK && strcmp(got, want) == 0;
	free(got);
	return ok;
}

static void the_canonical_form_is_sorted_and_plain(void)
{
	CHECK(canonical_is("{ \"b\":1, \"a\":[true,\"x\\/\\n\\u0001\"] }", NULL, 0,
	                   "{\"a\":[true,\"x/\\n\\u0001\"],\"b\":1}"));
	CHECK(canonical_is("{\"0\":{\"k\":1,\"x\":-2},\"k\":{}}", "k", 1,
	                   "{\"0\":{\"x\":-2},\"k\":{}}"));
	CHECK(canonical_is("[18446744073709551615]", NULL, 0, "[18446744073709551615]"));
	CHECK(canonical_is("[null]", NULL, 0, NULL));
	CHECK(canonical_is("[1.5]", NULL, 0, NULL));
}

/* json_read lets nothing deeper in: json-c itself makes it here. */
static void what_is_nested_too_deep_is_not_written(void)
{
	struct json_object *deep = json_object_new_array();

	for (int depth = 1; depth <= JSON_NESTING_MAX + 1; depth++) {
		char *got = NULL;
		size_t n = 0;

		FILE *out = open_memstream(&got, &n);
		const enum err e = json_canonical(deep, NULL, 0, out);
		(void)fclose(out);
		if (depth > JSON_NESTING_MAX)
			CHECK(e == ERR_FORMAT);
		else
			CHECK(e == OK && n == (size_t)depth * 2 + (size_t)depth / 2 * 4);
		free(got);
		struct json_object *outer = depth % 2 == 1 ? json_object_new_object()
		                                           : json_object_new_array();
		if (depth % 2 == 1)
			CHECK(json_object_object_add(outer, "k", deep) == 0);
		else
			CHECK(json_object_array_add(outer, deep) == 0);
		deep = outer;
	}
	json_drop(deep);
}

int main(void)
{
	static const struct check_case cases[] = {
	        {"only_plain_json_is_read",                only_plain_json_is_read      },
	        {"members_are_asked_for_by_type",          members_are_asked_for_by_type},
	        {"the_canonical_form_is_sorted_and_plain",
	         the_canonical_form_is_sorted_and_plain                                 },
	        {"what_is_nested_too_deep_is_not_written",
	         what_is_nested_too_deep_is_not_written                                 },
	};
	return check_run(cases, sizeof(cases) / sizeof(cases[0]));
}
