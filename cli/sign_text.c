/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bootlatch sign: what others have named and written, told so that it can be taken for
 * nothing else. */
#include <string.h>

#include "cli/output.h"
#include "cli/sign.h"

enum { ROW = 78, INDENT_MAX = 16 };

static bool is_plain(uint8_t c)
{
	return c >= 0x20 && c < 0x7f && c != '\\' && c != '"';
}

/* Of what is no printable ASCII, and of the backslash, "\xNN". */
void sign_escape(struct buffer *out, struct bytes text)
{
	for (size_t i = 0; i < text.n; i++) {
		if (is_plain(text.p[i]) || text.p[i] == '"')
			buffer_add(out, &text.p[i], 1);
		else
			buffer_format(out, "\\x%02x", text.p[i]);
	}
}

/* Quotes within are escaped too, so that they end where they seem to. */
void sign_quote(struct buffer *out, struct bytes text)
{
	buffer_text(out, "\"");
	for (size_t i = 0; i < text.n; i++) {
		if (is_plain(text.p[i]))
			buffer_add(out, &text.p[i], 1);
		else
			buffer_format(out, "\\x%02x", text.p[i]);
	}
	buffer_text(out, "\"");
}

const char *sign_path(const char *path)
{
	return path[0] == '.' && path[1] == '/' && path[2] != '\0' ? &path[2] : path;
}

/* On a terminal a name of one word stands bare, in a row of its own. */
void sign_name(const struct signing *x, struct buffer *out, const char *name)
{
	const struct bytes b = bytes_of(name);

	if (x->c->sign.agents || strpbrk(name, " \"") || b.n == 0)
		sign_quote(out, b);
	else
		sign_escape(out, b);
}

bool sign_is_plain(struct bytes text)
{
	for (size_t i = 0; i < text.n; i++)
		if (!is_plain(text.p[i]))
			return false;
	return true;
}

const char *sign_text(struct buffer *b)
{
	buffer_add(b, "", 1);
	return buffer_ok(b) == OK ? (const char *)b->p : "(no memory to tell this)";
}

/* How much of it fits into one row: up to a blank, else wherever that is. */
static size_t row_of(const char *text, size_t width)
{
	size_t n = strlen(text);

	if (n <= width)
		return n;
	for (n = width; n > width / 2; n--)
		if (text[n] == ' ')
			return n;
	return width;
}

/* The first row has its own indent in it. */
void sign_say_long(const struct signing *x, size_t indent, struct buffer *b)
{
	const char *text = sign_text(b);
	size_t in = 0;

	/* One note for each; what is too long for all of them is not asked at all. */
	if (x->c->hears) {
		x->c->hears->ops->note(x->c->hears, text);
		return;
	}
	if (indent > INDENT_MAX)
		indent = INDENT_MAX;
	while (*text != '\0') {
		const size_t n = row_of(text, ROW - in);

		cli_say(x->c, "%*s%.*s", (int)in, "", (int)n, text);
		text += n;
		text += *text == ' ';
		in = indent;
	}
}

void sign_out_escaped(struct cli *c, const char *key, struct bytes value)
{
	AUTO_BUFFER text = {0};

	sign_escape(&text, value);
	out_text(c, key, sign_text(&text));
}
