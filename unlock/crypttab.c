/* SPDX-License-Identifier: GPL-2.0-or-later */
/* crypttab, taken apart.  Fields and options are cut as they are written and decoded
 * after that, so that an escaped blank or comma cuts nothing. */
#include "unlock/crypttab.h"

#include <assert.h>
#include <stdlib.h>

#include "unlock/source.h"

/* --- bytes --- */

/* What is in front of the first byte that is `a` or `b`; that byte is taken too. */
static struct bytes cut(struct bytes *in, uint8_t a, uint8_t b)
{
	struct bytes part = {NULL, 0}, sign;
	size_t n = 0;

	while (n < in->n && in->p[n] != a && in->p[n] != b)
		n++;
	if (bytes_take(in, n, &part) != OK || bytes_take(in, 1, &sign) != OK)
		return part; /* there was no such byte */
	return part;
}

/* --- decoding --- */

struct parser {
	struct bytes text; /* all of it, to tell where something lies */
	struct writer pool;
	struct crypttab_entry *entry;
	size_t n;
};

/* Behind a backslash: 0 and up to three octal digits (POSIX printf's %b, which is what
 * reads crypttab in the initramfs). */
static enum err octal(struct bytes *in, uint8_t *ret)
{
	struct bytes digit;
	unsigned v = 0;

	if (bytes_take(in, 1, &digit) != OK || digit.p[0] != '0')
		return ERR_FORMAT;
	for (int i = 0; i < 3 && in->n > 0 && in->p[0] >= '0' && in->p[0] <= '7'; i++) {
		if (bytes_take(in, 1, &digit) != OK)
			return ERR_FORMAT;
		v = v * 8 + (digit.p[0] - (unsigned)'0');
	}
	if (v > 0xff)
		return ERR_FORMAT;
	*ret = (uint8_t)v;
	return OK;
}

/* A copy with its end in the pool, which is never too small: nothing grows. */
static enum err decode(struct parser *p, struct bytes in, const char **ret)
{
	const size_t start = p->pool.n;
	struct bytes one;
	enum err e = OK;

	while (e == OK && in.n > 0) {
		e = bytes_take(&in, 1, &one);
		uint8_t c = e == OK ? one.p[0] : 0;

		if (e == OK && c == '\\')
			e = octal(&in, &c);
		if (e == OK && (c < 0x20 || c == 0x7f))
			e = ERR_FORMAT;
		if (e == OK)
			put_bytes(&p->pool, &c, 1);
	}
	put_bytes(&p->pool, "", 1);
	if (e == OK && !writer_ok(&p->pool))
		e = ERR_BUG;
	if (e != OK) {
		p->pool.n = start;
		return e;
	}
	*ret = (const char *)p->pool.p + start;
	return OK;
}

/* --- options --- */

enum kind { FLAG, NUMBER, PATH, SCRIPT };

#define AT(member) offsetof(struct crypttab_entry, member)

static const struct option {
	const char *name;
	size_t at;
	enum kind kind;
	int max; /* of a number */
} options[] = {
        {"initramfs",              AT(initramfs),                  FLAG,   0                 },
        {"discard",                AT(map.discard),                FLAG,   0                 },
        {"readonly",               AT(map.readonly),               FLAG,   0                 },
        {"read-only",              AT(map.readonly),               FLAG,   0                 },
        {"no-read-workqueue",      AT(map.no_read_workqueue),      FLAG,   0                 },
        {"no-write-workqueue",     AT(map.no_write_workqueue),     FLAG,   0                 },
        {"same-cpu-crypt",         AT(map.same_cpu_crypt),         FLAG,   0                 },
        {"submit-from-crypt-cpus", AT(map.submit_from_crypt_cpus), FLAG,   0                 },
        {"keyslot",                AT(keyslot),                    NUMBER, LUKS_SLOTS_MAX - 1},
        {"key-slot",               AT(keyslot),                    NUMBER, LUKS_SLOTS_MAX - 1},
        {"tries",                  AT(tries),                      NUMBER, 1000000           },
        {"header",                 AT(header),                     PATH,   0                 },
        {"keyscript",              AT(ours),                       SCRIPT, 0                 },
};

/* With or without a value. */
static const char *const ignored[] = {
        "luks", /* what is opened must be LUKS anyway */
        "cipher", "size", "hash",   "offset",  "skip", "verify", "check",  "checkargs",
        "swap",   "tmp",  "noauto", "noearly", "loud", "quiet",  "nofail", "_netdev",
};

static bool is_ignored(struct bytes name)
{
	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		if (bytes_equal(name, bytes_of(ignored[i])))
			return true;
	return bytes_begin(name, "x-");
}

static bool read_number(const char *text, int max, int *ret)
{
	int v = 0;

	if (*text == '\0')
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		v = v * 10 + (*text - '0');
		if (v > max)
			return false;
	}
	*ret = v;
	return true;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static enum crypttab_why set_number(int *at, int max, const char *value)
{
	int number = 0;

	if (!read_number(value, max, &number))
		return CRYPTTAB_VALUE;
	if (*at != -1 && *at != number)
		return CRYPTTAB_TWICE;
	*at = number;
	return CRYPTTAB_FINE;
}

static enum crypttab_why set_path(const char **at, const char *value)
{
	if (value[0] != '/' || strlen(value) >= CRYPTTAB_PATH_MAX)
		return CRYPTTAB_VALUE;
	if (*at && strcmp(*at, value) != 0)
		return CRYPTTAB_TWICE;
	*at = value;
	return CRYPTTAB_FINE;
}

/* value: NULL when there is none. */
static enum crypttab_why set(struct crypttab_entry *e, const struct option *o,
                             const char *value)
{
	void *at = (uint8_t *)e + o->at;

	if (o->kind == FLAG ? value != NULL : !value || value[0] == '\0')
		return CRYPTTAB_VALUE;
	switch (o->kind) {
	case FLAG:
		*(bool *)at = true;
		return CRYPTTAB_FINE;
	case NUMBER:
		return set_number(at, o->max, value);
	case PATH:
		return set_path(at, value);
	case SCRIPT: /* the last one counts */
		*(bool *)at = strcmp(base_name(value), CRYPTTAB_KEYSCRIPT) == 0;
		return CRYPTTAB_FINE;
	}
	return CRYPTTAB_OPTION;
}

static enum crypttab_why read_option(struct parser *p, struct crypttab_entry *e,
                                     struct bytes in)
{
	const size_t whole = in.n;
	const struct bytes name = cut(&in, '=', '=');
	const bool has_value = name.n < whole;
	const char *value = NULL;

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		if (!bytes_equal(name, bytes_of(options[i].name)))
			continue;
		if (has_value && decode(p, in, &value) != OK)
			return CRYPTTAB_SPELLING;
		return set(e, &options[i], value);
	}
	return is_ignored(name) ? CRYPTTAB_FINE : CRYPTTAB_OPTION;
}

/* The first thing that is wrong is kept; a keyscript behind it still counts. */
static void complain(struct crypttab_entry *e, enum crypttab_why why)
{
	if (e->why == CRYPTTAB_FINE)
		e->why = why;
}

static void read_options(struct parser *p, struct crypttab_entry *e, struct bytes in)
{
	while (in.n > 0) {
		struct bytes one = cut(&in, ',', ',');

		if (one.n == 0)
			continue;
		const enum crypttab_why why = read_option(p, e, one);

		if (why == CRYPTTAB_FINE || e->why != CRYPTTAB_FINE)
			continue;
		e->why = why;
		if (decode(p, cut(&one, '=', '='), &e->option) != OK)
			e->why = CRYPTTAB_SPELLING;
	}
}

/* --- lines --- */

static struct crypttab_span span(const struct parser *p, struct bytes part)
{
	return (struct crypttab_span){(size_t)(part.p - p->text.p), part.n};
}

static struct bytes next_field(struct bytes *in)
{
	struct bytes field = {NULL, 0};

	while (in->n > 0 && field.n == 0)
		field = cut(in, ' ', '\t');
	return field;
}

static void check_names(struct parser *p, struct crypttab_entry *e)
{
	char path[CRYPTTAB_PATH_MAX];

	if (!luks_name_ok(e->name))
		complain(e, CRYPTTAB_NAME);
	if (source_path(e->source, path, sizeof(path)) != OK || path[0] != '/')
		complain(e, CRYPTTAB_SOURCE);
	for (size_t i = 0; i < p->n; i++)
		if (strcmp(p->entry[i].name, e->name) == 0)
			complain(e, CRYPTTAB_AGAIN);
	e->map.name = e->name;
}

static void read_entry(struct parser *p, struct bytes line)
{
	struct crypttab_entry *e = &p->entry[p->n];
	struct bytes field[4], rest = line;
	const char **const names[] = {&e->name, &e->source, &e->key};

	*e = (struct crypttab_entry){.name = "",
	                             .source = "",
	                             .key = "",
	                             .keyslot = LUKS_ANY_SLOT,
	                             .tries = -1,
	                             .line = span(p, line)};
	for (size_t i = 0; i < 4; i++) {
		field[i] = next_field(&rest);
		if (field[i].n > 0)
			e->field[i] = span(p, field[i]);
	}
	if (field[CRYPTTAB_F_KEY].n == 0 || next_field(&rest).n > 0)
		complain(e, CRYPTTAB_FIELDS);
	for (size_t i = 0; i < 3; i++)
		if (decode(p, field[i], names[i]) != OK)
			complain(e, CRYPTTAB_SPELLING);
	read_options(p, e, field[CRYPTTAB_F_OPTIONS]);
	check_names(p, e);
	p->n++;
}

static bool is_entry(struct bytes line)
{
	const struct bytes first = next_field(&line);

	return first.n > 0 && first.p[0] != '#';
}

static enum err count(struct bytes text, size_t *ret)
{
	size_t n = 0;

	if (text.n > CRYPTTAB_MAX)
		return ERR_FORMAT;
	while (text.n > 0)
		n += is_entry(cut(&text, '\n', '\n'));
	if (n > CRYPTTAB_ENTRIES_MAX)
		return ERR_FORMAT;
	*ret = n;
	return OK;
}

enum err crypttab_parse(struct bytes text, struct crypttab *ret)
{
	struct parser p = {.text = text};
	size_t n = 0;

	const enum err e = count(text, &n);
	if (e != OK)
		return e;
	/* Each decoded string has an end and ended at a byte of the text, but the last;
	 * an option's name may be kept as well. */
	p.pool.cap = 2 * text.n + 4 * n + 1;
	p.pool.p = malloc(p.pool.cap);
	p.entry = calloc(n + 1, sizeof(*p.entry));
	if (!p.pool.p || !p.entry) {
		free(p.pool.p);
		free(p.entry);
		return ERR_NOMEM;
	}
	while (text.n > 0) {
		const struct bytes line = cut(&text, '\n', '\n');

		if (is_entry(line))
			read_entry(&p, line);
	}
	assert(p.n == n && writer_ok(&p.pool));
	*ret = (struct crypttab){p.entry, p.n, (char *)p.pool.p};
	return OK;
}

void crypttab_clear(struct crypttab *t)
{
	free(t->entry);
	free(t->pool);
	*t = (struct crypttab){0};
}
