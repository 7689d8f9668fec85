/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "unlock/header_pin.h"
#include "unlock/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char uuid[] = "c0ffee00-0000-4000-8000-000000000001";

struct text {
	char *p;
	size_t n;
};

static struct bytes view(const struct text *t)
{
	return (struct bytes){(const uint8_t *)t->p, t->n};
}

/* version 1: a binary header; 2: metadata. */
static enum err text_of(int version, struct bytes in, struct text *ret)
{
	FILE *out = open_memstream(&ret->p, &ret->n);

	if (out == NULL)
		abort();
	const enum err e = version == 1 ? header_pin_text1(in, out)
	                                : header_pin_text2(in, uuid, out);
	if (fclose(out) != 0)
		abort();
	return e;
}

/* What is hashed is strict JSON, and in canonical form already. */
static void check_canonical(const struct text *t)
{
	struct json_object *o = NULL;
	struct text again = {0};

	if (json_read(view(t), &o) != OK)
		__builtin_trap();
	FILE *out = open_memstream(&again.p, &again.n);
	if (out == NULL || json_canonical(o, NULL, 0, out) != OK || fclose(out) != 0 ||
	    !bytes_equal(view(t), view(&again)))
		__builtin_trap();
	free(again.p);
	json_drop(o);
}

/* The text of the pin, taken for metadata, has itself as the text of its pin. */
static void check_metadata(struct bytes in)
{
	struct text once = {0}, twice = {0};

	if (text_of(2, in, &once) == OK) {
		check_canonical(&once);
		if (text_of(2, view(&once), &twice) != OK ||
		    !bytes_equal(view(&once), view(&twice)))
			__builtin_trap();
		free(twice.p);
	}
	free(once.p);
}

static void check_header1(struct bytes in)
{
	struct text once = {0};

	if (text_of(1, in, &once) == OK)
		check_canonical(&once);
	free(once.p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_metadata((struct bytes){data, size});
	check_header1((struct bytes){data, size});
	return 0;
}
