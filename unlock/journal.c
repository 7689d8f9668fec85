/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The note of an enrolment under way: its JSON, strictly. */
#include "unlock/journal.h"

#include <stdio.h>
#include <stdlib.h>

#include "unlock/fields.h"
#include "unlock/json.h"
#include "unlock/luks.h"

enum { JOURNAL_MAX = 1024 };

enum err journal_name(const char *uuid, char ret[static STORE_NAME_MAX])
{
	return store_name(uuid, ".enrolling", ret);
}

enum err journal_parse(struct bytes json, struct journal *ret)
{
	static const char *const names[] = {"version", "keyslot", "recipient"};
	struct journal j = {0};
	AUTO_JSON *o = NULL;
	const char *text = NULL;
	int version = 0;

	enum err e = json_read_only(json, JOURNAL_MAX, names,
	                            sizeof(names) / sizeof(names[0]), &o);
	if (e == OK)
		e = json_int(o, "version", 1, 1, &version);
	if (e == OK)
		e = json_int(o, "keyslot", 0, LUKS_SLOTS_MAX - 1, &j.keyslot);
	if (e == OK)
		e = json_text(o, "recipient", &text);
	if (e == OK)
		e = field_fpr(text, j.fpr);
	if (e == OK)
		*ret = j;
	return e;
}

enum err journal_format(const struct journal *j, char **ret)
{
	char *text = NULL;
	size_t n = 0;

	FILE *out = open_memstream(&text, &n);
	if (out == NULL)
		return ERR_NOMEM;
	(void)fprintf(out, "{\"version\":1,\"keyslot\":%d,\"recipient\":", j->keyslot);
	field_put_fpr(j->fpr, out);
	(void)fputs("}\n", out); /* errors: ferror below */
	const bool whole = ferror(out) == 0;
	if (fclose(out) != 0 || !whole) {
		free(text);
		return ERR_NOMEM;
	}
	*ret = text;
	return OK;
}

enum err journal_load(const char *config_dir, const char *uuid, struct journal *ret)
{
	char name[STORE_NAME_MAX];
	uint8_t *text = NULL;
	size_t n = 0;

	enum err e = journal_name(uuid, name);
	if (e == OK)
		e = store_read(config_dir, STORE_VOLUMES, name, JOURNAL_MAX, &text, &n);
	if (e != OK)
		return e;
	e = journal_parse((struct bytes){text, n}, ret);
	free(text);
	return e;
}
