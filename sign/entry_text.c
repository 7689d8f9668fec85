/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a shell script would make of a line, without a shell. */
#include "sign/entry_text.h"

static const char why_long[] = "a line of it is too long";
static const char why_control[] = "it holds a control character";
static const char why_shell[] = "Heads' shell would evaluate a part of it";
static const char why_pattern[] = "Heads' shell would take a part of it for a pattern";

static bool blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

static bool control(uint8_t c)
{
	return c < 0x20 || c == 0x7f;
}

static void text_byte(struct text *t, uint8_t c)
{
	text_add(t, (struct bytes){&c, 1});
}

void text_set(struct text *t, struct bytes b)
{
	t->n = 0;
	t->over = t->nul = false;
	text_add(t, b);
}

void text_add(struct text *t, struct bytes b)
{
	const size_t n = b.n < sizeof(t->s) - t->n ? b.n : sizeof(t->s) - t->n;

	if (n < b.n)
		t->over = true;
	if (n > 0)
		memmove(t->s + t->n, b.p, n); /* b may lie in t */
	t->n += n;
}

/* Appends to words that are one blank apart; a blank is written with what follows it. */
static void word_byte(struct text *t, bool *gap, uint8_t c)
{
	if (blank(c)) {
		*gap = t->n > 0;
	} else {
		if (*gap)
			text_byte(t, ' ');
		*gap = false;
		text_byte(t, c);
	}
}

static const uint8_t *find(struct bytes b, uint8_t c)
{
	return b.n > 0 ? memchr(b.p, c, b.n) : NULL;
}

/* The bytes before the next newline are cut off *in, with it. */
static enum err raw_line(struct bytes *in, struct bytes *ret)
{
	struct bytes end = {0};
	const uint8_t *nl = find(*in, '\n');

	if (!nl)
		return ERR_NOT_FOUND;
	const enum err e = bytes_take(in, (size_t)(nl - in->p), ret);
	return e == OK ? bytes_take(in, 1, &end) : e;
}

enum err text_line(struct bytes *in, struct text *ret)
{
	struct bytes rest = *in, raw = {0};
	bool gap = false, escaped = false;

	text_set(ret, raw);
	do {
		const enum err e = raw_line(&rest, &raw);
		if (e != OK)
			return e;
		escaped = false;
		for (size_t i = 0; i < raw.n; i++) {
			const uint8_t c = raw.p[i];

			if (c == 0) {
				ret->nul = true;
			} else if (c == '\\' && !escaped) {
				escaped = true;
			} else {
				word_byte(ret, &gap, c);
				escaped = false;
			}
		}
	} while (escaped);
	*in = rest;
	return OK;
}

struct bytes text_from_field(struct bytes line, char separator, size_t nth)
{
	struct bytes skipped = {0};

	if (!find(line, (uint8_t)separator))
		return line;
	for (; nth > 1; nth--) {
		const uint8_t *at = find(line, (uint8_t)separator);

		if (!at || bytes_take(&line, (size_t)(at - line.p) + 1, &skipped) != OK)
			return (struct bytes){0};
	}
	return line;
}

struct bytes text_field(struct bytes line, char separator, size_t nth)
{
	const struct bytes from = text_from_field(line, separator, nth);
	const uint8_t *end = find(from, (uint8_t)separator);

	return end ? (struct bytes){from.p, (size_t)(end - from.p)} : from;
}

struct bytes text_trim(struct bytes b)
{
	struct bytes gone;

	while (b.n > 0 && blank(b.p[b.n - 1]))
		b.n--;
	while (b.n > 0 && blank(b.p[0]) && bytes_take(&b, 1, &gone) == OK)
		;
	return b;
}

void text_without_parens(struct bytes in, struct text *ret)
{
	text_set(ret, (struct bytes){0});
	for (size_t i = 0; i < in.n; i++) {
		const struct bytes rest = {in.p + i, in.n - i};
		const uint8_t *end = in.p[i] == '(' ? find(rest, ')') : NULL;

		if (end)
			i = (size_t)(end - in.p);
		else
			text_byte(ret, in.p[i]);
	}
}

void text_without_dashes(struct bytes in, struct text *ret)
{
	bool gap = false;

	text_set(ret, (struct bytes){0});
	for (size_t i = 0; i < in.n; i++) {
		if (bytes_begin((struct bytes){in.p + i, in.n - i}, "---")) {
			word_byte(ret, &gap, ' ');
			i += 2;
		} else {
			word_byte(ret, &gap, in.p[i]);
		}
	}
}

static bool name_byte(uint8_t c, bool first)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
	       (!first && c >= '0' && c <= '9');
}

/* Is it set where Heads evaluates?  Its own are in small letters, the environment's in
 * capitals; boot loaders' are neither. */
static bool set_there(struct bytes name)
{
	static const char *const own[] = {
	        "append",    "appenddir", "blsdir",  "bootdir", "bootlen",   "checkpath",
	        "cmd",       "cmd2",      "entry",   "f",       "file",      "filedir",
	        "firstval",  "grubenv",   "init",    "initrd",  "kernel",    "kernelopts",
	        "kexectype", "line",      "modules", "name",    "newappend", "param",
	        "path",      "state",     "trimcmd", "val",     "dfltappend"};
	bool capitals = true;

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (bytes_equal(name, bytes_of(own[i])))
			return true;
	for (size_t i = 0; i < name.n; i++)
		capitals = capitals && !(name.p[i] >= 'a' && name.p[i] <= 'z');
	return capitals;
}

/* Bytes of the variable that b begins with ('$' is its first), all of them to be left
 * out; 1: none, a '$' that stays.  0: what a shell makes of it is its own business. */
static size_t variable(struct bytes b)
{
	const size_t open = b.n > 1 && b.p[1] == '{' ? 2 : 1;
	size_t n = open;

	while (n < b.n && name_byte(b.p[n], n == open))
		n++;
	if (n == open)
		return b.n > 1 && !blank(b.p[1]) && !find(bytes_of("|/=,.:%"), b.p[1])
		               ? 0
		               : 1;
	if (set_there((struct bytes){b.p + open, n - open}))
		return 0;
	if (open == 1)
		return n;
	return n < b.n && b.p[n] == '}' ? n + 1 : 0;
}

/* Outside of quotes a shell would do more than copy them. */
static bool copied_bare(uint8_t c)
{
	return blank(c) || name_byte(c, false) || find(bytes_of("+,-./:=@%^"), c) ||
	       c >= 0x80;
}

/* Would a word be looked up among the names of Heads' root folder?  Not where a setting
 * stands before the pattern: no name there begins so. */
static bool pattern(struct bytes words)
{
	bool setting = false;

	for (size_t i = 0; i < words.n; i++) {
		const uint8_t c = words.p[i];

		if (blank(c))
			setting = false;
		else if (c == '=')
			setting = true;
		else if (!setting && find(bytes_of("*?["), c))
			return true;
	}
	return false;
}

static const char *expand(struct bytes in, struct text *ret)
{
	bool quoted = true, gap = false;

	for (size_t i = 0; i < in.n; i++) {
		const uint8_t c = in.p[i];
		size_t n = 1;

		if (c == '"') {
			quoted = !quoted;
			continue;
		}
		if (c == '$')
			n = variable((struct bytes){in.p + i, in.n - i});
		if (control(c) && !blank(c))
			return why_control;
		if (c == '\\' || c == '`' || n == 0 || (!quoted && !copied_bare(c)))
			return why_shell;
		if (n == 1)
			word_byte(ret, &gap, c);
		i += n - 1;
	}
	if (!quoted || (ret->n > 0 && ret->s[0] == '-'))
		return why_shell;
	return pattern(text_bytes(ret)) ? why_pattern : NULL;
}

void text_to_show(struct text *t, struct bytes b)
{
	text_set(t, b);
	for (size_t i = 0; i < t->n; i++)
		if (control((uint8_t)t->s[i]))
			t->s[i] = '?';
}

const char *text_expand(const struct text *in, struct text *ret)
{
	text_set(ret, (struct bytes){0});
	const char *why = in->over  ? why_long
	                  : in->nul ? why_control
	                            : expand(text_bytes(in), ret);
	if (!why)
		return NULL;
	text_to_show(ret, text_bytes(in));
	return why;
}
